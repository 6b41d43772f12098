"""Odd bodies of the older versions, as their stations send them: read in the newest words, and noted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_soap.errors import ProtocolError

from .endpoint import CENTRAL, Station, ask, assert_valid, endpoint, odd, ready_answers, subcode, versions

OLDER = {version.name: version.central_system for version in versions()[1:]}
TAKEN = datetime(2026, 3, 2, 7, 35, tzinfo=UTC)
ENDED = datetime(2026, 3, 2, 9, 2, 45, tzinfo=UTC)
NO_FIELD = "kept, though {} has no such field in this version"
AS_ATTRIBUTE = ("an element read as if it were an attribute or text", "element-for-attribute")
CURRENT = {"measurand": "Current.Import", "unit": "A"}
OTHER_CASE, OTHER_VERSION = "word-in-another-case", "word-of-another-version"

Noted = list[tuple[str, str | None, str, str]]

READ: dict[tuple[str, str], tuple[dict[str, Any], Noted]] = {
    ("1.5", "values-in-values"): (
        {
            "connectorId": 2,
            "transactionId": 5021,
            "meterValue": [
                {
                    "timestamp": TAKEN,
                    "sampledValue": [
                        {"value": "123010", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                        {"value": "15.9", **CURRENT, "phase": "L1"},
                        {"value": "16.1", **CURRENT, "phase": "L2"},
                    ],
                },
                {
                    "timestamp": TAKEN.replace(second=10),
                    "sampledValue": [{"value": "10.5", "measurand": "Power.Active.Import", "unit": "kW"}],
                },
            ],
        },
        [
            ("values[0].value", "values", "read as value", "element-in-itself"),
            ("values[0].value[0].value", "123010", *AS_ATTRIBUTE),
            ("values[0].value[0].measurand", "Energy.Active.Import.Register", *AS_ATTRIBUTE),
            ("values[0].value[0].unit", "Wh", *AS_ATTRIBUTE),
            ("values[0].value[1].phase", "L1", NO_FIELD.format("MeterValue.value"), "field-of-a-later-version"),
            ("values[0].value[1].unit", "A", "A", OTHER_VERSION),
            ("values[0].value[2].unit", "A", "A", OTHER_VERSION),
        ],
    ),
    ("1.5", "words-of-meter-values-in-another-spelling"): (
        {
            "connectorId": 1,
            "meterValue": [
                {
                    "timestamp": TAKEN,
                    "sampledValue": [
                        {"value": "31", "measurand": "Temperature", "unit": "Celsius"},
                        {"value": "15.9", **CURRENT},
                        {"value": "16.1", **CURRENT},
                        {"value": "231.4", "measurand": "Voltage", "unit": "V", "location": "Outlet"},
                        {"value": "48", "measurand": "SoC", "unit": "Percent"},
                    ],
                }
            ],
        },
        [
            ("values[0].value[0].unit", "Celcius", "Celsius", OTHER_VERSION),
            ("values[0].value[1].measurand", "current.import", "Current.Import", OTHER_CASE),
            ("values[0].value[1].unit", "A", "A", OTHER_VERSION),
            ("values[0].value[2].unit", "amp", "Amp", OTHER_CASE),
            ("values[0].value[3].location", "OUTLET", "Outlet", OTHER_CASE),
            ("values[0].value[3].unit", "v", "V", OTHER_VERSION),
            ("values[0].value[4].measurand", "SoC", "kept as sent, though not a word of Measurand", "unknown-word"),
            ("values[0].value[4].unit", "Percent", "kept as sent, though not a word of UnitOfMeasure", "unknown-word"),
        ],
    ),
    ("1.5", "values-missing"): ({"connectorId": 1}, []),
    ("1.5", "values-without-attributes"): (
        {
            "connectorId": 1,
            "meterValue": [
                {"timestamp": TAKEN, "sampledValue": [{"value": "123010"}, {"value": "not measured"}]},
                {"timestamp": TAKEN.replace(minute=36), "sampledValue": [{"value": "123.4"}]},
            ],
        },
        [],
    ),
    ("1.5", "envelope-of-another-version"): (
        {"transactionId": 5021, "timestamp": ENDED, "meterStop": 138920},
        [
            ("Envelope", "xsi", "declared, since it is not", "undeclared-prefix"),
            ("idTag", "", "absent", "empty-element"),
        ],
    ),
    ("1.5", "fields-of-a-later-version"): (
        {
            "transactionId": 5021,
            "timestamp": ENDED,
            "meterStop": 138920,
            "reason": "EVDisconnected",
            "transactionData": [{"timestamp": ENDED, "sampledValue": [{"value": "0.0", **CURRENT, "phase": "L3"}]}],
        },
        [
            ("reason", "EVDisconnected", NO_FIELD.format("StopTransactionRequest"), "field-of-a-later-version"),
            (
                "transactionData[0].values[0].value[0].phase",
                "L3",
                NO_FIELD.format("MeterValue.value"),
                "field-of-a-later-version",
            ),
        ],
    ),
    ("1.5", "words-in-another-case"): (
        {"connectorId": 1, "status": "Occupied", "errorCode": "EVCommunicationError"},
        [
            ("status", "OCCUPIED", "Occupied", OTHER_CASE),
            ("errorCode", "mode3error", "Mode3Error", OTHER_CASE),
        ],
    ),
    ("1.2", "fields-of-a-later-version"): (
        {
            "connectorId": 1,
            "transactionId": 5021,
            "meterValue": [{"timestamp": TAKEN, "sampledValue": [{"value": "123010"}]}],
        },
        [
            ("transactionId", "5021", NO_FIELD.format("MeterValuesRequest"), "field-of-a-later-version"),
            ("values[0].value", "123010.0", "123010", "number-spelling"),
        ],
    ),
}


def send(version: str, name: str) -> Station:
    """Sends an odd message; it is answered in its own version."""
    station = Station(ready_answers(OLDER[version]))
    answer = ask(endpoint(station.receive, [one.central_system for one in versions()], CENTRAL), odd(name, version))
    assert "200 OK" == answer.status, answer.body
    assert_valid(answer.body, OLDER[version])
    return station


@pytest.mark.parametrize(("version", "name"), READ)
def test_an_odd_body_of_an_older_version_is_read_and_noted(version: str, name: str) -> None:
    """What the station meant, in the newest words, and a flag with the text that stood there."""
    station = send(version, name)
    payload, noted = READ[version, name]
    assert (payload, []) == (station.request, station.call.problems)
    assert sorted(noted) == sorted((f.path, f.raw, f.assumed, f.quirk) for f in station.call.flags)


def test_a_reading_without_a_value_is_a_problem_and_stops_no_other() -> None:
    """The receiver confirms MeterValues all the same: what can be read is there."""
    station = send("1.5", "values-without-a-value")
    read = {"timestamp": TAKEN.replace(minute=40), "sampledValue": [{"value": "123010"}]}
    assert {"connectorId": 1, "meterValue": [{"timestamp": TAKEN}, read]} == station.request
    found = ["values[0].value[0]", "values[0].value", "values[1].value[0]"]
    assert found == [problem.path for problem in station.call.problems]


def test_an_operation_of_a_later_version_is_not_supported() -> None:
    """The body's namespace says the version, and that has no such operation."""
    station = Station()
    answer = ask(
        endpoint(station.receive, [*OLDER.values()], CENTRAL), odd("operation-of-a-later-version", versions()[-1].name)
    )
    assert (f"{{{[*OLDER.values()][-1].namespace}}}NotSupported", "500") == (subcode(answer), answer.status[:3])


@pytest.mark.parametrize("name", ["values-in-values", "fields-of-a-later-version"])
def test_a_strict_station_is_told_what_its_version_does_not_have(name: str) -> None:
    """What is understood is not allowed by that."""
    assert isinstance(send("1.5", name).call.violation(), ProtocolError)
