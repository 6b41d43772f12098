"""Stations whose URL is not quite right, or is for another protocol: what can be served is, and the rest is seen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count

import pytest
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.logs import Seldom
from ocpp_soap.settings import Settings
from ocpp_soap.soap import server
from ocpp_soap.store.schema import upgrade

from .test_browsers_and_proxies import HEARTBEAT

NUMBERS = count(1)
WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Protocol": "ocpp1.6"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that keeps unknown charge points pending."""
    url = f"sqlite:///{tmp_path_factory.mktemp('wrong') / 'gateway.db'}"
    opened = Gateway(Settings.from_environment({"OCPP_SOAP_DATABASE_URL": url}))
    upgrade(opened.store)
    yield opened
    opened.store.close()


@pytest.fixture
def client(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Client:
    """What calls it; no line of the log was written yet."""
    monkeypatch.setattr(server, "MISPLACED", Seldom())
    return Client(gateway.application)


@pytest.fixture
def identity(gateway: Gateway) -> str:
    """A registered charge point."""
    name = f"CP{next(NUMBERS)}"
    gateway.desk("cli:tests").register(name)
    return name


def journal(gateway: Gateway, identity: str) -> list[tuple[str | None, str, list[str]]]:
    """Operation, outcome and quirks of what the charge point sent."""
    with gateway.store.reading() as work:
        return [
            (row.operation, row.outcome, [str(flag.get("quirk")) for flag in row.flags])
            for row in work.journal.list(identity)
        ]


@pytest.mark.parametrize("path", ["/ocpp//{}", "/ocpp///{}/", "//ocpp/{}", "///ocpp", "/ocpp//", "/ocpp/{}//"])
def test_any_number_of_slashes_leads_to_the_endpoint(
    gateway: Gateway, client: Client, identity: str, path: str
) -> None:
    """With or without the identity behind it; flagged."""
    # As its own part of the environ: two slashes at the beginning of a URL would name a host.
    place = {"PATH_INFO": path.format(identity)}
    answer = client.post("/", data=HEARTBEAT % identity, environ_overrides=place)
    assert 200 == answer.status_code, answer.get_data(as_text=True)
    ((operation, outcome, quirks),) = journal(gateway, identity)
    assert ("Heartbeat", "answered", True) == (operation, outcome, "path-slashes" in quirks)


@pytest.mark.parametrize("path", ["/ocpp/a/b/c", "/steve/services/CentralSystemService", "/"])
def test_a_path_where_nothing_is_is_named_and_journalled(
    gateway: Gateway, client: Client, identity: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Under the identity of the message's header, so that the operator finds it; a secret is not in the log."""
    answer = client.post(path, data=HEARTBEAT % identity, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert (404, [(None, "ProtocolError")]) == (answer.status_code, [row[:2] for row in journal(gateway, identity)])
    (line,) = [row.getMessage() for row in caplog.records if row.levelno >= logging.WARNING]
    assert "a message from 192.0.2.7 for the path " in line
    assert "/c'" not in line


def test_a_station_that_wants_a_websocket_is_seen(
    gateway: Gateway, client: Client, identity: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of the log, a row of its journal, and an unregistered one in the list of those that wait."""
    stranger = f"WS{next(NUMBERS)}"
    for name in (identity, identity, stranger):
        answer = client.get(f"/ocpp/{name}", headers=WEBSOCKET, environ_base={"REMOTE_ADDR": "192.0.2.8"})
        assert (400, True) == (answer.status_code, "there is no WebSocket here" in answer.get_data(as_text=True))
    lines = [row.getMessage() for row in caplog.records if "WebSocket" in row.getMessage()]
    assert [repr(identity), repr(stranger)] == [line.split(" from 192.0.2.8 ")[0] for line in lines]
    assert all("ocpp1.6" in line for line in lines)
    assert [("WebSocket ocpp1.6", "ProtocolError", [])] * 2 == journal(gateway, identity)
    with gateway.store.reading() as work:
        unknown = work.charge_points.find_unknown(stranger)
    assert unknown is not None
    assert ("WebSocket ocpp1.6", "192.0.2.8") == (unknown.operation, unknown.peer)


def test_a_body_that_is_no_soap_is_seen_too(gateway: Gateway, client: Client) -> None:
    """Whoever speaks JSON to the address with its identity behind it stands in the list of those that wait."""
    stranger = f"JSON{next(NUMBERS)}"
    answer = client.post(f"/ocpp/{stranger}", data='[2,"1","Heartbeat",{}]')
    with gateway.store.reading() as work:
        unknown = work.charge_points.find_unknown(stranger)
    assert (400, True) == (answer.status_code, unknown is not None)
