"""What every repository is: statements that were built once, run on the connection of one transaction.

A statement is built when its module is imported and compiled once for each database; those that come with every
message are `Compiled`, the others SQLAlchemy's own. Inserts with
ON CONFLICT are PostgreSQL's construct for both databases: SQLite spells them the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Executable, ScalarSelect, Table, bindparam, select
from sqlalchemy.dialects.postgresql import Insert

from ..central.records import Json
from .compiled import Compiled
from .tables import charge_points

# What a statement gives back; the records say what their columns are.
AnyRows = CursorResult[*tuple[Any, ...]]


class Repository:
    """A part of one unit of work."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _first(self, statement: Compiled, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        return statement.first(self._connection, parameters)

    def _run(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> AnyRows:
        result: AnyRows = self._connection.execute(statement, parameters)
        return result

    def _rows(self, statement: Executable, charge_point_id: int, **more: int) -> list[Json]:
        """What a charge point has, as dicts named by the statement's labels."""
        rows = self._run(statement, {"charge_point_id": charge_point_id, **more})
        return [dict(row) for row in rows.mappings()]


def replacing(insert: Insert, *kept: str) -> Insert:
    """An upsert: a row with the same primary key gets all the new values, but for the columns in `kept`."""
    table = cast(Table, insert.table)
    keys = table.primary_key.columns.keys()
    new = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in (*keys, *kept)}
    return insert.on_conflict_do_update(index_elements=keys, set_=new)


def station_named() -> ScalarSelect[int]:
    """The id of the charge point of an identity (parameters `called` and `called_folded`): exact, else folded."""
    c = charge_points.c
    named = select(c.id).where(c.identity_folded == bindparam("called_folded"))
    return named.order_by((c.identity == bindparam("called")).desc(), c.id).limit(1).scalar_subquery()
