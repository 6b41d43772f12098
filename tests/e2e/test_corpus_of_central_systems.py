"""What other central systems say to stations, at the simulated one: all the rest of the corpus.

Their requests are posted to a station as they are; their answers are read as a station of ours reads them.
"""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.errors import StationFault, Uncertain
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.wire import SoapWire
from ocpp_soap.soap import answers
from ocpp_soap.soap.transport import Exchange

from .corpus import Note, message, service_of, version_of
from .stations import content, schema

NOWHERE = "http://127.0.0.1:9/"
DATA = '{"connectorId":10,"name":"Vehicle","state":"1","timestamp":"2022-05-17T15:42:03Z:"}'

# What is understood of each request, and the status of the answer.
REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "1.2/cp/reset-request-izivia": ({"type": "Hard"}, "Accepted"),
    "1.2/cp/reset-request-shiv3": ({"type": "Hard"}, "Accepted"),
    "1.5/cp/clearCache-request-izivia": ({}, "Accepted"),
    # Its identity is in the namespace of WS-Addressing.
    "1.5/cp/dataTransfer-request-izivia-mapper": (
        {"vendorId": "Schneider Electric", "messageId": "Detection loop", "data": DATA},
        "UnknownVendorId",
    ),
    # It was never accepted anywhere.
    "1.5/cp/remoteStartTransaction-request-shiv3": ({"idTag": "TAG-DEMO", "connectorId": 1}, "Rejected"),
    "1.6/cp/dataTransfer-request-shiv3": ({"vendorId": "vendor-cs-to-cp", "messageId": "test-msg"}, "UnknownVendorId"),
    "1.6/cp/getCompositeSchedule-request-izivia-adp": (
        {"connectorId": 1, "duration": 1800, "chargingRateUnit": "A"},
        "Accepted",
    ),
    "1.6/cp/setChargingProfile-request-izivia-adp": (
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 101,
                "stackLevel": 2,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": Decimal(0)}],
                },
            },
        },
        "Accepted",
    ),
    "1.6/cp/triggerMessage-request-izivia": ({"requestedMessage": "BootNotification", "connectorId": 1}, "Accepted"),
    # Fields without a namespace, in an order of their own; and an Action that names another operation.
    "quirks/1.6-cp-remoteStartTransaction-request-izivia-unqualified": (
        {"connectorId": 4, "idTag": "DEADBEAF"},
        "Rejected",
    ),
    "quirks/1.6-cp-remoteStopTransaction-request-izivia-action-mismatch": ({"transactionId": 1}, "Rejected"),
}

BOOTED = {"status": "Accepted", "currentTime": datetime(2026, 6, 30, tzinfo=UTC), "interval": 300}
ADMITTED = {"idTagInfo": {"status": "Accepted", "expiryDate": datetime(2022, 5, 16, 15, 42, 5, 128000, UTC)}}

# What is understood of each answer; or what it is instead, and why.
ANSWERS: dict[str, dict[str, Any] | tuple[type[Exception], str]] = {
    "1.5/cs/bootNotification-response-shiv3-cxf-action": BOOTED,
    "1.5/cs/bootNotification-response-shiv3": BOOTED,
    "1.5/cs/generic-fault-shiv3": (StationFault, "it is a fault"),
    "1.6/cs/authorize-response-izivia-mapper": ADMITTED,
    "1.6/cs/firmwareStatusNotification-response-izivia-mapper": {},
    "1.6/cs/heartbeat-response-izivia-transport": {"currentTime": datetime(2022, 5, 17, 15, 42, 0, 503000, UTC)},
    "quirks/1.5-cs-authorize-response-izivia-mapper-cp-namespace": ADMITTED,
    "quirks/1.5-cs-bootNotification-response-shiv3-wrong-action": (
        Uncertain,
        "neither time nor interval is in it, without which a station can't go on",
    ),
    "quirks/1.5-cs-firmwareStatusNotification-response-izivia-mapper-cp-namespace": {},
}


def test_the_tables_name_all_the_rest(corpus: Path) -> None:
    """With those of the stations' messages they are the whole corpus."""
    from_central_systems = [
        file.relative_to(corpus).with_suffix("").as_posix()
        for pattern in ("*/cp/*-request-*", "quirks/*-cp-*-request-*", "*/cs/*-response-*", "quirks/*-cs-*-response-*")
        for file in corpus.glob(f"{pattern}.xml")
    ]
    faults = [file.relative_to(corpus).with_suffix("").as_posix() for file in corpus.glob("*/c?/*fault*.xml")]
    assert sorted([*REQUESTS, *ANSWERS]) == sorted([*from_central_systems, *faults])


@pytest.mark.parametrize("name", REQUESTS)
def test_a_command_of_the_corpus_is_understood(corpus: Path, note: Note, name: str) -> None:
    """The station takes it for what it is, and its answer fits the schema."""
    request = message(corpus, name)
    identity = (etree.fromstring(request).findtext(".//{*}chargeBoxIdentity") or "").strip()
    version, (payload, status) = version_of(name), REQUESTS[name]
    wire = SoapWire(NOWHERE, version=version)
    with ChargePoint(NOWHERE, identity, wire=wire, auto_boot=False) as cp:
        posted = urllib.request.Request(cp.address, request, {"Content-Type": "application/soap+xml"})
        with urllib.request.urlopen(posted, timeout=60) as response:
            said = content(response.read())
        received = cp.commands_received[-1]
    schema("charge_point", version).assertValid(said)
    assert (payload, status) == (received.payload, said.findtext("{*}status"))
    note(version, received.operation, status, [])


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_to_a_station_is_understood(corpus: Path, note: Note, name: str) -> None:
    """Whatever stands around it; one that lacks what a station needs is none."""
    service, body, expected = service_of(name, "central_system"), message(corpus, name), ANSWERS[name]
    element = etree.QName(content(body)).localname
    named = [one for one in service.operations.values() if one.output.element == element]
    operation = named[0] if named else service.operations["Heartbeat"]
    exchange = Exchange(b"", 200, "OK", "application/soap+xml; charset=utf-8", None, body, None)
    if isinstance(expected, dict):
        found = answers.read(exchange, service, operation, "CS1")
        assert expected == found.payload
        note(service.version, operation.name, "understood", [flag.quirk or flag.path for flag in found.flags])
        return
    kind, why = expected
    with pytest.raises(kind):
        answers.read(exchange, service, operation, "CS1")
    note(service.version, operation.name if named else "any", kind.__name__, [], why)
