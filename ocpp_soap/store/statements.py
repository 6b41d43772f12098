"""Runs the statements of one transaction on its connection.

`Compiled` ones go straight to the driver, others through SQLAlchemy; for each its event `before_cursor_execute` is
sent, and errors are the package's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Error as PostgresError
from sqlalchemy import Connection, CursorResult, Executable

from .compiled import Compiled
from .failures import REFUSALS, ends_session, failure

# What a statement gives back; the records say what their columns are.
AnyRows = CursorResult[*tuple[Any, ...]]
Values = Mapping[str, Any]
Row = tuple[Any, ...]

BELL = "ocpp_soap_commands"
"""PostgreSQL's channel for what couriers are waiting for."""


class Statements:
    """Runs each statement when it comes."""

    __slots__ = ("_connection", "_driver")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection

    def first(self, statement: Compiled, values: Values) -> Row | None:
        """Runs it with these parameters; gives the first row, or None."""
        form = statement.form(self._connection.dialect)
        parameters = form.bound(values)
        self._notify(form.sql, parameters)
        cursor = self._driver.cursor()
        try:
            cursor.execute(form.sql, parameters)
            row: Row | None = cursor.fetchone() if form.columns else None
            if row is not None and form.conversions is None:
                form.learn(self._connection.dialect, [column[1] for column in cursor.description])
        except REFUSALS as error:
            raise self._failed(error, form.sql) from error
        finally:
            cursor.close()
        return None if row is None else form.converted(row)

    def each(self, statement: Compiled, rows: Sequence[Values]) -> None:
        """Runs it for each of these rows of parameters, in one go."""
        form = statement.form(self._connection.dialect)
        parameters = [form.bound(values) for values in rows]
        self._notify(form.sql, parameters)
        try:
            self._driver.executemany(form.sql, parameters)
        except REFUSALS as error:
            raise self._failed(error, form.sql) from error

    def execute(self, statement: Executable, parameters: Values | Sequence[Values] | None = None) -> AnyRows:
        """Runs any statement by SQLAlchemy."""
        result: AnyRows = self._connection.execute(statement, parameters)
        return result

    def ring(self) -> None:
        """Tells whoever listens (`bell`) that there is something to do, once this transaction is committed."""

    def finish(self) -> None:
        """After the last statement, before the commit: whatever waits has run when it returns."""

    def _notify(self, sql: str, parameters: list[Any]) -> None:
        for listener in self._connection.dispatch.before_cursor_execute:
            listener(self._connection, None, sql, parameters, None, False)

    def _failed(self, error: Exception, sql: str) -> Exception:
        pooled = self._connection.connection
        lost = isinstance(error, PostgresError) and self._connection.dialect.is_disconnect(error, pooled, None)  # type: ignore[arg-type]
        if lost := lost or ends_session(error):
            self._connection.invalidate(error)
        return failure(error, sql, lost, self._connection.engine.url.username)
