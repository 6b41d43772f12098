"""The dialects: each policy of the tables, one row for one word."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_soap.errors import InvalidPayload
from ocpp_soap.protocol.dialects import Side, downgrade, unsayable, upgrade

# Older words and what becomes of them: version, operation, side, field, older, newer.
UP = [
    ("1.5", "StatusNotification", "request", "status", "Occupied", "Occupied"),
    ("1.2", "StatusNotification", "request", "status", "Occupied", "Occupied"),
    ("1.5", "StatusNotification", "request", "errorCode", "Mode3Error", "EVCommunicationError"),
    ("1.2", "StatusNotification", "request", "errorCode", "Mode3Error", "EVCommunicationError"),
    ("1.5", "UnlockConnector", "response", "status", "Accepted", "Unlocked"),
    ("1.2", "UnlockConnector", "response", "status", "Rejected", "UnlockFailed"),
    ("1.5", "SendLocalList", "response", "status", "HashError", "Failed"),
    # Of no version at all, or of a later one: as it came.
    ("1.5", "StatusNotification", "request", "status", "Charging", "Charging"),
    ("1.5", "StatusNotification", "request", "errorCode", "Overheated", "Overheated"),
]
# The newest words that an older version lacks, and what it is told instead.
DOWN = [
    *[
        (version, "StatusNotification", "request", "status", word, "Occupied")
        for version in ("1.5", "1.2")
        for word in ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing")
    ],
    ("1.2", "StatusNotification", "request", "status", "Reserved", "Unavailable"),
    *[
        (version, "StatusNotification", "request", "errorCode", word, other)
        for version, other in (("1.5", "OtherError"), ("1.2", "Mode3Error"))
        for word in ("InternalError", "LocalListConflict", "OverVoltage")
    ],
    ("1.5", "StatusNotification", "request", "errorCode", "EVCommunicationError", "Mode3Error"),
    *[
        ("1.2", "StatusNotification", "request", "errorCode", word, "Mode3Error")
        for word in ("GroundFailure", "OtherError", "OverCurrentFailure", "UnderVoltage", "WeakSignal")
    ],
    ("1.5", "BootNotification", "response", "status", "Pending", "Rejected"),
    ("1.2", "BootNotification", "response", "status", "Pending", "Rejected"),
    ("1.5", "ChangeConfiguration", "response", "status", "RebootRequired", "Accepted"),
    ("1.2", "ChangeConfiguration", "response", "status", "RebootRequired", "Accepted"),
    ("1.5", "UnlockConnector", "response", "status", "Unlocked", "Accepted"),
    ("1.5", "UnlockConnector", "response", "status", "UnlockFailed", "Rejected"),
    ("1.2", "UnlockConnector", "response", "status", "NotSupported", "Rejected"),
]
# What is not sent at all, since every older word would be another statement.
REFUSED = [
    ("1.5", "FirmwareStatusNotification", {"status": "Downloading"}),
    ("1.2", "FirmwareStatusNotification", {"status": "Installing"}),
    ("1.5", "FirmwareStatusNotification", {"status": "Idle"}),
    ("1.5", "DiagnosticsStatusNotification", {"status": "Uploading"}),
    ("1.2", "DiagnosticsStatusNotification", {"status": "Idle"}),
    ("1.5", "RemoteStartTransaction", {"idTag": "A", "chargingProfile": {"chargingProfileId": 1}}),
]
# Sampled values that would be others without the part that the older version lacks.
UNSAYABLE = {
    "context": ("Other", "Trigger"),
    "location": ("Cable", "EV"),
    "measurand": ("Current.Offered", "Frequency", "Power.Factor", "Power.Offered", "RPM", "SoC"),
    "phase": ("L1", "L1-N"),
    "unit": ("Fahrenheit", "K", "Percent", "VA", "kVA"),
}
MOMENT = "a moment"


@pytest.mark.parametrize(("version", "operation", "side", "field", "older", "newer"), UP)
def test_an_older_word_has_its_newer_one(
    version: str, operation: str, side: Side, field: str, older: str, newer: str
) -> None:
    """It is noted with its path and the word that came, unless it stays."""
    payload, notes = upgrade(version, operation, side, {field: older})
    assert {field: newer} == payload
    assert [(field, older)] * (older != newer) == [(note.path, note.raw) for note in notes]
    assert all(note.assumed.startswith(f"{newer}, ") for note in notes)


@pytest.mark.parametrize(("version", "operation", "side", "field", "newer", "older"), DOWN)
def test_a_newer_word_has_its_policy(
    version: str, operation: str, side: Side, field: str, newer: str, older: str
) -> None:
    """The older version's word that comes nearest, noted with the reason."""
    payload, notes = downgrade(version, operation, side, {field: newer})
    assert {field: older} == payload
    assert (field, newer) == (notes[0].path, notes[0].raw)
    assert notes[-1].assumed.startswith(f"{older}, ")


@pytest.mark.parametrize(("version", "operation", "payload"), REFUSED)
def test_what_has_no_word_at_all_is_refused(version: str, operation: str, payload: dict[str, Any]) -> None:
    """The problem names the field and the reason."""
    with pytest.raises(InvalidPayload, match=r"something else, since OCPP 1\.5") as refused:
        downgrade(version, operation, "request", payload)
    assert [list(payload)[-1]] == [problem.path for problem in refused.value.problems]


