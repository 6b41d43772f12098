"""Many charge points at once."""

from __future__ import annotations

import os
import signal
from threading import Event, Thread

import pytest

from ocpp_soap.simulator import fleet
from ocpp_soap.simulator.traits import Traits
from tests.integration.simulator.central_system import CentralSystem


def test_a_fleet_plays_its_sessions_and_counts(central: CentralSystem) -> None:
    """Each charge point under its own name, on its connectors in turn; the progress reaches its end."""
    seen: list[tuple[int, int]] = []
    plan = fleet.Plan(central.url, charge_points=5, sessions=2, seconds=600, speed=0, traits=Traits(connectors=2))
    result = fleet.run(plan, lambda done, total, _: seen.append((done, total)))
    assert (10, [], False) == (result.sessions, result.errors, result.interrupted)
    assert (10, 10) == seen[-1]
    counts = [result.messages[name] for name in ("BootNotification", "StartTransaction", "StopTransaction")]
    assert [5, 10, 10] == counts
    starts = central.payloads("StartTransaction")
    assert {(f"SIM-TAG-000{n}", c) for n in range(1, 6) for c in (1, 2)} == {
        (s["idTag"], s["connectorId"]) for s in starts
    }
    assert {f"SIM-000{n}" for n in range(1, 6)} == {call.identity for call in central.calls}


def test_a_fleet_in_fast_time_lives_in_the_past(central: CentralSystem) -> None:
    """So that no timestamp lies in the future."""
    fleet.run(fleet.Plan(central.url, sessions=2, seconds=3600, speed=0))
    for (operation, payload), call in zip(central.received, central.calls, strict=True):
        if "timestamp" in payload:
            assert payload["timestamp"] <= call.received, operation


def test_a_fleet_tells_how_long_messages_took(central: CentralSystem) -> None:
    """By operation, in seconds."""
    result = fleet.run(fleet.Plan(central.url, charge_points=2, speed=0))
    half, most = (result.percentile("StatusNotification", share) for share in (0.5, 0.99))
    assert half is not None
    assert most is not None
    assert 0 < half <= most < result.seconds
    assert result.percentile("DataTransfer", 0.5) is None


def test_what_goes_wrong_is_an_error_of_the_result(central: CentralSystem) -> None:
    """Here no tag is admitted."""
    central.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    result = fleet.run(fleet.Plan(central.url, charge_points=2, speed=0))
    assert (0, 2) == (result.sessions, len(result.errors))
    assert "SIM-0001: SIM-TAG-0001 is not admitted: Invalid" in result.errors


def test_a_central_system_that_is_not_there_is_an_error_too() -> None:
    """After `accept_timeout`."""
    result = fleet.run(fleet.Plan("http://127.0.0.1:1/", accept_timeout=0.1))
    assert 0 == result.sessions
    assert any("BootNotification" in error for error in result.errors)


@pytest.mark.parametrize("way", ["event", "Ctrl-C"])
def test_a_fleet_ends_early_and_cleanly(central: CentralSystem, way: str) -> None:
    """Sessions that run are ended with a StopTransaction."""
    stop = Event()

    def when_all_charge() -> None:
        with central.changed:
            central.changed.wait_for(lambda: len(central.payloads("StartTransaction")) == 3)
        if way == "event":
            stop.set()
        else:
            os.kill(os.getpid(), signal.SIGINT)

    Thread(target=when_all_charge, daemon=True).start()
    result = fleet.run(fleet.Plan(central.url, charge_points=3, sessions=9, seconds=3600), stop=stop)
    assert (way == "Ctrl-C", 3) == (result.interrupted, len(central.payloads("StopTransaction")))


def test_a_fleet_can_stay(central: CentralSystem) -> None:
    """And take commands until it is told to stop."""
    stop = Event()

    def visit() -> None:
        with central.changed:
            central.changed.wait_for(lambda: central.payloads("StopTransaction"))
        central.command("TriggerMessage", requestedMessage="Heartbeat")
        with central.changed:
            central.changed.wait_for(lambda: central.payloads("Heartbeat"))
        stop.set()

    Thread(target=visit, daemon=True).start()
    result = fleet.run(fleet.Plan(central.url, speed=0, seconds=0, stay=True), stop=stop)
    assert 1 == result.messages["Heartbeat"]
