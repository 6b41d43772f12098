"""The certification cases of reservations, between the real gateway and a simulated station."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ocpp_soap.protocol.times import format_time

from .stations import Case


def reservation(number: int = 1) -> dict[str, Any]:
    """A ReserveNow of connector 1 for ten minutes."""
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
    return {"connectorId": 1, "expiryDate": format_time(expiry), "idTag": "CERT-TAG-1", "reservationId": number}


def states(case: Case) -> list[tuple[int, str]]:
    """The reservations of the station in the store, with their states."""
    return [(one["reservationId"], one["status"]) for one in case.central.reservations(case.station.identity)]


def is_not_reserved(case: Case, status: str) -> None:
    """ReserveNow is sent whatever is known of the connector, and an answer other than Accepted reserves nothing."""
    assert {"status": status} == case.send("ReserveNow", **reservation())
    assert ([], {}) == (states(case), case.station.reservations.active)


def test_reservation_basic_tc046(case: Case) -> None:
    """A reserved connector is told as such; a session with another tag leaves the reservation as it is."""
    assert {"status": "Accepted"} == case.send("ReserveNow", **reservation())
    assert "Reserved" == case.statuses()[-1]
    case.station.run_session("CERT-RES01", seconds=30, force=True)
    assert "CERT-RES01" == case.latest().id_tag
    assert case.latest().stop_timestamp is not None
    assert [(1, "Active")] == states(case)
    case.confirmed("StatusNotification", "Authorize", "StartTransaction")


def test_tc048_1_reserve_now_faulted(case: Case) -> None:
    """A faulted connector is not reserved."""
    case.station.set_status(1, "Faulted", "InternalError")
    is_not_reserved(case, "Faulted")
    case.station.set_status(1, "Available")
    assert ["Available", "Faulted", "Available"] == case.statuses()
    case.confirmed("StatusNotification")


def test_tc048_2_reserve_now_occupied(case: Case) -> None:
    """An occupied connector is not reserved, and the command is sent although its state is known."""
    case.station.plug_in()
    assert "Preparing" == case.known()["connectors"][1]["status"]
    is_not_reserved(case, "Occupied")
    case.confirmed("StatusNotification")


def test_tc048_3_reserve_now_unavailable(case: Case) -> None:
    """An unavailable connector is not reserved, and the command is sent although its state is known."""
    case.station.set_status(1, "Unavailable")
    assert "Unavailable" == case.known()["connectors"][1]["status"]
    is_not_reserved(case, "Unavailable")
    case.confirmed("StatusNotification")


def test_tc048_4_reserve_now_rejected(case: Case) -> None:
    """A station that rejects reservations has none."""
    case.station.answers.once("ReserveNow", {"status": "Rejected"})
    is_not_reserved(case, "Rejected")
    case.confirmed()


def test_tc051_cancel_reservation(case: Case) -> None:
    """A reservation that is looked up and cancelled on the command line is cancelled there and here."""
    assert {"status": "Accepted"} == case.send("ReserveNow", **reservation(51))
    found = case.central.gateway.json("reservations", "list", "--charge-point", case.station.identity)
    assert [(51, 1, "CERT-TAG-1", "Active")] == [
        (one["reservationId"], one["connectorId"], one["idTag"], one["status"]) for one in found
    ]
    assert {"status": "Accepted"} == case.type_in("CancelReservation", reservationId=found[0]["reservationId"])
    assert ["Available", "Reserved", "Available"] == case.statuses()
    assert [(51, "Cancelled")] == states(case)
    case.confirmed("StatusNotification")


def test_tc052_cancel_reservation_rejected(case: Case) -> None:
    """A reservation that nobody made can be asked to be cancelled; the refusal changes nothing."""
    assert {"status": "Accepted"} == case.send("ReserveNow", **reservation())
    assert {"status": "Rejected"} == case.send("CancelReservation", reservationId=99999)
    assert [(1, "Active")] == states(case)
    case.confirmed("StatusNotification")
