"""Bytes that no station should send, over raw sockets: each gets its answer, on both databases the same, no secret."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from ocpp_soap.central.records import Exchange
from ocpp_soap.protocol.schema import ComplexType, SimpleType
from ocpp_soap.store.work import SqlStore, open_store
from tests.integration.messages import SOAP_TYPE, content, envelope, operations, schema

from .bad_messages import BOOT, HEARTBEAT, HOSTILE, MAX_BODY, STATUS, TIME, Case, cases, http, say
from .gateway import Gateway, running
from .wire import Answer, fresh_database, post, talk

SECRETS = re.compile(
    rb"Traceback|File \"|\.py\b|site-packages|SELECT |INSERT |sqlite|psycopg|sqlalchemy|spyne|root:|/work|/tmp", re.I
)


class Outcome(NamedTuple):
    """What came of a case on one database: the answer, and the journal's new rows."""

    answer: Answer
    rows: list[Exchange]

    @property
    def subcode(self) -> str:
        """The subcode of the fault."""
        found = re.search(rb"<soap:Subcode><soap:Value>\w+:(\w+)<", self.answer.body)
        return found[1].decode() if found else ""

    @property
    def comparable(self) -> tuple[int, bytes, list[Any]]:
        """Everything that does not differ from one run to the next."""
        body = re.sub(rb"urn:uuid:[^<]*|http://127[^<]*|currentTime>[^<]*|transactionId>[^<]*", b"", self.answer.body)
        return self.answer.status, body, [(row.operation, row.identity, row.outcome, row.flags) for row in self.rows]


def newest(store: SqlStore) -> int:
    """The number of the journal's newest row."""
    with store.reading() as work:
        return max((row.id or 0 for row in work.journal.list(limit=1)), default=0)


def try_all(gateway: Gateway, store: SqlStore) -> dict[str, Outcome]:
    """Sends every case to a gateway, one after another."""
    post(gateway.url, envelope("BootNotification", "CP1", BOOT))
    outcomes = {}
    for name, case in cases().items():
        seen = newest(store)
        answer = talk(gateway.url, case.request, half_close=name == "truncated")
        with store.reading() as work:
            rows = [row for row in work.journal.list(limit=5) if (row.id or 0) > seen]
        outcomes[name] = Outcome(answer, rows)
    return outcomes


@pytest.fixture(scope="module")
def gateways(
    postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Gateway, SqlStore]]]:
    """A gateway on each database, with its store."""
    folder = tmp_path_factory.mktemp("bad")
    with ExitStack() as stack:
        found = {}
        for kind in ("sqlite", "postgresql"):
            url = fresh_database(kind, postgresql_url, folder, "bad_input")
            gateway = stack.enter_context(running(folder / kind, url, MAX_BODY=str(MAX_BODY)))
            store = open_store(url)
            stack.callback(store.close)
            found[kind] = (gateway, store)
        yield found


@pytest.fixture(scope="module")
def outcomes(gateways: dict[str, tuple[Gateway, SqlStore]]) -> dict[str, dict[str, Outcome]]:
    """What came of each case on each database."""
    return {name: try_all(*gateway) for name, gateway in gateways.items()}


@pytest.mark.parametrize("case", cases().values(), ids=lambda case: case.name)
def test_bad_input_gets_its_answer(case: Case, outcomes: dict[str, dict[str, Outcome]]) -> None:
    """The answer is the expected one, the journal has it, and PostgreSQL says what SQLite says."""
    outcome = outcomes["sqlite"][case.name]
    assert (case.status, case.subcode) == (outcome.answer.status, outcome.subcode), outcome.answer.body
    if case.status == 200:
        schema().assertValid(content(outcome.answer.body))
    else:
        assert b":Fault>" in outcome.answer.body
        assert outcome.answer.headers["content-type"].split(";")[0] in (SOAP_TYPE.split(";")[0], "text/xml")
    assert ("GET, HEAD, POST" if case.status == 405 else None) == outcome.answer.headers.get("allow")
    said = {200: "answered"}.get(case.status, case.subcode or "VersionMismatch")
    assert [said] * case.journaled == [row.outcome for row in outcome.rows]
    assert outcome.comparable == outcomes["postgresql"][case.name].comparable


def test_no_answer_tells_what_is_inside(outcomes: dict[str, dict[str, Outcome]]) -> None:
    """No stack trace, SQL, path or library's name is in any answer, and nothing of a message gets into HTTP headers."""
    answers = [outcome.answer for tried in outcomes.values() for outcome in tried.values()]
    assert [] == [found for answer in answers for found in SECRETS.findall(answer.body)]
    known = {"server", "date", "connection", "content-type", "content-length", "allow"}
    assert set() == {name for answer in answers for name in answer.headers} - known


def test_nothing_of_it_was_a_surprise(
    outcomes: dict[str, dict[str, Outcome]], gateways: dict[str, tuple[Gateway, SqlStore]]
) -> None:
    """After all of that the gateways live, answer, and have logged no exception."""
    for name, (gateway, _) in gateways.items():
        with urllib.request.urlopen(gateway.url.replace("/ocpp", "/healthz/ready"), timeout=30) as response:
            assert 200 == response.status
        assert 200 == post(gateway.url, HEARTBEAT).status
        assert "Traceback" not in gateway.log(), name


