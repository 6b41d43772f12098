"""Commands from the command line to a simulated station: all nineteen operations, every exit status, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from ocpp_soap.errors import NotSupported
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.times import format_time
from ocpp_soap.simulator.clock import Clock
from ocpp_soap.simulator.wire import SoapWire
from ocpp_soap.store.tables import commands

from .gateway import free_port
from .stations import BEHIND, Case, Central

ACCEPTED = {"status": "Accepted"}
SOON = format_time(datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1))
NOWHERE = f"http://127.0.0.1:{free_port()}/"
PROFILE = {
    "chargingProfileId": 5,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.1}]},
}
LIST = {"updateType": "Full", "listVersion": 4, "localAuthorizationList": [{"idTag": "A", "idTagInfo": ACCEPTED}]}
KEY = {"key": "BlinkRepeat", "readonly": False, "value": "3"}


@dataclass(frozen=True)
class Step:
    """A command, what the answer holds, and what the store then says of the station."""

    operation: str
    payload: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=lambda: ACCEPTED)
    seen: Callable[[dict[str, Any]], Any] = lambda known: None
    expected: Any = None


def connector(known: dict[str, Any]) -> tuple[str, str]:
    """The status of connector 1, and what was asked for last."""
    one = known["connectors"][1]
    return one["status"], one["availability"]


def configured(known: dict[str, Any]) -> list[tuple[str, str]]:
    """The known configuration."""
    return [(entry["key"], entry["value"]) for entry in known["configuration"]]


# Without those that need a transactionId; in the order of a day, since some follow from others.
STEPS = [
    Step("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}),
    Step(
        "GetConfiguration",
        {"key": ["BlinkRepeat", "Nonsense"]},
        {"configurationKey": [KEY], "unknownKey": ["Nonsense"]},
        configured,
        [("BlinkRepeat", "3")],
    ),
    Step("ChangeConfiguration", {"key": "BlinkRepeat", "value": "7"}, ACCEPTED, configured, [("BlinkRepeat", "7")]),
    Step("ClearCache"),
    Step("DataTransfer", {"vendorId": "org.example.echo", "data": "é <&"}, ACCEPTED | {"data": "é <&"}),
    Step("SendLocalList", LIST, ACCEPTED, lambda known: known["localListVersion"], 4),
    Step("GetLocalListVersion", {}, {"listVersion": 4}, lambda known: known["localListVersion"], 4),
    Step(
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": PROFILE},
        ACCEPTED,
        lambda known: [(one["connectorId"], one["csChargingProfiles"]) for one in known["chargingProfiles"]],
        [(1, PROFILE)],
    ),
    Step("GetCompositeSchedule", {"connectorId": 1, "duration": 60}, ACCEPTED | {"connectorId": 1}),
    Step("ClearChargingProfile", {"stackLevel": 1}, ACCEPTED, lambda known: known["chargingProfiles"], []),
    Step(
        "ReserveNow",
        {"connectorId": 1, "expiryDate": SOON, "idTag": "CERT-TAG-1", "reservationId": 9},
        ACCEPTED,
        lambda known: [(one["reservationId"], one["expiryDate"]) for one in known["reservations"]],
        [(9, SOON)],
    ),
    Step("CancelReservation", {"reservationId": 9}, ACCEPTED, lambda known: known["reservations"], []),
    Step("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
    Step(
        "GetDiagnostics",
        {"location": NOWHERE},
        {"fileName": "diagnostics.txt"},
        lambda known: known["diagnosticsStatus"],
        "UploadFailed",
    ),
    Step("UpdateFirmware", {"location": NOWHERE, "retrieveDate": SOON}, {}),
    Step(
        "ChangeAvailability",
        {"connectorId": 1, "type": "Inoperative"},
        ACCEPTED,
        connector,
        ("Unavailable", "Inoperative"),
    ),
    Step("Reset", {"type": "Soft"}),
]


# Once is enough on the command line: what follows in the store is in the certification cases, on both databases.
@pytest.mark.parametrize("central", ["postgresql"], indirect=True)
def test_every_operation_is_answered_and_followed_up_on_the_command_line(case: Case) -> None:
    """Each operation that needs no transaction gets its answer, and the store knows what follows from it."""
    for step in STEPS:
        answer = case.type_in(step.operation, **step.payload)
        assert step.answer == {name: answer[name] for name in step.answer}, step.operation
        assert step.expected == step.seen(case.known()), step.operation
    every = set(catalog.load().newest.charge_point.operations)
    assert every == {step.operation for step in STEPS} | {"RemoteStartTransaction", "RemoteStopTransaction"}


def caused(central: Central, identity: str) -> list[tuple[str, int | None]]:
    """The station's commands, oldest first, with the transactions that they are linked to."""
    station = central.registered(identity).id
    wanted = select(commands.c.operation, commands.c.transaction_id).where(commands.c.charge_point_id == station)
    with central.inside.store.reader.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(wanted.order_by(commands.c.id))]


