"""A scripted charge point at a gateway in this process: what it does, and what commands find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ocpp_soap import client
from ocpp_soap.protocol.catalog import VERSIONS
from ocpp_soap.protocol.quirks import QUIRKS, REFUSED
from ocpp_soap.testing import (
    ChargePoints,
    Clock,
    InvalidPayload,
    NotAccepted,
    NotPossible,
    NotTransmitted,
    StationFault,
    Uncertain,
)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_a_script(version: str, charge_point: ChargePoints, gateway_client: client.Gateway) -> None:
    """Boot, plug in, start, meter, stop: each answer is a dict, and the gateway's transaction has what was metered."""
    cp = charge_point(version=version, chargePointVendor="Acme")
    assert "Accepted" == cp.boot()["status"]
    assert {} == cp.plug_in(1)
    tx = cp.start(1, "TAG")
    assert {"transactionId", "idTagInfo"} == set(tx)
    assert "Accepted" == tx["idTagInfo"]["status"]
    assert {} == cp.meter(tx, kWh=1.2)
    assert {} == cp.meter(tx, kWh=3.2)
    cp.stop(tx)
    cp.unplug(1)
    known = gateway_client.transactions.get(tx["transactionId"])
    assert (0, 3200, "TAG", 1) == (known.meterStart, known.meterStop, known.idTag, known.connectorId)
    portrait = gateway_client.charge_point(cp.identity).portrait()
    assert ("Acme", version) == (portrait.chargePointVendor, portrait.version)
    statuses = [one["status"] for one in cp.sent("StatusNotification") if one["connectorId"] == 1]
    assert ["Available", "Preparing", "Charging", "Finishing", "Available"] == statuses


def test_what_can_not_be_is_said_where_it_is_asked(charge_point: ChargePoints) -> None:
    """Before the boot, with a meter that runs back, after the end, with names that are none."""
    cp = charge_point()
    with pytest.raises(NotAccepted, match=r"not booted.*boot\(\)"):
        cp.plug_in(1)
    cp.boot()
    tx = cp.start(1, "TAG")
    cp.meter(tx, kWh=2)
    with pytest.raises(ValueError, match="taken 2 kWh already"):
        cp.meter(tx, kWh=1)
    with pytest.raises(NotPossible, match="connector 1 is"):
        cp.start(1, "TAG")
    cp.stop(tx)
    with pytest.raises(NotPossible, match=r"has ended \(Local\)"):
        cp.stop(tx)
    with pytest.raises(NotPossible, match="has ended"):
        cp.meter(tx, kWh=3)
    with pytest.raises(NotPossible, match="no connector 7"):
        cp.plug_in(7)
    with pytest.raises(TypeError, match="chargePointVendor"):
        charge_point(chargePointVendr="Acme")
    with pytest.raises(ValueError, match="expected one of 1"):
        charge_point(version="1.7")
    with pytest.raises(ValueError, match="no quirk 'nonsense'"):
        charge_point(quirks=["nonsense"])
    with pytest.raises(InvalidPayload, match="idTag"):
        cp.send("Authorize", {"idTag": "x" * 21})


def test_a_refused_tag_shows_in_the_answer(charge_point: ChargePoints, id_tag: Callable[..., str]) -> None:
    """A blocked tag: Authorize and StartTransaction are answered so, and the station ends what it began."""
    cp = charge_point()
    cp.boot()
    blocked = id_tag(blocked=True)
    assert {"idTagInfo": {"status": "Blocked"}} == cp.authorize(blocked)
    tx = cp.start(1, blocked)
    assert "Blocked" == tx["idTagInfo"]["status"]
    cp.tick(0)
    assert ["DeAuthorized"] == [one["reason"] for one in cp.sent("StopTransaction")]


@pytest.mark.gateway(unknown_charge_points="reject", unknown_tags="reject")
def test_a_test_can_have_other_settings(charge_point: ChargePoints) -> None:
    """Settings of the marker are those of the gateway: here it lets nobody in."""
    cp = charge_point()
    assert "Rejected" == cp.boot()["status"]
    with pytest.raises(StationFault) as raised:
        cp.send("Heartbeat")
    assert "SecurityError" == raised.value.subcode


def test_commands_are_answered_as_expected(charge_point: ChargePoints, gateway_client: client.Gateway) -> None:
    """An answer, a fault, a delay, a lost connection, each for one command; then the station acts by itself again."""
    cp = charge_point()
    cp.boot()
    point = gateway_client.charge_point(cp.identity)
    expected = cp.expect("RemoteStartTransaction", connectorId=1).respond(status="Rejected")
    assert {"status": "Rejected"} == point.remote_start_transaction(connectorId=1, idTag="TAG").wait(10).answer
    assert {"connectorId": 1, "idTag": "TAG"} == expected.wait()
    cp.expect("ClearCache").fault("NotSupported", "no cache here")
    with pytest.raises(client.StationFault, match="no cache here"):
        point.clear_cache().wait(10)
    slow = cp.expect("GetLocalListVersion").delay(0.3)
    command = point.get_local_list_version()
    slow.wait()
    assert "sending" == command.refresh().state
    assert {"listVersion": 0} == command.wait(10).answer
    cp.expect("UnlockConnector").drop()
    with pytest.raises(client.Uncertain):
        point.unlock_connector(connectorId=1).wait(10)
    point.remote_start_transaction(connectorId=1, idTag="TAG").wait(10)
    tx = cp.wait_for_transaction(1)
    assert "Accepted" == tx["idTagInfo"]["status"]
    cp.stop(tx, reason="Other")
    assert {"connectorId": 1, "idTag": "TAG"} == cp.wait_for("RemoteStartTransaction")
    assert 2 == len(cp.received("RemoteStartTransaction"))


