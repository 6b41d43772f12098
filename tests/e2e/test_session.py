"""Whole lives of simulated stations at a real gateway: as processes of their own, and with every fault switched on.

What the station says is compared with what the store holds: nothing is lost, nothing is there twice.
"""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpp_soap.central.records import Tag, Transaction
from ocpp_soap.errors import InternalError
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.clock import Clock

from .gateway import PROGRAM
from .stations import NUMBERS, Case, Central, eventually

ACCEPTED = {"status": "Accepted"}
TAG = "CERT-TAG-1"


def test_stations_of_another_process_live_their_lives_through(central: Central) -> None:
    """Two stations boot, authorize, charge, report and stop, twice each; all of it is in the store, once."""
    number = next(NUMBERS)
    lives = [(f"life-{number}-{n}", f"LIFE-{number}-{n}") for n in (1, 2)]
    central.save_tags(Tag(tag, False, None, None, None) for _, tag in lives)
    options = ["--count", "2", "--sessions", "2", "--seconds", "150", "--speed", "0", "--power", "24000"]
    names = ["--identity", f"life-{number}-{{}}", "--id-tag", f"LIFE-{number}-{{}}"]
    said = central.gateway.json("simulate", central.gateway.url, *options, *names)
    assert (4, [], False) == (said["sessions"], said["errors"], said["interrupted"])
    counted: Counter[str] = Counter()
    for identity, tag in lives:
        journal = central.journal(identity, "in")
        assert {"answered"} == {one.outcome for one in journal}
        counted.update(one.operation or "" for one in journal)
        later, earlier = central.transactions(identity)
        for one in (earlier, later):
            assert (tag, "Local", []) == (one.id_tag, one.reason, [*one.start_flags, *one.stop_flags])
            # 24 kW for 150 seconds, reported every minute with two measurands
            assert 1000 == (one.meter_stop or 0) - (one.meter_start or 0)
            after = [round((s.timestamp - one.start_timestamp).total_seconds()) for s in central.samples(one.id)]
            assert [60, 60, 120, 120] == after
        assert earlier.meter_stop == later.meter_start
        assert ["Available", "Available"] == [one["status"] for one in central.known(identity)["connectors"]]
    assert {one["operation"]: one["count"] for one in said["messages"]} == counted


