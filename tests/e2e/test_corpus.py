"""Messages of real stations, and of other people's tests, at the real gateway and at the reader of stations' answers.

They lie outside of the project and are data: each is sent as it is, and its outcome stands in a table here. With -rA
or -s the run ends with a table of every message: version, operation, outcome, flags.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.central.records import Exchange as Journalled
from ocpp_soap.soap import answers
from ocpp_soap.soap.transport import Exchange

from .corpus import Note, message, service_of, version_of
from .stations import Central, content, header, schema

# What each request is answered with: the response's name, and the status in it.
REQUESTS: dict[str, tuple[str, str | None]] = {
    # As stations send them, with and without a model, their fields in whatever order.
    "1.6/cs/bootNotification-request-izivia-enovates": ("bootNotificationResponse", "Accepted"),
    "1.6/cs/bootNotification-request-izivia": ("bootNotificationResponse", "Accepted"),
    "1.6/cs/dataTransfer-request-shiv3": ("dataTransferResponse", "UnknownVendorId"),
    "1.6/cs/diagnosticsStatusNotification-request-izivia": ("diagnosticsStatusNotificationResponse", None),
    "1.6/cs/firmwareStatusNotification-request-izivia": ("firmwareStatusNotificationResponse", None),
    "1.6/cs/heartbeat-request-izivia": ("heartbeatResponse", None),
    "1.6/cs/meterValues-request-izivia-phase": ("meterValuesResponse", None),
    "1.6/cs/meterValues-request-izivia": ("meterValuesResponse", None),
    "1.6/cs/startTransaction-request-izivia": ("startTransactionResponse", "Invalid"),
    "1.6/cs/statusNotification-request-izivia": ("statusNotificationResponse", None),
    # Body and headers without any namespace.
    "quirks/1.6-cs-authorize-request-izivia-mapper-nons": ("authorizeResponse", "Invalid"),
    "quirks/1.6-cs-bootNotification-request-izivia-mapper-nons": ("bootNotificationResponse", "Accepted"),
    "quirks/1.6-cs-dataTransfer-request-izivia-mapper-nons": ("dataTransferResponse", "Accepted"),
    "quirks/1.6-cs-firmwareStatusNotification-request-izivia-mapper-nons": (
        "firmwareStatusNotificationResponse",
        None,
    ),
    "quirks/1.6-cs-heartbeat-request-izivia-mapper-nons": ("heartbeatResponse", None),
    "quirks/1.6-cs-meterValues-request-izivia-mapper-nons": ("meterValuesResponse", None),
    "quirks/1.6-cs-startTransaction-request-izivia-mapper-nons": ("startTransactionResponse", "Invalid"),
    "quirks/1.6-cs-statusNotification-request-izivia-mapper-nons": ("statusNotificationResponse", None),
    "quirks/1.6-cs-stopTransaction-request-izivia-mapper-nons": ("stopTransactionResponse", "Invalid"),
    # Elements where text belongs.
    "quirks/1.6-cs-dataTransfer-request-izivia-nested-data": ("dataTransferResponse", "UnknownVendorId"),
    # Fields without a namespace, in an order of their own.
    "quirks/1.6-cs-meterValues-request-izivia-unqualified": ("meterValuesResponse", None),
    "quirks/1.6-cs-startTransaction-request-izivia-unqualified": ("startTransactionResponse", "Invalid"),
    "quirks/1.6-cs-statusNotification-request-izivia-unqualified": ("statusNotificationResponse", None),
    "quirks/1.6-cs-stopTransaction-request-izivia-unqualified": ("stopTransactionResponse", "Invalid"),
    # Older versions, in whatever order.
    "1.5/cs/authorize-request-izivia": ("authorizeResponse", "Invalid"),
    "1.5/cs/bootNotification-request-izivia": ("bootNotificationResponse", "Accepted"),
    "1.5/cs/bootNotification-request-shiv3": ("bootNotificationResponse", "Accepted"),
    "1.5/cs/dataTransfer-request-izivia": ("dataTransferResponse", "Accepted"),
    "1.5/cs/firmwareStatusNotification-request-izivia": ("firmwareStatusNotificationResponse", None),
    "1.5/cs/heartbeat-request-izivia": ("heartbeatResponse", None),
    "1.5/cs/heartbeat-request-shiv3": ("heartbeatResponse", None),
    # Text with attributes; without them, and no number.
    "1.5/cs/meterValues-request-izivia-multi": ("meterValuesResponse", None),
    "1.5/cs/meterValues-request-izivia-noattr": ("meterValuesResponse", None),
    "1.5/cs/meterValues-request-izivia": ("meterValuesResponse", None),
    "1.5/cs/startTransaction-request-izivia": ("startTransactionResponse", "Invalid"),
    "1.5/cs/statusNotification-request-izivia": ("statusNotificationResponse", None),
    "1.5/cs/stopTransaction-request-izivia-emptydata": ("stopTransactionResponse", "Invalid"),
    "1.5/cs/stopTransaction-request-izivia": ("stopTransactionResponse", "Invalid"),
    "1.2/cs/authorize-request-izivia": ("authorizeResponse", "Invalid"),
    "1.2/cs/meterValues-request-izivia": ("meterValuesResponse", None),
    # Body and fields in the namespace of the other service.
    "quirks/1.5-cs-authorize-request-izivia-mapper-cp-namespace": ("authorizeResponse", "Invalid"),
    "quirks/1.5-cs-bootNotification-request-izivia-mapper-cp-namespace": ("bootNotificationResponse", "Accepted"),
    "quirks/1.5-cs-diagnosticsStatusNotification-request-izivia-cp-namespace": (
        "diagnosticsStatusNotificationResponse",
        None,
    ),
    "quirks/1.5-cs-firmwareStatusNotification-request-izivia-mapper-cp-namespace": (
        "firmwareStatusNotificationResponse",
        None,
    ),
    "quirks/1.5-cs-heartbeat-request-izivia-mapper-cp-namespace": ("heartbeatResponse", None),
    "quirks/1.5-cs-meterValues-request-izivia-mapper-cp-namespace": ("meterValuesResponse", None),
    "quirks/1.5-cs-startTransaction-request-izivia-mapper-cp-namespace": ("startTransactionResponse", "Invalid"),
    "quirks/1.5-cs-statusNotification-request-izivia-mapper-cp-namespace": ("statusNotificationResponse", None),
    "quirks/1.5-cs-stopTransaction-request-izivia-mapper-cp-namespace": ("stopTransactionResponse", "Invalid"),
    # An undeclared prefix, and an envelope of another version.
    "quirks/1.5-cs-stopTransaction-request-izivia-undeclared-xsi": ("stopTransactionResponse", "Invalid"),
}

# What is answered with a fault, and why.
NO_SUCH_OPERATION = "the oldest version has no DataTransfer, and no words for an answer"
FAULTS: dict[str, tuple[int, str, str]] = {
    "quirks/1.2-cs-dataTransfer-request-izivia-not-in-12": (500, "NotSupported", NO_SUCH_OPERATION),
    "quirks/1.2-cs-dataTransfer-request-shiv3-not-in-12": (500, "NotSupported", NO_SUCH_OPERATION),
    "quirks/1.5-cs-heartbeat-request-shiv3-xxe": (
        400,
        "ProtocolError",
        "an entity that nobody defines is no well-formed XML; one that is defined is refused with its document type",
    ),
}

# What each answer of a station says.
ANSWERS: dict[str, dict[str, Any]] = {
    "1.6/cp/getCompositeSchedule-response-izivia": {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": datetime(2023, 1, 18, 13, 22, 55, 768108, UTC),
        "chargingSchedule": {
            "duration": 6480000,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": Decimal(0)}],
        },
    },
    "1.6/cp/setChargingProfile-response-izivia-adp": {"status": "Accepted"},
    "1.6/cp/triggerMessage-response-izivia": {"status": "Accepted"},
    "1.5/cp/clearCache-response-izivia-nomsgid": {"status": "Accepted"},
    "1.5/cp/getConfiguration-response-izivia-norelatesto": {
        "configurationKey": [
            {"key": key, "readonly": readonly, "value": value}
            for key, readonly, value in (
                ("And_Or", True, "2"),
                ("Access_control", True, "2"),
                ("Three-phase", True, "0"),
                ("Name", False, "Park"),
                ("Wh_per_impulse1", True, "1"),
                ("Wh_per_impulse2", True, "1"),
                ("NetworkFailure", False, "0"),
                ("SetPoint1", False, "63"),
                ("SetPoint2", False, "63"),
                ("HeartbeatInterval", False, "1800"),
                ("MeterValueSampleInterval", False, "60"),
                ("refcp", True, '""'),
            )
        ]
    },
    "1.5/cp/remoteStartTransaction-response-izivia-noheader": {"status": "Accepted"},
    "1.5/cp/reset-response-izivia-nomsgid": {"status": "Accepted"},
}


def test_the_tables_name_every_message_of_a_station(corpus: Path) -> None:
    """No request and no station's answer of the corpus is left out."""
    requests = [*corpus.glob("*/cs/*-request-*.xml"), *corpus.glob("quirks/*-cs-*-request-*.xml")]
    told = [*corpus.glob("*/cp/*-response-*.xml"), *corpus.glob("quirks/*-cp-*-response-*.xml")]
    for table, files in (([*REQUESTS, *FAULTS], requests), ([*ANSWERS], told)):
        assert sorted(table) == sorted(file.relative_to(corpus).with_suffix("").as_posix() for file in files)


