"""Reading what stations send: typed values, flags for each tolerance, problems for what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.quirks import QUIRKS
from ocpp_soap.protocol.reading import Flag, read
from ocpp_soap.protocol.schema import ComplexType

NEWEST = catalog.load().newest


def _type(operation: str) -> ComplexType:
    for service in (NEWEST.central_system, NEWEST.charge_point):
        if operation in service.operations:
            return service.operations[operation].input.type
    raise KeyError(operation)


NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def test_a_conforming_message_has_no_flags() -> None:
    """Values get their types and nothing is noted."""
    raw = {"connectorId": "1", "idTag": "TAG", "timestamp": "2024-01-31T12:00:00Z", "meterStart": "-5"}
    reading = read(raw, _type("StartTransaction"))
    expected = {
        "connectorId": 1,
        "idTag": "TAG",
        "timestamp": datetime(2024, 1, 31, 12, tzinfo=UTC),
        "meterStart": -5,
    }
    assert (expected, [], []) == (reading.payload, reading.flags, reading.problems)


@pytest.mark.parametrize(
    ("field", "raw", "value", "assumed", "quirk"),
    [
        ("idTag", " TAG\n", "TAG", "surrounding blanks taken away", "padded-value"),
        ("idTag", "T" * 26, "T" * 26, "kept whole, though longer than 20 characters", "overlong-text"),
        (
            "idTag",
            "T" * 9999,
            "T" * 255,
            "its first 255 characters are kept, though longer than 20 characters",
            "overlong-text",
        ),
        ("meterStart", "12.0", 12, "12", "number-spelling"),
        ("meterStart", "7.5", 8, "8", "number-spelling"),
        ("meterStart", "+7", 7, "7", "number-spelling"),
        ("timestamp", "2024-01-31 12:00:00Z", NOON, "nearly ISO 8601", "time-spelling"),
        ("timestamp", "2024-01-31T12:00:00", NOON, "UTC, since no zone is given", "time-without-zone"),
        ("timestamp", "1706702400000", NOON, "epoch milliseconds", "time-as-epoch"),
        ("reservationId", "", None, "absent", "empty-element"),
        ("reservationId", "none", None, "absent, since it is not a whole number of 32 bits", "number-unreadable"),
        ("reservationId", "9" * 11, None, "absent, since it is not a whole number of 32 bits", "number-unreadable"),
    ],
)
def test_a_tolerance_is_flagged(field: str, raw: str, value: Any, assumed: str, quirk: str) -> None:
    """The flag has the path, the text as sent, what was assumed, and the quirk's name."""
    message = {"connectorId": "1", "idTag": "TAG", "timestamp": "2024-01-31T12:00:00Z", "meterStart": "5", field: raw}
    reading = read(message, _type("StartTransaction"))
    assert value == reading.payload.get(field)
    assert [Flag(field, raw, assumed, quirk)] == reading.flags
    assert QUIRKS[quirk].flagged


@pytest.mark.parametrize("raw", ["1e400000", "9" * 5000, "NaN", "Infinity", "1_000", "１２", "0x10", "--1"])
def test_a_number_that_is_none_is_a_problem(raw: str) -> None:
    """A hostile number neither breaks nor passes."""
    reading = read({"connectorId": raw, "status": "Available", "errorCode": "NoError"}, _type("StatusNotification"))
    assert [("connectorId", raw)] == [(p.path, p.raw) for p in reading.problems]


def test_words_are_mapped_by_case_and_alias_only() -> None:
    """A word in another case and a known alias are read; any other is kept as sent."""
    sampled = [{"value": "1", "unit": unit} for unit in ("wh", "Celcius", "Amp", "Parsec")]
    raw = {"connectorId": "1", "meterValue": [{"timestamp": "2024-01-31T12:00:00Z", "sampledValue": sampled}]}
    reading = read(raw, _type("MeterValues"))
    units = [s["unit"] for s in reading.payload["meterValue"][0]["sampledValue"]]
    assert ["Wh", "Celsius", "A", "Parsec"] == units
    assert 4 == len(reading.flags)


def test_a_single_child_is_read_as_a_list() -> None:
    """One meterValue is a list of one."""
    value = {"timestamp": "2024-01-31T12:00:00Z", "sampledValue": {"value": "1"}}
    reading = read({"connectorId": "1", "meterValue": value}, _type("MeterValues"))
    assert [{"value": "1"}] == reading.payload["meterValue"][0]["sampledValue"]


def test_missing_fields_are_problems_with_their_path() -> None:
    """Each required field that is missing is named, deep ones too."""
    raw = {"meterValue": [{"sampledValue": [{"unit": "Wh"}]}]}
    reading = read(raw, _type("MeterValues"))
    expected = ["connectorId", "meterValue[0].timestamp", "meterValue[0].sampledValue[0].value"]
    assert expected == [p.path for p in reading.problems]


def test_vendor_data_keeps_its_blanks() -> None:
    """Not a blank of DataTransfer's data is taken."""
    reading = read({"vendorId": "V", "data": "  a \n"}, _type("DataTransfer"))
    assert "  a \n" == reading.payload["data"]
    assert [] == reading.flags


def test_booleans_and_decimals_are_read() -> None:
    """0 and 1 are booleans, flagged; a limit is a Decimal."""
    output = NEWEST.charge_point.operations["GetConfiguration"].output.type
    reading = read({"configurationKey": [{"key": "k", "readonly": "1"}, {"key": "l", "readonly": "false"}]}, output)
    assert [True, False] == [k["readonly"] for k in reading.payload["configurationKey"]]
    assert ["configurationKey[0].readonly"] == [f.path for f in reading.flags]
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": "0", "limit": "11000.5"}]}
    composite = NEWEST.charge_point.operations["GetCompositeSchedule"].output.type
    reading = read({"status": "Accepted", "chargingSchedule": schedule}, composite)
    assert Decimal("11000.5") == reading.payload["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