def test_a_caller_can_ask_which_fields_are_refused() -> None:
    """A charging profile may then be left out by whoever does without."""
    asked = [unsayable(version, "RemoteStartTransaction") for version in ("1.6", "1.5", "1.2")]
    assert [set(), {"chargingProfile"}, {"chargingProfile"}] == asked
    assert frozenset() == unsayable("1.5", "Reset")


@pytest.mark.parametrize(("part", "word"), [(part, word) for part, words in UNSAYABLE.items() for word in words])
def test_a_sampled_value_is_said_whole_or_not_at_all(part: str, word: str) -> None:
    """Without the attribute it would be read as another value; it is left out, and so is a meterValue of only such."""
    energy, other = {"value": "7"}, {"value": "8", part: word}
    both = {"timestamp": MOMENT, "sampledValue": [energy, other]}
    payload, notes = downgrade("1.5", "MeterValues", "request", {"meterValue": [both]})
    assert {"values": [{"timestamp": MOMENT, "value": [energy]}]} == payload
    assert [(f"meterValue[0].sampledValue[1].{part}", word)] == [(note.path, note.raw) for note in notes]
    alone = {"timestamp": MOMENT, "sampledValue": [other]}
    payload, notes = downgrade("1.5", "MeterValues", "request", {"connectorId": 1, "meterValue": [alone]})
    assert {"connectorId": 1} == payload
    assert f"meterValue[0].sampledValue[0].{part}" == notes[0].path


@pytest.mark.parametrize(("older", "newer"), [("Amp", "A"), ("Volt", "V")])
def test_units_are_renamed_both_ways_and_noted_once(older: str, newer: str) -> None:
    """Many values of one message make one note."""
    old = {"values": [{"timestamp": MOMENT, "value": [{"value": "7", "unit": older}, {"value": "8", "unit": older}]}]}
    new = {
        "meterValue": [
            {"timestamp": MOMENT, "sampledValue": [{"value": "7", "unit": newer}, {"value": "8", "unit": newer}]}
        ]
    }
    payload, notes = upgrade("1.5", "MeterValues", "request", old)
    assert (new, [("values[0].value[0].unit", older)]) == (payload, [(note.path, note.raw) for note in notes])
    payload, notes = downgrade("1.5", "MeterValues", "request", new)
    assert (old, [("meterValue[0].sampledValue[0].unit", newer)]) == (payload, [(n.path, n.raw) for n in notes])


@pytest.mark.parametrize(
    ("sampled", "older"),
    [
        ({"value": "125630"}, 125630),
        ({"value": "-3", "measurand": "Energy.Active.Import.Register", "unit": "Wh", "format": "Raw"}, -3),
        ({"value": "7", "context": "Transaction.End", "location": "Outlet"}, 7),
        ({"value": "12.5"}, None),
        ({"value": "3000000000"}, None),
        ({"value": "7", "unit": "kWh"}, None),
        ({"value": "7", "measurand": "Current.Import", "unit": "A"}, None),
        ({"value": "7", "location": "Inlet"}, None),
        ({"value": "7", "format": "SignedData"}, None),
    ],
)
def test_the_oldest_version_has_readings_in_whole_wh_alone(sampled: dict[str, Any], older: int | None) -> None:
    """Other values are left out and noted."""
    meter_value = {"timestamp": MOMENT, "sampledValue": [sampled]}
    payload, notes = downgrade("1.2", "MeterValues", "request", {"connectorId": 1, "meterValue": [meter_value]})
    expected = {} if older is None else {"values": [{"timestamp": MOMENT, "value": older}]}
    assert {"connectorId": 1, **expected} == payload
    assert (older is None or "context" in sampled) == bool(notes)


@pytest.mark.parametrize(
    ("version", "operation", "payload", "left"),
    [
        ("1.5", "StopTransaction", {"transactionId": 1, "reason": "Local"}, {"transactionId": 1}),
        ("1.2", "StartTransaction", {"connectorId": 1, "reservationId": 7}, {"connectorId": 1}),
        ("1.2", "MeterValues", {"connectorId": 1, "transactionId": 7}, {"connectorId": 1}),
        ("1.2", "StatusNotification", {"connectorId": 1, "info": "x", "vendorId": "y"}, {"connectorId": 1}),
    ],
)
def test_a_field_that_says_more_is_left_out(
    version: str, operation: str, payload: dict[str, Any], left: dict[str, Any]
) -> None:
    """What remains is as true without it; each field that is lost is noted."""
    said, notes = downgrade(version, operation, "request", payload)
    assert left == said
    assert set(payload) - set(left) == {note.path for note in notes}


def test_the_hash_of_a_local_list_is_lost_and_noted() -> None:
    """In the request and in the answer."""
    sides: tuple[Side, ...] = ("request", "response")
    for side in sides:
        payload, notes = upgrade("1.5", "SendLocalList", side, {"hash": "0f"})
        assert ({}, [("hash", "0f")]) == (payload, [(note.path, note.raw) for note in notes])


def test_what_could_not_be_read_stays_missing() -> None:
    """A message that has to be confirmed whatever it holds gets through."""
    assert {"meterValue": [{"timestamp": MOMENT}]} == _up("1.2", "MeterValues", {"values": [{"timestamp": MOMENT}]})
    assert {"transactionData": []} == _up("1.5", "StopTransaction", {"transactionData": [{}]})
    assert {} == _up("1.5", "MeterValues", {})


def _up(version: str, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    return upgrade(version, operation, "request", payload)[0]
