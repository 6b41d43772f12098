"""What the API stands on: the parts that bootstrap hands to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...central.commands import Commands
from ...central.desk import Desk
from ...central.ports import Clock, Store
from ...central.records import Exchange
from ...central.tokens import Tokens
from ...protocol.catalog import Catalog
from .waiting import WaitingRoom


@dataclass(frozen=True, slots=True)
class Office:
    """The store to read, the desk where operators decide, what sends commands, and who may come in.

    `desk` gives the desk of somebody, as the audit names him; `peer_of` the address behind a WSGI request,
    `prefix_of` the path below which a proxy shows the gateway; `answered`
    is what the boot of a station that is not registered gets. `max_body` is in bytes; so many `failures` to
    show a good token in ten minutes make an address wait. Pages of the `cors_origins` may use the API from a browser.
    `conceal` takes the secrets of commands out of a row of the journal.
    """

    store: Store
    desk: Callable[[str], Desk]
    commands: Commands
    tokens: Tokens
    catalog: Catalog
    clock: Clock
    peer_of: Callable[[Mapping[str, Any]], str | None]
    prefix_of: Callable[[Mapping[str, Any]], str]
    answered: str
    max_body: int
    failures: int
    waiting: WaitingRoom
    cors_origins: tuple[str, ...]
    conceal: Callable[[Exchange], Exchange]
