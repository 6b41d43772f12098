"""Tokens and the audit by the web API, and lists that grow while somebody reads them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ocpp_soap.protocol.times import format_time

from .conftest import ROOT, Api

pytestmark = pytest.mark.xdist_group("web")


def test_a_token_is_made_told_once_used_and_revoked(api: Api) -> None:
    """Its text stands in the one answer alone; the names of tokens are never used again."""
    point, name = api.new(), f"made {api.new()}"
    expires = format_time(api.gateway.clock() + timedelta(days=1))
    body = {"name": name, "scope": "operate", "chargePoints": [point.lower()], "expires": expires}
    made = api.post("/tokens", 201, body)
    assert ([point], expires, None) == (made["chargePoints"], made["expires"], made["lastUsed"])
    own = api.client.get(f"{ROOT}/whoami", headers={"Authorization": f"bearer {made['token']}"})
    assert (name, "operate", [point]) == tuple(own.json[field] for field in ("name", "scope", "chargePoints"))  # type: ignore[index]
    (listed,) = (row for row in api.items("/tokens?limit=1") if row["name"] == name)
    assert ({"token"}, True) == (set(made) - set(listed), listed["lastUsed"] is not None)
    assert "registered already" not in api.post("/tokens", 409, body)["detail"]
    api.ask("DELETE", f"/tokens/{name}", 204)
    api.ask("DELETE", f"/tokens/{name}", 409)
    api.ask("DELETE", "/tokens/nobody's", 404)
    assert 401 == api.client.get(f"{ROOT}/whoami", headers={"Authorization": f"Bearer {made['token']}"}).status_code
    told = api.items(f"/audit?subject=token%20{name}")
    assert ["revoke", "create"] == [row["what"] for row in told]
    assert made["token"].rpartition("_")[2] not in str(told)


def test_a_token_that_could_do_nothing_is_refused(api: Api) -> None:
    """Unknown scopes and charge points, and a time that has passed, are a 422 with a pointer."""
    body = {"name": "x", "scope": "read"}
    for wrong, pointer in (
        ({"scope": "all"}, "#/scope"),
        ({"chargePoints": ["nobody"]}, "#/chargePoints/0"),
        ({"chargePoints": []}, "#/chargePoints"),
        ({"expires": "2024-01-31T12:00:00Z"}, "#/expires"),
        ({"name": " "}, "#/name"),
        ({"name": "x" * 65}, "#/name"),
    ):
        errors = api.post("/tokens", 422, {**body, **wrong})["errors"]
        assert [pointer] == [error["pointer"] for error in errors], wrong


def test_the_audit_is_found_by_who_what_and_when(api: Api) -> None:
    """Who did it, of what, and in which time; newest first."""
    since = format_time(api.gateway.clock())
    identity = api.new()
    api.ask("PATCH", f"/charge-points/{identity}", json={"status": "Rejected"}, headers={"If-Match": "*"})
    me = api.get("/whoami")["name"]
    rows = api.items(f"/audit?since={since}&subject=charge-point%20{identity}&limit=1")
    assert [("change", f"token:{me}", {"status": "Rejected"}), ("register", "cli:tests", None)] == [
        (row["what"], row["who"], row["after"] if row["what"] == "change" else None) for row in rows
    ]
    assert 1 == len(api.items(f"/audit?since={since}&who=token:{me}&subject=charge-point%20{identity}"))
    assert [] == api.items(f"/audit?until={since}&subject=charge-point%20{identity}")


def test_pages_have_no_row_twice_and_none_missing_while_others_write(api: Api) -> None:
    """Rows that were there when the reading began come exactly once, whatever comes and goes meanwhile."""
    prefix = f"{api.new()}-"
    there = {api.new(prefix) for _ in range(20)}
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            api.gateway.desk("cli:tests").register(f"{api.new(prefix)}-new")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            seen = [row["chargeBoxIdentity"] for row in api.items(f"/charge-points?prefix={prefix}&limit=3")]
            assert (sorted(set(seen)), there - set(seen)) == (seen, set())
    finally:
        stop.set()
        writer.join()
