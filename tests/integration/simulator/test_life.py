"""From boot to reset: registration, heartbeats, statuses."""

from __future__ import annotations

import pytest

from ocpp_soap.errors import InternalError
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.errors import NotAccepted
from ocpp_soap.simulator.traits import Traits
from tests.integration.simulator.central_system import ACCEPTED, CentralSystem, Payload

BOOT, STATUS, BEAT = "BootNotification", "StatusNotification", "Heartbeat"


def registration(status: str, interval: int) -> Payload:
    """A BootNotification's answer."""
    return {"status": status, "currentTime": "2024-01-31T12:00:00Z", "interval": interval}


def test_it_boots_and_reports_every_connector(central: CentralSystem) -> None:
    """Connector 0, the charge point itself, comes first."""
    with ChargePoint(central.url, "CP-1", Traits(connectors=2), speed=0) as cp:
        cp.wait_accepted()
    assert [BOOT, STATUS, STATUS, STATUS] == central.operations()
    assert [0, 1, 2] == [report["connectorId"] for report in central.payloads(STATUS)]
    assert [("Available", "NoError")] * 3 == [(r["status"], r["errorCode"]) for r in central.payloads(STATUS)]
    assert dict(cp.traits.nameplate) == central.payloads(BOOT)[0]


def test_its_heart_beats_at_the_interval_of_the_boot(central: CentralSystem, cp: ChargePoint) -> None:
    """300 seconds here."""
    cp.tick(299)
    assert [] == central.payloads(BEAT)
    cp.tick(601)
    assert [{}] * 3 == central.payloads(BEAT)


def test_changing_heartbeatinterval_changes_the_rhythm(central: CentralSystem, cp: ChargePoint) -> None:
    """From then on."""
    assert central.status("ChangeConfiguration", key="HeartbeatInterval", value="10") == "Accepted"
    cp.tick(30)
    assert [{}] * 3 == central.payloads(BEAT)


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_until_accepted_it_repeats_its_boot_and_sends_nothing_else(central: CentralSystem, status: str) -> None:
    """By the interval that it was told (§4.2)."""
    central.answers[BOOT] = registration(status, 60)
    with ChargePoint(central.url, "CP-1", speed=0) as cp:
        cp.wait_for(lambda: cp.registration == status)
        with pytest.raises(NotAccepted):
            cp.heartbeat()
        cp.plug_in()
        cp.tick(120)
        assert [BOOT] * 3 == central.operations()
        central.answers[BOOT] = registration("Accepted", 60)
        cp.tick(60)
        cp.wait_accepted()
    assert [BOOT] * 4 + [STATUS] * 2 == central.operations()


def test_an_interval_of_nought_leaves_the_rhythm_to_the_charge_point(central: CentralSystem) -> None:
    """Neither the boot nor the heart races."""
    central.answers[BOOT] = registration("Pending", 0)
    with ChargePoint(central.url, "CP-1", Traits(retry_seconds=50), speed=0) as cp:
        cp.wait_for(lambda: cp.registration == "Pending")
        central.answers[BOOT] = registration("Accepted", 0)
        cp.tick(50)
        cp.tick(3600)
    assert [BOOT] * 2 + [STATUS] * 2 + [BEAT] == central.operations()


def test_while_pending_a_trigger_makes_it_send(central: CentralSystem) -> None:
    """While Rejected it stays silent (§4.2)."""
    central.answers[BOOT] = registration("Pending", 60)
    with ChargePoint(central.url, "CP-1", speed=0) as cp:
        cp.wait_for(lambda: cp.registration == "Pending")
        assert central.status("TriggerMessage", requestedMessage=BEAT) == "Accepted"
        cp.settle()
        assert [BOOT, BEAT] == central.operations()
        central.answers[BOOT] = registration("Rejected", 60)
        cp.tick(60)
        assert central.status("TriggerMessage", requestedMessage=BEAT) == "Accepted"
        cp.settle()
    assert [BOOT, BEAT, BOOT] == central.operations()


