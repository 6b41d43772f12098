"""`ocpp-soap send`: each outcome has its words, its JSON and its exit status."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from ocpp_soap.errors import InternalError
from ocpp_soap.protocol import catalog
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.wire import SoapWire
from ocpp_soap.store.work import SqlStore

from .conftest import AT, Terminal


def test_an_answer_is_printed_and_stored(terminal: Terminal, station: ChargePoint) -> None:
    """Status 0, with the request and the answer in the standard's words."""
    command = terminal.json("send", "CP-1", "GetConfiguration", '{"key": ["HeartbeatInterval", "Nonsense"]}')
    expected = {
        "chargeBoxIdentity": "CP-1",
        "operation": "GetConfiguration",
        "request": {"key": ["HeartbeatInterval", "Nonsense"]},
        "outcome": "answered",
        "answer": {
            "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "3600"}],
            "unknownKey": ["Nonsense"],
        },
        "fault": None,
        "error": None,
        "address": station.address,
    }
    assert expected == {name: command[name] for name in expected}
    rest = {"state": "answered", "when": "now", "attempts": 1, "batchId": None, "transactionId": None}
    assert rest == {name: command[name] for name in rest}
    times = {"created", "sent", "finished", "deadline", "notBefore"}
    assert {"commandId", "who", *times} == set(command) - set(expected) - set(rest)
    assert command["created"] <= command["sent"] <= command["finished"]
    known = terminal.json("charge-points", "show", "CP-1")["configuration"]
    assert [("HeartbeatInterval", "3600")] == [(row["key"], row["value"]) for row in known]


def test_a_payload_may_be_left_out_or_come_by_stdin(terminal: Terminal, station: ChargePoint) -> None:
    """Nothing for an operation without required fields; - for what is too long for a line."""
    assert "CP-1 answered ClearCache: Accepted\n" == terminal.says("send", "cp-1", "ClearCache")
    reset = terminal.says("send", "CP-1", "Reset", "-", stdin='{"type": "Soft"}\n')
    assert ("CP-1 answered Reset: Accepted\n", [{"type": "Soft"}]) == (
        reset,
        [command.payload for command in station.commands_received.of("Reset")],
    )


def test_a_refusal_of_the_station_is_an_answer(terminal: Terminal, station: ChargePoint) -> None:
    """Status 0 for Rejected too."""
    station.answers["UnlockConnector"] = {"status": "NotSupported"}
    expected = "CP-1 answered UnlockConnector: NotSupported\n"
    assert expected == terminal.says("send", "CP-1", "UnlockConnector", '{"connectorId": 99}')


def test_an_answer_is_told_with_all_of_its_fields(terminal: Terminal, station: ChargePoint) -> None:
    """What is more than a status stands below it."""
    station.answers["GetLocalListVersion"] = {"listVersion": 12}
    expected = "CP-1 answered GetLocalListVersion: done\nlistVersion  12\n"
    assert expected == terminal.says("send", "CP-1", "GetLocalListVersion")


def test_numbers_keep_their_digits(terminal: Terminal, station: ChargePoint) -> None:
    """A limit of 16.1 reaches the station as 16.1."""
    period = {"startPeriod": 0, "limit": 16.1}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period], "minChargingRate": 6.1}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }
    payload = json.dumps({"connectorId": 1, "csChargingProfiles": profile})
    assert profile == terminal.json("send", "CP-1", "SetChargingProfile", payload)["request"]["csChargingProfiles"]
    received = station.commands_received.of("SetChargingProfile")[0].payload["csChargingProfiles"]["chargingSchedule"]
    assert "16.1 6.1" == f"{received['chargingSchedulePeriod'][0]['limit']} {received['minChargingRate']}"


