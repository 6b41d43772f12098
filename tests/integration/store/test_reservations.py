"""Reservations and charging profiles: what stations hold because we asked them to."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_soap.store.work import SqlStore
from tests.integration.queueing import order

from .conftest import NOON, a_start, a_stop, after, register, start


def _command(store: SqlStore, station: int) -> int:
    with store.writing() as work:
        return order(work, station, "ReserveNow", NOON)


def _request(reservation_id: int, **fields: Any) -> dict[str, Any]:
    request = {"connectorId": 1, "expiryDate": after(hours=1), "idTag": "Tag1", "reservationId": reservation_id}
    return {**request, **fields}


def test_a_reservation_goes_from_active_to_its_end(store: SqlStore, station: int) -> None:
    """Used with its transaction, cancelled, or expired when its time comes; newest first."""
    command, transaction_id = _command(store, station), start(store, a_start(station))
    with store.writing() as work:
        for number in (1, 2, 3):
            work.transactions.reserve(station, _request(number, parentIdTag="P"), command, after(seconds=number))
        assert [True, False, True, False] == [
            work.transactions.end_reservation(station, 1, "Used", transaction_id),
            work.transactions.end_reservation(station, 1, "Cancelled"),
            work.transactions.end_reservation(station, 2, "Cancelled"),
            work.transactions.end_reservation(station, 4, "Cancelled"),
        ]
        reservations = work.transactions.reservations(after(hours=1))
        still = work.transactions.reservations(after(minutes=59), "cp1")
    row = {
        "chargeBoxIdentity": "CP1",
        "connectorId": 1,
        "idTag": "Tag1",
        "parentIdTag": "P",
        "expiryDate": after(hours=1),
        "transactionId": None,
    }
    assert [
        {**row, "reservationId": 3, "status": "Expired"},
        {**row, "reservationId": 2, "status": "Cancelled"},
        {**row, "reservationId": 1, "status": "Used", "transactionId": transaction_id},
    ] == reservations
    assert ["Active", "Cancelled", "Used"] == [reservation["status"] for reservation in still]


def test_the_same_reservation_id_replaces_the_reservation(store: SqlStore, station: int) -> None:
    """On its charge point alone (ReserveNow with the same reservationId)."""
    other = register(store, "CP2")
    with store.writing() as work:
        for charge_point in (station, other):
            command = order(work, charge_point, "ReserveNow", NOON)
            work.transactions.reserve(charge_point, _request(1), command, NOON)
        work.transactions.end_reservation(station, 1, "Used")
        work.transactions.reserve(station, _request(1, connectorId=0, idTag="Other"), command, after(seconds=1))
        replaced, kept = work.transactions.reservations(NOON)
        assert [kept] == work.transactions.reservations(NOON, "CP2")
    assert ("CP1", 0, "Other", None, "Active") == tuple(
        replaced[name] for name in ("chargeBoxIdentity", "connectorId", "idTag", "parentIdTag", "status")
    )
    assert ("CP2", "Tag1", "Active") == tuple(kept[name] for name in ("chargeBoxIdentity", "idTag", "status"))


def _profile(profile_id: int, purpose: str = "TxDefaultProfile", level: int = 0) -> dict[str, Any]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11.1}]}
    return {
        "chargingProfileId": profile_id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingSchedule": schedule,
    }


def _ids(store: SqlStore, station: int) -> list[int]:
    with store.reading() as work:
        return [profile["csChargingProfiles"]["chargingProfileId"] for profile in work.transactions.profiles(station)]


def test_a_profile_replaces_one_of_its_id_or_of_its_place(store: SqlStore, station: int) -> None:
    """The same id on any connector; the same purpose and stack level on its own connector (OCPP 1.6 §3.13.2)."""
    other = register(store, "CP2")
    with store.writing() as work:
        profiles = work.transactions
        profiles.set_profile(other, 1, _profile(1), NOON)
        for connector, profile_id, level in ((1, 1, 0), (1, 2, 1), (2, 3, 0), (2, 1, 5), (1, 4, 1)):
            profiles.set_profile(station, connector, _profile(profile_id, level=level), NOON)
        assert [
            {"connectorId": 1, "csChargingProfiles": _profile(4, level=1), "set": NOON},
            {"connectorId": 2, "csChargingProfiles": _profile(3), "set": NOON},
            {"connectorId": 2, "csChargingProfiles": _profile(1, level=5), "set": NOON},
        ] == profiles.profiles(station)
    assert [1] == _ids(store, other)


def test_a_tx_profile_is_in_force_as_long_as_its_transaction(store: SqlStore, station: int) -> None:
    """It ends with the transaction that ran when it was set; others stay (OCPP 1.6 §3.13.1)."""
    transaction_id = start(store, a_start(station))
    with store.writing() as work:
        work.transactions.set_profile(station, 1, _profile(1, "TxProfile"), after(seconds=1))
        work.transactions.set_profile(station, 1, _profile(2), after(seconds=1))
    assert [2, 1] == _ids(store, station)
    with store.writing() as work:
        work.transactions.stop(a_stop(station, transaction_id))
    assert [2] == _ids(store, station)
    start(store, a_start(station, "k2", received=after(hours=2)))
    assert [2] == _ids(store, station)


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({}, []),
        ({"id": 2}, [1, 3, 4]),
        ({"id": 2, "connectorId": 7}, [1, 3, 4]),
        ({"id": 9}, [1, 2, 3, 4]),
        ({"connectorId": 0}, [2, 3, 4]),
        ({"chargingProfilePurpose": "TxProfile"}, [1, 2, 3]),
        ({"stackLevel": 0}, [3, 4]),
        ({"connectorId": 1, "stackLevel": 1}, [1, 2]),
        ({"id": None, "connectorId": None, "stackLevel": 2}, [1, 2, 3, 4]),
    ],
)
def test_profiles_are_cleared_by_id_or_by_what_is_given(
    store: SqlStore, station: int, criteria: dict[str, Any], left: list[int]
) -> None:
    """An id names one profile; every other criterion narrows the choice, and none means all."""
    with store.writing() as work:
        work.transactions.set_profile(station, 0, _profile(1, "ChargePointMaxProfile"), NOON)
        work.transactions.set_profile(station, 1, _profile(2), NOON)
        work.transactions.set_profile(station, 1, _profile(3, level=1), NOON)
        work.transactions.set_profile(station, 1, _profile(4, "TxProfile", level=1), NOON)
        assert 4 - len(left) == work.transactions.clear_profiles(station, criteria)
    assert left == _ids(store, station)
