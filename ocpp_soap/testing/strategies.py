"""Strategies for hypothesis, made from the WSDLs: messages that are valid, and such as are not, tags, whole sessions.

Versions and services are named as in `protocol.catalog`; the newest version serves by default, since its words are
those of the rest of this kit. They know of an operation what its WSDL says, and nothing of gateways.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from ..protocol import catalog
from ..protocol.reading import INT_RANGE
from ..protocol.schema import ComplexType, Operation, SimpleType

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("ocpp_soap.testing.strategies needs hypothesis: pip install hypothesis") from error

Payload = dict[str, Any]
Service = Literal["central_system", "charge_point"]

_INTS = st.integers(INT_RANGE.start, INT_RANGE.stop - 1)
# Without controls, and with blanks inside alone, since a reader takes away those at the ends.
_WORDS = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), min_size=1, max_size=3)
# Numbers among the texts, since one version has meter values as text and another as numbers.
_TEXTS = st.one_of(_WORDS.map(" ".join), _INTS.map(str))
# Whole milliseconds, as clocks of stations have them.
_MOMENTS = st.integers(0, 2**42).map(lambda millis: datetime.fromtimestamp(millis / 1000, UTC))
# All that a session says is past.
_NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def operations(service: Service = "central_system", version: str | None = None) -> st.SearchStrategy[str]:
    """Names of what a station may call, or of what it may be commanded ("charge_point")."""
    return st.sampled_from(sorted(_operations(version, service)))


def requests(operation: str, version: str | None = None, service: Service | None = None) -> st.SearchStrategy[Payload]:
    """Requests of the operation, valid by its WSDL; of both services' DataTransfer it is what stations send."""
    return _object(_operation(operation, version, service).input.type)


def responses(operation: str, version: str | None = None, service: Service | None = None) -> st.SearchStrategy[Payload]:
    """Confirmations of the operation, valid by its WSDL."""
    return _object(_operation(operation, version, service).output.type)


@st.composite
def invalid_requests(
    draw: st.DrawFn, operation: str, version: str | None = None, service: Service | None = None
) -> tuple[Payload, str]:
    """A request that is valid but for one thing, and the path of it (`chargingSchedule.duration`, `values[0]`).

    Something is missing, of another type, no word of its enumeration, too long, or no field at all.
    """
    type_ = _operation(operation, version, service).input.type
    payload = draw(_object(type_))
    path, parent, key, wrong = draw(st.sampled_from([*_flaws(payload, type_)]))
    if wrong is None:
        del parent[key]
    else:
        parent[key] = wrong
    return payload, path


def id_tags() -> st.SearchStrategy[str]:
    """Tags that a card may have: at most 20 characters (OCPP 1.6 §7.28)."""
    return st.from_regex("[0-9A-Za-z][0-9A-Za-z._:-]{0,19}", fullmatch=True)


def identities() -> st.SearchStrategy[str]:
    """What charge points call themselves: at most 25 characters, as the serial number of BootNotification."""
    return st.from_regex("[0-9A-Za-z][0-9A-Za-z._:-]{0,24}", fullmatch=True)


@st.composite
def sessions(draw: st.DrawFn) -> list[tuple[str, Payload]]:
    """The messages of a charging session that any version can say, in order, as (operation, request).

    Time and meter only rise. The transactionId is 0 throughout: put in its place what StartTransaction was answered.
    """
    minutes, meter = draw(st.integers(0, 500_000)), draw(st.integers(0, 10**9))
    connector, tag, watts = draw(st.integers(1, 4)), draw(id_tags()), draw(st.integers(1_400, 350_000))
    said: list[tuple[str, Payload]] = [("BootNotification", draw(requests("BootNotification")))]

    def later() -> datetime:
        nonlocal minutes, meter
        minutes += (passed := draw(st.integers(1, 15)))
        meter += watts * passed // 60
        return _NEW_YEAR + timedelta(minutes=minutes)

    def say(operation: str, **request: Any) -> None:
        said.append((operation, request))

    def status(status: str) -> None:
        say("StatusNotification", connectorId=connector, errorCode="NoError", status=status, timestamp=later())

    status("Available")
    status("Preparing")
    say("Authorize", idTag=tag)
    say("StartTransaction", connectorId=connector, idTag=tag, timestamp=later(), meterStart=meter)
    status("Charging")
    for _ in range(draw(st.integers(0, 5))):
        value = {"timestamp": later(), "sampledValue": [{"value": str(meter)}]}
        say("MeterValues", connectorId=connector, transactionId=0, meterValue=[value])
    reason = draw(st.sampled_from(["Local", "Remote", "EVDisconnected"]))
    say("StopTransaction", transactionId=0, idTag=tag, timestamp=later(), meterStop=meter, reason=reason)
    status("Finishing")
    status("Available")
    return said


