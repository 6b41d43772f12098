"""Attacks by what a message holds and says of itself: nothing that it names is read, called, believed or forged."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree
from werkzeug.test import Client

from ocpp_soap import bootstrap
from ocpp_soap.central.callback import CallbackRules
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade
from tests.integration.soap_client.stations import Station, confirmation
from tests.integration.soap_client.stations import answer as confirm

from .attacks import documents
from .bad_messages import HEARTBEAT, http, say
from .gateway import running
from .stations import WSA, Central, content, header, schema
from .wire import post, talk

SECRETS = re.compile(rb"root:|/bin/|Traceback|site-packages|SELECT |sqlalchemy|psycopg", re.I)
LIAR = "203.0.113.9"


class Trap:
    """A server that nobody should call: it counts who does."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("0.0.0.0", 0))
        self._listener.settimeout(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/trap"

    @property
    def calls(self) -> int:
        """How many have called since it was last asked."""
        found = 0
        while True:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return found
            found += 1

    def close(self) -> None:
        """Stops listening."""
        self._listener.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A server that nobody should call."""
    made = Trap()
    yield made
    made.close()


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    """A gateway as in production, but that it accepts every station; it logs all and trusts a proxy elsewhere."""
    folder = tmp_path_factory.mktemp("production")
    settings = {"ENVIRONMENT": "production", "LOG_LEVEL": "debug", "TRUSTED_PROXIES": "10.9.8.7"}
    with running(folder, f"sqlite:///{folder / 'test.db'}", **settings) as gateway:
        central = Central(gateway)
        yield central
        central.inside.store.close()


def test_no_document_reads_a_file_or_calls_anybody(production: Central, trap: Trap) -> None:
    """Entities, document types, XInclude, style sheets and schema locations are refused, or are nothing but text."""
    answers = {}
    for name, (body, status) in documents(trap.url).items():
        answers[name] = answer = post(production.gateway.url, body)
        assert (name, status) == (name, answer.status)
        assert not SECRETS.search(answer.body), name
        if status == 200:
            schema("central_system").assertValid(content(answer.body))
    assert 0 == trap.calls
    with production.inside.store.reading() as work:
        kept_data = [row["data"] for row in work.charge_points.data(production.registered("CP1").id)]
        kept = [str(row.flags).encode() for row in work.journal.list("CP1", 100)]
    assert [True, True] == ["i:include" in data for data in kept_data]
    assert [] == [flags for flags in kept if SECRETS.search(flags)]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/",
        "http://127.0.0.2:{port}/",
        "http://127.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.0.0.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://0:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::1]:{port}/",
        "http://[0:0:0:0:0:ffff:7f00:1]:{port}/",
        "http://localhost:{port}/",
        "http://LOCALHOST.:{port}/",
        "http://10.0.0.1@127.0.0.2:{port}/",
        "http://127.0.0.2:{port}#@10.0.0.1/",
        "http://10.0.0.1\\@127.0.0.2:{port}/",
        "http://:{port}/",
        "127.0.0.2:{port}",
        "http://169.254.169.254/latest/meta-data/",
        "gopher://127.0.0.2:{port}/_x",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("block", ["From", "ReplyTo", "FaultTo"])
def test_no_station_leads_us_to_this_machine(production: Central, trap: Trap, address: str, block: str) -> None:
    """However it spells the address: it is answered on its own connection, and called at no refused one."""
    identity = f"SSRF-{block}-{address}"
    message = say("Heartbeat", {}, identity=identity, **{block: address.format(port=trap.port)})
    assert 200 == talk(production.gateway.url, message).status
    sent = production.send(identity, "ClearCache", {})
    assert ("not_transmitted", 0) == (sent["outcome"], trap.calls), sent
    if block != "From":
        assert production.registered(identity).callback_url is None


@contextmanager
def inside(tmp_path: Path, **settings: Any) -> Iterator[bootstrap.Gateway]:
    """A gateway in this process, so that a test can be its name server."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    upgrade(url)
    gateway = bootstrap.Gateway(Settings(database_url=url, unknown_charge_points="accept", **settings))
    yield gateway
    gateway.store.close()


def tell(gateway: bootstrap.Gateway, address: str) -> None:
    """CP1 says that it is called there."""
    message = body_of(say("Heartbeat", {}, From=address))
    peer = {"REMOTE_ADDR": "127.0.0.1"}
    assert 200 == Client(gateway.application).post("/ocpp", data=message, environ_base=peer).status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1", "fe80::1"])
def test_a_name_is_judged_by_where_it_leads_when_it_is_called(
    tmp_path: Path, trap: Trap, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A name that was harmless when the station told it leads to a refused network at call time: nothing is sent."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port, 0, 0) if ":" in address else (address, port))]

    with inside(tmp_path) as gateway:
        tell(gateway, f"http://cp.example:{trap.port}/")
        assert [] == asked
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        command = gateway.commands.send("CP1", "ClearCache", {})
    assert (["cp.example"], 0) == (asked, trap.calls)
    assert "not_transmitted" == command.state
    assert "this address may not be called" in str(command.error)


def test_a_name_that_changes_its_mind_is_called_where_it_was_judged(
    tmp_path: Path, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first answer of the name server counts: a second one can't lead to another address."""
    places = ["127.0.0.3", "127.0.0.1"]

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (places.pop(0), port))]

    allowed = CallbackRules.parse("127.0.0.3/32")
    with inside(tmp_path, callback_allow=allowed, read_timeout=2) as gateway:
        tell(gateway, f"http://cp.example:{trap.port}/")
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        command = gateway.commands.send("CP1", "ClearCache", {})
    assert (["127.0.0.1"], "uncertain", 1) == (places, command.state, trap.calls)


def body_of(request: bytes) -> bytes:
    """The message in an HTTP request."""
    return request.partition(b"\r\n\r\n")[2]


def from_of(message: bytes) -> str | None:
    """The address in wsa:From."""
    return etree.fromstring(message).findtext(f".//{WSA}From/{WSA}Address")


INJECTIONS = ("1\r\nX-Injected:1\r\n\r\n<html>", "1%0d%0aX-Injected:1", "1\nX-Injected:1", "1\u2028X-Injected:1")


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_of_a_message_gets_into_a_header_of_its_answer(production: Central, text: str) -> None:
    """MessageID comes back in XML, everything else not at all; the HTTP header holds what we put there."""
    for block in ("MessageID", "From", "ReplyTo", "FaultTo", "To", "Action", "RelatesTo"):
        answer = talk(production.gateway.url, say("Heartbeat", {}, identity="INJECT", **{block: text}))
        assert 200 == answer.status
        assert {"server", "date", "connection", "content-type", "content-length"} == set(answer.headers)
        assert (text if block == "MessageID" else "urn:uuid:1") == header(answer.body, "RelatesTo")


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_of_an_address_gets_into_a_header_of_a_call(tmp_path: Path, text: str) -> None:
    """What a station says of itself stays in the path of our requests, encoded, or is no address at all."""
    station = Station()
    with inside(tmp_path, environment="development") as gateway:
        station.act = confirm(confirmation(gateway.catalog.newest.charge_point, "ClearCache"))
        tell(gateway, station.url + text)
        command = gateway.commands.send("CP1", "ClearCache", {})
    station.close()
    if re.search("[\r\n]", text):
        assert ("not_transmitted", []) == (command.state, station.requests)
    else:
        [request] = station.requests
        assert ("answered", f"POST /station{quote(text, safe='%:')} HTTP/1.1") == (command.state, request.line)
        assert "X-Injected" not in dict(request.headers)


FORGED = {
    "X-Forwarded-For": LIAR,
    "X_Forwarded_For": LIAR,
    "Forwarded": f"for={LIAR};host=evil.example;proto=https",
    "X-Real-IP": LIAR,
    "X-Client-IP": LIAR,
    "True-Client-IP": LIAR,
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/ocpp/EVIL",
    "X-Rewrite-URL": "/ocpp/EVIL",
    "X-HTTP-Method-Override": "DELETE",
    "SCRIPT_NAME": "/ocpp",
    "PATH_INFO": "/ocpp/EVIL",
    "REMOTE_ADDR": LIAR,
    "Host": "evil.example",
}


@pytest.mark.parametrize("name", FORGED)
def test_what_only_a_proxy_may_say_is_not_believed(production: Central, name: str) -> None:
    """The peer is whoever connects, and path, method and our own address stay what they are."""
    identity = f"FORGED-{name}"
    message = say("Heartbeat", {}, identity=identity, From="http://:8082/")
    head = [
        line for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith(f"{name}:".encode())
    ]
    forged = b"\r\n".join([*head, f"{name}: {FORGED[name]}".encode(), b"", body_of(message)])
    answer = talk(production.gateway.url, forged)
    assert (200, False) == (answer.status, b"evil" in answer.body.lower())
    [row] = production.journal(identity, "in")
    assert ("127.0.0.1", production.gateway.url) == (row.peer, from_of(answer.body))
    assert "http://127.0.0.1:8082/" == production.registered(identity).callback_url


def test_no_line_of_the_log_is_anybody_else_s(production: Central) -> None:
    """Line breaks and terminal codes in path, query, method, headers and message do not reach the log as such."""
    forged = "2024-01-31T12:00:00.000Z [1] error all is lost"
    quoted = quote(f"\n{forged}\r\x1b[2K\x9b\u2028\u202e")
    hostile = HEARTBEAT.replace(b"CP1", f"CP&#10;{forged}&#x9b;31m".encode())
    requests = [
        http(HEARTBEAT, path=f"/{quoted}"),
        http(HEARTBEAT, path=f"/ocpp/{quoted}"),
        http(HEARTBEAT, path=f"/ocpp?{quoted}"),
        http(b"", path=f"/{quoted}", method="GET"),
        http(HEARTBEAT, method="BREW\x1b[2K"),
        http(HEARTBEAT, X_Odd=f"a\r\n {forged}"),
        http(HEARTBEAT, X_Odd=f"a\x0b{forged}\x1b[2K\x9b"),
        http(HEARTBEAT, Content_Type=f"text/xml; charset=\x1b[2K\x85{forged}"),
        http(HEARTBEAT, Content_Length=f"1\x0b{forged}"),
        f"\x1b[2K{forged}\r\n\r\n".encode(),
        http(hostile),
        http(HEARTBEAT.replace(b"heartbeatRequest", f"a&#10;{forged}".encode())),
        say("Authorize", {"idTag": f"\n{forged}"}, MessageID=f"\n{forged}", From=f"http://h/\n{forged}"),
    ]
    for request in requests:
        assert talk(production.gateway.url, request).status in (200, 400, 404, 405)
    lines = production.gateway.log().split("\n")
    begins = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z \[\d+\] (debug|info|warning) |    ")
    start = next(number for number, line in enumerate(lines) if "Starting gunicorn" in line)
    assert [] == [line for line in lines[start:-1] if not begins.match(line) or not line.isprintable()]
    assert [] == [line for line in lines if line.startswith(forged[:20])]
