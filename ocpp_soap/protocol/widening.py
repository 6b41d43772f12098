"""Lets an older version be read with fields of the newest one, since stations send them all the same (quirk 44).

What the tables of the dialects say that the older version lacks is read where one text is all of the value. It changes
nothing of what is written.
"""

from __future__ import annotations

from dataclasses import replace

from .dialects_tables import DIALECTS, Part
from .schema import ComplexType, Field, Operation, Service, SimpleType

Later = dict[str, tuple[Field, ...]]
"""The fields to add to each type, by its name."""


def widen(older: Service, newest: Service) -> Service:
    """The service whose requests are read with the fields that only the newest version's have."""
    later: Later = {}
    dialect = DIALECTS.get(older.version)
    for name, part in (dialect.requests if dialect is not None else {}).items():
        if name in older.operations:
            _collect(older.operations[name].input.type, newest.operations[name].input.type, part, later)
    return replace(older, operations={name: _operation(op, later) for name, op in older.operations.items()})


def _collect(older: ComplexType, newest: ComplexType, part: Part, later: Later) -> None:
    lacking = [newest.by_name[name] for name in (*part.lost, *part.refused)]
    later[older.name] = tuple(field for field in lacking if isinstance(field.type, SimpleType))
    for name, inner in part.inner.items():
        if name not in part.shapes:
            was, now = older.by_name[part.names.get(name, name)].type, newest.by_name[name].type
            assert isinstance(was, ComplexType)
            assert isinstance(now, ComplexType)
            _collect(was, now, inner, later)


def _operation(operation: Operation, later: Later) -> Operation:
    return replace(operation, input=replace(operation.input, type=_type(operation.input.type, later)))


def _type(type_: ComplexType, later: Later) -> ComplexType:
    fields = (replace(f, type=_type(f.type, later)) if isinstance(f.type, ComplexType) else f for f in type_.fields)
    return replace(type_, fields=tuple(fields), later=later.get(type_.name, ()))
