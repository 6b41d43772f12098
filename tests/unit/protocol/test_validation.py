"""Checking what operators ask for: strict, with the path of every field at fault."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpp_soap.errors import InvalidPayload
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.validation import check, unbounded
from ocpp_soap.protocol.writing import to_json, to_text

OPERATIONS = catalog.load().newest.charge_point.operations
PERIOD = {"startPeriod": 0, "limit": 11000.5}
SCHEDULE = {"chargingRateUnit": "W", "chargingSchedulePeriod": [PERIOD]}
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "validFrom": "2024-01-31T13:00:00+01:00",
    "chargingSchedule": SCHEDULE,
}


def _problems(operation: str, payload: Any) -> list[str]:
    with pytest.raises(InvalidPayload) as caught:
        check(payload, OPERATIONS[operation].input.type)
    return [problem.path for problem in caught.value.problems]


def test_json_becomes_typed_values() -> None:
    """Times are aware UTC and limits are Decimals, from text or number."""
    text = json.dumps({"connectorId": 1, "csChargingProfiles": PROFILE})
    checked = check(json.loads(text, parse_float=Decimal), OPERATIONS["SetChargingProfile"].input.type)
    profile = checked["csChargingProfiles"]
    assert datetime(2024, 1, 31, 12, tzinfo=UTC) == profile["validFrom"]
    assert Decimal("11000.5") == profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]


@pytest.mark.parametrize(
    ("operation", "payload", "paths"),
    [
        ("Reset", {}, ["type"]),
        ("Reset", {"type": "hard"}, ["type"]),
        ("Reset", [], ["ResetRequest"]),
        ("Reset", {"type": "Hard", "when": "now"}, ["when"]),
        ("ClearCache", {"x": 1}, ["x"]),
        ("UnlockConnector", {"connectorId": "1"}, ["connectorId"]),
        ("UnlockConnector", {"connectorId": True}, ["connectorId"]),
        ("UnlockConnector", {"connectorId": 2**31}, ["connectorId"]),
        ("ChangeConfiguration", {"key": "k" * 51, "value": "\x00"}, ["key", "value"]),
        ("GetConfiguration", {"key": "k"}, ["key"]),
        ("GetConfiguration", {"key": ["k", 1]}, ["key[1]"]),
        ("UpdateFirmware", {"location": "http://x/f", "retrieveDate": "2024-01-31T12:00:00"}, ["retrieveDate"]),
        (
            "SetChargingProfile",
            {
                "connectorId": 1,
                "csChargingProfiles": {**PROFILE, "chargingSchedule": {**SCHEDULE, "chargingSchedulePeriod": []}},
            },
            ["csChargingProfiles.chargingSchedule.chargingSchedulePeriod"],
        ),
    ],
)
def test_a_bad_payload_is_refused_with_its_paths(operation: str, payload: Any, paths: list[str]) -> None:
    """Every problem is found at once, and named."""
    assert paths == _problems(operation, payload)


@pytest.mark.parametrize("limit", [1.25, "NaN", "1e99", "x", None, True])
def test_a_bad_limit_is_refused(limit: Any) -> None:
    """DecimalOne has one fraction digit and is a number."""
    period = {"startPeriod": 0, "limit": limit}
    profile = {**PROFILE, "chargingSchedule": {**SCHEDULE, "chargingSchedulePeriod": [period]}}
    expected = ["csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit"]
    assert expected == _problems("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})


def test_a_type_can_be_had_without_its_limits_of_length() -> None:
    """For a payload that is to be said in another version; everything else is checked as ever."""
    type_ = unbounded(OPERATIONS["SendLocalList"].input.type)
    payload = {"listVersion": 1, "updateType": "Full", "localAuthorizationList": [{"idTag": "T" * 99}]}
    assert payload == check(payload, type_)
    with pytest.raises(InvalidPayload, match="updateType: expected one of"):
        check({**payload, "updateType": "full"}, type_)


def test_an_empty_optional_list_is_absent() -> None:
    """GetConfiguration without a key asks for all (certification case TC_019_1)."""
    assert {} == check({"key": []}, OPERATIONS["GetConfiguration"].input.type)


def test_writing_spells_every_type() -> None:
    """Text for the wire and values for JSON."""
    values = {
        "a": True,
        "b": 5,
        "c": Decimal("1E+3"),
        "d": datetime(2024, 1, 31, 12, tzinfo=UTC),
        "e": None,
        "f": ["x"],
    }
    assert {"a": "true", "b": "5", "c": "1000", "d": "2024-01-31T12:00:00Z", "f": ["x"]} == to_text(values)
    assert {"a": True, "b": 5, "c": 1000, "d": "2024-01-31T12:00:00Z", "f": ["x"]} == to_json(values)
