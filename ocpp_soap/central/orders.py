"""What is ordered of stations: as operators give it, as it goes into the store, and whose turn it is to be sent.

Data only; `commands` checks an order and queues it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .records import NOW, Json


@dataclass(frozen=True, slots=True)
class Order:
    """An operation with its JSON payload in the newest words, for one station or for many.

    `may_leave_out` names fields to do without where a station's version has no words for them. `when` is one of
    `records.TIMINGS`; `deadline` aware UTC, None for the default of `when`; `retries` how often it may be tried again
    when nothing of it reached the station.
    """

    operation: str
    payload: Any
    may_leave_out: Collection[str] = ()
    when: str = NOW
    deadline: datetime | None = None
    retries: int = 0

    def fingerprint(self, *addressees: object) -> str:
        """What tells it from every other order, or from the same one to others."""
        said = [self.operation, self.payload, sorted(self.may_leave_out), self.when, self.deadline, self.retries]
        text = json.dumps([said, addressees], sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command as it goes into the store; `request` as JSON, `may_leave_out` names fields of it.

    With an `error` it is finished already: not transmitted, for that reason.
    """

    charge_point_id: int
    operation: str
    request: Json
    created: datetime
    deadline: datetime
    when: str = NOW
    retries: int = 0
    may_leave_out: Sequence[str] = ()
    who: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """What came of the order that a key (Idempotency-Key) was given with first: a command or a batch."""

    fingerprint: str
    command_id: int | None = None
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The right of a holder to send a command, while its lease of the station lasts."""

    station_id: int
    command_id: int
    holder: str