def test_a_remote_start_and_stop_are_linked_to_the_transaction_that_comes_of_them(case: Case) -> None:
    """From the command line a transaction begins and ends; both commands know which one it was."""
    case.station.answers.once("RemoteStartTransaction", {"status": "Rejected"})
    refused = case.type_in("RemoteStartTransaction", connectorId=1, idTag="CERT010")
    assert {"status": "Rejected"} == refused
    assert ACCEPTED == case.type_in("RemoteStartTransaction", idTag="cert010")
    started = case.latest()
    assert ACCEPTED == case.type_in("RemoteStopTransaction", transactionId=started.id)
    assert ("cert010", "Remote") == (case.latest().id_tag, case.latest().reason)
    assert [
        ("RemoteStartTransaction", None),
        ("RemoteStartTransaction", started.id),
        ("RemoteStopTransaction", started.id),
    ] == caused(case.central, case.station.identity)
    case.confirmed("StartTransaction", "StopTransaction")


def test_exit_status_0_also_for_a_station_that_rejects(case: Case) -> None:
    """An answer is an answer."""
    case.station.answers.once("ClearCache", {"status": "Rejected"})
    printed = case.central.gateway.send(case.station.identity, "ClearCache")
    assert (0, "answered", {"status": "Rejected"}) == (printed["exit"], printed["outcome"], printed["answer"])


@pytest.mark.parametrize(
    ("operation", "payload", "words"),
    [
        (
            "SetChargingProfile",
            {"connectorId": 1, "csChargingProfiles": {**PROFILE, "stackLevel": "high"}},
            "csChargingProfiles.stackLevel: expected ",
        ),
        ("Reset", {}, "type: expected "),
        ("Explode", {}, "no operation 'Explode'"),
    ],
)
def test_exit_status_1_for_what_is_refused_here(
    case: Case, operation: str, payload: dict[str, Any], words: str
) -> None:
    """A payload that does not fit is refused with the path of the field on stderr, and nothing leaves or is kept."""
    done = case.central.gateway.run("send", case.station.identity, operation, json.dumps(payload), check=False)
    assert (1, "") == (done.returncode, done.stdout)
    assert words in done.stderr
    assert ([], []) == (list(case.station.commands_received), caused(case.central, case.station.identity))


def test_exit_status_1_for_a_charge_point_that_nobody_knows(central: Central) -> None:
    """The name is repeated, and where the known ones are listed."""
    done = central.gateway.run("send", "NOBODY", "ClearCache", "--json", check=False)
    assert (1, "") == (done.returncode, done.stdout)
    assert "there is no charge point 'NOBODY'; see `ocpp-soap charge-points list`" in done.stderr


def test_exit_status_2_for_a_line_without_an_operation(central: Central) -> None:
    """Usage is told as click tells it."""
    done = central.gateway.run("send", "CP-1", check=False)
    assert (2, True) == (done.returncode, "Usage: " in done.stderr)


def test_exit_status_3_for_a_fault_of_the_station(case: Case) -> None:
    """The station's fault is handed on with code, subcode and text, and nothing follows from it."""
    case.station.faults.fault = NotSupported("No reservations here.")
    payload = {"connectorId": 1, "expiryDate": SOON, "idTag": "CERT-TAG-1", "reservationId": 3}
    printed = case.central.gateway.send(case.station.identity, "ReserveNow", **payload)
    text = "The receiver does not support the requested operation: No reservations here."
    fault = {"code": "Receiver", "subcode": "NotSupported", "text": text}
    assert (3, "answered", None, fault) == tuple(printed[name] for name in ("exit", "outcome", "answer", "fault"))
    assert [] == case.central.reservations(case.station.identity)
    case.confirmed()