def test_a_wrong_expectation_is_refused_where_it_is_written(charge_point: ChargePoints) -> None:
    """Names of operations, fields and faults, and answers that the WSDL does not know."""
    cp = charge_point()
    with pytest.raises(ValueError, match="did you mean RemoteStartTransaction"):
        cp.expect("RemoteStart")
    with pytest.raises(ValueError, match="has no field connector, only connectorId"):
        cp.expect("RemoteStartTransaction", connector=1)
    with pytest.raises(InvalidPayload, match="status: expected"):
        cp.expect("Reset").respond(status="Maybe")
    with pytest.raises(ValueError, match=r"expected one of .*NotSupported"):
        cp.expect("Reset").fault("Nonsense")
    with pytest.raises(TimeoutError, match=r"no Reset came within 0 s; commands that came: none"):
        cp.wait_for("Reset", timeout=0)
    cp._expectations._all.clear()  # they were never meant to come


def test_a_silent_station_is_uncertain_and_a_dead_one_is_not(
    charge_point: ChargePoints, gateway_client: client.Gateway
) -> None:
    """Nobody listens: not transmitted. Back again at its address, it can be called."""
    cp = charge_point()
    cp.boot()
    point = gateway_client.charge_point(cp.identity)
    address = cp.url
    cp.power_off()
    charge_point.ports = [int(address.rstrip("/").rpartition(":")[2])]
    with pytest.raises(NotPossible, match="can't listen"):  # nobody else gets its port
        charge_point()
    with pytest.raises(client.NotTransmitted):
        point.clear_cache().wait(10)
    with cp.offline(), cp.offline():
        pass
    with pytest.raises(NotTransmitted):
        cp.boot()
    cp.power_on()
    assert "Accepted" == cp.boot()["status"]
    assert address == cp.url
    assert {"status": "Accepted"} == point.clear_cache().wait(10).answer


def test_what_was_not_confirmed_does_not_hold_up_the_script(charge_point: ChargePoints) -> None:
    """A message after one whose answer was lost is confirmed, or its call says why it is not."""
    cp = charge_point()
    cp.boot()
    tx = cp.start(1, "TAG")
    cp.simulated.faults.lose_answers = True
    for taken in (1, 2):
        with pytest.raises(Uncertain):
            cp.meter(tx, kWh=taken)
    cp.simulated.faults.lose_answers = False
    assert "Accepted" == cp.stop(tx)["idTagInfo"]["status"]


def test_what_happens_offline_is_told_afterwards(charge_point: ChargePoints, gateway_client: client.Gateway) -> None:
    """A transaction that began without a connection has no id before it is told."""
    cp = charge_point()
    cp.boot()
    with cp.offline():
        tx = cp.start(1, "TAG")
        cp.meter(tx, kWh=1)
        assert {} == tx
    cp.stop(tx)
    assert 1000 == gateway_client.transactions.get(tx["transactionId"]).meterStop


def test_time_passes_as_the_test_wants(
    charge_point: ChargePoints, gateway_client: client.Gateway, ocpp_clock: Clock
) -> None:
    """An hour at 11 kW: the station's meter and both clocks agree, and nothing is flagged as in the future."""
    cp = charge_point(power=11_000, clock=Clock(0, datetime.now(UTC) - timedelta(hours=3)))
    cp.boot()
    tx = cp.start(1, "TAG")
    cp.tick(3600)
    cp.stop(tx)
    known = gateway_client.transactions.get(tx["transactionId"])
    assert known.stopTimestamp is not None
    assert known.startTimestamp is not None
    assert timedelta(hours=1) == known.stopTimestamp - known.startTimestamp
    assert 11_000 == known.meterStop
    other, third = charge_point(), charge_point()
    other.boot()
    third.boot()
    other.tick(7200)
    assert 1 == len(third.sent("Heartbeat"))
    other.send("Heartbeat")
    ahead = gateway_client.charge_point(other.identity).portrait().lastSeen
    assert ahead is not None
    assert ahead > datetime.now(UTC) + timedelta(hours=1)
    assert () == next(gateway_client.charge_point(other.identity).journal(operation="Heartbeat")).flags


def test_every_quirk_can_be_switched_on(charge_point: ChargePoints, gateway_client: client.Gateway) -> None:
    """By the names of docs/quirks.md, each alone or "all": the boot is confirmed, or refused as the page says."""
    for name, quirk in QUIRKS.items():
        cp = charge_point(quirks=[name])
        assert frozenset([name]) == cp.quirks
        if quirk.group == REFUSED:
            continue
        assert "Accepted" == cp.boot()["status"], name
        cp.quirks = frozenset()
        cp.heartbeat()
    cp = charge_point(quirks="all")
    cp.boot()
    shown = gateway_client.charge_point(cp.identity).portrait().quirks
    assert len(shown) > 5
