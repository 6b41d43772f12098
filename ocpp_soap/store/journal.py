"""The journal: raw messages both ways, one row per exchange, removed in small batches. It never reads what they say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select

from ..central.pages import Page, Position
from ..central.records import Chosen, Exchange
from .columns import harmless
from .compiled import Compiled
from .pages import Condition, Listing, between
from .repository import Repository
from .tables import journal

J = journal.c

ADD = Compiled(insert(journal).inline(), *(column.name for column in J if column is not J.id))
_ROWS = select(
    J.at,
    J.direction,
    J.identity,
    J.operation,
    J.version,
    J.peer,
    J.duration,
    J.outcome,
    J.request,
    J.answer,
    J.flags,
    J.id,
    J.request_id,
)
LATEST = _ROWS.order_by(J.id.desc()).limit(bindparam("rows"))
LATEST_OF_ONE = LATEST.where(J.identity == bindparam("identity"))
ROWS = Listing(_ROWS, (J.id,), Exchange)
GET = _ROWS.where(J.id == bindparam("exchange_id"))
REMOVE = delete(journal).where(
    J.id.in_(select(J.id).where(J.at < bindparam("moment")).order_by(J.at).limit(bindparam("rows")))
)


class SqlJournal(Repository):
    """Implements `central.exchanges.Journal`."""

    __slots__ = ()

    def add(self, exchange: Exchange) -> None:
        """Appends a row, whatever a stranger called itself."""
        values = {
            "at": exchange.at,
            "direction": exchange.direction,
            "identity": harmless(exchange.identity),
            "operation": harmless(exchange.operation),
            "version": exchange.version,
            "peer": exchange.peer,
            "duration": exchange.duration,
            "outcome": exchange.outcome,
            "request": exchange.request,
            "answer": exchange.answer,
            "flags": exchange.flags,
            "request_id": exchange.request_id,
        }
        self._first(ADD, values)

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Exchange]:
        """Newest first."""
        if identity is None:
            return [_exchange(row) for row in self._run(LATEST, {"rows": limit})]
        return [_exchange(row) for row in self._run(LATEST_OF_ONE, {"identity": harmless(identity), "rows": limit})]

    def page(self, chosen: Chosen, limit: int, after: Position | None = None) -> Page[Exchange]:
        """Those that are meant, newest first."""
        return ROWS.page(self._run, _meant(chosen), limit, after)

    def get(self, exchange_id: int) -> Exchange | None:
        """One row."""
        row = self._run(GET, {"exchange_id": exchange_id}).first()
        return _exchange(row) if row is not None else None

    def extent(self, chosen: Chosen, limit: int | None = None) -> tuple[int, int, int]:
        """The first and last id of the newest `limit` rows that are meant, and how many there are; zeros for none."""
        newest = select(J.id).where(*_meant(chosen)).order_by(J.id.desc()).limit(limit).subquery()
        first, last, count = self._run(select(func.min(newest.c.id), func.max(newest.c.id), func.count())).one()
        return first or 0, last or 0, count

    def between(self, chosen: Chosen, first: int, last: int, rows: int) -> Sequence[Exchange]:
        """Up to `rows` of those meant, with ids from `first` to `last`, oldest first."""
        statement = _ROWS.where(*_meant(chosen), J.id.between(first, last)).order_by(J.id).limit(rows)
        return [_exchange(row) for row in self._run(statement)]

    def remove_before(self, moment: datetime, batch: int) -> int:
        """Removes up to `batch` of the oldest rows before that time; returns how many."""
        return self._run(REMOVE, {"moment": moment, "rows": batch}).rowcount


def _meant(chosen: Chosen) -> list[Condition]:
    texts = ((J.identity, chosen.identity), (J.operation, chosen.operation), (J.outcome, chosen.outcome))
    named = [column == harmless(text) for column, text in texts if text is not None]
    return [*named, *between(J.at, chosen.since, chosen.until)]


def _exchange(row: Sequence[Any]) -> Exchange:
    return Exchange(*row)