def _operations(version: str | None, service: Service | None) -> Mapping[str, Operation]:
    versions = catalog.load().versions
    if version not in (None, *versions):
        raise ValueError(f"OCPP {version} is not spoken here: expected one of {', '.join(versions)}")
    known = versions[version or catalog.load().newest.name]
    if service is not None:
        return {"central_system": known.central_system, "charge_point": known.charge_point}[service].operations
    return {**known.charge_point.operations, **known.central_system.operations}


def _operation(name: str, version: str | None, service: Service | None) -> Operation:
    known = _operations(version, service)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1) or sorted(known)
        raise ValueError(f"there is no operation {name}: expected {' or '.join(near)}")
    return known[name]


@cache
def _object(type_: ComplexType) -> st.SearchStrategy[Payload]:
    """Every payload that the type allows; a list that may be empty is then absent."""
    fields: dict[bool, dict[str, st.SearchStrategy[Any]]] = {True: {}, False: {}}
    for field in type_.contents:
        one = _object(field.type) if isinstance(field.type, ComplexType) else _leaf(field.type)
        fields[field.required][field.name] = st.lists(one, min_size=1, max_size=3) if field.many else one
    return st.fixed_dictionaries(fields[True], optional=fields[False])


def _leaf(type_: SimpleType) -> st.SearchStrategy[Any]:
    if type_.enumeration:
        return st.sampled_from(type_.enumeration)
    leaves: dict[str, st.SearchStrategy[Any]] = {
        "int": _INTS,
        "decimal": st.decimals(0, 10**5, places=3 if type_.fraction_digits is None else type_.fraction_digits),
        "boolean": st.booleans(),
        "dateTime": _MOMENTS,
        "anyURI": st.from_regex("(ftp|https?)://[a-z0-9]{1,20}(:21)?(/[A-Za-z0-9._~-]{0,20}){0,3}", fullmatch=True),
    }
    return leaves.get(type_.base, _text(type_.max_length))


def _text(longest: int | None) -> st.SearchStrategy[str]:
    """Texts, many of them as long as they may be."""
    if longest is None:
        return _TEXTS
    return st.one_of(_TEXTS, _TEXTS.map(lambda text: text * longest)).map(lambda text: text[:longest].strip())


def _flaws(payload: Payload, type_: ComplexType, path: str = "") -> Iterator[tuple[str, Any, str | int, Any]]:
    """What can be made wrong: its path, what holds it and where, and a wrong value (None: it is missing)."""
    yield f"{path}noSuchField", payload, "noSuchField", "?"
    for field in type_.contents:
        here = f"{path}{field.name}"
        places: list[tuple[str, Any, str | int]] = [(here, payload, field.name)]
        if field.required:
            yield here, payload, field.name, None
        if field.many:
            yield here, payload, field.name, "no list"
            items = payload.get(field.name, [])
            places = [(f"{here}[{i}]", items, i) for i in range(len(items))]
        for place, parent, key in places:
            yield from ((place, parent, key, wrong) for wrong in _wrong(field.type))
            if isinstance(field.type, ComplexType) and field.name in payload:
                yield from _flaws(parent[key], field.type, f"{place}.")


def _wrong(type_: SimpleType | ComplexType) -> list[Any]:
    """Values that are none of the type."""
    if isinstance(type_, ComplexType) or type_.enumeration:
        return ["none of these"]
    texts = ["\0", 1]
    kinds = {"int": ["1", INT_RANGE.stop], "boolean": ["true", 1], "string": texts, "anyURI": texts}
    wrong: list[Any] = [*kinds.get(type_.base, ["?"])]
    if type_.max_length is not None:
        wrong.append("x" * (type_.max_length + 1))
    if type_.fraction_digits is not None:
        wrong.append(Decimal(1).scaleb(-1 - type_.fraction_digits))
    return wrong
