"""Commands by the web API: ordered once, waited for, cancelled, and sent to many; states as the store has them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from ocpp_soap.protocol.times import format_time
from tests.integration.queueing import put_on_the_wire

from .conftest import Api

pytestmark = pytest.mark.xdist_group("web")


def answer(api: Api, number: int, **payload: Any) -> None:
    """Has a queued command answered."""
    now = api.gateway.clock()
    with api.gateway.store.writing() as work:
        command = work.commands.find(number)
        assert command is not None
        turn = put_on_the_wire(work, command.charge_point_id, number, now)
        work.queue.finish(turn, "answered", now, answer=payload)


def test_every_operation_of_the_standard_has_a_path_with_its_payload(nobody: Api) -> None:
    """The document has the WSDL's request and confirmation of each, and nothing in it was typed by hand."""
    operations = nobody.gateway.catalog.newest.charge_point.operations
    for name, operation in operations.items():
        told = nobody.document["paths"][f"/api/v1/charge-points/{{identity}}/commands/{name}"]["post"]
        body = told["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = nobody.document["components"]["schemas"][body.rsplit("/", 1)[1]]
        fields = operation.input.type.contents
        assert ([f.name for f in fields], [f.name for f in fields if f.required]) == (
            list(schema["properties"]),
            schema.get("required", []),
        )
    assert 19 == len(operations) == sum("/commands/" in path for path in nobody.document["paths"]) - 2


def test_a_command_is_ordered_and_seen(api: Api) -> None:
    """202 with its place; the options of the query hold; it can be found by each filter, and cancelled once."""
    identity = api.new()
    path = f"/charge-points/{identity}/commands"
    soon = format_time(api.gateway.clock() + timedelta(hours=1))
    answered = api.ask("POST", f"{path}/GetConfiguration?retries=2&deadline={soon}", 202, json={"key": ["a"]})
    place, made = answered.headers["Location"].removeprefix("/api/v1"), answered.json
    assert (soon, "now", "queued", None, {"key": ["a"]}) == tuple(
        made[name] for name in ("deadline", "when", "state", "outcome", "request")
    )
    assert made == api.get(place)
    waiting = api.post(f"{path}/ClearCache?when=next-contact", 202)["commandId"]
    assert [waiting, made["commandId"]] == [row["commandId"] for row in api.items(f"{path}?limit=1")]
    for query in ("state=queued", "operation=GetConfiguration"):
        assert made["commandId"] in {row["commandId"] for row in api.items(f"/commands?chargePoint={identity}&{query}")}
    assert [] == api.items(f"/commands?chargePoint={identity}&state=answered")
    cancelled = api.post(f"{place}/cancel")
    assert ("cancelled", "cancelled") == (cancelled["state"], cancelled["outcome"])
    assert "cancelled" in api.post(f"{place}/cancel", 409)["detail"]
    assert ["cancel", "submit"] == [row["what"] for row in api.items(f"/audit?subject=command%20{made['commandId']}")]


def test_what_cannot_be_sent_is_told_before_it_is_ordered(api: Api) -> None:
    """Odd options, what belongs in the query, and what the station's version has no word for are a 422."""
    identity = api.new()
    path = f"/charge-points/{identity}/commands"
    past = "2024-01-31T12:00:00Z"
    for query in (f"deadline={past}", "deadline=2124-01-31T12:00:00Z", "retries=1"):
        api.post(f"{path}/Reset?{query}", 422, {"type": "Soft"})
    problem = api.post(f"{path}/Reset", 422, {"type": "Soft", "when": "now", "retries": 1})
    assert ["#/retries", "#/when"] == sorted(error["pointer"] for error in problem["errors"])
    assert "?when" in str(problem)
    api.post(f"{path}/Reset", 422, ["Soft"])
    assert "did you mean UnlockConnector?" in api.post(f"{path}/unlockConector", 404, {})["detail"]
    api.get(f"{path}/Fly", 404)
    assert "POST" == api.ask("GET", f"{path}/Reset", 405).headers["Allow"]
    with api.gateway.store.writing() as work:
        work.charge_points.contact(identity, "1.5", None, api.gateway.clock())
    assert "TriggerMessage" in api.post(f"{path}/TriggerMessage", 422, {"requestedMessage": "Heartbeat"})["detail"]
    profile = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile"}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}
    profile |= {"chargingProfileKind": "Relative", "chargingSchedule": schedule}
    start = {"idTag": "T", "chargingProfile": profile}
    api.post(f"{path}/RemoteStartTransaction", 422, start)
    left_out = api.post(
        f"{path}/RemoteStartTransaction?mayLeaveOut=chargingProfile&mayLeaveOut=connectorId", 202, start
    )
    assert {"idTag": "T"} == left_out["request"]
    misspelled = api.post(f"{path}/RemoteStartTransaction?mayLeaveOut=profile", 422, start)
    assert "no field 'profile' to be left out; it has connectorId, idTag" in misspelled["detail"]


def test_the_same_key_orders_once(api: Api) -> None:
    """A repetition gets the first command, whatever it has come to; another order with that key is a 422."""
    path = f"/charge-points/{api.new()}/commands"
    key = {"headers": {"Idempotency-Key": f"key of {path}"}}
    first = api.post(f"{path}/Reset", 202, {"type": "Soft"}, **key)
    again = api.ask("POST", f"{path}/Reset", 202, json={"type": "Soft"}, **key)
    assert (first["commandId"], "true") == (again.json["commandId"], again.headers["Idempotent-Replayed"])
    api.post(f"{path}/Reset", 422, {"type": "Hard"}, **key)
    other = api.as_("operate")
    assert first["commandId"] < other.post(f"{path}/Reset", 202, {"type": "Soft"}, **key)["commandId"]
    answer(api, first["commandId"], status="Accepted")
    again = api.ask("POST", f"{path}/Reset", 200, json={"type": "Soft"}, headers={**key["headers"], "Prefer": "wait=1"})
    assert (first["commandId"], "answered") == (again.json["commandId"], again.json["state"])
    ids = {"chargePoints": {"ids": [path.split("/")[2]]}, "operation": "ClearCache"}
    many = {"headers": {"Idempotency-Key": f"many {path}"}}
    assert 1 == len({api.post("/commands", 202, ids, **many)["batchId"] for _ in range(2)})


def test_who_prefers_to_wait_gets_the_answer(api: Api) -> None:
    """Finished in time: 200 with the answer and Preference-Applied; not in time: 202 as without."""
    path = f"/charge-points/{api.new()}/commands/GetLocalListVersion"
    late = api.ask("POST", path, 202, headers={"Prefer": "wait=1"})
    assert ("queued", False) == (late.json["state"], "Preference-Applied" in late.headers)
    found: list[Any] = []
    waiter = threading.Thread(
        target=lambda: found.append(api.ask("POST", path, 200, headers={"Prefer": "wait=20"})), daemon=True
    )
    waiter.start()
    newest = late.json["commandId"]
    while newest == late.json["commandId"]:
        newest = api.get(f"{path.rpartition('/')[0]}?limit=1")["items"][0]["commandId"]
    answer(api, newest, listVersion=7)
    waiter.join(20)
    assert ({"listVersion": 7}, "wait=20") == (found[0].json["answer"], found[0].headers["Preference-Applied"])


TRIGGER = {"operation": "TriggerMessage", "payload": {"requestedMessage": "Heartbeat"}, "when": "next-contact"}


def test_one_command_goes_to_many(api: Api) -> None:
    """Each gets a command, the batch counts what they come to, and what is left is cancelled."""
    prefix = f"{api.new()}-"
    names = [api.new(prefix) for _ in range(4)]
    with api.gateway.store.writing() as work:
        work.charge_points.contact(names[0], "1.2", None, api.gateway.clock())
    answered = api.ask("POST", "/commands", 202, json={**TRIGGER, "chargePoints": {"prefix": prefix}})
    place, batch = answered.headers["Location"].removeprefix("/api/v1"), answered.json
    assert (4, 3, 1, False) == (
        batch["total"],
        batch["states"]["queued"],
        batch["states"]["not_transmitted"],
        batch["finished"],
    )
    lost = api.items(f"/commands?batch={batch['batchId']}&state=not_transmitted&limit=1")
    assert [names[0]] == [row["chargeBoxIdentity"] for row in lost]
    assert "1.2" in lost[0]["error"]
    assert batch["batchId"] in {row["batchId"] for row in api.items("/batches?limit=1")}
    cancelled = api.post(f"{place}/cancel")
    assert (3, True, cancelled) == (cancelled["states"]["cancelled"], cancelled["finished"], api.get(place))
    api.post(f"{place}/cancel", 409)
    restricted = api.as_("operate", names[3])
    restricted.get(place, 404)
    mine = restricted.post("/commands", 202, {**TRIGGER, "chargePoints": {"prefix": prefix}})
    assert ([mine], 1) == (restricted.items("/batches"), mine["total"])


def test_those_that_are_meant_are_named_or_described(api: Api) -> None:
    """In any case, each once; nobody, everybody by accident, and who is not there are a 422 that says where."""
    names = [api.new(), api.new()]
    some = {"ids": [names[0], names[1].lower(), names[0]]}
    assert 2 == api.post("/commands", 202, {**TRIGGER, "chargePoints": some})["total"]
    for wrong, pointer in (
        ({}, "#/chargePoints"),
        ({"all": False}, "#/chargePoints"),
        ({"all": True, "prefix": "C"}, "#/chargePoints"),
        ({"ids": []}, "#/chargePoints/ids"),
        ({"ids": [names[0], "nobody"]}, "#/chargePoints/ids/1"),
        ({"colour": "red"}, "#/chargePoints/colour"),
    ):
        problem = api.post("/commands", 422, {**TRIGGER, "chargePoints": wrong})
        assert [pointer] == [error["pointer"] for error in problem["errors"]], wrong
    problem = api.post("/commands", 422, {**TRIGGER, "payload": {"requestedMessage": "X"}, "chargePoints": some})
    assert ["#/payload/requestedMessage"] == [error["pointer"] for error in problem["errors"]]
    api.post("/commands", 422, {**TRIGGER, "chargePoints": {"prefix": f"{names[0]}none"}})
