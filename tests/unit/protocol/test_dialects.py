"""The dialects: each policy of the tables, one row for one word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from ocpp_soap.errors import InvalidPayload
from ocpp_soap.protocol.dialects import Side, downgrade, lacking, unsayable, upgrade
from ocpp_soap.protocol.dialects_tables import DIALECTS, Part

OLDER = ("1.5", "1.2")
STATUS = ("StatusNotification", "request", "status")
ERROR = ("StatusNotification", "request", "errorCode")
UNLOCK = ("UnlockConnector", "response", "status")

# Older words and what becomes of them: version, operation, side, field, older, newer.
UP = [
    *[
        (version, *row)
        for version in OLDER
        for row in (
            (*STATUS, "Occupied", "Occupied"),
            (*ERROR, "Mode3Error", "EVCommunicationError"),
            (*UNLOCK, "Accepted", "Unlocked"),
            (*UNLOCK, "Rejected", "UnlockFailed"),
        )
    ],
    ("1.5", "SendLocalList", "response", "status", "HashError", "Failed"),
    # Of no version at all, or of a later one: as it came.
    ("1.5", *STATUS, "Charging", "Charging"),
    ("1.5", *ERROR, "Overheated", "Overheated"),
]
# The newest words that an older version lacks, and what it is told instead.
DOWN = [
    *[
        (version, *row)
        for version, other in zip(OLDER, ("OtherError", "Mode3Error"), strict=True)
        for row in (
            *((*STATUS, word, "Occupied") for word in ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE")),
            (*STATUS, "Finishing", "Occupied"),
            *((*ERROR, word, other) for word in ("InternalError", "LocalListConflict", "OverVoltage")),
            (*ERROR, "EVCommunicationError", "Mode3Error"),
            ("BootNotification", "response", "status", "Pending", "Rejected"),
            ("ChangeConfiguration", "response", "status", "RebootRequired", "Accepted"),
            (*UNLOCK, "Unlocked", "Accepted"),
            (*UNLOCK, "UnlockFailed", "Rejected"),
            (*UNLOCK, "NotSupported", "Rejected"),
        )
    ],
    ("1.2", *STATUS, "Reserved", "Unavailable"),
    *[
        ("1.2", *ERROR, word, "Mode3Error")
        for word in ("GroundFailure", "OtherError", "OverCurrentFailure", "UnderVoltage", "WeakSignal")
    ],
]
# What is not sent at all, since every older word would be another statement.
REFUSED = [
    (version, operation, field, value)
    for version in OLDER
    for operation, field, values in (
        ("FirmwareStatusNotification", "status", ("Downloading", "Idle", "Installing")),
        ("DiagnosticsStatusNotification", "status", ("Idle", "Uploading")),
        ("RemoteStartTransaction", "chargingProfile", ({"chargingProfileId": 1},)),
    )
    for value in values
]
# Fields without which the rest is as true.
LOST = [
    *[(version, "StopTransaction", "reason") for version in OLDER],
    ("1.2", "StopTransaction", "transactionData"),
    ("1.2", "StartTransaction", "reservationId"),
    ("1.2", "MeterValues", "transactionId"),
    *[("1.2", "StatusNotification", field) for field in ("info", "timestamp", "vendorId", "vendorErrorCode")],
]
# Fields that the newest version has no place for.
RETIRED = [("1.5", "SendLocalList", "request", "hash"), ("1.5", "SendLocalList", "response", "hash")]
# Sampled values that would be others without the part that the older version lacks.
UNSAYABLE = {
    "context": ("Other", "Trigger"),
    "location": ("Cable", "EV"),
    "measurand": ("Current.Offered", "Frequency", "Power.Factor", "Power.Offered", "RPM", "SoC"),
    "phase": ("L1", "L1-N"),
    "unit": ("Fahrenheit", "K", "Percent", "VA", "kVA"),
}
UNITS = [("Amp", "A"), ("Volt", "V")]
MOMENT = "a moment"


@pytest.mark.parametrize(("version", "operation", "side", "field", "older", "newer"), UP)
def test_an_older_word_has_its_newer_one(
    version: str, operation: str, side: Side, field: str, older: str, newer: str
) -> None:
    """It is noted with its path and the word that came, unless it stays or is that version's name of the same thing."""
    payload, notes = upgrade(version, operation, side, {field: older})
    assert {field: newer} == payload
    part = getattr(DIALECTS[version], f"{side}s")[operation]
    noted = older in part.words[field].raised if field in part.words else False
    assert [(field, older)] * noted == [(note.path, note.raw) for note in notes]
    assert all(note.assumed.startswith(f"{newer}, ") for note in notes)


@pytest.mark.parametrize(("version", "operation", "side", "field", "newer", "older"), DOWN)
def test_a_newer_word_has_its_policy(
    version: str, operation: str, side: Side, field: str, newer: str, older: str
) -> None:
    """The older version's word that comes nearest, noted once with the reason, which is that version's own."""
    payload, notes = downgrade(version, operation, side, {field: newer})
    assert {field: older} == payload
    assert [(field, newer)] == [(note.path, note.raw) for note in notes]
    assert re.match(rf"{older}, (since|as) OCPP {version} ", notes[0].assumed), notes[0].assumed


@pytest.mark.parametrize(("version", "operation", "field", "value"), REFUSED)
def test_what_has_no_word_at_all_is_refused(version: str, operation: str, field: str, value: Any) -> None:
    """The problem names the field and the reason, which is true of the station's own version."""
    with pytest.raises(InvalidPayload, match=f"something else, since OCPP {version} ") as refused:
        downgrade(version, operation, "request", {field: value})
    assert [field] == [problem.path for problem in refused.value.problems]


