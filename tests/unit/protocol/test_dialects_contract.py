"""The tables of the dialects against the contracts: neither too little nor too much, and what a round trip keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpp_soap.errors import InvalidPayload
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.dialects import Side, downgrade, upgrade
from ocpp_soap.protocol.dialects_tables import DIALECTS, Dialect, Part
from ocpp_soap.protocol.schema import ComplexType, Operation, SimpleType
from ocpp_soap.protocol.validation import check

from .payloads import valid

CATALOG = catalog.load()
SIDES: tuple[Side, ...] = ("request", "response")
# What may be refused on the way down; test_dialects says when.
REFUSED = {"DiagnosticsStatusNotification", "FirmwareStatusNotification", "RemoteStartTransaction"}


def _operations(version: str) -> dict[str, Operation]:
    known = CATALOG.versions[version]
    return {**known.central_system.operations, **known.charge_point.operations}


def _type(operation: Operation, side: Side) -> ComplexType:
    return (operation.input if side == "request" else operation.output).type


def _messages(dialect: Dialect) -> Iterator[tuple[str, Side]]:
    both = _operations(dialect.version).keys() & _operations(dialect.newer).keys()
    return ((operation, side) for operation in sorted(both) for side in SIDES)


def _differences(older: ComplexType, newer: ComplexType, part: Part, path: str = "") -> Iterator[tuple[str, Any]]:
    """Where two types differ, once the names and the inner parts of the table are applied."""
    names = {name: part.names.get(name, name) for name in newer.by_name}
    for name in part.shapes:  # a function's business, which has tests of its own
        names.pop(name, None)
    yield from ((path + name, "lacks") for name in names if names[name] not in older.by_name)
    shaped = {part.names.get(name, name) for name in part.shapes}
    yield from ((path + name, "retired") for name in older.by_name if name not in {*names.values(), *shaped})
    for name in names.keys() & {name for name in names if names[name] in older.by_name}:
        was, now = older.by_name[names[name]].type, newer.by_name[name].type
        if isinstance(was, SimpleType) and isinstance(now, SimpleType):
            yield from ((path + name, word) for word in set(was.enumeration) ^ set(now.enumeration))
        elif isinstance(was, ComplexType) and isinstance(now, ComplexType):
            yield from _differences(was, now, part.inner.get(name, Part()), f"{path}{name}.")
        else:
            yield path + name, "another kind"


def _rows(part: Part, path: str = "") -> Iterator[tuple[str, Any]]:
    """What the table says of a message, in the same words; Accepted and Rejected are in both versions."""
    yield from ((path + name, "lacks") for name in {**part.lost, **part.refused})
    yield from ((path + name, "retired") for name in part.retired)
    for name, words in part.words.items():
        every = {*words.renamed, *words.renamed.values(), *words.lowered, *words.raised, *words.unsayable}
        yield from ((path + name, word) for word in every)
    for name, inner in part.inner.items():
        if name not in part.shapes:
            yield from _rows(inner, f"{path}{name}.")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.version)
def test_the_tables_are_the_difference_of_the_contracts(dialect: Dialect) -> None:
    """Every word and field that one version lacks has a row, and no row is without need."""
    # Occupied stays for the handler.
    stays = {("StatusNotification", "request", "status", "Occupied")}
    for operation, side in _messages(dialect):
        part = _part(dialect, operation, side)
        older, newer = (_type(_operations(v)[operation], side) for v in (dialect.version, dialect.newer))
        expected = {d for d in _differences(older, newer, part) if (operation, side, *d) not in stays}
        assert expected == set(_rows(part)), (operation, side)
    named = {("request", name) for name in dialect.requests} | {("response", name) for name in dialect.responses}
    assert named <= {(side, operation) for operation, side in _messages(dialect)}


def _part(dialect: Dialect, operation: str, side: Side) -> Part:
    table: Mapping[str, Part] = dialect.requests if side == "request" else dialect.responses
    return table.get(operation, Part())


# Round trips: of what differs from the newest version, since the rest goes through untouched

EVERY = [
    (dialect.version, operation, side)
    for dialect in DIALECTS.values()
    for operation, side in _messages(dialect)
    if any(_part(one, operation, side) != Part() for one in DIALECTS.values())
]
DEFAULTS = {"measurand": "Energy.Active.Import.Register", "unit": "Wh", "location": "Outlet", "format": "Raw"}


def _without_what_is_lost(operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as it comes back: the losses of the way up, all of them."""
    kept = dict(payload)
    if operation == "SendLocalList":
        kept.pop("hash", None)
        if kept.get("status") == "HashError":
            kept["status"] = "Failed"
    if "transactionData" in kept:  # how the values were spread over several of these means nothing
        values = [value for data in kept.pop("transactionData") for value in data.get("values", [])]
        kept |= {"transactionData": [{"values": values}]} if values else {}
    return kept


@pytest.mark.parametrize(("version", "operation", "side"), EVERY)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_an_older_version_says_comes_back(version: str, operation: str, side: Side, data: st.DataObject) -> None:
    """Up and down again: nothing is lost that the older version can say, but for what is listed."""
    said = data.draw(valid(_type(_operations(version)[operation], side)))
    newer, _ = upgrade(version, operation, side, said)
    assert _without_what_is_lost(operation, said) == downgrade(version, operation, side, newer)[0]


def _readings(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with its meter values one by one and their defaults filled in, where that is all they can be."""
    readings = [
        (one["timestamp"], {**DEFAULTS, "context": "Sample.Periodic", **sampled})
        for one in payload.get("meterValue", [])
        for sampled in one["sampledValue"]
    ]
    return {**payload, "meterValue": readings}


@pytest.mark.parametrize(("version", "operation", "side"), EVERY)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_whatever_an_older_version_is_told_keeps_its_schema(
    version: str, operation: str, side: Side, data: st.DataObject
) -> None:
    """Down: valid or refused; and each field that does not come back as it was is noted."""
    said = data.draw(valid(_type(_operations(CATALOG.newest.name)[operation], side)))
    try:
        older, notes = downgrade(version, operation, side, said)
    except InvalidPayload:
        assert operation in REFUSED
        return
    type_ = _type(_operations(version)[operation], side)
    assert older == check(older, type_)
    said, back = (_readings(payload) for payload in (said, upgrade(version, operation, side, older)[0]))
    changed = {name for name in said | back if said.get(name) != back.get(name)}
    # Of two steps the second one notes the paths of the version between.
    noted = {note.path.partition(".")[0].partition("[")[0].replace("values", "meterValue") for note in notes}
    assert changed <= noted
