"""A statement that is compiled once for each database and handed straight to the driver.

Every message runs a few of these, and SQLAlchemy's own way to execute costs as much again as the driver's. The types'
processors are applied as SQLAlchemy does, its event `before_cursor_execute` is sent, errors are the package's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Error as PostgresError
from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import TypeEngine

from .failures import REFUSALS, failure

Convert = Callable[[Any], Any]


@dataclass(slots=True)
class _Form:
    """What one database gets: the text, its parameters (name, default, conversion), and what a row's columns are.

    `conversions` of columns are known as soon as the driver has said how it hands them over.
    """

    sql: str
    positional: bool
    parameters: list[tuple[str, Any, Convert | None]]
    columns: list[TypeEngine[Any]]
    conversions: list[tuple[int, Convert]] | None = None

    def bound(self, values: Mapping[str, Any]) -> Any:
        """The parameters as the driver wants them: by position on SQLite, by name on PostgreSQL."""
        pairs = [
            (name, convert(values.get(name, default)) if convert else values.get(name, default))
            for name, default, convert in self.parameters
        ]
        return [value for _, value in pairs] if self.positional else dict(pairs)


class Compiled:
    """One statement; `columns` are those that an INSERT or UPDATE sets from parameters of the same name."""

    __slots__ = ("_columns", "_forms", "_statement")

    def __init__(self, statement: Select[Any] | UpdateBase, *columns: str) -> None:
        self._statement = statement
        self._columns = columns
        self._forms: dict[str, _Form] = {}

    def first(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Runs it with these parameters; gives the first row, or None."""
        form = self._form(connection.dialect)
        parameters = form.bound(values)
        with _cursor(connection, form.sql, parameters, many=False) as cursor:
            cursor.execute(form.sql, parameters)
            row: tuple[Any, ...] | None = cursor.fetchone() if form.columns else None
            if row is not None and form.conversions is None:
                form.conversions = _conversions(form.columns, connection.dialect, cursor.description)
        if row is None:
            return None
        converted = list(row)
        for index, convert in form.conversions or ():
            converted[index] = convert(row[index])
        return tuple(converted)

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Runs it for each of these rows of parameters, in one go."""
        form = self._form(connection.dialect)
        parameters = [form.bound(values) for values in rows]
        with _cursor(connection, form.sql, parameters, many=True) as cursor:
            cursor.executemany(form.sql, parameters)

    def _form(self, dialect: Dialect) -> _Form:
        return self._forms.get(dialect.name) or self._compile(dialect)

    def _compile(self, dialect: Dialect) -> _Form:
        # A parameter that must have a value may be missing here: values come with each execution.
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        assert isinstance(compiled, SQLCompiler)
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        defaults = compiled.params
        names = compiled.positiontup or [] if compiled.positional else defaults
        form = self._forms[dialect.name] = _Form(
            sql=str(compiled),
            positional=bool(compiled.positional),
            parameters=[
                (name, defaults[name], types[name].dialect_impl(dialect).bind_processor(dialect)) for name in names
            ],
            columns=[column.type for column in self._statement.exported_columns],
        )
        return form


def _conversions(columns: list[TypeEngine[Any]], dialect: Dialect, description: Any) -> list[tuple[int, Convert]]:
    processors = [
        type_.dialect_impl(dialect).result_processor(dialect, said[1])
        for type_, said in zip(columns, description, strict=True)
    ]
    return [(index, convert) for index, convert in enumerate(processors) if convert is not None]


@contextmanager
def _cursor(connection: Connection, sql: str, parameters: Any, many: bool) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        for notify in connection.dispatch.before_cursor_execute:
            notify(connection, cursor, sql, parameters, None, many)
        yield cursor
    except REFUSALS as error:
        raise _failed(connection, error, sql) from error
    finally:
        cursor.close()


def _failed(connection: Connection, error: Exception, sql: str) -> Exception:
    pooled = connection.connection
    lost = isinstance(error, PostgresError) and connection.dialect.is_disconnect(error, pooled, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    return failure(error, sql, lost)