def test_every_policy_is_tested_here() -> None:
    """Each word and field of the tables stands in one of the lists above."""
    up: set[tuple[str, ...]] = set()
    down: set[tuple[str, ...]] = set()
    fields: set[tuple[str, ...]] = set()
    for version, dialect in DIALECTS.items():
        sides: tuple[tuple[Side, Mapping[str, Part]], ...] = (
            ("request", dialect.requests),
            ("response", dialect.responses),
        )
        for operation, side, part in ((name, side, part) for side, table in sides for name, part in table.items()):
            for field, words in part.words.items():
                row = (version, operation, side, field)
                up |= {(*row, word) for word in (*words.renamed.values(), *words.raised)}
                down |= {(*row, word) for word in (*words.renamed, *words.lowered)}
                fields |= {(version, operation, field, word) for word in words.unsayable}
            fields |= {(version, operation, field) for field in (*part.lost, *part.refused)}
            fields |= {(version, operation, side, field) for field in part.retired}
    same = {row[:5] for row in UP if row[4] == row[5]}
    assert up == {row[:5] for row in UP} - same
    assert down == {row[:5] for row in DOWN}
    profile = {row[:3] for row in REFUSED if isinstance(row[3], dict)}
    refused = {row for row in REFUSED if isinstance(row[3], str)}
    assert fields == {*refused, *profile, *LOST, *RETIRED}


def test_every_policy_of_sampled_values_is_tested_here() -> None:
    """They are the same wherever values come."""
    requests = DIALECTS["1.5"].requests
    sampled = requests["MeterValues"].inner["meterValue"].inner["sampledValue"]
    assert sampled == requests["StopTransaction"].inner["transactionData"].inner["sampledValue"]
    unsayable_words = {name: set(words.unsayable) for name, words in sampled.words.items()}
    assert {**unsayable_words, "phase": set(UNSAYABLE["phase"])} == {name: set(w) for name, w in UNSAYABLE.items()}
    assert {"phase"} == sampled.refused.keys()
    assert {"unit": {newer: older for older, newer in UNITS}} == {
        name: words.renamed for name, words in sampled.words.items() if words.renamed or words.lowered or words.raised
    }


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


@pytest.mark.parametrize(("older", "newer"), UNITS)
def test_units_are_renamed_both_ways_and_noted_once_towards_stations(older: str, newer: str) -> None:
    """Many values of one message make one note; what is normal for the station's version makes none."""
    old = {"values": [{"timestamp": MOMENT, "value": [{"value": "7", "unit": older}, {"value": "8", "unit": older}]}]}
    new = {
        "meterValue": [
            {"timestamp": MOMENT, "sampledValue": [{"value": "7", "unit": newer}, {"value": "8", "unit": newer}]}
        ]
    }
    payload, notes = upgrade("1.5", "MeterValues", "request", old)
    assert (new, []) == (payload, notes)
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
    path = "meterValue[0].sampledValue[0]" + ("" if older is None else ".context")
    assert [path] * (older is None or "context" in sampled) == [note.path for note in notes]
    assert all(note.assumed.startswith("left out, since OCPP 1.2 has ") for note in notes)


@pytest.mark.parametrize(("version", "operation", "field"), LOST)
def test_a_field_that_says_more_is_left_out(version: str, operation: str, field: str) -> None:
    """What remains is as true without it; the loss is noted, and can be asked for."""
    said, notes = downgrade(version, operation, "request", {"connectorId": 1, field: "x"})
    assert ({"connectorId": 1}, [(field, "x")]) == (said, [(note.path, note.raw) for note in notes])
    assert notes[0].assumed.startswith(f"left out, since OCPP {version} ")
    assert field in lacking(version, operation)
    assert field not in lacking("1.6", operation)


@pytest.mark.parametrize(("version", "operation", "side", "field"), RETIRED)
def test_a_field_that_has_no_place_is_left_out(version: str, operation: str, side: Side, field: str) -> None:
    """The hash of a local list is lost and noted."""
    payload, notes = upgrade(version, operation, side, {field: "0f"})
    assert ({}, [(field, "0f")]) == (payload, [(note.path, note.raw) for note in notes])
    assert notes[0].assumed.startswith("left out, since OCPP 1.6 ")


def test_values_at_the_end_of_a_transaction_keep_their_own_paths() -> None:
    """In the words that came, though the older version has one list more."""
    told = {"timestamp": MOMENT, "sampledValue": [{"value": "8", "phase": "L1"}, {"value": "7", "unit": "A"}]}
    payload, notes = downgrade("1.5", "StopTransaction", "request", {"transactionData": [told]})
    older = {"transactionData": [{"values": [{"timestamp": MOMENT, "value": [{"value": "7", "unit": "Amp"}]}]}]}
    assert older == payload
    assert ["transactionData[0].sampledValue[0].phase", "transactionData[0].sampledValue[1].unit"] == [
        note.path for note in notes
    ]
    apart = {"transactionData": [{}, *older["transactionData"]]}
    payload, notes = upgrade("1.5", "StopTransaction", "request", apart)
    assert {"transactionData": [{**told, "sampledValue": told["sampledValue"][1:]}]} == payload
    assert [] == notes


def test_what_could_not_be_read_stays_missing() -> None:
    """A message that has to be confirmed whatever it holds gets through."""
    assert {"meterValue": [{"timestamp": MOMENT}]} == _up("1.2", "MeterValues", {"values": [{"timestamp": MOMENT}]})
    assert {"transactionData": []} == _up("1.5", "StopTransaction", {"transactionData": [{}]})
    assert {} == _up("1.5", "MeterValues", {})


def _up(version: str, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    return upgrade(version, operation, "request", payload)[0]
