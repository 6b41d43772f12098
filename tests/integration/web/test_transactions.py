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
    api.post(f"/transactions/{ended}/close", 409, {"note": "x"})
    for wrong, pointer in (
        ({"meterStop": 99}, "#/meterStop"),
        ({"reason": "Bored"}, "#/reason"),
        ({"at": "2024-01-31T11:00:00Z"}, "#/at"),
        ({"at": "2124-01-31T11:00:00Z"}, "#/at"),
        ({"note": " "}, "#/note"),
    ):
        body = {"note": "x", **wrong}
        assert [pointer] == [e["pointer"] for e in api.post(f"/transactions/{dead}/close", 422, body)["errors"]]
    assert ["#/note"] == [e["pointer"] for e in api.post(f"/transactions/{dead}/close", 422, {})["errors"]]
    closed = api.post(f"/transactions/{dead}/close", 200, {"meterStop": 150, "reason": "PowerLoss", "note": "gone"})
    assert (150, "PowerLoss", True) == (closed["meterStop"], closed["reason"], "gone" in str(closed["flags"]))
    api.post(f"/transactions/{dead}/close", 409, {"note": "x"})
    api.as_("operate", api.new()).post(f"/transactions/{dead}/close", 404, {"note": "x"})


def test_a_session_is_corrected_and_annotated_and_nothing_is_forgotten(api: Api) -> None:
    """The old values stay as revisions, with who, why and when; each change moves `changed`; the audit has it."""
    ended, dead = charged(api, api.new(), 2)
    before = api.get(f"/transactions/{ended}")
    why = {"reason": "meter exchanged", "note": "read on site"}
    changed = api.post(f"/transactions/{ended}/correct", 200, {**why, "meterStop": 1200})
    assert (1200, 1200 - before["meterStart"]) == (changed["meterStop"], changed["energy"])
    api.post(f"/transactions/{ended}/annotate", 200, {"reason": "complaint", "note": "refunded"})
    now = api.get(f"/transactions/{ended}")
    me = f"token:{api.get('/whoami')['name']}"
    assert [("correct", me, "read on site", before["meterStop"]), ("annotate", me, "refunded", None)] == [
        (row["action"], row["actor"], row["note"], row["before"].get("meterStop")) for row in now["revisions"]
    ]
    assert before["changed"] < changed["changed"] <= now["changed"]
    assert {"correct", "annotate"} <= {row["what"] for row in api.items(f"/audit?subject=transaction%20{ended}")}
    for body, status, pointer in (
        ({**why, "meterStop": -99999}, 422, "#/meterStop"),
        ({**why, "stopTimestamp": "2124-01-31T11:00:00Z"}, 422, "#/stopTimestamp"),
        (why, 422, "#"),
        ({"meterStop": 1300, "note": "x"}, 422, "#/reason"),
    ):
        wrong = api.post(f"/transactions/{ended}/correct", status, body)
        assert pointer in [error["pointer"] for error in wrong["errors"]], body
    api.post(f"/transactions/{dead}/correct", 409, {**why, "meterStop": 1200})
    api.as_("read").post(f"/transactions/{ended}/correct", 403, why)


def test_who_follows_changes_misses_none(api: Api) -> None:
    """A session that was changed comes again, behind all that changed before; also as CSV, which computes nothing."""
    identity = api.new()
    first, second = charged(api, identity, 2)
    path = f"/transactions?chargePoint={identity}&changedSince=2020-01-01T00:00:00Z&limit=1"
    assert {first, second} == {row["transactionId"] for row in api.items(path)}
    api.post(f"/transactions/{first}/annotate", 200, {"reason": "r", "note": "n"})
    rows = api.items(path)
    assert [second, first] == [row["transactionId"] for row in rows]
    since = rows[-1]["changed"]
    later = api.items(f"/transactions?chargePoint={identity}&changedSince={since}")
    assert [first] == [row["transactionId"] for row in later]
    text = api.ask("GET", f"/transactions.csv?chargePoint={identity}").get_data(as_text=True)
    head, *lines = text.splitlines()
    assert ("transactionId,chargeBoxIdentity", 2) == (head[:31], len(lines))


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
