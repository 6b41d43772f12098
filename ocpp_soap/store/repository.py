"""What every repository is: statements that were built once, run on the connection of one transaction.

A statement is built when its module is imported and compiled once for each database; those that come with every
message are `Compiled`, the others SQLAlchemy's own. Inserts with ON CONFLICT are PostgreSQL's construct for both
databases: SQLite spells them the same.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import Executable, ScalarSelect, Table, bindparam, select
from sqlalchemy.dialects.postgresql import Insert

from ..central.records import Json
from .statements import Statements
from .tables import charge_points


class Repository:
    """A part of one unit of work."""

    __slots__ = ("_each", "_first", "_ring", "_run")

    def __init__(self, statements: Statements) -> None:
        self._first, self._each, self._run = statements.first, statements.each, statements.execute
        self._ring = statements.ring

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
