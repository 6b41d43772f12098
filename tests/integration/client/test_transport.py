"""The client and a server that fails in every way: what is repeated, how long it takes, where the token goes."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ocpp_soap.client import (
    BadAnswer,
    Changed,
    Conflict,
    Gateway,
    IdTag,
    Invalid,
    NoAnswer,
    NotAuthenticated,
    NotFound,
    NotInTime,
    Options,
    Unavailable,
)
from tests.certificates import make, serving
from tests.conftest import PROJECT
from tests.e2e.gateway import free_port

from .scripted import Answer, Scripted, hang_up, scripted

TOKEN = "ocs_1a2b3c_topsecrettopsecrettopsecret"
ME = Answer(body={"name": "ci", "scope": "read"})
COMMAND = {
    "commandId": 7,
    "chargeBoxIdentity": "CP1",
    "operation": "Reset",
    "state": "queued",
    "created": "2024-01-31T12:00:00Z",
}
BUSY = Answer(503, {"title": "Service Unavailable", "detail": "the store is busy"}, {"Retry-After": "0"})


# In a process of its own: one with threads, as this one, had better not fork.
FORK = """
import os, sys
from ocpp_soap.client import Gateway
gateway = Gateway(sys.argv[1], "ocs_test_token")
gateway.whoami()
if child := os.fork():
    os.waitpid(child, 0)
gateway.whoami()
"""


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server with a script."""
    with scripted() as running:
        yield running


@pytest.fixture
def gateway(server: Scripted) -> Iterator[Gateway]:
    """The client of it."""
    with Gateway(server.url, TOKEN, timeout=60) as opened:
        yield opened


@pytest.mark.parametrize("failure", [BUSY, Answer(502, b"<html>", {"Retry-After": "0"}), hang_up])
def test_what_is_safe_is_repeated_and_what_is_not_is_not(server: Scripted, gateway: Gateway, failure: object) -> None:
    """Reading, guarded changes and commands, which have a key, are done again; a registration is not."""
    assert isinstance(failure, Answer) or callable(failure)
    server.answers(failure, failure, ME)
    assert "ci" == gateway.whoami().name
    assert 3 == len(server.asked)
    server.answers(failure, Answer(202, COMMAND))
    assert 7 == gateway.charge_point("CP1").reset(type="Soft").commandId
    first, second = (asked.headers["Idempotency-Key"] for asked in server.asked)
    assert first == second
    server.answers(failure, Answer(body={"idTag": "A", "status": "Accepted"}))
    assert "A" == gateway.id_tags.save("A").idTag
    assert ["*", "*"] == [asked.headers["If-Match"] for asked in server.asked]
    server.answers(failure, Answer(201, {}))
    with pytest.raises((Unavailable, NoAnswer)):
        gateway.charge_points.register("CP1")
    assert 1 == len(server.asked)


def test_each_sending_has_a_key_of_its_own_or_the_one_that_is_given(server: Scripted, gateway: Gateway) -> None:
    """Two commands have two keys; a key that the program chose is used."""
    server.answers(Answer(202, COMMAND))
    for options in (None, None, Options(idempotency_key="once"), Options(idempotency_key="once")):
        gateway.charge_point("CP1").clear_cache(options)
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert 3 == len(set(keys))
    assert ["once", "once"] == keys[2:]


def test_a_pause_that_would_outlast_the_timeout_is_not_made(server: Scripted, gateway: Gateway) -> None:
    """Retry-After is kept to; when it is too long for the call, the problem is raised at once."""
    server.answers(Answer(429, {"detail": "too many failed tokens"}, {"Retry-After": "600"}))
    began = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        gateway.whoami()
    assert (600, 429, 1) == (raised.value.retry_after, raised.value.status, len(server.asked))
    assert time.monotonic() - began < 20


def test_nobody_there_is_told_in_time_and_as_not_sent() -> None:
    """A gateway that can't be reached is tried until the timeout, even for what is not safe to do twice."""
    began = time.monotonic()
    with Gateway(f"http://127.0.0.1:{free_port()}", TOKEN, timeout=0.4) as gateway, pytest.raises(NoAnswer) as raised:
        gateway.charge_points.register("CP1")
    assert (False, True) == (raised.value.sent, "Connection refused" in str(raised.value))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("trickles", [False, True])
def test_an_answer_that_does_not_come_is_not_waited_for(server: Scripted, trickles: bool) -> None:
    """Silence, or a body that comes by drops, ends when the timeout does."""

    def late(handler: BaseHTTPRequestHandler) -> None:
        if trickles:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
        while not server.stopping.wait(0.1):
            if trickles:
                handler.wfile.write(b" ")
        handler.close_connection = True

    server.answers(late)
    began = time.monotonic()
    with Gateway(server.url, TOKEN, timeout=0.4) as gateway, pytest.raises(NoAnswer) as raised:
        gateway.whoami()
    assert raised.value.sent
    assert time.monotonic() - began < 20


