"""Secrets in commands are for operators, and for no longer than the command lives."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ocpp_soap.central.confidential import HIDDEN
from ocpp_soap.central.records import Exchange

from .conftest import Api

pytestmark = pytest.mark.xdist_group("web")

KEY, PASSWORD = "SuperSecret1", "FtpPassw0rd"
SETTING = {"key": "AuthorizationKey", "value": KEY}
PLACE = {"location": f"ftp://user:{PASSWORD}@files.example/x"}
NOW = datetime(2024, 1, 31, 12, tzinfo=UTC)


def test_secrets_of_commands_are_shown_to_operators_until_they_end(api: Api) -> None:
    """Lists have none, nor has a token of scope read; what has ended has none in the store either."""
    identity = api.new()
    reader, operator = api.as_("read", identity), api.as_("operate", identity)
    path = f"/charge-points/{identity}/commands"
    sent = [
        operator.post(f"{path}/ChangeConfiguration?when=next-contact", 202, SETTING),
        operator.post(f"{path}/GetDiagnostics?when=next-contact", 202, PLACE),
    ]
    for own, secret in zip(sent, (KEY, PASSWORD), strict=True):
        one = f"/commands/{own['commandId']}"
        assert secret in str(own["request"])
        assert secret in str(operator.get(one)["request"])
        assert secret not in str(reader.get(one))
    lists = [operator.items(path), operator.items("/commands"), operator.get(f"/charge-points/{identity}")["commands"]]
    assert not any(secret in json.dumps(lists) for secret in (KEY, PASSWORD))
    for own in sent:
        operator.post(f"/commands/{own['commandId']}/cancel", 200)
    with api.gateway.store.reading() as work:
        kept = [work.commands.find(own["commandId"]) for own in sent]
    expected = [{**SETTING, "value": HIDDEN}, {"location": "ftp://***@files.example/x"}]
    assert expected == [one and one.request for one in kept]


def test_a_batch_keeps_no_secret(api: Api) -> None:
    """Its commands have it while they are queued, the batch never."""
    identity = api.new()
    many = {"operation": "ChangeConfiguration", "payload": SETTING, "chargePoints": {"prefix": identity}}
    batch = api.post("/commands", 202, {**many, "when": "next-contact"})
    assert HIDDEN == batch["request"]["value"]
    with api.gateway.store.reading() as work:
        kept = work.batches.find(batch["batchId"])
        queued = work.commands.list(identity)
    assert (HIDDEN, KEY) == (kept and kept.request["value"], queued[0].request["value"])
    api.post(f"/batches/{batch['batchId']}/cancel", 200)
    with api.gateway.store.reading() as work:
        assert HIDDEN == work.commands.list(identity)[0].request["value"]


def test_the_journal_shows_no_secret_of_our_calls_to_readers(api: Api) -> None:
    """Keys, values and addresses are taken out of calls to stations; what can't be read is hidden as a whole."""
    identity = api.new()
    body = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>{}</s:Body></s:Envelope>"
    told = "<c:{0} xmlns:c='urn://Ocpp/Cp/2012/06/'>{1}</c:{0}>"
    setting = f"<c:key>AuthorizationKey</c:key><c:value>{KEY}</c:value>"
    place = f"<c:location>{PLACE['location']}</c:location>"
    calls = [("ChangeConfiguration", body.format(told.format("changeConfigurationRequest", setting)))]
    calls += [("GetDiagnostics", body.format(told.format("getDiagnosticsRequest", place)))]
    calls += [("GetConfiguration", f"<{KEY}")]
    with api.gateway.store.writing() as work:
        for operation, message in calls:
            row = Exchange(NOW, "out", identity, operation, "1.5", None, 0.1, "answered", message.encode(), None)
            work.journal.add(row)
    path = f"/charge-points/{identity}/journal"
    shown = api.as_("read", identity).items(path)
    assert not any(secret in json.dumps(shown) for secret in (KEY, PASSWORD))
    assert HIDDEN == shown[0]["request"]
    assert "ftp://***@files.example/x" in shown[1]["request"]
    assert "AuthorizationKey" in shown[2]["request"]
    plain = json.dumps(api.as_("operate", identity).items(path))
    assert all(secret in plain for secret in (KEY, PASSWORD))


def test_an_export_of_id_tags_is_in_the_audit(api: Api) -> None:
    """One row for all of it, whoever takes it."""
    reader = api.as_("read")
    reader.ask("GET", "/id-tags.csv")
    name = reader.get("/whoami")["name"]
    told = api.items(f"/audit?who=token:{name}")
    assert [("export", "id-tags", None, None)] == [
        (row["what"], row["subject"], row["before"], row["after"]) for row in told
    ]