def test_requests_that_are_no_http_get_an_answer_too(gateways: dict[str, tuple[Gateway, SqlStore]]) -> None:
    """What gunicorn itself refuses is answered with a status of the 400s and without details."""
    gateway, _ = gateways["sqlite"]
    requests = [
        b"GARBAGE\r\n\r\n",
        http(HEARTBEAT, Content_Length="abc"),
        http(HEARTBEAT, Content_Length="-1"),
        http(HEARTBEAT, Transfer_Encoding="chunked"),
        http(HEARTBEAT, Transfer_Encoding="bogus", Content_Length=""),
        http(HEARTBEAT, path="/" + "a" * 9000),
        http(HEARTBEAT, X_Long="a" * 40_000),
    ]
    for request in requests:
        answer = talk(gateway.url, request)
        assert 400 <= answer.status < 502
        assert not SECRETS.search(answer.body), answer.body


def hostile(type_: ComplexType) -> dict[str, Any]:
    """Fields of a type with the hostile text wherever text is allowed."""
    said: dict[str, Any] = {}
    for field in type_.fields:
        plain = {"int": 1, "dateTime": TIME}
        type_of = field.type
        value = plain.get(type_of.base, HOSTILE) if isinstance(type_of, SimpleType) else hostile(type_of)
        said[field.name] = [value] if field.many else value
    return said


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_hostile_text_is_text(database: str, gateways: dict[str, tuple[Gateway, SqlStore]]) -> None:
    """HTML, SQL and terminal codes in every text field are stored literally, and shown so that they do nothing."""
    gateway, store = gateways[database]
    for name, operation in operations().items():
        assert 200 == talk(gateway.url, say(name, hostile(operation.input.type), identity="HOSTILE")).status, name
    with store.reading() as work:
        point = work.charge_points.find("HOSTILE")
        assert point is not None
        assert {HOSTILE} == set(point.boot.values())
        assert 9 == len(point.boot)
        (state,) = work.charge_points.connectors(point.id)
        words = ("status", "errorCode", "info", "vendorId", "vendorErrorCode")
        assert {HOSTILE} == {state[word] for word in words}
        (data,) = work.charge_points.data(point.id)
        assert [HOSTILE] * 3 == [data["vendorId"], data["messageId"], data["data"]]
        assert (HOSTILE, HOSTILE) == (point.firmware_status, point.diagnostics_status)
        (transaction,) = work.transactions.list("HOSTILE")
        assert HOSTILE == transaction.id_tag
        assert HOSTILE in [row["idTag"] for row in work.tags.unknown()]
    fault = talk(gateway.url, say("StatusNotification", {**STATUS, "connectorId": HOSTILE}, identity="HOSTILE"))
    assert (400, True, False) == (fault.status, b"&lt;script&gt;" in fault.body, b"<script>" in fault.body)


def test_hostile_text_does_not_steer_a_terminal(gateways: dict[str, tuple[Gateway, SqlStore]]) -> None:
    """What a station says of itself is shown with its letters, and without what a terminal obeys."""
    gateway, _ = gateways["sqlite"]
    talk(gateway.url, say("BootNotification", dict.fromkeys(BOOT, HOSTILE), identity="SHOWN"))
    talk(gateway.url, say("Authorize", {"idTag": HOSTILE}, identity="SHOWN"))
    for words in (["charge-points", "show", "SHOWN"], ["tags", "list", "--unknown"]):
        shown = gateway.run(*words).stdout
        assert "<script>" in shown
        assert not {"\u009b", "\u202e"} & set(shown)


@contextmanager
def gone(database_url: str) -> Iterator[None]:
    """While it lasts nobody can open the database: its file, or the server's socket, is somewhere else."""
    if database_url.startswith("sqlite:///"):
        place = Path(database_url.removeprefix("sqlite:///")).parent
    else:
        (host,) = parse_qs(urlsplit(database_url).query)["host"]
        place = Path(host) / ".s.PGSQL.5432"
        with psycopg.connect(database_url, autocommit=True) as connection:
            place.rename(place.with_suffix(".away"))
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    if place.exists():
        place.rename(place.with_suffix(".away"))
    try:
        yield
    finally:
        place.with_suffix(".away").rename(place)


def test_a_database_that_goes_and_comes_back(database_url: str, tmp_path: Path) -> None:
    """Without its database the gateway answers InternalError and no more; when it is back, so is the gateway."""
    if database_url.startswith("sqlite"):
        (tmp_path / "data").mkdir()
        database_url = f"sqlite:///{tmp_path / 'data' / 'test.db'}"
    with running(tmp_path / "gateway", database_url, WORKERS="1") as gateway:
        if not database_url.startswith("sqlite"):  # SQLite's files stay open, wherever they are moved
            assert 200 == post(gateway.url, HEARTBEAT).status
        with gone(database_url):
            answers = [post(gateway.url, HEARTBEAT) for _ in range(3)]
            health = talk(gateway.url, http(b"", method="GET", path="/healthz/live"))
        for answer in answers:
            assert (500, True) == (answer.status, b":InternalError<" in answer.body)
            assert not SECRETS.search(answer.body), answer.body
        assert 200 == health.status
        assert 200 == post(gateway.url, HEARTBEAT).status
        assert 200 == talk(gateway.url, http(b"", method="GET", path="/healthz/ready")).status


def test_senders_that_fall_silent_keep_nobody_else_waiting(tmp_path: Path) -> None:
    """Stations that lose their power in the middle of a message do not occupy the gateway's threads for ever."""
    few = {"WORKERS": "1", "THREADS": "2", "READ_TIMEOUT": "0.5"}
    with running(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", **few) as gateway, ExitStack() as stack:
        parts = urlsplit(gateway.url)
        for _ in range(4):
            silent = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
            silent.sendall(http(HEARTBEAT)[:-50])
        for _ in range(2):
            silent = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
            silent.sendall(b"POST /ocpp HTTP/1.1\r\nHost:")
        assert 200 == post(gateway.url, HEARTBEAT).status
