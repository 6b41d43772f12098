"""Whoever asks wrongly is told what was wrong, in one form, and nothing gets in without a token."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from ocpp_soap.errors import StoreError
from ocpp_soap.web import app
from ocpp_soap.web.reference import Reference

from .conftest import ROOT, Api

pytestmark = pytest.mark.xdist_group("web")

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("status", "method", "path", "more"),
    [
        (404, "GET", "/nothing", {}),
        (404, "GET", "/charge-points/nobody/nothing", {}),
        (404, "GET", "/charge-points//journal", {}),
        (404, "GET", "/charge-points/%00", {}),
        (404, "GET", "/charge-points/%FF", {}),
        (404, "GET", "/commands/" + "9" * 30, {}),
        (404, "GET", "/commands/x", {}),
        (404, "GET", "/commands/2147483648", {}),
        (404, "GET", "/batches/2147483648", {}),
        (404, "GET", "/transactions/99999999999", {}),
        (404, "POST", "/charge-points/nobody/commands/Reset", {"json": {"type": "Soft"}}),
        (404, "POST", "/charge-points/nobody/commands/Fly", {"json": {}}),
        (405, "PUT", "/charge-points", {"json": {}}),
        (405, "BREW", "/charge-points", {}),
        (400, "POST", "/charge-points", {"data": b'{"a": 1, "a": 2}', "content_type": "application/json"}),
        (413, "POST", "/charge-points", {"data": b" " * (1024 * 1024 + 1), "content_type": "application/json"}),
        (415, "POST", "/charge-points", {"data": b"{}", "content_type": "text/xml"}),
        (415, "POST", "/id-tags.csv", {"json": {}}),
        (422, "POST", "/charge-points", {"content_type": "application/json"}),
        (422, "POST", "/charge-points", {"json": []}),
        (422, "GET", "/charge-points?limit=501", {}),
        (422, "GET", "/commands?batch=2147483648", {}),
        (422, "GET", "/charge-points?status=Fine", {}),
        (422, "GET", "/charge-points?registered=1", {}),
        (422, "GET", "/charge-points?registered=false&prefix=C", {}),
        (422, "GET", "/id-tags?blocked=true&known=false", {}),
        (422, "GET", "/charge-points?colour=red", {}),
        (422, "GET", "/charge-points?prefix=%00", {}),
        (422, "GET", "/whoami?x=1", {}),
        (422, "GET", "/audit?since=2024-01-31", {}),
        (422, "GET", "/charge-points?cursor=x", {}),
    ],
)
def test_every_error_is_a_problem(api: Api, status: int, method: str, path: str, more: dict[str, Any]) -> None:
    """Whatever is wrong, the answer is problem+json with the status that fits, and says what to do."""
    answer = api.ask(method, path, status, **more)
    said = answer.json
    assert (PROBLEM, status, "about:blank") == (answer.content_type, said["status"], said["type"])
    assert said["title"]
    assert len(said["detail"]) > 10
    assert (status == 405) is ("Allow" in answer.headers)


def test_what_is_wrong_has_a_pointer(api: Api) -> None:
    """Each field, however deep, and each parameter is named, all of them at once."""
    wrong = {"status": "Fine", "heartbeatInterval": True, "callback": "", "colour": 1}
    problem = api.post("/charge-points", 422, wrong)
    assert {"#/chargeBoxIdentity", "#/status", "#/heartbeatInterval", "#/callback", "#/colour"} == {
        one["pointer"] for one in problem["errors"]
    }
    path = f"/charge-points/{api.new()}/commands/SetChargingProfile?retries=99&when=later&x=1"
    assert ["?retries", "?when", "?x"] == sorted(e["pointer"] for e in api.post(path, 422, {})["errors"])
    profile = {"chargingProfileId": 1, "stackLevel": "x", "chargingSchedule": {"chargingSchedulePeriod": [{}]}}
    body = {"connectorId": 1, "csChargingProfiles": profile}
    found = {e["pointer"] for e in api.post(path.partition("?")[0], 422, body)["errors"]}
    schedule = "#/csChargingProfiles/chargingSchedule/chargingSchedulePeriod/0"
    assert {"#/csChargingProfiles/stackLevel", f"{schedule}/limit", f"{schedule}/startPeriod"} <= found


def test_nobody_gets_in_without_a_good_token(nobody: Api) -> None:
    """No token, one that is none, expired or revoked: 401 with a challenge; the document and the page are for all."""
    expired = nobody.as_("read", expires=nobody.gateway.clock() + timedelta(seconds=0.5))
    revoked = nobody.as_("read")
    revoked.gateway.desk("cli:tests").tokens.revoke(revoked.get("/whoami")["name"])
    while expired.client.get(f"{ROOT}/whoami", headers={"Authorization": f"Bearer {expired.token}"}).status_code == 200:
        pass
    good = nobody.as_("read").token
    for bad in (None, "", "Basic eDp5", f"Bearer {good}x", f"Bearer {good} {good}", good, f"Token {good}", "Bearer é"):
        headers = {} if bad is None else {"Authorization": bad}
        answer = nobody.ask("GET", "/charge-points", 401, headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.9"})
        assert (PROBLEM, True) == (answer.content_type, answer.headers["WWW-Authenticate"].startswith("Bearer "))
    for api in (expired, revoked):
        api.get("/whoami", 401)
    assert 200 == nobody.ask("GET", "/openapi.json").status_code == nobody.client.get(f"{ROOT}/").status_code


def test_many_bad_tokens_are_told_to_wait(nobody: Api) -> None:
    """After twenty in ten minutes an address gets 429 with Retry-After, and a good token from there still gets in."""
    near = {"environ_base": {"REMOTE_ADDR": "10.9.9.9"}}
    bad = {"headers": {"Authorization": "Bearer ocs_no"}}
    for _ in range(20):
        nobody.ask("GET", "/whoami", 401, **bad, **near)
    assert 0 < int(nobody.ask("GET", "/whoami", 429, **bad, **near).headers["Retry-After"]) <= 600
    nobody.as_("read").ask("GET", "/whoami", **near)
    nobody.ask("GET", "/whoami", 401, **bad, environ_base={"REMOTE_ADDR": "10.9.9.8"})


def test_a_scope_covers_what_it_includes(nobody: Api) -> None:
    """read only reads, operate changes, admin sees tokens and the audit; what is too much is a 403."""
    read, operate, admin = (nobody.as_(scope) for scope in ("read", "operate", "admin"))
    for api, status in ((read, 403), (operate, 201), (admin, 409)):
        api.post("/charge-points", status, {"chargeBoxIdentity": f"scoped-{nobody.token}-{admin.token}"[:60]})
    for api, status in ((read, 403), (operate, 403), (admin, 200)):
        api.get("/audit", status)
        api.get("/tokens", status)
        api.get("/charge-points")


def test_a_token_for_some_charge_points_sees_no_other(nobody: Api) -> None:
    """Other charge points are a 404 to it, their rows are in no list, and what belongs to none is a 403."""
    mine, other = nobody.new(), nobody.new("Other")
    everybody, api = nobody.as_("operate"), nobody.as_("admin", mine)
    for identity in (mine, other):
        everybody.post(f"/charge-points/{identity}/commands/ClearCache?when=next-contact", 202)
    theirs = everybody.items(f"/commands?chargePoint={other}")[0]["commandId"]
    assert [mine] == [row["chargeBoxIdentity"] for row in api.items("/charge-points")]
    assert {mine} == {row["chargeBoxIdentity"] for row in api.items("/commands")}
    assert [] == api.items(f"/commands?chargePoint={other}")
    for path in ("", "/callback", "/connectors", "/configuration", "/journal", "/commands"):
        api.get(f"/charge-points/{other}{path}", 404)
        api.get(f"/charge-points/{mine.lower()}{path}")
    for path in (f"/commands/{theirs}/cancel", f"/charge-points/{other}/commands/ClearCache"):
        api.post(path, 404)
    api.get(f"/local-lists/{other}", 404)
    batch = {"operation": "ClearCache", "chargePoints": {"all": True}}
    assert 1 == api.post("/commands", 202, batch)["total"]
    assert (
        "#/chargePoints/ids/1"
        == api.post("/commands", 422, {**batch, "chargePoints": {"ids": [mine.lower(), other]}})["errors"][0]["pointer"]
    )
    for method, path in (("GET", "/tokens"), ("GET", "/audit"), ("GET", "/id-tags?known=false")):
        api.ask(method, path, 403)
    api.get("/charge-points?registered=false", 403)
    api.post("/charge-points", 403, {"chargeBoxIdentity": "X"})
    api.ask("PUT", "/id-tags/X", 403, json={})
    everybody.ask("PUT", f"/id-tags/{mine}-DRIVER", 201, json={}, headers={"If-None-Match": "*"})
    assert [] == api.items("/id-tags")
    api.get(f"/id-tags/{mine}-DRIVER", 404)
    api.ask("GET", "/id-tags.csv", 403)


def test_who_asks_for_its_health_learns_nothing_of_the_store() -> None:
    """Anybody may ask: where the store is and why it can't be used stands in the log alone."""

    def fail() -> None:
        raise StoreError("postgresql://ocpp@db/ocpp can't be reached")

    answer = Client(app.create(None, ready=fail, public_url="")).get("/healthz/ready")
    assert (503, False) == (answer.status_code, "postgresql" in answer.text)


