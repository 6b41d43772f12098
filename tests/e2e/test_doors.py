"""Two doors on one store: what stations find at theirs, what people find at the other, and nothing of each other's."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.integration.messages import SOAP_TYPE

from .gateway import Gateway, free_port, running
from .test_nginx import PROXY, certificate, message, proxied

pytestmark = pytest.mark.xdist_group("nginx")

__all__ = ["certificate"]


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Gateway]]:
    """A process for stations, and one for people."""
    folder = tmp_path_factory.mktemp("doors")
    store = f"sqlite:///{folder / 'gateway.db'}"
    with (
        running(folder / "stations", store, DOORS="stations") as stations,
        running(folder / "people", store, DOORS="people", TRUSTED_PROXIES=PROXY) as people,
    ):
        yield stations, people


def ask(url: str, body: bytes | None = None, token: str = "", context: ssl.SSLContext | None = None) -> tuple[int, str]:
    """Status and text of what a URL answers."""
    named = {"Content-Type": SOAP_TYPE} if body else {}
    request = urllib.request.Request(url, body, named | ({"Authorization": f"Bearer {token}"} if token else {}))
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_each_door_has_what_is_behind_it_and_nothing_else(doors: tuple[Gateway, Gateway]) -> None:
    """A station that boots at its own is seen at the other; a message to the wrong one is told so."""
    stations, people = doors
    token = people.json("tokens", "create", "dash", "--scope", "read")["token"]
    boot = message(
        "BootNotification",
        "DOOR-1",
        "".join(f"<cs:{name}>x</cs:{name}>" for name in ("chargePointVendor", "chargePointModel")),
    )
    assert 200 == ask(stations.url, boot)[0]
    at_stations, at_people = (gateway.url.removesuffix("/ocpp") for gateway in doors)
    found = {
        path: (ask(at_stations + path)[0], ask(at_people + path)[0])
        for path in ("/", "/ocpp", "/api/v1/", "/api/v1/openapi.json", "/api/v1/charge-points", "/healthz/ready")
    }
    assert {
        "/": (404, 200),
        "/ocpp": (200, 404),
        "/api/v1/": (404, 200),
        "/api/v1/openapi.json": (404, 200),
        "/api/v1/charge-points": (404, 401),
        "/healthz/ready": (200, 200),
    } == found
    status, text = ask(people.url, boot)
    assert (404, True) == (status, text.startswith("Charge points do not call here"))
    status, text = ask(f"{at_people}/api/v1/charge-points", token=token)
    assert (200, ["DOOR-1"]) == (status, [point["chargeBoxIdentity"] for point in json.loads(text)["items"]])


def test_nginx_lets_through_whom_its_list_allows(doors: tuple[Gateway, Gateway], certificate: Path) -> None:
    """deploy/people.conf before the door for people: TLS, the list of addresses, and `%2F` as it was spelled."""
    _, people = doors
    people.run("charge-points", "add", "A/B")
    token = people.json("tokens", "create", "nginx", "--scope", "read")["token"]
    port = free_port()
    text = (PROJECT / "deploy" / "people.conf").read_text()
    for theirs, ours in (
        ("server 127.0.0.1:8181;", f"server {people.url.split('/')[2]};"),
        ("listen 443 ssl;", f"listen {PROXY}:{port} ssl;"),
        ("/etc/ssl/api.example.com.pem", str(certificate)),
        ("/etc/ssl/private/api.example.com.key", str(certificate.with_suffix(".key"))),
    ):
        assert 1 == text.count(theirs), theirs
        text = text.replace(theirs, ours)
    context = ssl.create_default_context(cafile=certificate)
    # nginx.conf writes its log as site.conf describes it.
    log = "log_format station '$remote_addr $request_method $status';\n"
    with proxied(port, log + text):
        status, shown = ask(f"https://{PROXY}:{port}/api/v1/charge-points/A%2FB", token=token, context=context)
        assert (200, "A/B") == (status, json.loads(shown)["chargeBoxIdentity"])
    with proxied(port, log + text.replace("allow 127.0.0.1;", "")):
        assert 403 == ask(f"https://{PROXY}:{port}/api/v1/charge-points", token=token, context=context)[0]