def test_exit_status_4_for_a_port_that_nobody_listens_on(case: Case) -> None:
    """Nothing was transmitted to a station that has gone, and the reason is told in words."""
    case.station.stop()
    printed = case.central.gateway.send(case.station.identity, "ClearCache")
    assert (4, "not_transmitted", None) == (printed["exit"], printed["outcome"], printed["answer"])
    assert "refused" in printed["error"]


def test_exit_status_5_for_a_station_that_never_answers(case: Case) -> None:
    """A command that was sent and not answered is uncertain; the next one is not kept waiting for it."""
    case.station.faults.drop = "silence"
    patient = case.central.with_settings(READ_TIMEOUT="0.3")
    printed = patient.send(case.station.identity, "ClearCache")
    assert (5, "uncertain", None) == (printed["exit"], printed["outcome"], printed["answer"])
    case.station.faults.drop = None
    assert ACCEPTED == case.send("ClearCache")


def test_commands_to_one_station_run_one_after_another(central: Central) -> None:
    """Four commands at once, of two threads and two processes, reach the station one by one and are all answered."""
    delay = 0.3
    with central.station("one-at-a-time", clock=Clock(1, datetime.now(UTC) - BEHIND)) as station:
        station.faults.delay = delay

        def inside(_: int) -> str:
            outcome: str = central.send(station.identity, "ClearCache", {})["outcome"]
            return outcome

        def on_the_line(_: int) -> str:
            outcome: str = central.gateway.send(station.identity, "ClearCache")["outcome"]
            return outcome

        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(way, n) for way in (on_the_line, inside) for n in range(2)]
            assert ["answered"] * 4 == [one.result() for one in running]
        times = [one.at for one in station.commands_received]
        # The next one may leave only after the answer, which the station holds back so long.
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        assert (3, []) == (len(gaps), [gap for gap in gaps if gap < delay])


def test_a_station_without_an_address_is_called_where_the_operator_says(central: Central) -> None:
    """Without wsa:From a station can't be called, and the error says what helps."""
    with central.station("no-from", auto_boot=False) as station:
        station.faults.no_from = True
        station.boot()
        printed = central.gateway.send(station.identity, "ClearCache")
        assert (4, "not_transmitted") == (printed["exit"], printed["outcome"])
        assert "charge-points set-callback" in printed["error"]
        central.gateway.run("charge-points", "set-callback", station.identity, station.address)
        assert ACCEPTED == Case(central, station).send("ClearCache")


@pytest.mark.parametrize("said", ["http://:{}/", "http://0.0.0.0:{}/", "localhost:{}"])
def test_an_address_without_a_usable_host_is_completed_from_the_peer(central: Central, said: str) -> None:
    """What real stations say of themselves is enough to call them back."""
    port = free_port()
    with central.station(
        "odd-from", wire=SoapWire(central.gateway.url, ports=[port], address=said.format(port))
    ) as station:
        assert ACCEPTED == Case(central, station).send("ClearCache")
        known = central.registered(station.identity)
        assert (f"127.0.0.1:{port}", said.format(port)) == (
            (known.callback_url or "").removeprefix("http://").rstrip("/"),
            known.callback_said,
        )


def test_the_operators_address_wins_over_what_the_station_says(central: Central) -> None:
    """A wrong wsa:From makes calls fail until the operator fixes the address; nothing the station says undoes that."""
    port = free_port()
    wrong = SoapWire(central.gateway.url, ports=[port], address=NOWHERE)
    with central.station("wrong-from", wire=wrong) as station:
        case = Case(central, station)
        assert "not_transmitted" == central.send(station.identity, "ClearCache", {})["outcome"]
        central.gateway.run("charge-points", "set-callback", station.identity, f"http://127.0.0.1:{port}/")
        station.boot()
        assert ACCEPTED == case.send("ClearCache")
        central.gateway.run("charge-points", "set-callback", station.identity, "--forget")
        station.heartbeat()
        assert NOWHERE == central.registered(station.identity).callback_url


def test_a_station_that_moved_is_called_at_its_new_address(central: Central) -> None:
    """A changed wsa:From counts from the first message on, not only from a boot, and the old address is history."""
    with central.station("moved") as station:
        before = station.address
        station.wire.close()
        station.wire = SoapWire(central.gateway.url)
        now = station.wire.open(station)
        station.heartbeat()
        assert ACCEPTED == Case(central, station).send("ClearCache")
        history = [one["url"] for one in central.known(station.identity)["callbackHistory"]]
        assert (True, now, before) == (before != now, central.registered(station.identity).callback_url, history[-1])
