"""Reservations: who may charge, what is told, how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ocpp_soap.simulator.charge_point import ChargePoint
from tests.integration.simulator.central_system import ACCEPTED, CentralSystem, Payload


def reservation(cp: ChargePoint, connector_id: int = 1, number: int = 1, **fields: Any) -> Payload:
    """A ReserveNow of TAG for ten minutes."""
    expiry = cp.clock.now() + timedelta(minutes=10)
    return {"connectorId": connector_id, "expiryDate": expiry, "idTag": "TAG", "reservationId": number, **fields}


def test_a_reserved_connector_is_for_its_tag(central: CentralSystem, cp: ChargePoint) -> None:
    """Others are turned away; the start names the reservation."""
    assert central.status("ReserveNow", **reservation(cp, number=7)) == "Accepted"
    assert central.status("RemoteStartTransaction", connectorId=1, idTag="OTHER") == "Rejected"
    cp.run_session("TAG")
    assert 7 == central.payloads("StartTransaction")[0]["reservationId"]
    assert "Reserved" == central.statuses(1)[1]
    assert "Available" == central.statuses(1)[-1]


def test_a_reservation_may_be_used_by_the_group(central: CentralSystem, cp: ChargePoint) -> None:
    """Which the charge point knows from the answer to Authorize."""
    central.command("ReserveNow", **reservation(cp, parentIdTag="GROUP"))
    central.answers["Authorize"] = {"idTagInfo": ACCEPTED | {"parentIdTag": "GROUP"}}
    cp.run_session("OTHER")
    assert 1 == central.payloads("StartTransaction")[0]["reservationId"]


def test_a_reservation_can_be_overridden_by_force(central: CentralSystem, cp: ChargePoint) -> None:
    """For the certification case whose session has another tag; the reservation stays."""
    central.command("ReserveNow", **reservation(cp))
    cp.run_session("OTHER", force=True)
    assert "reservationId" not in central.payloads("StartTransaction")[0]
    assert "Reserved" == central.statuses(1)[-1]


def test_a_reservation_expires(central: CentralSystem, cp: ChargePoint) -> None:
    """The connector is free again."""
    central.command("ReserveNow", **reservation(cp))
    cp.tick(601)
    assert ["Available", "Reserved", "Available"] == central.statuses(1)


def test_a_reservation_is_cancelled(central: CentralSystem, cp: ChargePoint) -> None:
    """Once; an unknown one never was."""
    central.command("ReserveNow", **reservation(cp, number=7))
    assert ["Accepted", "Rejected"] == [central.status("CancelReservation", reservationId=7) for _ in range(2)]
    cp.tick(601)
    assert ["Available", "Reserved", "Available"] == central.statuses(1)


@pytest.mark.parametrize("status", ["Faulted", "Unavailable"])
def test_a_connector_out_of_order_can_not_be_reserved(central: CentralSystem, cp: ChargePoint, status: str) -> None:
    """The answer says how it is."""
    cp.set_status(1, status, "InternalError" if status == "Faulted" else "NoError")
    assert status == central.status("ReserveNow", **reservation(cp))


def test_a_connector_with_a_car_can_not_be_reserved(central: CentralSystem, cp: ChargePoint) -> None:
    """Nor one that is not there."""
    cp.plug_in()
    assert central.status("ReserveNow", **reservation(cp)) == "Occupied"
    assert central.status("ReserveNow", **reservation(cp, connector_id=9)) == "Rejected"
