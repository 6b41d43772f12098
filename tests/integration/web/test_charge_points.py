"""Charge points by the web API: registered, edited by those who have seen what they change, and looked at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ocpp_soap.central.records import Exchange
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.clock import Clock
from tests.integration.cli.lived import serving
from tests.integration.store.conftest import a_notice

from .conftest import ROOT, Api

pytestmark = pytest.mark.xdist_group("web")

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def test_a_charge_point_is_registered_once(api: Api) -> None:
    """It answers with all that is known of it and where it is; the second time is a 409; a bad address a 422."""
    identity = f"{api.new()}/ä %?"
    new = {"chargeBoxIdentity": identity, "status": "Pending", "heartbeatInterval": 60, "callback": "http://10.0.0.7/"}
    answer = api.ask("POST", "/charge-points", 201, json=new)
    place = answer.headers["Location"].removeprefix("/api/v1")
    found = api.ask("GET", place)
    assert (identity, "Pending", 60, "http://10.0.0.7/") == tuple(
        found.json[name] for name in ("chargeBoxIdentity", "status", "heartbeatInterval", "callback")
    )
    assert answer.headers["ETag"] == found.headers["ETag"]
    assert (
        "registered already"
        in api.post("/charge-points", 409, {**new, "chargeBoxIdentity": identity.upper()})["detail"]
    )
    assert "but . and .." in api.post("/charge-points", 422, {"chargeBoxIdentity": ".."})["detail"]
    bad = {"chargeBoxIdentity": api.new() + "x", "callback": "nowhere"}
    assert ["#/callback"] == [e["pointer"] for e in api.post("/charge-points", 422, bad)["errors"]]
    assert identity in {row["chargeBoxIdentity"] for row in api.items("/charge-points?limit=2&status=Pending")}


def test_who_changes_a_charge_point_has_seen_it(api: Api) -> None:
    """Without If-Match it is a 428, with an old ETag a 412; what stations do meanwhile changes no ETag."""
    path = f"/charge-points/{api.new()}"
    seen = api.ask("GET", path).headers["ETag"]
    api.ask("PATCH", path, 428, json={"status": "Rejected"})
    with api.gateway.store.writing() as work:
        work.charge_points.contact(path.rpartition("/")[2], "1.6", "10.0.0.1", NOON)
    change = {"heartbeatInterval": 30, "profile": {"strictness": "strict", "faultStatus": "200"}}
    changed = api.ask("PATCH", path, json=change, headers={"If-Match": seen})
    assert (30, "strict", "200", "full") == (
        changed.json["heartbeatInterval"],
        *(changed.json["profile"][name] for name in ("strictness", "faultStatus", "headers")),
    )
    api.ask("PATCH", path, 412, json={"status": "Rejected"}, headers={"If-Match": seen})
    again = {"If-Match": changed.headers["ETag"]}
    undone = api.ask("PATCH", path, json={"heartbeatInterval": None, "profile": {"faultStatus": None}}, headers=again)
    assert (None, "strict", None, "Accepted") == (
        undone.json["heartbeatInterval"],
        undone.json["profile"]["strictness"],
        undone.json["profile"]["faultStatus"],
        undone.json["status"],
    )
    api.ask("PATCH", path, 422, json={"profile": {"tlsPin": "x"}}, headers={"If-Match": "*"})
    told = api.get(f"/audit?subject=charge-point%20{path.rpartition('/')[2]}&limit=1")["items"][0]
    assert ({"heartbeatInterval": 30}, {"heartbeatInterval": None}) == tuple(
        {"heartbeatInterval": told[side]["heartbeatInterval"]} for side in ("before", "after")
    )
    assert told["who"] == f"token:{api.get('/whoami')['name']}"


def test_an_address_is_fixed_and_forgotten(api: Api) -> None:
    """PUT fixes it, DELETE forgets it, each with the ETag of the address that was seen."""
    path = f"/charge-points/{api.new()}/callback"
    seen = api.ask("GET", path)
    assert (None, []) == (seen.json["url"], seen.json["history"])
    api.ask("PUT", path, 428, json={"url": "http://10.0.0.7/"})
    api.ask("PUT", path, 422, json={"url": "x"}, headers={"If-Match": "*"})
    fixed = api.ask("PUT", path, json={"url": "http://10.0.0.7:80/ocpp"}, headers={"If-Match": seen.headers["ETag"]})
    assert fixed.json["warning"] is None
    refused = api.ask("PUT", path, json={"url": "http://169.254.169.254/"}, headers={"If-Match": "*"})
    assert "169.254" in refused.json["warning"]
    fixed = api.ask("PUT", path, json={"url": "http://10.0.0.7:80/ocpp"}, headers={"If-Match": "*"})
    assert ("operator", fixed.headers["ETag"]) == (fixed.json["source"], api.ask("GET", path).headers["ETag"])
    api.ask("DELETE", path, 412, headers={"If-Match": seen.headers["ETag"]})
    assert b"" == api.ask("DELETE", path, 204, headers={"If-Match": fixed.headers["ETag"]}).data
    assert (None, None) == tuple(api.get(path)[name] for name in ("url", "source"))


def test_strangers_are_listed(api: Api) -> None:
    """Stations that spoke without being registered come with what their boot gets, the latest first."""
    names = [f"stranger-{api.new()}" for _ in range(3)]
    for i, name in enumerate(names):
        with api.gateway.store.writing() as work:
            at = NOON + timedelta(days=9999, minutes=i)
            work.charge_points.remember_unknown(
                name, "1.5", "Heartbeat", "10.0.0.1", None, {"chargePointModel": "M"}, at
            )
    rows = api.items("/charge-points?registered=false&limit=1")[:3]
    assert [(name, False, "Pending", "M") for name in reversed(names)] == [
        (row["chargeBoxIdentity"], row["registered"], row["status"], row["chargePointModel"]) for row in rows
    ]


def test_what_a_charge_point_said_is_told(api: Api) -> None:
    """Connectors, configuration, and the journal by operation, outcome and time, a page at a time."""
    identity = api.new()
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        work.charge_points.notice_status(a_notice(point.id, "Charging"), None)
        work.charge_points.set_configuration(point.id, [{"key": "k", "readonly": True, "value": "v"}], [], NOON)
        for i in range(5):
            at = NOON + timedelta(minutes=i)
            outcome = "answered" if i % 2 else "SecurityError"
            work.journal.add(Exchange(at, "in", identity, "Heartbeat", "1.6", None, 0.01, outcome, b"<\xff>", None))
    path = f"/charge-points/{identity}"
    assert [(1, "Charging")] == [(c["connectorId"], c["status"]) for c in api.items(f"{path}/connectors")]
    assert [("k", "v")] == [(c["key"], c["value"]) for c in api.items(f"{path}/configuration")]
    rows = api.items(f"{path}/journal?limit=2&operation=Heartbeat")
    assert [f"2024-01-31T12:0{i}:00Z" for i in (4, 3, 2, 1, 0)] == [row["at"] for row in rows]
    assert "<\\xff>" == rows[0]["request"]
    chosen = f"{path}/journal?outcome=answered&since=2024-01-31T13:02:00%2B01:00&until=2024-01-31T12:04:00Z"
    assert ["2024-01-31T12:03:00Z"] == [row["at"] for row in api.items(chosen)]


def test_a_real_station_is_told_as_the_document_says(api: Api) -> None:
    """It boots, charges and answers a command that the caller waits for; every view of it keeps to its schema."""
    identity, tag = api.new(), f"T{api.new()}"
    api.ask("PUT", f"/id-tags/{tag}", 201, json={})
    clock = Clock(0, api.gateway.clock() - timedelta(minutes=20))
    courier = api.gateway.courier(2)
    courier.start()
    with serving(api.gateway) as url, ChargePoint(url, identity, clock=clock) as station:
        station.wait_accepted()
        station.run_session(tag, 1, 300)
        station.settle()
        waited = {"headers": {"Prefer": "wait=20"}}
        said = api.post(f"/charge-points/{identity}/commands/GetConfiguration", 200, {}, **waited)
        courier.stop(20)
    assert ("answered", True) == (said["state"], len(said["answer"]["configurationKey"]) > 5)
    portrait = api.get(f"/charge-points/{identity}")
    assert (True, True) == (portrait["callbackReachable"]["reachable"], portrait["lastBoot"] is not None)
    assert "GetConfiguration" == api.items(f"/charge-points/{identity}/journal?limit=5")[0]["operation"]
    assert len(api.items(f"/charge-points/{identity}/configuration")) > 5
    (done,) = api.items(f"/transactions?chargePoint={identity}")
    assert api.get(f"/transactions/{done['transactionId']}")["meterValue"]


def test_of_changes_at_the_same_time_one_holds(api: Api) -> None:
    """Eight that have seen the same state: one changes it, the others are told."""
    path = f"/charge-points/{api.new()}"
    seen = {"If-Match": api.ask("GET", path).headers["ETag"], "Authorization": f"Bearer {api.token}"}

    def change(interval: int) -> int:
        return api.client.patch(f"{ROOT}{path}", json={"heartbeatInterval": interval}, headers=seen).status_code

    with ThreadPoolExecutor(8) as threads:
        assert [200] + [412] * 7 == sorted(threads.map(change, range(1, 9)))


def test_long_data_is_shown_by_its_beginning(api: Api) -> None:
    """Ten messages of a million characters make no answer of ten million."""
    identity = api.new()
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        for data in ("d" * 100_000, None):
            work.charge_points.keep_data(point.id, "V", None, data, datetime(2024, 1, 31, tzinfo=UTC))
    told = api.get(f"/charge-points/{identity}")["dataTransfers"]
    assert [None, "d" * 2_000 + "… (100000 characters)"] == [row["data"] for row in told]
