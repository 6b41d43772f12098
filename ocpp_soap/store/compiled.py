"""A statement that is compiled once for each database, so that its text and values go straight to the driver.

Every message runs a few of these, and SQLAlchemy's own way to execute costs as much again as the driver's. The types'
processors are applied as SQLAlchemy does; `statements` runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]

# A named parameter as SQLAlchemy writes it for psycopg.
_NAMED = re.compile(r"%\((\w+)\)s")


@dataclass(slots=True)
class Form:
    """What one database gets: the text, its parameters (name, default, conversion), and what a row's columns are.

    Parameters go by position: `?` on SQLite, `$1` on PostgreSQL, as the server itself spells them. `conversions` of
    columns are known as soon as the driver has said how it hands them over.
    """

    sql: str
    parameters: Sequence[tuple[str, Any, Convert | None]]
    columns: Sequence[TypeEngine[Any]]
    conversions: Sequence[tuple[int, Convert]] | None = None

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters as the driver wants them."""
        return [
            convert(values.get(name, default)) if convert else values.get(name, default)
            for name, default, convert in self.parameters
        ]

    def learn(self, dialect: Dialect, codes: Sequence[Any]) -> None:
        """Notes the conversions of columns, once their types' codes in the driver are known."""
        processors = [
            type_.dialect_impl(dialect).result_processor(dialect, code)
            for type_, code in zip(self.columns, codes, strict=True)
        ]
        self.conversions = [(index, convert) for index, convert in enumerate(processors) if convert is not None]

    def converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row of the driver's in the types of the columns."""
        if not self.conversions:
            return row
        changed = list(row)
        for index, convert in self.conversions:
            changed[index] = convert(row[index])
        return tuple(changed)


class Compiled:
    """One statement; `columns` are those that an INSERT or UPDATE sets from parameters of the same name."""

    __slots__ = ("_columns", "_forms", "_statement")

    def __init__(self, statement: Select[Any] | UpdateBase, *columns: str) -> None:
        self._statement = statement
        self._columns = columns
        self._forms: dict[str, Form] = {}

    def form(self, dialect: Dialect) -> Form:
        """What the database of this dialect gets."""
        return self._forms.get(dialect.name) or self._compile(dialect)

    def _compile(self, dialect: Dialect) -> Form:
        # A parameter that must have a value may be missing here: values come with each execution.
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        assert isinstance(compiled, SQLCompiler)
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        defaults = compiled.params
        text, names = str(compiled), compiled.positiontup or []
        if not compiled.positional:
            text, names = _numbered(text)
        form = self._forms[dialect.name] = Form(
            sql=text,
            parameters=[
                (name, defaults[name], types[name].dialect_impl(dialect).bind_processor(dialect)) for name in names
            ],
            columns=[column.type for column in self._statement.exported_columns],
        )
        return form


def _numbered(sql: str) -> tuple[str, list[str]]:
    """The text with `$1` in place of the first name, and so on, and the names in that order."""
    names = list(dict.fromkeys(_NAMED.findall(sql)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return _NAMED.sub(lambda found: numbers[found[1]], sql).replace("%%", "%"), names
