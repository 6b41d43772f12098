"""Puts many rows into a store in one transaction, as fast as each database takes them: COPY, or many in one go.

Values are what both drivers take: numbers, text, bytes, None; times as text (`moment`), documents as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, func, select

from ocpp_soap.store.work import SqlStore

Row = tuple[Any, ...]

DAY = 86_400
_CLOCK = [f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.000000" for s in range(DAY)]
_EPOCH = 719_163  # the ordinal of 1970-01-01
_DAYS: dict[int, str] = {}

NO_FLAGS = "[]"


def moment(seconds: int) -> str:
    """A time, given in seconds since 1970, as both databases keep it (PostgreSQL in a session that is in UTC)."""
    day, second = divmod(seconds, DAY)
    text = _DAYS.get(day)
    if text is None:
        text = _DAYS[day] = date.fromordinal(_EPOCH + day).isoformat()
    return text + _CLOCK[second]


def said_time(seconds: int) -> str:
    """The same as messages and documents say it."""
    return moment(seconds)[:19].replace(" ", "T") + "Z"


def document(value: Any) -> str:
    """What a column of JSON holds."""
    return json.dumps(value, ensure_ascii=False)


class Bulk:
    """The rows of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        self._numbered: list[Table] = []

    def first_id(self, table: Table) -> int:
        """The number that the next row may have."""
        self._numbered.append(table)
        highest: int | None = self._connection.scalar(select(func.max(table.c.id)))
        return (highest or 0) + 1

    def load(self, table: Table, columns: str, rows: Iterable[Row]) -> None:
        """Adds rows; `columns` are their names with blanks between, the others get the table's defaults."""
        named = [table.c[name].name for name in columns.split()]
        names = ", ".join(f'"{name}"' for name in named)
        if self._connection.dialect.name == "sqlite":
            places = ", ".join("?" * len(named))
            self._driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows)  # noqa: S608
            return
        with self._driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def without_indexes(self, tables: Sequence[Table]) -> Iterator[None]:
        """Takes away the indexes of tables and makes them again at the end: all at once is quicker than row by row."""
        indexes = [index for table in tables for index in table.indexes]
        for index in indexes:
            index.drop(self._connection)
        yield
        for index in indexes:
            index.create(self._connection)

    def change(self, table: Table, changed: str, rows: Sequence[tuple[Any, int]]) -> None:
        """Sets one column of rows, given as (value, id)."""
        mark = "?" if self._connection.dialect.name == "sqlite" else "%s"
        sql = f"UPDATE {table.name} SET {changed} = {mark} WHERE id = {mark}"  # noqa: S608
        self._driver.cursor().executemany(sql, rows)

    def go_on_counting(self) -> None:
        """Rows that come later get the numbers after ours, also where a new store would have begun elsewhere."""
        set_to = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), max(id)) FROM {0}"
        if self._connection.dialect.name == "sqlite":
            set_to = (
                "UPDATE sqlite_sequence SET seq = highest FROM (SELECT max(id) AS highest FROM {0}) WHERE name = '{0}'"
            )
        for table in self._numbered:
            self._connection.exec_driver_sql(set_to.format(table.name))


@contextmanager
def filling(store: SqlStore) -> Iterator[Bulk]:
    """One transaction: all of it is there at the end, or nothing when it broke off."""
    engine = store.writer
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # The pages of all tables at hand; nobody waits for the disk before the end.
            connection.connection.driver_connection.execute("PRAGMA cache_size = -1000000")  # type: ignore[union-attr]
            connection.connection.driver_connection.execute("PRAGMA synchronous = OFF")  # type: ignore[union-attr]
        with connection.begin():
            bulk = Bulk(connection)
            yield bulk
            bulk.go_on_counting()
        connection.invalidate()  # its settings are this function's
    settle(store)


def settle(store: SqlStore) -> None:
    """Leaves PostgreSQL's tables as autovacuum does within minutes, and SQLite's rows in the file itself."""
    with store.writer.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            driver.autocommit = True
            driver.execute("VACUUM ANALYZE")
            driver.autocommit = False
