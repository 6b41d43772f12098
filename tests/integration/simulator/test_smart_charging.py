"""Charging profiles: what they do to the meter, the status and the composite schedule."""

from __future__ import annotations

from decimal import Decimal

from ocpp_soap.simulator.charge_point import ChargePoint
from tests.integration.simulator.central_system import CentralSystem, profile


def test_a_profile_limits_what_the_meter_counts(central: CentralSystem, cp: ChargePoint) -> None:
    """From the moment at which it is set, until it is cleared."""
    cp.start_transaction(1, "TAG")
    cp.tick(3600)
    assert central.status("SetChargingProfile", connectorId=1, csChargingProfiles=profile(11000)) == "Accepted"
    cp.tick(3600)
    assert central.status("ClearChargingProfile", id=56) == "Accepted"
    assert central.status("ClearChargingProfile", id=56) == "Unknown"
    cp.tick(3600)
    assert 22000 + 11000 + 22000 == cp.stop_transaction().meter_stop


def test_a_profile_of_nought_suspends_the_transaction(central: CentralSystem, cp: ChargePoint) -> None:
    """SuspendedEVSE until it goes."""
    cp.start_transaction(1, "TAG")
    central.command("SetChargingProfile", connectorId=0, csChargingProfiles=profile(0))
    cp.settle()
    central.command("ClearChargingProfile")
    cp.settle()
    assert ["Charging", "SuspendedEVSE", "Charging"] == central.statuses(1)[-3:]


def test_a_txprofile_needs_its_transaction(central: CentralSystem, cp: ChargePoint) -> None:
    """Of that id, when it names one (§5.16)."""
    request = {"connectorId": 1, "csChargingProfiles": profile(purpose="TxProfile", transactionId=1)}
    assert central.status("SetChargingProfile", **request) == "Rejected"
    cp.start_transaction(1, "TAG")
    assert central.status("SetChargingProfile", **request) == "Accepted"
    request["csChargingProfiles"] = profile(purpose="TxProfile", transactionId=2)
    assert central.status("SetChargingProfile", **request) == "Rejected"
    assert central.status("SetChargingProfile", connectorId=9, csChargingProfiles=profile()) == "Rejected"


def test_the_composite_schedule_shows_what_is_in_force(central: CentralSystem, cp: ChargePoint) -> None:
    """In the unit asked for."""
    central.command("SetChargingProfile", connectorId=1, csChargingProfiles=profile(11000))
    answer = central.command("GetCompositeSchedule", connectorId=1, duration=600, chargingRateUnit="W")
    schedule = answer["chargingSchedule"]
    assert ("Accepted", 1, answer["scheduleStart"]) == (
        answer["status"],
        answer["connectorId"],
        schedule["startSchedule"],
    )
    assert (600, "W") == (schedule["duration"], schedule["chargingRateUnit"])
    assert [{"startPeriod": 0, "limit": Decimal(11000)}] == schedule["chargingSchedulePeriod"]
    in_ampere = central.command("GetCompositeSchedule", connectorId=1, duration=600, chargingRateUnit="A")
    assert [Decimal("15.9")] == [p["limit"] for p in in_ampere["chargingSchedule"]["chargingSchedulePeriod"]]
    assert {"status": "Rejected"} == central.command("GetCompositeSchedule", connectorId=9, duration=600)
