"""Lets a version be read with fields and structures of the others, since stations send them all the same (quirk 44).

What the tables of the dialects say that the older version lacks is read where one text is all of the value; readings of
meters are read in the structure of any version. It changes nothing of what is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .dialects_tables import DIALECTS, LISTS, READINGS, SAMPLES, Part
from .schema import ComplexType, Field, Mixture, Operation, Service, SimpleType

Later = dict[str, tuple[Field, ...]]
"""The fields to add to each type, by its name."""


def widen(older: Service, newest: Service) -> Service:
    """The service whose requests are read with the fields that only the newest version's have."""
    later: Later = {}
    dialect = DIALECTS.get(older.version)
    for name, part in (dialect.requests if dialect is not None else {}).items():
        if name in older.operations:
            _collect(older.operations[name].input.type, newest.operations[name].input.type, part, later)
    operations = {name: _operation(op, later) for name, op in older.operations.items()}
    for name in READINGS.keys() & operations.keys():
        request = operations[name].input
        mixture = _mixture(request.type, newest.operations[name].input.type.by_name[READINGS[name]])
        mixed = replace(request, type=replace(request.type, mixture=mixture))
        operations[name] = replace(operations[name], input=mixed)
    return replace(older, operations=operations)


def _collect(older: ComplexType, newest: ComplexType, part: Part, later: Later) -> None:
    lacking = [newest.by_name[name] for name in (*part.lost, *part.refused)]
    later[older.name] = tuple(field for field in lacking if isinstance(field.type, SimpleType))
    for name, inner in part.inner.items():
        if name not in part.shapes:
            was, now = older.by_name[part.names.get(name, name)].type, newest.by_name[name].type
            assert isinstance(was, ComplexType)
            assert isinstance(now, ComplexType)
            _collect(was, now, inner, later)


def _mixture(own: ComplexType, readings: Field) -> Mixture:
    """How a request of the type `own` is read in the structures of all versions; `readings` is the newest's list."""
    item = readings.type
    assert isinstance(item, ComplexType)
    sample = next(field.type for field in item.fields if field.name in SAMPLES)
    assert isinstance(sample, ComplexType)
    attributes = tuple(replace(f, attribute=True, required=False) for f in sample.fields if f.name not in SAMPLES)
    text = sample.by_name["value"].type
    assert isinstance(text, SimpleType)
    value = ComplexType(sample.name, attributes, text)
    values = tuple(Field(name, value, required=False, many=True) for name in SAMPLES)
    reading = ComplexType(item.name, (item.by_name["timestamp"], *values))
    inner = tuple(Field(name, reading, required=False, many=True) for name in LISTS)
    outer = ComplexType(item.name, reading.fields + inner)
    others = tuple(field for field in own.fields if field.name not in LISTS)
    wide = others + tuple(Field(name, outer, required=False, many=True) for name in LISTS)
    return Mixture(
        ComplexType(own.name, wide, later=own.later),
        ComplexType(own.name, (*others, readings), later=own.later),
        readings.name,
        frozenset(name.lower() for name in sample.by_name),
    )


def in_newest_structure(raw: Mapping[str, Any], mixture: Mixture) -> dict[str, Any]:
    """The nested text of a request, read as `mixture.wide`, as `mixture.understood` has it; nothing is left out."""
    found = [reading for name, nodes in raw.items() if name in LISTS for node in nodes for reading in _flat(node, "")]
    others = {name: value for name, value in raw.items() if name not in LISTS}
    return {**others, mixture.readings: found} if found else others


def _flat(node: Mapping[str, Any], timestamp: str) -> Iterator[dict[str, Any]]:
    """The readings in one item of a list; those inside of it have its time where they have none."""
    timestamp = node.get("timestamp") or timestamp
    inner = [one for name in LISTS for one in node.get(name, ())]
    samples = [sample for name in SAMPLES for sample in node.get(name, ())]
    if samples or not inner:
        yield {"timestamp": timestamp, "sampledValue": samples}
    for one in inner:
        yield from _flat(one, timestamp)


def _operation(operation: Operation, later: Later) -> Operation:
    return replace(operation, input=replace(operation.input, type=_type(operation.input.type, later)))


def _type(type_: ComplexType, later: Later) -> ComplexType:
    fields = (replace(f, type=_type(f.type, later)) if isinstance(f.type, ComplexType) else f for f in type_.fields)
    return replace(type_, fields=tuple(fields), later=later.get(type_.name, ()))
