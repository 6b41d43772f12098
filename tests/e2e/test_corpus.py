"""Messages of real stations, and of other people's tests, at the real gateway and at the reader of stations' answers.

They lie outside of the project and are data: each is sent as it is, and its outcome stands in a table here.
"""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.protocol import catalog
from ocpp_soap.soap import answers
from ocpp_soap.soap.transport import Exchange

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
}


def message(corpus: Path, name: str) -> bytes:
    """A file of the corpus."""
    return (corpus / f"{name}.xml").read_bytes()


@pytest.fixture
def corpus(shared: Path) -> Path:
    """The folder of the corpus; not everybody has it."""
    return shared / "corpus"


def test_the_tables_name_every_message_of_the_newest_version(corpus: Path) -> None:
    """No request and no station's answer of the corpus is left out."""
    version = catalog.load().newest.name
    requests = [*corpus.glob(f"{version}/cs/*-request-*.xml"), *corpus.glob(f"quirks/{version}-cs-*.xml")]
    told = [*corpus.glob(f"{version}/cp/*-response-*.xml"), *corpus.glob(f"quirks/{version}-cp-*-response-*.xml")]
    for table, files in ((REQUESTS, requests), (ANSWERS, told)):
        assert sorted(table) == sorted(file.relative_to(corpus).with_suffix("").as_posix() for file in files)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_the_corpus_gets_its_answer(central: Central, corpus: Path, name: str) -> None:
    """The answer fits the schema, belongs to the request, and says what the table says."""
    request = message(corpus, name)
    post = urllib.request.Request(central.gateway.url, request, {"Content-Type": "application/soap+xml"})
    with urllib.request.urlopen(post, timeout=60) as response:
        assert (200, "application/soap+xml; charset=utf-8") == (response.status, response.headers["Content-Type"])
        answer = response.read()
    said = content(answer)
    schema("central_system").assertValid(said)
    assert REQUESTS[name] == (etree.QName(said).localname, said.findtext(".//{*}status"))
    asked = etree.fromstring(request.strip()).findtext(".//{*}MessageID")
    assert (asked or "").strip() == header(answer, "RelatesTo")


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_the_corpus_is_understood(corpus: Path, name: str) -> None:
    """What a station said is read in typed values, whatever its headers look like."""
    service = catalog.load().newest.charge_point
    body = message(corpus, name)
    operation = next(o for o in service.operations.values() if o.output.element == etree.QName(content(body)).localname)
    exchange = Exchange(b"", 200, "OK", "application/soap+xml; charset=utf-8", None, body, None)
    assert ANSWERS[name] == answers.read(exchange, service, operation, "CS1").payload
