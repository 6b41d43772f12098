"""Pages of lists: each begins after the key of the last row of the one before, and an index holds the list by that key.

So a page costs the same however long its list is and however far down it lies. It knows no table but that of charge
points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    false,
    literal,
    select,
    tuple_,
    union_all,
)

from ..central.pages import Only, Page, Position
from ..errors import Refused
from .columns import Moment, folded, harmless
from .repository import Repository, station_named
from .statements import AnyRows
from .tables import charge_points

T = TypeVar("T")

Run = Callable[[Any], AnyRows]
Condition = ColumnElement[bool]

# Parts of one statement; SQLite takes 500.
TOGETHER = 50

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Sorts after whatever begins with the same text.
HIGHEST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list: its rows in the order of `key`, whose last column no two rows have in common.

    `station` is the column that names the charge point of a row, where a list may be asked for some of them alone.
    """

    rows: Select[Any]
    key: tuple[Column[Any], ...]
    make: Callable[..., T]
    newest_first: bool = True
    station: Column[int] | None = None

    def page(
        self,
        run: Run,
        meant: Sequence[Condition],
        limit: int,
        after: Position | None,
        stations: Sequence[int] | None = None,
    ) -> Page[T]:
        """Up to `limit` of the rows that are meant, of these charge points; raises `Refused` for an odd position."""
        meant = [*meant, *self._beyond(after)]
        if stations is not None:
            if len(stations) > 1:
                meant = [self.key[-1].in_(self._first_of_each(run, meant, limit, stations))]
            else:
                meant.append(_is(self.station, stations[0]) if stations else false())
        found = run(self._sorted(self.rows.add_columns(*self.key).where(*meant), self.key, limit)).all()
        width = len(self.key)
        last = [_plain(value) for value in found[limit - 1][-width:]] if len(found) > limit else None
        return Page([self.make(*row[:-width]) for row in found[:limit]], None if last is None else tuple(last))

    def _first_of_each(self, run: Run, meant: Sequence[Condition], limit: int, stations: Sequence[int]) -> list[Any]:
        """What the rows of a page are found by: the first ones of each of these charge points, put together in order.

        Over all of them at once, a database either sorts what all of them ever did or walks past what all others did.
        """
        keys: list[Sequence[Any]] = []
        if len(stations) > TOGETHER:
            stations = self._foremost(run, meant, limit, stations)
        for few in (stations[i : i + TOGETHER] for i in range(0, len(stations), TOGETHER)):
            one_by_one = (select(*self.key).where(_is(self.station, one), *meant) for one in few)
            each = [self._sorted(rows, self.key, limit).subquery() for rows in one_by_one]
            together = union_all(*(select(part) for part in each)).subquery()
            keys += run(self._sorted(select(together), tuple(together.c), limit)).all()
        keys.sort(key=tuple, reverse=self.newest_first)
        return [key[-1] for key in keys[: limit + 1]]

    def _foremost(self, run: Run, meant: Sequence[Condition], limit: int, stations: Sequence[int]) -> list[int]:
        """Those whose first row may stand on the page: no more than it has rows, but for some that are level."""
        first = self._sorted(select(self.key[0]).where(_is(self.station, _C.id), *meant), self.key, 0)
        rows = run(select(first.scalar_subquery().label("first"), _C.id).where(_C.id.in_(stations)))
        found = sorted(((row[0], row[1]) for row in rows if row[0] is not None), reverse=self.newest_first)
        last = found[min(limit, len(found) - 1)][0] if found else None
        return [number for first, number in found if first == last or (first > last) is self.newest_first]

    def _sorted(self, rows: Select[Any], key: Sequence[ColumnElement[Any]], limit: int) -> Select[Any]:
        """In order, one row more than a page has: whether there is a next one."""
        ways = [column.desc() if self.newest_first else column.asc() for column in key]
        return rows.order_by(*ways).limit(limit + 1)

    def _beyond(self, after: Position | None) -> Iterator[Condition]:
        if after is not None:
            if len(after) != len(self.key):
                raise _odd()
            values = [
                literal(_typed(column, value), column.type) for column, value in zip(self.key, after, strict=True)
            ]
            here, there = tuple_(*self.key), tuple_(*values)
            yield here < there if self.newest_first else here > there


_C = charge_points.c
FIND_ID = select(_C.id, _C.identity).where(_C.id == station_named())
IDS = select(_C.id).where(_C.identity.in_(bindparam("identities", expanding=True))).order_by(_C.id)


class StationNumbers(Repository):
    """A repository whose lists are asked for one charge point, or for those that may be seen."""

    __slots__ = ()

    def _numbers(self, identity: str | None, only: Only) -> Sequence[int] | None:
        """Of the one that is named, of those that may be seen, or None for all."""
        if identity is not None:
            named = {"called": harmless(identity), "called_folded": folded(identity)}
            found = self._run(FIND_ID, named).first()
            return [found.id] if found is not None and (only is None or found.identity in only) else []
        return None if only is None else list(self._run(IDS, {"identities": sorted(only)}).scalars())


def begins_with(column: Column[str], text: str) -> Condition:
    """Whether a text begins with another, exactly as it is spelled, by the column's own index."""
    return and_(column >= text, column < text + HIGHEST)


def between(column: Column[datetime], since: datetime | None, until: datetime | None) -> Iterator[Condition]:
    """From `since` on, before `until`, as far as they are given."""
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


def _is(station: Column[int] | None, number: Any) -> Condition:
    assert station is not None, "this list is of no charge points"
    named: Condition = station == number
    return named


def _plain(value: Any) -> str | int:
    return (value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value


def _typed(column: Column[Any], value: Any) -> Any:
    """A part of a position as its column has it; positions come from outside."""
    kind = column.type
    if isinstance(kind, Text) and isinstance(value, str):
        return harmless(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if isinstance(kind, Moment):
            with suppress(OverflowError):
                return EPOCH + value * MICROSECOND
        elif isinstance(kind, Integer) and abs(value) < (2**63 if isinstance(kind, BigInteger) else 2**31):
            return value
    raise _odd()


def _odd() -> Refused:
    return Refused("there is no such place in this list: take the `next` of one of its own pages")
