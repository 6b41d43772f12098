"""Charging sessions: what is sent, when, and what the meter says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.errors import NotAuthorized, NotPossible
from ocpp_soap.simulator.records import Received, Sent
from ocpp_soap.simulator.traits import Traits
from tests.integration.simulator.central_system import ACCEPTED, CentralSystem, Payload

BOOTED = ("BootNotification", "StatusNotification", "Heartbeat")
INVALID = {"status": "Invalid"}


def session(central: CentralSystem) -> list[str]:
    """What was sent after the boot, with the status of connector 1 in place of its notification."""
    told = [p.get("status") if name == "StatusNotification" else name for name, p in central.received]
    return [str(name) for name in told[3:]]


def test_a_session_with_the_cable_first(central: CentralSystem, cp: ChargePoint) -> None:
    """Every step is told, in order."""
    cp.run_session("TAG", seconds=60)
    steps = ["Preparing", "Authorize", "StartTransaction", "Charging", "MeterValues", "StopTransaction", "Finishing"]
    assert [*steps, "Available"] == session(central)


def test_a_session_with_identification_first(central: CentralSystem, cp: ChargePoint) -> None:
    """The cable follows."""
    cp.run_session("TAG", plug_first=False)
    steps = ["Authorize", "Preparing", "StartTransaction", "Charging", "StopTransaction", "Finishing", "Available"]
    assert steps == session(central)


def test_start_and_stop_say_the_same_meter_tag_and_transaction(central: CentralSystem, cp: ChargePoint) -> None:
    """An hour at 22 kW."""
    transaction = cp.run_session("TAG", seconds=3600)
    (start,), (stop,) = central.payloads("StartTransaction"), central.payloads("StopTransaction")
    assert (1, "TAG", 0) == (start["connectorId"], start["idTag"], start["meterStart"])
    assert (1, "TAG", 22000, "Local") == (stop["transactionId"], stop["idTag"], stop["meterStop"], stop["reason"])
    assert 3600 == (stop["timestamp"] - start["timestamp"]).total_seconds()
    assert (1, 22000) == (transaction.transaction_id, transaction.meter_stop)


def test_the_meter_goes_on_from_session_to_session(central: CentralSystem, cp: ChargePoint) -> None:
    """As a real one does."""
    cp.run_session("TAG", seconds=3600)
    cp.run_session("TAG", seconds=1800)
    assert [(0, 22000), (22000, 33000)] == [
        (start["meterStart"], stop["meterStop"])
        for start, stop in zip(central.payloads("StartTransaction"), central.payloads("StopTransaction"), strict=True)
    ]


def samples(payload: Payload) -> list[tuple[str, ...]]:
    """The sampled values of a MeterValues or transactionData."""
    return [
        (s["value"], s["context"], s["measurand"], s["unit"]) for m in payload["meterValue"] for s in m["sampledValue"]
    ]


def test_samples_come_at_the_interval_with_the_measurands_of_the_configuration(
    central: CentralSystem, cp: ChargePoint
) -> None:
    """Both can be changed while it charges."""
    cp.start_transaction(1, "TAG")
    for key, value in (("MeterValueSampleInterval", "1800"), ("MeterValuesSampledData", "Current.Import,Voltage")):
        assert central.status("ChangeConfiguration", key=key, value=value) == "Accepted"
    central.command("ChangeConfiguration", key="HeartbeatInterval", value="0")
    cp.settle()
    cp.tick(3600)
    values = central.payloads("MeterValues")
    assert [(1, 1)] * 2 == [(v["connectorId"], v["transactionId"]) for v in values]
    expected = [("31.9", "Sample.Periodic", "Current.Import", "A"), ("230", "Sample.Periodic", "Voltage", "V")]
    assert [expected] * 2 == [samples(v) for v in values]


def test_the_stop_carries_what_the_configuration_asks_for(central: CentralSystem, cp: ChargePoint) -> None:
    """At the begin, at each sample, at the end (StopTxnSampledData)."""
    energy = "Energy.Active.Import.Register"
    central.command("ChangeConfiguration", key="StopTxnSampledData", value=energy)
    central.command("ChangeConfiguration", key="MeterValueSampleInterval", value="1800")
    cp.run_session("TAG", seconds=3000)
    (stop,) = central.payloads("StopTransaction")
    assert [
        ("0", "Transaction.Begin", energy, "Wh"),
        ("11000", "Sample.Periodic", energy, "Wh"),
        ("18333", "Transaction.End", energy, "Wh"),
    ] == samples({"meterValue": stop["transactionData"]})


def test_samples_on_the_full_interval_come_without_a_transaction_too(central: CentralSystem, cp: ChargePoint) -> None:
    """ClockAlignedDataInterval counts from midnight."""
    central.command("ChangeConfiguration", key="ClockAlignedDataInterval", value="900")
    cp.settle()
    cp.tick(1800)
    values = central.payloads("MeterValues")
    minutes = [(v["meterValue"][0]["timestamp"].minute % 15, v["meterValue"][0]["timestamp"].second) for v in values]
    assert [(0, 0)] * 2 == minutes
    assert ["Sample.Clock"] * 2 == [samples(v)[0][1] for v in values]
    assert [False] * 2 == ["transactionId" in v for v in values]


def test_a_car_that_leaves_ends_the_transaction(central: CentralSystem, cp: ChargePoint) -> None:
    """With its own reason, and without a tag."""
    cp.start_transaction(1, "TAG")
    cp.unplug()
    (stop,) = central.payloads("StopTransaction")
    assert ("EVDisconnected", False, "Available") == (stop["reason"], "idTag" in stop, central.statuses(1)[-1])


def test_a_whole_session_can_end_so(central: CentralSystem, cp: ChargePoint) -> None:
    """The car leaves without a word."""
    assert "EVDisconnected" == cp.run_session("TAG", seconds=60, reason="EVDisconnected").reason
    assert ["Charging", "MeterValues", "StopTransaction", "Available"] == session(central)[-4:]


def test_a_car_may_come_back_where_that_does_not_end_the_transaction(central: CentralSystem, cp: ChargePoint) -> None:
    """StopTransactionOnEVSideDisconnect is false: no energy flows meanwhile."""
    central.command("ChangeConfiguration", key="StopTransactionOnEVSideDisconnect", value="false")
    cp.start_transaction(1, "TAG")
    cp.unplug()
    cp.tick(3600)
    cp.plug_in()
    assert ["Charging", "SuspendedEV", "Charging"] == central.statuses(1)[-3:]
    assert 0 == cp.stop_transaction().meter_stop


def test_a_tag_that_is_not_admitted_starts_nothing(central: CentralSystem, cp: ChargePoint) -> None:
    """The idTagInfo says why."""
    central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    with pytest.raises(NotAuthorized) as refused:
        cp.run_session("TAG")
    assert {"status": "Blocked"} == refused.value.id_tag_info
    assert ["Preparing", "Authorize", "Available"] == session(central)


def test_a_transaction_that_is_not_admitted_is_stopped(central: CentralSystem, cp: ChargePoint) -> None:
    """StopTransactionOnInvalidId is true by default."""
    central.answers["StartTransaction"] = {"transactionId": 7, "idTagInfo": INVALID}
    transaction = cp.start_transaction(1, "TAG")
    cp.settle()
    assert ("DeAuthorized", INVALID) == (central.payloads("StopTransaction")[0]["reason"], transaction.id_tag_info)


@pytest.mark.parametrize(("energy", "meter"), [("0", 0), ("1000", 1100)])
def test_a_transaction_that_is_not_admitted_may_go_on_without_energy(
    central: CentralSystem, cp: ChargePoint, energy: str, meter: int
) -> None:
    """Or with as much as MaxEnergyOnInvalidId allows, looked at with each sample."""
    central.command("ChangeConfiguration", key="StopTransactionOnInvalidId", value="false")
    central.command("ChangeConfiguration", key="MaxEnergyOnInvalidId", value=energy)
    central.answers["StartTransaction"] = {"transactionId": 7, "idTagInfo": INVALID}
    cp.start_transaction(1, "TAG")
    cp.tick(600)
    assert "SuspendedEVSE" == central.statuses(1)[-1]
    assert meter == cp.stop_transaction().meter_stop


@pytest.mark.parametrize(
    ("infos", "admitted"),
    [
        ({"OTHER": ACCEPTED | {"parentIdTag": "GROUP"}}, True),
        ({"OTHER": ACCEPTED}, False),
        ({"OTHER": INVALID | {"parentIdTag": "GROUP"}}, False),
    ],
)
def test_another_tag_stops_only_within_its_group(
    central: CentralSystem, cp: ChargePoint, infos: dict[str, Payload], admitted: bool
) -> None:
    """And only one that is accepted."""
    info = ACCEPTED | {"parentIdTag": "GROUP"}
    central.answers["StartTransaction"] = {"transactionId": 7, "idTagInfo": info}
    cp.start_transaction(1, "TAG")
    central.answers["Authorize"] = lambda request: {"idTagInfo": infos[request["idTag"]]}
    if admitted:
        assert "OTHER" == (cp.stop_transaction(id_tag="OTHER") and central.payloads("StopTransaction")[0]["idTag"])
    else:
        with pytest.raises(NotAuthorized):
            cp.stop_transaction(id_tag="OTHER")


@pytest.mark.parametrize(
    "act",
    [
        lambda cp: cp.start_transaction(1, "OTHER"),
        lambda cp: cp.start_transaction(9, "TAG"),
        lambda cp: cp.plug_in(1),
        lambda cp: cp.stop_transaction(2),
        lambda cp: (cp.set_status(2, "Unavailable"), cp.start_transaction(2, "TAG")),
    ],
    ids=["taken", "not there", "a car is there", "nothing runs", "out of order"],
)
def test_what_can_not_be_is_refused(central: CentralSystem, act: Callable[[ChargePoint], object]) -> None:
    """A connector that is taken, not there, out of order, or without a transaction."""
    with ChargePoint(central.url, "CP-1", Traits(connectors=2), speed=0) as cp:
        cp.wait_accepted()
        cp.start_transaction(1, "TAG")
        with pytest.raises(NotPossible):
            act(cp)


def test_connectors_share_the_stations_limit(central: CentralSystem) -> None:
    """Two cars get half of it each, one alone all of it."""
    maximum = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "startSchedule": "2024-01-01T00:00:00Z",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10000}],
        },
    }
    with ChargePoint(central.url, "CP-1", Traits(connectors=2), speed=0) as cp:
        cp.wait_accepted()
        assert central.status("SetChargingProfile", connectorId=0, csChargingProfiles=maximum) == "Accepted"
        cp.start_transaction(1, "ONE")
        cp.tick(3600)
        cp.start_transaction(2, "TWO")
        cp.tick(3600)
        assert (15000, 5000) == (cp.stop_transaction(1).meter_stop, cp.stop_transaction(2).meter_stop)


def test_a_session_in_fast_time_ends_by_itself(central: CentralSystem) -> None:
    """An hour in a fraction of a second; what the meter says fits to the timestamps."""
    with ChargePoint(central.url, "CP-1", speed=20_000) as cp:
        cp.wait_accepted()
        transaction = cp.run_session("TAG", seconds=3600)
    assert transaction.stopped is not None
    seconds = (transaction.stopped - transaction.started).total_seconds()
    assert seconds >= 3600
    assert transaction.meter_stop == pytest.approx(22 * seconds / 3.6, abs=1)


def test_a_session_that_is_stopped_from_outside_is_over(central: CentralSystem) -> None:
    """Whoever waits in it goes on."""
    with ChargePoint(central.url, "CP-1") as cp:
        cp.wait_accepted()

        def stop(exchange: Sent | Received) -> None:
            if exchange.operation == "StartTransaction":
                cp.agenda.apart(lambda: central.command("RemoteStopTransaction", transactionId=1))

        cp.observe = stop
        assert "Remote" == cp.run_session("TAG", seconds=3600).reason