def test_a_boot_that_is_not_answered_is_repeated(central: CentralSystem) -> None:
    """Whether nobody is there or the answer is a fault."""
    central.answers[BOOT] = InternalError("not today")
    with ChargePoint(central.url, "CP-1", speed=0) as cp:
        cp.faults.offline = True
        cp.wait_for(lambda: cp.sent.of(BOOT))
        cp.faults.offline = False
        cp.tick(10)
        central.answers[BOOT] = registration("Accepted", 60)
        cp.tick(10)
        cp.wait_accepted()
    assert [False, False, True] == [boot.answer is not None for boot in cp.sent.of(BOOT)]


@pytest.mark.parametrize("kind", ["Hard", "Soft"])
def test_a_reset_stops_what_runs_and_boots_again(central: CentralSystem, cp: ChargePoint, kind: str) -> None:
    """The reason names the kind (§5.14)."""
    cp.start_transaction(1, "TAG")
    assert central.status("Reset", type=kind) == "Accepted"
    cp.tick(1)
    cp.wait_accepted()
    assert f"{kind}Reset" == central.payloads("StopTransaction")[0]["reason"]
    assert [BOOT, STATUS, STATUS] == central.operations()[-3:]
    assert "Finishing" == central.statuses(1)[-1]


def test_availability_outlives_a_reset(central: CentralSystem, cp: ChargePoint) -> None:
    """So do reservations."""
    assert central.status("ChangeAvailability", connectorId=1, type="Inoperative") == "Accepted"
    assert central.status("Reset", type="Hard") == "Accepted"
    cp.tick(1)
    assert ["Available", "Unavailable", "Unavailable"] == central.statuses(1)


def test_a_triggered_boot_changes_nothing_else(central: CentralSystem, cp: ChargePoint) -> None:
    """It is still accepted, so nothing is reported anew."""
    central.command("TriggerMessage", requestedMessage=BOOT)
    cp.settle()
    assert [BOOT, STATUS, STATUS, BOOT] == central.operations()


def test_statuses_can_be_put_in_place_of_the_facts(central: CentralSystem, cp: ChargePoint) -> None:
    """With everything that a StatusNotification can say; the fact's own status puts the facts back."""
    cp.set_status(1, "Faulted", "ConnectorLockFailure", info="stuck", vendorErrorCode="E7")
    cp.set_status(1, "Available")
    cp.plug_in()
    faulted = central.payloads(STATUS)[-3]
    assert ("Faulted", "ConnectorLockFailure", "stuck", "E7") == (
        faulted["status"],
        faulted["errorCode"],
        faulted["info"],
        faulted["vendorErrorCode"],
    )
    assert ["Available", "Faulted", "Available", "Preparing"] == central.statuses(1)


def test_a_datatransfer_brings_back_its_answer(central: CentralSystem, cp: ChargePoint) -> None:
    """Whatever the Central System says."""
    central.answers["DataTransfer"] = {"status": "Accepted", "data": "  kept  "}
    assert {"status": "Accepted", "data": "  kept  "} == cp.data_transfer("com.example", "id", "hello")
    assert [{"vendorId": "com.example", "messageId": "id", "data": "hello"}] == central.payloads("DataTransfer")


def test_waiting_in_vain_tells_what_happened_instead(cp: ChargePoint) -> None:
    """For whoever reads the failure of a test."""
    with pytest.raises(TimeoutError, match=r"sent: \['BootNotification', 'StatusNotification', 'StatusNotification'\]"):
        cp.wait_for(lambda: False, timeout=0.01)


def test_everything_it_sends_and_receives_can_be_watched(central: CentralSystem, cp: ChargePoint) -> None:
    """One call for each exchange, when it is over."""
    seen: list[str] = []
    cp.observe = lambda exchange: seen.append(exchange.operation)
    cp.heartbeat()
    central.command("ClearCache")
    assert [BEAT, "ClearCache"] == seen
    assert [ACCEPTED] == [received.answer for received in cp.commands_received]