def test_every_example_of_the_page_can_be_sent(api: Api) -> None:
    """Whoever copies one gets what he asks for, or hears that what it names is not there."""
    reference = Reference(api.document)
    identity, prefix = api.new(), api.new("OSLO-")
    words = {"CP1": identity, "OSLO-": prefix, "04A1B2C3": identity, "tests": identity, "/1": "/999999"}
    for operation in (one for group in reference.groups() for one in group["operations"]):
        said = reference.request(operation)
        for word, other in words.items():
            said = said.replace(word, other)
        curl = shlex.split(said.replace("\\\n", " "))
        headers = dict(curl[i + 1].split(": ", 1) for i, one in enumerate(curl) if one == "-H")
        answer = api.client.open(
            curl[3].removeprefix("$GATEWAY"),
            method=curl[2],
            headers={**headers, "Authorization": f"Bearer {api.token}"},
            data=curl[-1] if "--data-binary" in curl else None,
        )
        assert answer.status_code in (200, 201, 202, 204, 404, 409), (said, answer.text)


def test_a_token_is_not_for_one_that_is_spelled_otherwise(nobody: Api) -> None:
    """Of two that differ in upper and lower case alone, it reaches the one that it was made for."""
    mine = nobody.new()
    other, now = mine.lower(), nobody.gateway.clock()
    with nobody.gateway.store.writing() as work:
        work.charge_points.add(other, "Accepted", now)
    api = nobody.as_("operate", mine)
    assert [mine] == [row["chargeBoxIdentity"] for row in api.items("/charge-points")]
    api.get(f"/charge-points/{mine}")
    api.get(f"/charge-points/{other}", 404)
    api.post(f"/charge-points/{other}/commands/ClearCache", 404)


def test_the_page_lists_every_operation_and_loads_nothing_from_elsewhere(nobody: Api) -> None:
    """It has each operation of the document; its policy and its links keep to this host."""
    answer = nobody.client.get(f"{ROOT}/")
    page = answer.get_data(as_text=True)
    operations = [one for path in nobody.document["paths"].values() for key, one in path.items() if key != "parameters"]
    assert len(operations) > 50
    assert {one["operationId"] for one in operations} == set(re.findall(r'<details id="(\w+)">', page))
    assert [] == re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script" not in page
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert b"color-scheme" in nobody.client.get(f"{ROOT}/static/api.css", buffered=True).data
    assert page == nobody.client.get(ROOT).get_data(as_text=True).replace('href="v1/', 'href="')
    assert "&lt;script" not in page