def test_a_fault_of_the_station_has_status_3(terminal: Terminal, station: ChargePoint) -> None:
    """Its code and text are told on stderr and in the JSON."""
    station.answers["ClearCache"] = InternalError("the cache burnt")
    failed = terminal.run("send", "CP-1", "ClearCache")
    assert (3, "") == (failed.exit_code, failed.stdout)
    assert failed.stderr.startswith("CP-1 answered ClearCache with a fault, Receiver/InternalError: ")
    command = terminal.run("send", "CP-1", "ClearCache", "--json")
    told = json.loads(command.stdout)
    assert (3, "answered", None, "InternalError") == (
        command.exit_code,
        told["outcome"],
        told["answer"],
        told["fault"]["subcode"],
    )


def test_what_was_not_transmitted_has_status_4(terminal: Terminal) -> None:
    """Nobody listens there, or no address is known: nothing was executed."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        terminal.says("charge-points", "add", "CP-1", "--callback", f"http://127.0.0.1:{unused.getsockname()[1]}/")
        refused = terminal.run("send", "CP-1", "ClearCache")
    assert (4, "", True) == (
        refused.exit_code,
        refused.stdout,
        refused.stderr.startswith("ClearCache was not transmitted to CP-1: "),
    )
    terminal.says("charge-points", "set-callback", "CP-1", "--forget")
    unknown = terminal.run("send", "CP-1", "ClearCache", "--json")
    told = json.loads(unknown.stdout)
    assert (4, "not_transmitted", True) == (unknown.exit_code, told["outcome"], "set-callback" in told["error"])


def test_an_address_against_the_rules_is_not_called(terminal: Terminal, station: ChargePoint) -> None:
    """In production this machine is no station."""
    refused = terminal.run("send", "CP-1", "ClearCache", ENVIRONMENT="production")
    assert (4, []) == (refused.exit_code, station.commands_received.operations())


def test_what_got_no_answer_has_status_5(terminal: Terminal, station: ChargePoint) -> None:
    """It may or may not have been executed, and those are the words."""
    station.faults.drop = "answer"
    lost = terminal.run("send", "CP-1", "ClearCache")
    assert (5, "") == (lost.exit_code, lost.stdout)
    assert lost.stderr.startswith("CP-1 may or may not have executed ClearCache: ")
    silent = terminal.run("send", "CP-1", "ClearCache", "--json")
    told = json.loads(silent.stdout)
    assert (5, "uncertain", None) == (silent.exit_code, told["outcome"], told["answer"])


@pytest.mark.parametrize(
    ("operation", "payload", "reason"),
    [
        ("Reset", "{}", "type: expected one of Hard, Soft, it is missing"),
        ("Reset", '{"type": "Medium"}', "type: expected one of Hard, Soft, found 'Medium'"),
        ("Reset", '{"type": "Soft", "x": 1}', "x: "),
        ("ReserveNow", '{"connectorId": 1.5}', "connectorId: expected a whole number of 32 bits, found '1.5'"),
        ("Reset", "[]", "an object with the fields of ResetRequest"),
        ("Reset", "", "the payload is no JSON: "),
        ("Reset", "{'type': 'Soft'}", "the payload is no JSON: "),
        ("Reset", '{"type": NaN}', "the payload is no JSON: NaN"),
        ("Reset", '{"type": "Soft", "type": "Hard"}', "stands twice"),
        ("UnlockConnector", '{"connectorId": 1' + "0" * 5000 + "}", "the payload is no JSON: "),
        ("Reset", "[" * 100_000, "nested too deeply"),
        ("reset", '{"type": "Soft"}', "did you mean Reset?"),
        ("Explode", "{}", "it has CancelReservation, "),
    ],
)
def test_what_is_wrong_is_refused_here_with_status_1(
    terminal: Terminal, station: ChargePoint, operation: str, payload: str, reason: str
) -> None:
    """The reason names the field; nothing is sent and nothing is recorded."""
    assert reason in terminal.refuses("send", "CP-1", operation, payload)
    assert [] == station.commands_received.operations()
    assert [] == terminal.json("journal", "list")


def test_a_payload_that_is_no_text_is_refused(terminal: Terminal, station: ChargePoint) -> None:
    """Bytes that are not UTF-8 on stdin."""
    assert "no JSON" in terminal.refuses("send", "CP-1", "Reset", "-", stdin=b'{"type": "\xff"}')


def test_a_station_that_nobody_knows_is_refused(terminal: Terminal) -> None:
    """The reason names the command that lists them."""
    assert "charge-points list" in terminal.refuses("send", "CP-404", "ClearCache")


def test_what_went_over_the_wire_is_in_the_journal(terminal: Terminal, station: ChargePoint) -> None:
    """The request and the answer, as text."""
    terminal.says("send", "CP-1", "ClearCache")
    row = terminal.json("journal", "list", "--charge-point", "CP-1")[0]
    assert ("out", "CP-1", "ClearCache", "answered") == tuple(
        row[name] for name in ("direction", "chargeBoxIdentity", "operation", "outcome")
    )
    assert "clearCacheRequest" in row["request"]
    assert "clearCacheResponse" in row["answer"]


@pytest.mark.parametrize("version", catalog.VERSIONS[1:])
def test_what_an_older_station_does_not_know_is_refused_with_the_reason(
    terminal: Terminal, store: SqlStore, version: str
) -> None:
    """An operation, or a field, unless it may be left out; the answer comes in the newest words."""
    wire = SoapWire("http://127.0.0.1:9/ocpp", version=version)
    with ChargePoint(wire.url, "CP-1", auto_boot=False, wire=wire) as station:
        terminal.says("charge-points", "add", "CP-1", "--callback", station.address)
        with store.writing() as work:
            work.charge_points.contact("CP-1", version, None, AT)
        refused = terminal.refuses("send", "CP-1", "ClearChargingProfile")
        assert f"this station speaks OCPP {version}, which has no ClearChargingProfile; it has " in refused
        profile = {
            "chargingProfileId": 5,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8}]},
        }
        start = ["send", "CP-1", "RemoteStartTransaction", json.dumps({"idTag": "A", "chargingProfile": profile})]
        assert f"chargingProfile: expected something else, since OCPP {version} has no" in terminal.refuses(*start)
        assert "CP-1 answered RemoteStartTransaction: Rejected\n" == terminal.says(
            *start, "--may-leave-out", "chargingProfile"
        )
        assert [{"idTag": "A"}] == [command.payload for command in station.commands_received]
        unlocked = terminal.says("send", "CP-1", "UnlockConnector", '{"connectorId": 1}')
        assert "CP-1 answered UnlockConnector: Unlocked\n" == unlocked


@pytest.mark.parametrize(
    ("operation", "payload", "bounded_by"),
    [
        ("ChangeConfiguration", {"key": "k" * 51, "value": "v" * 501}, {"1.6": "key: expected text of at most 50"}),
        (
            "RemoteStartTransaction",
            {"connectorId": 1, "idTag": "T" * 21},
            dict.fromkeys(("1.6", "1.5"), "idTag: expected text of at most 20"),
        ),
    ],
)
@pytest.mark.parametrize("version", catalog.VERSIONS)
def test_how_long_a_text_may_be_is_for_the_version_of_the_station_to_say(
    terminal: Terminal,
    store: SqlStore,
    version: str,
    operation: str,
    payload: dict[str, Any],
    bounded_by: dict[str, str],
) -> None:
    """What has no limit there is sent whole; what has one is refused with the path."""
    wire = SoapWire("http://127.0.0.1:9/ocpp", version=version)
    with ChargePoint(wire.url, "CP-1", auto_boot=False, wire=wire) as station:
        terminal.says("charge-points", "add", "CP-1", "--callback", station.address)
        with store.writing() as work:
            work.charge_points.contact("CP-1", version, None, AT)
        if version in bounded_by:
            assert bounded_by[version] in terminal.refuses("send", "CP-1", operation, json.dumps(payload))
        else:
            terminal.says("send", "CP-1", operation, json.dumps(payload))
        sent = [] if version in bounded_by else [payload]
        assert sent == [command.payload for command in station.commands_received]