def post(central: Central, request: bytes) -> tuple[int, str, bytes]:
    """Status, content type and body of the answer."""
    asked = urllib.request.Request(central.gateway.url, request, {"Content-Type": "application/soap+xml"})
    try:
        with urllib.request.urlopen(asked, timeout=60) as response:
            return response.status, response.headers["Content-Type"], response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def journalled(central: Central, request: bytes, note: Note, why: str = "") -> Journalled:
    """What the gateway's journal says of the message that came last, which is this one."""
    with central.inside.store.reading() as work:
        row = work.journal.list(None, 1)[0]
    assert request == row.request
    # That a station was new here says nothing of the message.
    flags = [flag.get("quirk") or flag["path"] for flag in row.flags]
    note(row.version, row.operation, row.outcome, [one for one in flags if one != "chargeBoxIdentity"], why)
    return row


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_the_corpus_gets_its_answer(central: Central, corpus: Path, note: Note, name: str) -> None:
    """The answer fits its version's schema, belongs to the request, and says what the table says."""
    request = message(corpus, name)
    if name.endswith("-nons"):  # it is read in the version that its station spoke last: this one spoke no other
        request = request.replace(b">CS1<", b">CS1-NONS<")
    status, type_, answer = post(central, request)
    assert (200, "application/soap+xml; charset=utf-8") == (status, type_)
    said = content(answer)
    schema("central_system", version_of(name)).assertValid(said)
    assert REQUESTS[name] == (etree.QName(said).localname, said.findtext(".//{*}status"))
    parser = etree.XMLParser(recover=True)  # one of them is not well-formed
    asked = etree.fromstring(request.strip(), parser).findtext(".//{*}MessageID")
    assert (asked or "").strip() == header(answer, "RelatesTo")
    row = journalled(central, request, note)
    assert ("answered", version_of(name), answer) == (row.outcome, row.version, row.answer)


@pytest.mark.parametrize("name", FAULTS)
def test_what_must_be_refused_gets_its_fault(central: Central, corpus: Path, note: Note, name: str) -> None:
    """With the HTTP status that belongs to it."""
    request = message(corpus, name)
    status, _, answer = post(central, request)
    *expected, why = FAULTS[name]
    assert expected == [status, (content(answer).findtext(".//{*}Subcode/{*}Value") or "").rpartition(":")[2]]
    assert expected[1] == journalled(central, request, note, why).outcome


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_the_corpus_is_understood(corpus: Path, note: Note, name: str) -> None:
    """What a station said is read in typed values, whatever its headers look like."""
    service = service_of(name, "charge_point")
    body = message(corpus, name)
    operation = next(o for o in service.operations.values() if o.output.element == etree.QName(content(body)).localname)
    exchange = Exchange(b"", 200, "OK", "application/soap+xml; charset=utf-8", None, body, None)
    found = answers.read(exchange, service, operation, "CS1")
    assert ANSWERS[name] == found.payload
    note(service.version, operation.name, "understood", [flag.quirk or flag.path for flag in found.flags])
