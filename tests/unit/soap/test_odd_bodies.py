"""Odd bodies: what can be understood is read, and every tolerance is noted with what stood there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .endpoint import CENTRAL, Station, ask, assert_valid, endpoint, odd, ready_answers, versions

NEWEST = versions()[0]
CS = NEWEST.central_system.namespace
CP = NEWEST.charge_point.namespace

START = {
    "connectorId": 1,
    "idTag": "04A37B12C9",
    "timestamp": datetime(2026, 3, 2, 7, 20, 11, tzinfo=UTC),
    "meterStart": 120450,
}
STOP = {"transactionId": 5021, "timestamp": datetime(2026, 3, 2, 9, 2, 45, tzinfo=UTC), "meterStop": 138920}
TAG = {"idTag": "04A37B12C9"}
ALIKE = f"{CS}, with all others like it"
BLANK = "surrounding blanks taken away"
LOOP = 'state: <loop number="2"><x:on xmlns:x="urn:example:x"/></loop> end'
METER = {
    "connectorId": 1,
    "meterValue": [
        {
            "timestamp": datetime(2026, 3, 2, 7, 35, tzinfo=UTC),
            "sampledValue": [{"value": "231.4", "measurand": "Voltage", "unit": "V"}],
        }
    ],
}

READ: dict[str, tuple[dict[str, Any], list[tuple[str, str | None, str]]]] = {
    "body-without-a-namespace": (TAG, [("Body", None, CS), ("idTag", "", ALIKE)]),
    "namespace-without-its-slash": (
        TAG,
        [
            ("chargeBoxIdentity", f"{{{CS.rstrip('/')}}}chargeBoxIdentity", "read as chargeBoxIdentity"),
            ("Body", CS.rstrip("/"), CS),
            ("idTag", CS.rstrip("/"), ALIKE),
        ],
    ),
    "operation-in-capitals": (TAG, [("Body", "AuthorizeRequest", "authorizeRequest")]),
    "comments-and-instructions": (TAG, []),
    "children-unqualified": (START, [("connectorId", "", ALIKE)]),
    "children-in-another-namespace": (START, [("connectorId", "urn:example:x", ALIKE)]),
    "children-in-alphabetical-order": (START, [("timestamp", "timestamp", "read as if in the order of the schema")]),
    "child-names-in-another-case": (
        START,
        [("connectorId", "connectorID", "connectorId"), ("idTag", "IdTag", "idTag")],
    ),
    "unknown-child": (
        START,
        [
            (
                "parkingFee",
                f'<cs:amount xmlns:cs="{CS}">2.50</cs:amount>',
                "dropped, since StartTransactionRequest has no such field",
            )
        ],
    ),
    "child-twice": (START, [("idTag", "04FF019D20", "the first of several is kept")]),
    "child-empty-then-given": (START, []),
    "child-nil": (START, [("reservationId", "", "absent")]),
    "values-padded": (
        START,
        [("connectorId", " 1 ", BLANK), ("idTag", "\n        04A37B12C9\n      ", BLANK)],
    ),
    "markup-inside-a-word": (
        START,
        [("idTag", f'<cs:value xmlns:cs="{CS}">04A37B12C9</cs:value>', "04A37B12C9")],
    ),
    "attributes-on-everything": (START, []),
    "nested-xml-in-data": (
        {"vendorId": "com.nordlys", "messageId": "Loop", "data": LOOP},
        [("data", LOOP, "XML kept as text")],
    ),
    "undeclared-xsi-prefix": (STOP, [("Envelope", "xsi", "declared, since it is not"), ("idTag", "", "absent")]),
    "empty-transaction-data": (STOP, [("transactionData[0]", "", "absent")]),
    "sampled-values-in-alphabetical-order": (
        METER,
        [("meterValue[0].sampledValue[0].value", "value", "read as if in the order of the schema")],
    ),
}


def send(name: str, **more: Any) -> Station:
    """Sends an odd message; the answer is valid and in the proper namespace."""
    station = Station(ready_answers(NEWEST.central_system))
    others = {v.charge_point.namespace: v.name for v in versions()}
    services = [v.central_system for v in versions()]
    answer = ask(endpoint(station.receive, services, CENTRAL, other_namespaces=others, **more), odd(name))
    assert "200 OK" == answer.status, answer.body
    assert_valid(answer.body, NEWEST.central_system)
    return station


@pytest.mark.parametrize("name", READ)
def test_an_odd_body_is_read_and_noted(name: str) -> None:
    """The payload is what the station meant, and each tolerance is a flag with the text that stood there."""
    station = send(name)
    payload, noted = READ[name]
    assert (payload, []) == (station.request, station.call.problems)
    assert noted == [(f.path, f.raw, f.assumed) for f in station.call.flags]


def test_a_body_in_the_charge_points_namespace_is_read_as_the_central_systems() -> None:
    """The version is known by either of its namespaces; header and body that agree are noted once each."""
    station = send("body-in-the-charge-point-namespace")
    assert (TAG, NEWEST.name) == (station.request, station.call.version)
    noted = [(f.path, f.raw, f.assumed) for f in station.call.flags]
    assert [("Body", CP, CS), ("idTag", CP, ALIKE)] == noted[1:]
    assert ("chargeBoxIdentity", f"{{{CP}}}chargeBoxIdentity", "read as chargeBoxIdentity") == noted[0]


def test_a_body_without_a_namespace_is_read_in_the_version_that_the_station_spoke_last() -> None:
    """The endpoint asks for the station's last version; one that is not known means the newest."""
    asked: list[str] = []

    def version_of(identity: str) -> str | None:
        asked.append(identity)
        return NEWEST.name

    station = send("body-without-a-namespace", version_of_station=version_of)
    assert (["CP-2041"], NEWEST.name) == (asked, station.call.version)
    station = send("body-without-a-namespace", version_of_station=lambda _: None)
    assert NEWEST.name == station.call.version


def test_a_boot_without_a_model_is_a_problem_for_the_receiver_to_forgive() -> None:
    """What is missing is named, and everything else is there, signs and blanks in it too."""
    station = send("model-missing")
    said = {"chargePointVendor": "Nordlys", "chargePointSerialNumber": "NL-2041"}
    assert {**said, "firmwareVersion": "2.4.1@17.0 5_b81d"} == station.request
    assert [("chargePointModel", None, "field-missing")] == [(p.path, p.raw, p.quirk) for p in station.call.problems]


def test_the_texts_as_they_were_sent_go_along() -> None:
    """A replay is known by the texts before they were read: the call carries them."""
    station = send("values-padded")
    assert " 1 " == station.call.sent["connectorId"]
    assert "2026-03-02T07:20:11Z" == station.call.sent["timestamp"]
