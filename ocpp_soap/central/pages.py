"""Lists in pages: which rows are meant, and where the next page begins. It knows no table and no cursor's spelling.

A page begins after the key of the last row of the one before, not after a number of rows: its cost does not grow with
the list, and rows that come or go meanwhile shift nothing. `only` holds the charge points that a restricted token may
see, None when all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")

# Of a page that is read for a whole list.
ROWS = 500

Position = tuple[str | int, ...]
"""What the last row of a page is found by again, in values that JSON has; times as microseconds since 1970."""

Only = frozenset[str] | None
"""Identities of charge points, as they are spelled where they are registered."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and after which position the next ones come; None at the end."""

    rows: Sequence[T]
    next: Position | None = None


@dataclass(frozen=True, slots=True)
class StationFilter:
    """Registered charge points; `vendor` and `model` as they booted, `identity_prefix` exactly as it is spelled."""

    status: str | None = None
    version: str | None = None
    vendor: str | None = None
    model: str | None = None
    identity_prefix: str | None = None
    only: Only = None


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Transactions that started from `started_from` on and before `started_before`; `open`: have not ended, or have.

    When they started is their time of receipt where the station's clock can't be right. With `changed_since` they come
    in the order in which they changed.
    """

    identity: str | None = None
    connector_id: int | None = None
    id_tag: str | None = None
    open: bool | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    changed_since: datetime | None = None
    only: Only = None


@dataclass(frozen=True, slots=True)
class TagFilter:
    """idTags regardless of case; `parent` is the tag of their group.

    `only`: those with a transaction at one of these charge points; `exact`: the one that `prefix` is.
    """

    prefix: str | None = None
    blocked: bool | None = None
    parent: str | None = None
    only: Only = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """Reservations; `status` is Active, Used, Cancelled or Expired."""

    identity: str | None = None
    status: str | None = None
    only: Only = None


@dataclass(frozen=True, slots=True)
class CommandFilter:
    """Commands; `state` is one of the seven of a `Command`."""

    identity: str | None = None
    state: str | None = None
    operation: str | None = None
    batch_id: int | None = None
    only: Only = None


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Batches of commands; `who` ordered them: what a restricted token may see of them."""

    who: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Rows of the audit: by whom, about what (a charge point, a tag, …), from `since` on and before `until`."""

    who: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def every(page: Callable[[int, Position | None], Page[T]], limit: int | None = None) -> Iterator[T]:
    """The rows of a list, page by page, up to `limit` of them."""
    after = None
    while limit is None or limit > 0:
        found = page(min(limit or ROWS, ROWS), after)
        yield from found.rows
        if found.next is None:
            return
        after, limit = found.next, None if limit is None else limit - len(found.rows)
