"""The tables of the dialects against the contracts: neither too little nor too much, and what a round trip keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpp_soap.errors import InvalidPayload
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.dialects import Side, downgrade, upgrade
from ocpp_soap.protocol.dialects_tables import DIALECTS, Dialect, Part
from ocpp_soap.protocol.reading import Flag
from ocpp_soap.protocol.schema import ComplexType, Operation, SimpleType
from ocpp_soap.protocol.validation import check
from ocpp_soap.protocol.writing import to_json, to_text
from ocpp_soap.testing import strategies

CATALOG = catalog.load()
SAID: Mapping[Side, Callable[..., st.SearchStrategy]] = {
    "request": strategies.requests,
    "response": strategies.responses,
}
# What may be refused on the way down; test_dialects says when.
REFUSED = {"DiagnosticsStatusNotification", "FirmwareStatusNotification", "RemoteStartTransaction"}


def _operations(version: str) -> dict[str, Operation]:
    known = CATALOG.versions[version]
    return {**known.central_system.operations, **known.charge_point.operations}


def _type(operation: Operation, side: Side) -> ComplexType:
    return (operation.input if side == "request" else operation.output).type


def _messages(dialect: Dialect) -> Iterator[tuple[str, Side]]:
    both = _operations(dialect.version).keys() & _operations(dialect.newest).keys()
    return ((operation, side) for operation in sorted(both) for side in SAID)


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
        older, newer = (_type(_operations(v)[operation], side) for v in (dialect.version, dialect.newest))
        expected = {d for d in _differences(older, newer, part) if (operation, side, *d) not in stays}
        assert expected == set(_rows(part)), (operation, side)
    named = {("request", name) for name in dialect.requests} | {("response", name) for name in dialect.responses}
    assert named <= {(side, operation) for operation, side in _messages(dialect)}


def _part(dialect: Dialect, operation: str, side: Side) -> Part:
    table: Mapping[str, Part] = dialect.requests if side == "request" else dialect.responses
    return table.get(operation, Part())


def _reasons(part: Part) -> Iterator[str]:
    yield from (words.why for words in part.words.values())
    for reasons in (part.lost, part.refused, part.retired):
        yield from reasons.values()
    for inner in part.inner.values():
        yield from _reasons(inner)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.version)
def test_every_policy_cites_a_section_that_the_contract_names_too(dialect: Dialect) -> None:
    """The reason names no other version, so that it is true of whichever it is said of."""
    services = (CATALOG.newest.central_system, CATALOG.newest.charge_point)
    documented = " ".join(" ".join(service.path.read_text(encoding="utf-8") for service in services).split())
    parts = [*dialect.requests.values(), *dialect.responses.values()]
    for reason in (reason for part in parts for reason in _reasons(part)):
        said, _, cited = reason.rpartition(" (")
        assert f"({cited}" in documented, reason
        assert "OCPP" not in said, reason


# Round trips: of what differs from the newest version, since the rest goes through untouched

EVERY = [
    (dialect.version, operation, side)
    for dialect in DIALECTS.values()
    for operation, side in _messages(dialect)
    if _part(dialect, operation, side) != Part()
]
DEFAULTS = {
    "measurand": "Energy.Active.Import.Register",
    "unit": "Wh",
    "location": "Outlet",
    "format": "Raw",
    "context": "Sample.Periodic",
}


class _Gone(Exception):
    """A part of an item was left out, and the item with it."""


def _as_noted(value: Any, notes: list[Flag], path: str = "") -> Any:
    """What the notes leave of a payload: nothing that was left out, and words that others stand for replaced."""
    raw = json.dumps(to_json(value), ensure_ascii=False) if isinstance(value, dict | list) else to_text(value)
    noted = [note.assumed for note in notes if (re.sub(r"\[\d+\]", "", note.path), note.raw) == (path, raw)]
    if any(assumed.startswith("left out with the value") for assumed in noted):
        raise _Gone
    if any(assumed.startswith("left out, since OCPP") for assumed in noted):
        return None
    if isinstance(value, dict):
        left = {name: _as_noted(part, notes, f"{path}.{name}".lstrip(".")) for name, part in value.items()}
        return {name: part for name, part in left.items() if part not in (None, [])}
    if isinstance(value, list):
        items = []
        for item in value:
            with suppress(_Gone):
                items.append(_as_noted(item, notes, path))
        return [item for item in items if item is not None]
    # What is merely called otherwise comes back as it was.
    return next((word for word, _, why in (a.partition(", ") for a in noted) if not why.startswith("as ")), value)


def _regrouped(payload: dict[str, Any]) -> dict[str, Any]:
    """How values are spread over several transactionData means nothing: the one loss that is not noted."""
    values = [value for data in payload.get("transactionData", []) for value in data.get("values", [])]
    return {**payload, "transactionData": values}


@pytest.mark.parametrize(("version", "operation", "side"), EVERY)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_an_older_version_says_comes_back(version: str, operation: str, side: Side, data: st.DataObject) -> None:
    """Up and down again: all that is lost of what the older version can say is in the notes."""
    said = data.draw(SAID[side](operation, version))
    newer, notes = upgrade(version, operation, side, said)
    back = downgrade(version, operation, side, newer)[0]
    assert _regrouped(_as_noted(said, notes)) == _regrouped(back)


def _readings(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with its meter values one by one and their defaults filled in."""
    flat = {
        name: [
            (one["timestamp"], {**DEFAULTS, **read})
            for one in payload.get(name, [])
            for read in one.get("sampledValue", [])
        ]
        for name in ("meterValue", "transactionData")
    }
    return {**payload, **flat}


@pytest.mark.parametrize(("version", "operation", "side"), EVERY)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_all_that_an_older_version_is_not_told_is_noted(
    version: str, operation: str, side: Side, data: st.DataObject
) -> None:
    """Down: valid or refused; what comes back is what was said, but for the paths and words in the notes."""
    said = data.draw(SAID[side](operation))
    try:
        older, notes = downgrade(version, operation, side, said)
    except InvalidPayload:
        assert operation in REFUSED
        return
    assert older == check(older, _type(_operations(version)[operation], side))
    assert all(f"OCPP {version} " in note.assumed for note in notes)
    back = upgrade(version, operation, side, older)[0]
    left = _as_noted(said, notes)
    # A word that others stand for may have a name of its own in the newest version.
    left |= upgrade(version, operation, side, {n: w for n, w in left.items() if isinstance(w, str) and w != said[n]})[0]
    assert _readings(left) == _readings(back)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.version)
def test_what_a_station_says_beyond_its_version_is_read(dialect: Dialect) -> None:
    """A field of one text that the version lacks: as the newest one has it, and never required."""
    for name, operation in CATALOG.versions[dialect.version].central_system.operations.items():
        newest = CATALOG.newest.central_system.operations[name].input.type
        part = _part(dialect, name, "request")
        lacking = {one for one in {**part.lost, **part.refused} if isinstance(newest.by_name[one].type, SimpleType)}
        later = {field.name: field for field in operation.input.type.later}
        assert lacking == set(later)
        assert all(field == newest.by_name[one] and not field.required for one, field in later.items())
        assert not later.keys() & operation.input.type.by_name.keys()
