"""How one command is answered, where the faults that are switched on hold for all of them."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from ocpp_soap.errors import SecurityError, StationFault, Uncertain
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.faults import Answering
from tests.integration.simulator.central_system import CentralSystem, Payload

START: Payload = {"connectorId": 1, "idTag": "TAG"}
# Longer than any test waits.
EVER = 60.0


def begin(central: CentralSystem, cp: ChargePoint, operation: str, **fields: Any) -> Future[Payload]:
    """Sends a command; returns when it has come, without waiting for its answer."""
    before = len(cp.commands_received)
    pool = ThreadPoolExecutor(1)
    sent = pool.submit(central.command, operation, **fields)
    pool.shutdown(wait=False)
    cp.wait_for(lambda: len(cp.commands_received) > before)
    return sent


@pytest.mark.parametrize("answer", [None, {"status": "Accepted"}], ids=["its own", "set"])
@pytest.mark.parametrize("drop", ["request", "silence"])
def test_a_command_can_be_lost_before_it_is_executed(
    central: CentralSystem, cp: ChargePoint, drop: str, answer: Payload | None
) -> None:
    """It was received all the same; the next one is executed."""
    cp.answers.once("RemoteStartTransaction", Answering(answer, drop=drop))  # type: ignore[arg-type]
    with pytest.raises(Uncertain) as uncertain:
        central.command("RemoteStartTransaction", patient=drop == "request", **START)
    cp.settle()
    assert {"request": "closed", "silence": "silent"}[drop] == uncertain.value.trouble
    assert [] == central.payloads("StartTransaction")
    assert "Accepted" == central.status("RemoteStartTransaction", **START)
    lost, executed = cp.commands_received
    assert (START, answer, f"dropped: {drop}") == (lost.payload, lost.answer, lost.manner)
    assert (START, {"status": "Accepted"}, "") == (executed.payload, executed.answer, executed.manner)


@pytest.mark.parametrize(("answer", "started"), [(None, 1), ({"status": "Accepted"}, 0)], ids=["its own", "set"])
def test_an_answer_can_be_lost_alone(
    central: CentralSystem, cp: ChargePoint, answer: Payload | None, started: int
) -> None:
    """What follows from the command follows, unless a test has decided on it."""
    cp.answers.once("RemoteStartTransaction", Answering(answer, drop="answer"))
    with pytest.raises(Uncertain):
        central.command("RemoteStartTransaction", **START)
    cp.settle()
    assert started == len(central.payloads("StartTransaction"))
    received = cp.commands_received[-1]
    assert ({"status": "Accepted"}, "dropped: answer") == (received.answer, received.manner)


def test_one_command_can_be_answered_late(central: CentralSystem, cp: ChargePoint) -> None:
    """Then what follows from it follows; it counts as received at once."""
    cp.answers.once("RemoteStartTransaction", Answering(delay=1))
    began = time.monotonic()
    sent = begin(central, cp, "RemoteStartTransaction", **START)
    assert ({"status": "Accepted"}, "after 1 s") == (cp.commands_received[-1].answer, cp.commands_received[-1].manner)
    assert [] == central.payloads("StartTransaction")
    assert {"status": "Accepted"} == sent.result(60)
    assert time.monotonic() - began >= 1
    cp.wait_for(lambda: cp.sent.last("StartTransaction"))


def test_a_fault_can_come_late(central: CentralSystem, cp: ChargePoint) -> None:
    """As any answer."""
    cp.answers.once("Reset", lambda request: Answering(SecurityError(f"no {request['type']} one"), delay=0.1))
    with pytest.raises(StationFault, match="no Soft one"):
        central.command("Reset", type="Soft")


@pytest.mark.parametrize("how", [Answering(delay=EVER), Answering(drop="silence")], ids=["delayed", "silent"])
def test_everything_goes_on_while_an_answer_is_held_back(
    central: CentralSystem, cp: ChargePoint, how: Answering
) -> None:
    """Time passes, messages leave, other commands are answered; the station's end is the end of it."""
    cp.answers.once("ClearCache", how)
    held = begin(central, cp, "ClearCache")
    began = time.monotonic()
    cp.tick(300)
    cp.settle()
    assert "Heartbeat" == central.operations()[-1]
    assert "Accepted" == central.status("ClearCache")
    assert not held.done()
    cp.stop()
    with pytest.raises(Uncertain):
        held.result(60)
    assert time.monotonic() - began < EVER / 3


def test_time_passes_while_all_answers_are_late(central: CentralSystem, cp: ChargePoint) -> None:
    """The switch for all commands holds nothing else up either."""
    cp.faults.delay = EVER
    held = begin(central, cp, "ClearCache")
    cp.tick(300)
    assert not held.done()


def test_an_answer_that_is_late_does_not_outlive_a_power_cut(central: CentralSystem, cp: ChargePoint) -> None:
    """Who is offline in the end says nothing."""
    cp.answers.once("ClearCache", Answering(delay=1))
    held = begin(central, cp, "ClearCache")
    cp.faults.offline = True
    with pytest.raises(Uncertain):
        held.result(60)