def test_the_token_goes_to_the_gateway_alone(server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect is not followed, and no ~/.netrc takes the token's place."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted() as other, Gateway(server.url, TOKEN) as gateway:
        server.answers(Answer(302, {}, {"Location": f"{other.url}/elsewhere"}))
        with pytest.raises(BadAnswer, match="redirected to"):
            gateway.whoami()
        assert [] == other.asked
    assert f"Bearer {TOKEN}" == server.asked[0].headers["Authorization"]


def test_the_token_is_shown_nowhere(
    server: Scripted, gateway: Gateway, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no repr, no log and no exception, also when it can't be a token."""
    caplog.set_level(logging.DEBUG)
    told = [repr(gateway), repr(vars(gateway)), repr(vars(gateway._transport)), repr(gateway.charge_point("CP1"))]
    for failure in (hang_up, Answer(401, {"detail": "no"}), Answer(200, b"nonsense")):
        server.answers(failure)
        with pytest.raises((NoAnswer, NotAuthenticated, BadAnswer)) as raised:
            Gateway(server.url, TOKEN, timeout=0.2).whoami()
        told.append(repr(raised.value) + str(raised.value))
    for bad in (f"{TOKEN}\r\nX: y", f"{TOKEN} {TOKEN}", f"{TOKEN}é", ""):
        with pytest.raises(ValueError, match="expected a token") as refused:
            Gateway(server.url, bad)
        told.append(str(refused.value))
    assert "" != caplog.text
    assert not any("topsecret" in text for text in [*told, caplog.text])


@pytest.mark.parametrize("url", ["", "/api/v1", "/api/v1/", "/"])
def test_the_address_may_end_as_it_likes(server: Scripted, url: str) -> None:
    """With or without /api/v1, the same is asked for."""
    server.answers(ME)
    with Gateway(server.url + url, f"{TOKEN}\n") as gateway:
        gateway.whoami()
    assert "/api/v1/whoami" == server.asked[0].path


@pytest.mark.parametrize(
    "url", ["", "gateway:8180", "ftp://gateway", "http://", "http://u:p@gateway", "http://g/?a=b", "http://g:x"]
)
def test_an_address_that_can_not_be_right_is_refused(url: str) -> None:
    """Before anything is asked of anybody; so is an identity that would make another path."""
    with pytest.raises(ValueError, match=r"the gateway's address|the address without"):
        Gateway(url, TOKEN)
    with Gateway("http://g", TOKEN) as gateway, pytest.raises(ValueError, match=r"no URL can name '\.\.'"):
        gateway.charge_point("..")


def test_a_wait_at_a_gateway_that_falls_silent_ends_soon(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was to be waited for, and a moment more, whatever a call may take else; the next call has all its time."""
    monkeypatch.setattr("ocpp_soap.client.transport.CONNECT_SECONDS", 0.3)

    def silent(_: BaseHTTPRequestHandler) -> None:
        server.stopping.wait()

    server.answers(silent)
    began = time.monotonic()
    with Gateway(server.url, TOKEN) as gateway:
        with pytest.raises(NoAnswer):
            gateway.charge_point("CP1").wait_for_boot(timeout=0.1)
        assert time.monotonic() - began < 20
        server.answers(ME)
        assert "ci" == gateway.whoami().name


def test_connections_are_kept_and_no_thread_shares_one(server: Scripted, gateway: Gateway) -> None:
    """Calls of a thread use one connection; another thread has its own."""
    server.answers(ME)
    for _ in range(3):
        gateway.whoami()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(gateway.whoami).result()
    connections = [asked.connection for asked in server.asked]
    assert 1 == len(set(connections[:3]))
    assert 2 == len(set(connections))


def test_a_client_that_was_used_before_a_fork_is_of_use_after_it(server: Scripted) -> None:
    """The child has a connection of its own, and the parent keeps the one that it had."""
    server.answers(ME)
    subprocess.run([sys.executable, "-c", FORK, server.url], check=True, cwd=PROJECT, timeout=120)
    parent, child, again = (asked.connection for asked in server.asked)
    assert (True, True) == (parent == again, parent != child)


def test_who_is_not_trusted_gets_nothing(tmp_path: Path) -> None:
    """An unknown certificate ends the call at once; with a file of authorities that have signed it all is well."""
    identity = make(tmp_path, "gateway", place="127.0.0.1")
    with scripted(serving(identity)) as server:
        server.answers(ME)
        with Gateway(server.url, TOKEN) as gateway, pytest.raises(NoAnswer, match="is not trusted") as raised:
            gateway.whoami()
        assert (False, []) == (raised.value.sent, server.asked)
        with Gateway(server.url, TOKEN, verify=identity.certificate) as gateway:
            assert "ci" == gateway.whoami().name
    with scripted() as plain, Gateway(plain.url.replace("http", "https"), TOKEN) as gateway:
        with pytest.raises(NoAnswer, match="does not speak TLS, maybe it is http") as raised:
            gateway.whoami()
        assert not raised.value.sent


def test_a_problem_becomes_the_exception_of_its_status(server: Scripted, gateway: Gateway) -> None:
    """The decision is in the class, the reasons in its fields and in its text."""
    wrong = {"pointer": "#/type", "detail": "expected one of Hard, Soft, found 'Warm'"}
    server.answers(Answer(422, {"title": "Unprocessable", "detail": "the payload is wrong", "errors": [wrong]}))
    with pytest.raises(Invalid) as invalid:
        gateway.charge_point("CP/1").send("Reset", {"type": "Warm"})
    assert "/api/v1/charge-points/CP%2F1/commands/Reset" == server.asked[0].path
    assert ["#/type: expected one of Hard, Soft, found 'Warm'"] == [str(error) for error in invalid.value.errors]
    assert "#/type: expected one of Hard, Soft" in str(invalid.value)
    for status, kind in ((401, NotAuthenticated), (404, NotFound), (409, Conflict), (418, Invalid), (500, Unavailable)):
        server.answers(Answer(status, {"detail": "no"}))
        with pytest.raises(kind, match=f"{status} no"):
            gateway.tokens.create("ci", "read")
    for body, words in ((b"<html>nginx</html>", "<html>nginx"), ({"error": "no route"}, '{"error": "no route"}')):
        server.answers(Answer(404, body))
        with pytest.raises(BadAnswer, match=f"is not the web API of a gateway: 404 {words}"):
            gateway.whoami()


def test_a_stale_change_says_how_it_is_now(server: Scripted, gateway: Gateway) -> None:
    """412 is raised with the thing as it is; a repeated attempt is told as such, since it may be one's own change."""
    now = Answer(body={"idTag": "A", "status": "Blocked", "blocked": True}, headers={"ETag": '"2"'})
    server.answers(hang_up, Answer(412, {"detail": "somebody changed it"}), now)
    with pytest.raises(Changed, match="an earlier attempt") as changed:
        gateway.id_tags.remove(IdTag(idTag="A", status="Accepted", etag='"1"'))
    assert (True, '"2"') == (changed.value.current.blocked, changed.value.current.etag)
    gone = Answer(404, {"detail": "there is no such tag"})
    server.answers(hang_up, gone)
    gateway.id_tags.remove("A")
    server.answers(Answer(429, {"detail": "slowly"}, {"Retry-After": "0"}), gone)  # that attempt did nothing
    with pytest.raises(NotFound):
        gateway.id_tags.remove("A")


def test_a_list_is_read_page_by_page_as_it_is_wanted(server: Scripted, gateway: Gateway) -> None:
    """The next page is asked for when its first row is; with a limit no more than that."""
    rows = [{"idTag": name, "status": "Accepted"} for name in "ABC"]
    pages = [Answer(body={"items": rows[:2], "next": "x y"}), Answer(body={"items": rows[2:], "next": None})]
    server.answers(*pages)
    found = gateway.id_tags.list(blocked=False)
    assert "A" == next(found).idTag
    assert ["/api/v1/id-tags?blocked=false&limit=100"] == [asked.path for asked in server.asked]
    assert ["B", "C"] == [tag.idTag for tag in found]
    assert "cursor=x+y" in server.asked[1].path
    server.answers(*pages)
    assert ["A", "B"] == [tag.idTag for tag in gateway.id_tags.list(limit=2)]
    assert ["/api/v1/id-tags?limit=2"] == [asked.path for asked in server.asked]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_stands_before_this_machine(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, variable: str, host: str
) -> None:
    """A company's CI machine names a proxy in its environment; a gateway on the machine itself is called directly."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    server.answers(ME)
    with Gateway(server.url.replace("127.0.0.1", host), TOKEN, timeout=60) as gateway:
        assert "ci" == gateway.whoami().name


def test_another_machine_is_called_by_the_proxy(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names one."""
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    server.answers(ME)
    with Gateway("http://gateway.example", TOKEN, timeout=60) as gateway:
        assert "ci" == gateway.whoami().name
    assert "http://gateway.example/api/v1/whoami" == server.asked[0].path


@pytest.mark.parametrize("frozen", ["monotonic", "both"])
def test_a_wait_ends_though_time_stands_still(
    server: Scripted, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, frozen: str
) -> None:
    """A test that has frozen time gets an error that says so, and does not hang."""
    server.answers(Answer(200, {"items": [], "next": None}))
    moment = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    if frozen == "both":
        monkeypatch.setattr(time, "time", lambda: 1.7e9)
    with pytest.raises(NotInTime, match=r"time\.monotonic\(\) stood still"):
        gateway.charge_point("CP1").wait_for_status(1, "Charging", timeout=0.2)


def test_repetitions_end_though_time_stands_still(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between them use the timeout up."""
    server.answers(Answer(503, {"title": "Service Unavailable", "detail": "the store is busy"}))
    moment = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    with Gateway(server.url, TOKEN, timeout=0.4) as gateway, pytest.raises(Unavailable):
        gateway.whoami()
