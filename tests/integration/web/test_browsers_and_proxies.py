"""The web API below a path of a proxy, for pages of another origin, and with the proxy's id of a request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.logs import LineFormatter
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade

from .conftest import ROOT, Api

DASHBOARD = "https://dash.example"
PREFIX = {"X-Forwarded-Prefix": "/csms/"}
PROXY = {"REMOTE_ADDR": "127.0.0.1"}
REQUEST_ID = "req-7f31c0de"
HEARTBEAT = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header><c:chargeBoxIdentity '
    'xmlns:c="urn://Ocpp/Cs/2015/10/">%s</c:chargeBoxIdentity></e:Header>'
    '<e:Body><heartbeatRequest xmlns="urn://Ocpp/Cs/2015/10/"/></e:Body></e:Envelope>'
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A gateway behind a trusted proxy, whose API pages of one other origin may use."""
    url = f"sqlite:///{tmp_path_factory.mktemp('proxied') / 'gateway.db'}"
    given = {"DATABASE_URL": url, "TRUSTED_PROXIES": "127.0.0.1", "CORS_ORIGINS": f"{DASHBOARD},http://localhost:3000"}
    gateway = Gateway(Settings.from_environment({f"OCPP_SOAP_{name}": value for name, value in given.items()}))
    upgrade(gateway.store)
    client = Client(gateway.application)
    # What flask-cors adds is not part of the document.
    opened = Api(gateway, client, client.get(f"{ROOT}/openapi.json").json).as_("admin")  # type: ignore[arg-type]
    for _ in range(2):  # a first page of one has a next one
        opened.new()
    yield opened
    gateway.store.close()


def test_a_page_of_an_allowed_origin_may_use_the_api(api: Api) -> None:
    """A browser asks first, without a token; the answers let the page read what it needs."""
    asks = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, if-match"}
    first = api.client.options(f"{ROOT}/charge-points/CP1", headers={"Origin": DASHBOARD, **asks})
    assert (200, DASHBOARD) == (first.status_code, first.headers["Access-Control-Allow-Origin"])
    assert "PATCH" in first.headers["Access-Control-Allow-Methods"]
    assert {"authorization", "if-match"} <= set(first.headers["Access-Control-Allow-Headers"].lower().split(", "))
    for status, path in ((200, "/charge-points"), (404, "/charge-points/nobody"), (422, "/charge-points?limit=x")):
        then = api.ask("GET", path, status, headers={"Origin": DASHBOARD})
        assert DASHBOARD == then.headers["Access-Control-Allow-Origin"]
        assert {"ETag", "Link", "Location"} <= set(then.headers["Access-Control-Expose-Headers"].split(", "))
        assert "Access-Control-Allow-Credentials" not in then.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "https://dash.example.evil.example", "null", "x" * 9000])
def test_a_page_of_any_other_origin_may_not(api: Api, origin: str) -> None:
    """Nothing in the answer lets its browser show it what came."""
    for method in ("GET", "OPTIONS"):
        answer = api.client.open(f"{ROOT}/charge-points", method=method, headers={"Origin": origin})
        assert [] == [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_below_a_path_everything_leads_back_through_the_proxy(api: Api) -> None:
    """Location, Link, the document and the page, whose links hold with any prefix."""
    identity = api.new()
    link = api.ask("GET", "/charge-points?limit=1", headers=PREFIX, environ_base=PROXY).headers["Link"]
    assert link.startswith(f"</csms{ROOT}/charge-points?limit=1&cursor=")
    made = api.ask(
        "POST", f"/charge-points/{identity}/commands/ClearCache", 202, json={}, headers=PREFIX, environ_base=PROXY
    )
    assert made.headers["Location"].startswith(f"/csms{ROOT}/commands/")
    document = api.client.get(f"{ROOT}/openapi.json", headers=PREFIX, environ_base=PROXY).json
    assert [{"url": "/csms"}] == document["servers"]  # type: ignore[index]
    for path, links in ((f"{ROOT}/", ""), (ROOT, "v1/")):
        page = api.client.get(path).get_data(as_text=True)
        assert f'href="{links}openapi.json"' in page
        assert f'href="{links}static/api.css"' in page
        assert 'href="/' not in page
    assert 'href="/' not in api.client.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a//b", "/..", "/a/../b", "https://evil.example", "/\\evil", "/a b", "/" + "a" * 300]
)
def test_a_prefix_that_leads_elsewhere_is_not_taken(api: Api, prefix: str) -> None:
    """No Location of another host can be made with it."""
    link = api.ask("GET", "/charge-points?limit=1", headers={"X-Forwarded-Prefix": prefix}, environ_base=PROXY).headers[
        "Link"
    ]
    assert link.startswith(f"<{ROOT}/")


def test_only_a_trusted_proxy_says_what_the_prefix_is(api: Api) -> None:
    """From anywhere else the header changes nothing."""
    elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
    answer = api.ask("GET", "/charge-points?limit=1", headers=PREFIX, environ_base=elsewhere)
    assert answer.headers["Link"].startswith(f"<{ROOT}/")


def test_the_id_of_a_request_is_in_answer_log_journal_and_audit(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """One request can be followed from the proxy to the message of a station and back."""
    identity, known = api.new(), {"X-Request-ID": REQUEST_ID}
    caplog.handler.setFormatter(LineFormatter())
    with caplog.at_level(logging.DEBUG, "ocpp_soap.web.app"):
        answers = [
            api.client.post("/ocpp", data=HEARTBEAT % identity, headers=known),
            api.client.post("/ocpp", data="<nonsense", headers=known),
            api.ask("PUT", f"/id-tags/{identity}", 201, json={}, headers={**known, "If-None-Match": "*"}),
            api.ask("GET", "/transactions/999", 404, headers=known),
        ]
    assert [REQUEST_ID] * 4 == [answer.headers.get("X-Request-ID") for answer in answers]
    assert 4 == caplog.text.count(f"(X-Request-ID {REQUEST_ID})")
    assert [REQUEST_ID] == [row["requestId"] for row in api.items(f"/charge-points/{identity}/journal")]
    assert [REQUEST_ID] == [row["requestId"] for row in api.items(f"/audit?subject=id-tag%20{identity}")]


@pytest.mark.parametrize("name", ["a\tb", "<script>", "x" * 129, "ü", ""])
def test_an_id_that_could_do_harm_is_passed_over(api: Api, name: str) -> None:
    """It comes back nowhere, and the request is answered all the same."""
    answer = api.client.get(f"{ROOT}/charge-points", headers={"X-Request-ID": name.encode().decode("latin-1")})
    assert (401, None) == (answer.status_code, answer.headers.get("X-Request-ID"))


@pytest.mark.parametrize("origins", ["*", "https://a.example/", "dash.example", "https://", "ftp://a.example"])
def test_what_is_no_origin_is_refused(tmp_path: Path, origins: str) -> None:
    """In words, when the settings are read."""
    from ocpp_soap.errors import SettingsError

    with pytest.raises(SettingsError, match="CORS_ORIGINS: expected origins such as"):
        Settings.from_environment({"OCPP_SOAP_CORS_ORIGINS": origins})


def test_without_the_setting_no_page_of_another_origin_may(api: Api) -> None:
    """As it was."""
    closed = Gateway(replace(api.gateway.settings, cors_origins=()))
    answer = Client(closed.application).get(f"{ROOT}/charge-points", headers={"Origin": DASHBOARD})
    assert "Access-Control-Allow-Origin" not in answer.headers
    closed.store.close()