@contextmanager
def simulated(central: Central, identity: str) -> Iterator[subprocess.Popen[str]]:
    """A station as a process that stays for commands, once it is accepted; ended as Ctrl-C ends it."""
    gateway = central.gateway
    words = [*PROGRAM, "simulate", gateway.url, "--sessions", "0", "--stay", "--identity", identity]
    process = subprocess.Popen(words, env=gateway.environment, cwd=gateway.folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert f"{identity} is accepted\n" == process.stdout.readline()
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_a_station_of_another_process_takes_commands(central: Central) -> None:
    """Gateway, operator and station are three processes: a transaction is started from afar, and stopped."""
    identity = f"elsewhere-{next(NUMBERS)}"
    with simulated(central, identity) as process:
        started = central.gateway.send(identity, "RemoteStartTransaction", connectorId=1, idTag=TAG)
        assert (0, ACCEPTED) == (started["exit"], started["answer"])
        running = eventually(lambda: central.transactions(identity))[0]
        stopped = central.gateway.send(identity, "RemoteStopTransaction", transactionId=running.id)
        assert (0, ACCEPTED) == (stopped["exit"], stopped["answer"])
        ended = eventually(lambda: [t for t in central.transactions(identity) if t.stop_timestamp])
        assert [(TAG, "Remote")] == [(one.id_tag, one.reason) for one in ended]
    assert 0 == process.returncode


def said_by(station: ChargePoint, transaction_id: int, stop: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Every value that the station reported of a transaction, in MeterValues and at its stop."""
    own = [p for p in station.sent.payloads("MeterValues") if p["transactionId"] == transaction_id]
    values = [one for payload in own for one in payload["meterValue"]] + stop["transactionData"]
    return {(m["timestamp"], v["context"], v["measurand"], v["value"]) for m in values for v in m["sampledValue"]}


def everything_is_kept(central: Central, station: ChargePoint) -> list[Transaction]:
    """Each transaction of the station is in the store once, in its own words, and each of its values once."""
    confirmed = [one for one in station.sent if one.answer is not None]
    starts = {
        (one.answer or {})["transactionId"]: one.payload for one in confirmed if one.operation == "StartTransaction"
    }
    stops = {one.payload["transactionId"]: one.payload for one in confirmed if one.operation == "StopTransaction"}
    kept = list(central.transactions(station.identity))[::-1]
    assert [t.transaction_id for t in station.transactions] == [t.id for t in kept] == list(starts) == list(stops)
    for one in kept:
        start, stop = starts[one.id], stops[one.id]
        said = [start[name] for name in ("connectorId", "idTag", "timestamp", "meterStart")]
        assert said == [one.connector_id, one.id_tag, one.start_timestamp, one.meter_start]
        said = [stop[name] for name in ("timestamp", "meterStop", "reason")]
        assert said == [one.stop_timestamp, one.meter_stop, one.reason]
        stored = [(s.timestamp, s.context, s.measurand, s.value) for s in central.samples(one.id)]
        values = said_by(station, one.id, stop)
        assert (values, len(values)) == (set(stored), len(stored))
    with central.inside.store.reading() as work:
        point = work.charge_points.find(station.identity)
        assert point is not None
        assert [] == work.transactions.orphan_stops(point.id)
    shown = {c["connectorId"]: c["status"] for c in central.known(station.identity)["connectors"]}
    assert {number: station.status(number) for number in station.connectors} == shown
    return kept


def charge(station: ChargePoint) -> None:
    """A session of some minutes, with samples on the way and at its end."""
    station.configuration["StopTxnSampledData"] = "Energy.Active.Import.Register"
    station.run_session(TAG, seconds=130)


def without_answers(station: ChargePoint) -> None:
    """What it sends arrives, but no answer comes back until the session is nearly over."""
    station.configuration["StopTxnSampledData"] = "Energy.Active.Import.Register"
    station.authorize(TAG)
    station.faults.lose_answers = True
    station.start_transaction(1, TAG)
    station.tick(70)
    station.faults.lose_answers = False
    station.tick(30)
    station.faults.lose_answers = True
    station.stop_transaction()
    station.unplug()
    station.tick(25)
    station.faults.lose_answers = False
    station.tick(30)


def offline(station: ChargePoint) -> None:
    """Two sessions without a connection, told when it is back."""
    station.authorize(TAG)
    station.faults.offline = True
    charge(station)
    charge(station)
    station.faults.offline = False
    station.heartbeat()
    station.settle()


def duplicated(station: ChargePoint) -> None:
    """Every message is sent twice."""
    station.faults.duplicate = True
    charge(station)
    charge(station)


def without_from(station: ChargePoint) -> None:
    """No message says where the station is."""
    station.faults.no_from = True
    charge(station)


@pytest.mark.parametrize("life", [charge, without_answers, offline, duplicated, without_from])
def test_nothing_is_lost_and_nothing_doubled(case: Case, life: Callable[[ChargePoint], None]) -> None:
    """Whatever goes wrong on the way, the store holds what the station said, once."""
    life(case.station)
    assert [] == [f for one in everything_is_kept(case.central, case.station) for f in one.start_flags + one.stop_flags]


@pytest.mark.parametrize(
    ("clock", "flagged"),
    [
        (timedelta(days=-30), (["received"], [])),  # the start was received long after it began
        (timedelta(days=2), (["timestamp"], ["timestamp"])),
        (datetime(1970, 1, 1, tzinfo=UTC), (["timestamp"], ["timestamp"])),
    ],
)
def test_a_wrong_clock_loses_nothing(
    case: Case, clock: timedelta | datetime, flagged: tuple[list[str], list[str]]
) -> None:
    """Times are kept as the station said them, flagged when they can't be, and connectors show what was said last."""
    case.station.faults.clock = clock
    charge(case.station)
    charge(case.station)
    for one in everything_is_kept(case.central, case.station):
        assert flagged == ([f["path"] for f in one.start_flags], [f["path"] for f in one.stop_flags])


def test_a_stop_may_come_after_the_next_boot(case: Case) -> None:
    """A power cut ends a session without a connection; the stop arrives after the boot, and counts."""
    station = case.station
    station.configuration["StopTxnSampledData"] = "Energy.Active.Import.Register"
    station.start_transaction(1, TAG)
    station.tick(30)
    station.faults.offline = True
    station.stop_transaction(reason="PowerLoss")
    station.reboot()
    station.faults.offline = False
    station.tick(60)
    order = [one.operation for one in station.sent if one.answer is not None]
    assert ["BootNotification", "StopTransaction"] == [
        name for name in order[order.index("StartTransaction") :] if name in ("BootNotification", "StopTransaction")
    ]
    assert ["PowerLoss"] == [one.reason for one in everything_is_kept(case.central, station)]


def test_the_same_words_after_a_power_cut_are_another_transaction(central: Central) -> None:
    """A station that begins in 1970 each time says the same again; once the first has ended, that is a new one."""
    numbers, words = [], []
    name = f"power-cut-{next(NUMBERS)}"
    for _ in range(2):
        station = ChargePoint(central.gateway.url, name, clock=Clock(0))
        station.faults.clock = datetime(1970, 1, 1, tzinfo=UTC)
        with station:
            station.wait_accepted()
            station.tick(60)
            numbers.append(station.run_session(TAG, seconds=30).transaction_id)
            words += station.sent.payloads("StartTransaction")
    assert words[0] == words[1]
    assert numbers == [one.id for one in central.transactions(name)[::-1]]
    assert 2 == len(set(numbers))


@pytest.mark.parametrize(("drop", "executed"), [("request", 0), ("answer", 1)])
def test_a_command_without_an_answer_is_uncertain(case: Case, drop: Any, executed: int) -> None:
    """Nobody can know whether it was executed; when it was, the transaction is there, once, and linked to it."""
    case.station.faults.drop = drop
    payload = {"connectorId": 1, "idTag": TAG}
    command = case.central.send(case.station.identity, "RemoteStartTransaction", payload)
    assert ("uncertain", None) == (command["outcome"], command["answer"])
    case.station.faults.drop = None
    case.station.settle()
    assert executed == len(case.central.transactions(case.station.identity))
    if executed:
        case.station.stop_transaction()
    case.confirmed()


def test_a_slow_answer_is_an_answer(case: Case) -> None:
    """A station may take its time; meanwhile it sends what it wants to, and is answered."""
    case.station.faults.delay = 0.5
    assert ACCEPTED == case.send("TriggerMessage", requestedMessage="Heartbeat")
    case.confirmed("Heartbeat")


def test_a_fault_of_the_station_changes_nothing(case: Case) -> None:
    """A command that ended in a fault has no follow-up, and the station goes on charging."""
    case.station.start_transaction(1, TAG)
    case.station.faults.fault = InternalError("The contactor is stuck.")
    asked = {"transactionId": case.latest().id}
    command = case.central.send(case.station.identity, "RemoteStopTransaction", asked)
    assert ("answered", "InternalError", None) == (command["outcome"], command["fault"]["subcode"], command["answer"])
    assert case.latest().stop_timestamp is None
    case.station.stop_transaction()
    case.confirmed("StopTransaction")
