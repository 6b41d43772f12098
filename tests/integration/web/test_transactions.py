"""Transactions, reservations, charging profiles and local lists by the web API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.queueing import order, put_on_the_wire
from tests.integration.store.conftest import NOON, a_sample, a_start, a_stop

from .conftest import Api

pytestmark = pytest.mark.xdist_group("web")


def charged(api: Api, identity: str, count: int = 5) -> list[int]:
    """Transactions of a charge point a minute apart on two connectors, all ended but the last; their ids."""
    ids = []
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        for i in range(count):
            at = NOON + timedelta(minutes=i)
            fields: Any = {"connector_id": 1 + i % 2, "id_tag": f"{identity}-{i % 2}", "start_timestamp": at}
            number = work.transactions.start(a_start(point.id, f"{identity}-{i}", ordered_at=at, **fields))
            assert number is not None
            work.transactions.meter(point.id, f"{identity}-{i}", 1, number, [a_sample(value=str(i))], NOON, [])
            if i < count - 1:
                work.transactions.stop(a_stop(point.id, number, f"{identity}-{i}"))
            ids.append(number)
    return ids


def test_transactions_are_found_by_what_is_known_of_them(api: Api) -> None:
    """By charge point, connector, idTag, state and time, newest first, in pages of any size."""
    identity = api.new()
    ids = charged(api, identity)
    for query, meant in {
        "limit=2": [4, 3, 2, 1, 0],
        "connectorId=2&limit=1": [3, 1],
        f"idTag={identity.lower()}-0": [4, 2, 0],
        "open=true": [4],
        "open=false&limit=3": [3, 2, 1, 0],
        "startedFrom=2024-01-31T12:01:00.123456Z&startedBefore=2024-01-31T14:03:00.123456%2B02:00": [2, 1],
        "open=true&connectorId=2": [],
    }.items():
        found = api.items(f"/transactions?chargePoint={identity}&{query}")
        assert [ids[i] for i in meant] == [row["transactionId"] for row in found], query


def test_a_transaction_is_told_with_its_meter_values_and_closed_once(api: Api) -> None:
    """A dead one is ended by who has the scope; the second time is a 409, and an end that can't be is a 422."""
    identity = api.new()
    ended, dead = charged(api, identity, 2)
    told = api.get(f"/transactions/{ended}")
    assert (200, "0") == (told["meterStop"], told["meterValue"][0]["sampledValue"][0]["value"])
    api.post(f"/transactions/{ended}/close", 409, {})
    for wrong, pointer in (
        ({"meterStop": 99}, "#/meterStop"),
        ({"reason": "Bored"}, "#/reason"),
        ({"at": "2024-01-31T11:00:00Z"}, "#/at"),
        ({"at": "2124-01-31T11:00:00Z"}, "#/at"),
    ):
        assert [pointer] == [e["pointer"] for e in api.post(f"/transactions/{dead}/close", 422, wrong)["errors"]]
    closed = api.post(f"/transactions/{dead}/close", 200, {"meterStop": 150, "reason": "PowerLoss", "note": "gone"})
    assert (150, "PowerLoss", True) == (closed["meterStop"], closed["reason"], "gone" in str(closed["flags"]))
    api.post(f"/transactions/{dead}/close", 409, {})
    api.as_("operate", api.new()).post(f"/transactions/{dead}/close", 404, {})


def accept(api: Api, identity: str, operation: str, answer: dict[str, Any] | None = None, **request: Any) -> None:
    """Orders something of a charge point by the API, and has it answered."""
    number = api.post(f"/charge-points/{identity}/commands/{operation}", 202, request)["commandId"]
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        now = api.gateway.clock()
        turn = put_on_the_wire(work, point.id, number, now)
        work.queue.finish(turn, "answered", now, answer=answer or {"status": "Accepted"})


def test_a_local_list_is_what_the_accepted_updates_made_of_it(api: Api) -> None:
    """Full ones replace, others add, change and take off; refused ones do nothing; a gap is told."""
    identity = api.new()
    info = {"status": "Accepted"}
    tags = [{"idTag": tag, "idTagInfo": info} for tag in ("B", "a", "C")]
    accept(api, identity, "SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=tags[:1])
    accept(api, identity, "SendLocalList", listVersion=5, updateType="Full", localAuthorizationList=tags[1:])
    taken = {"status": "VersionMismatch"}
    accept(api, identity, "SendLocalList", taken, listVersion=4, updateType="Full", localAuthorizationList=tags[:1])
    change = [{"idTag": "A"}, {"idTag": "D", "idTagInfo": {"status": "Blocked"}}]
    accept(api, identity, "SendLocalList", listVersion=6, updateType="Differential", localAuthorizationList=change)
    told = api.get(f"/local-lists/{identity}")
    assert (["C", "D"], False) == ([e["idTag"] for e in told["localAuthorizationList"]], told["complete"])
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        work.charge_points.change(point.id, local_list_version=6)
    assert (6, True) == tuple(api.get(f"/local-lists/{identity}")[name] for name in ("listVersion", "complete"))
    assert {"chargeBoxIdentity": identity, "listVersion": 6} in api.items("/local-lists?limit=1")


def test_what_charge_points_hold_is_listed(api: Api) -> None:
    """Reservations and charging profiles, of one charge point or of all that the token may see."""
    identity = api.new()
    profile = {
        "chargingProfileId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.1}]},
    }
    now = api.gateway.clock()
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        work.transactions.set_profile(point.id, 1, profile, now)
        for i, hours in ((1, 1), (2, -1)):
            expiry = now + timedelta(hours=hours)
            request = {"reservationId": i, "connectorId": 1, "idTag": "T", "expiryDate": expiry}
            work.transactions.reserve(point.id, request, order(work, point.id, "ReserveNow", now), now)
    assert [7] == [
        row["csChargingProfiles"]["chargingProfileId"]
        for row in api.items(f"/charging-profiles?chargePoint={identity}")
    ]
    for status, numbers in (("", [2, 1]), ("&status=Active", [1]), ("&status=Expired", [2]), ("&status=Used", [])):
        found = api.items(f"/reservations?limit=1&chargePoint={identity}{status}")
        assert numbers == [row["reservationId"] for row in found]
    own = api.as_("read", identity)
    assert ({identity}, {identity}) == tuple(
        {row["chargeBoxIdentity"] for row in own.items(path)} for path in ("/reservations", "/charging-profiles")
    )
