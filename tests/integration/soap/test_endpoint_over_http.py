"""The endpoint behind real HTTP servers, spoken to through raw sockets: good messages, and all that goes wrong."""

from __future__ import annotations

import gzip
import re
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest
from lxml import etree
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.conftest import PROJECT
from tests.unit.soap.endpoint import SOAP_TYPE, Answer, assert_valid, odd, reason, subcode, tree, versions

from .served import MAX_BODY, application

SERVICE = versions()[0].central_system
HEARTBEAT = odd("declaration-missing")
PROTOCOL_ERROR = f"{{{SERVICE.namespace}}}ProtocolError"
SECONDS = 60

Address = tuple[str, int]

# werkzeug's server ends every connection after one answer.
keeps_connections = pytest.mark.parametrize("address", ["gunicorn"], indirect=True)


@contextmanager
def werkzeug() -> Iterator[Address]:
    """A threaded server in this process."""

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *_said: object) -> None:
            """Nothing on the terminal."""

    server = make_server("127.0.0.1", 0, application(), threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield ("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def gunicorn() -> Iterator[Address]:
    """The server of production, with one worker."""
    module = "tests.integration.soap.served:application()"
    options = ["-k", "gthread", "--threads", "8", "-b", "127.0.0.1:0", "--no-control-socket", "--chdir", str(PROJECT)]
    command = [sys.executable, "-m", "gunicorn", *options, module]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = None
        log = []
        while found is None and (line := process.stderr.readline()):
            log.append(line)
            found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line)
        # Whoever writes to a full pipe waits: the rest of the log is read, too.
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        try:
            assert found is not None, "".join(log)
            yield ("127.0.0.1", int(found[1]))
        finally:
            process.terminate()
            process.wait(SECONDS)
            drain.join()


@pytest.fixture(scope="module", params=["werkzeug", "gunicorn"])
def address(request: pytest.FixtureRequest) -> Iterator[Address]:
    """Where the endpoint listens."""
    with {"werkzeug": werkzeug, "gunicorn": gunicorn}[request.param]() as address:
        yield address


def message(body: bytes = HEARTBEAT, *headers: str, method: str = "POST", path: str = "/", http: str = "1.1") -> bytes:
    """A request with a Content-Length, unless a header says otherwise."""
    lines = [f"{method} {path} HTTP/{http}", "Host: central.example", f"Content-Type: {SOAP_TYPE}", *headers]
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def receive(connection: socket.socket, method: str = "POST") -> Answer:
    """Reads one answer."""
    response = HTTPResponse(connection, method=method)
    response.begin()
    body = response.read()
    return Answer(f"{response.status} {response.reason}", dict(response.getheaders()), body)


def ask(address: Address, *parts: bytes, close: bool = False) -> Answer:
    """Sends a request in these parts and reads the answer; `close` ends our side of the connection before that."""
    with socket.create_connection(address, SECONDS) as connection:
        for part in parts:
            connection.sendall(part)
        if close:
            connection.shutdown(socket.SHUT_WR)
        return receive(connection)


def assert_answered(answer: Answer) -> None:
    """A Heartbeat's confirmation, valid, with its type and length."""
    assert ("200 OK", SOAP_TYPE) == (answer.status, answer.headers["Content-Type"])
    assert str(len(answer.body)) == answer.headers["Content-Length"]
    assert_valid(answer.body, SERVICE)
    assert f"{{{SERVICE.namespace}}}heartbeatResponse" == tree(answer.body)[3][1][3][0][0]


def chunks(body: bytes, size: int) -> bytes:
    """A body in chunks."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def test_a_message_is_answered(address: Address) -> None:
    """Also when it comes byte by byte, from HTTP/1.0, or percent-encoded in its path."""
    assert_answered(ask(address, message()))
    assert_answered(ask(address, *(bytes([byte]) for byte in message())))
    assert_answered(ask(address, message(http="1.0")))
    assert_answered(ask(address, message(odd("identity-missing"), path="/S%C3%A4ule%207/")))


@keeps_connections
def test_a_connection_serves_several_messages(address: Address) -> None:
    """Keep-alive holds across answers and faults."""
    with socket.create_connection(address, SECONDS) as connection:
        for body in (HEARTBEAT, odd("identity-missing"), b"<html/>", HEARTBEAT):
            connection.sendall(message(body))
            answer = receive(connection)
        assert_answered(answer)


def test_a_chunked_message_is_answered(address: Address) -> None:
    """CXF sends chunks."""
    assert_answered(ask(address, message(chunks(HEARTBEAT, 100), "Transfer-Encoding: chunked")))


def test_a_broken_chunk_gets_a_fault(address: Address) -> None:
    """What is no chunk has no length."""
    answer = ask(address, message(b"zz\r\n" + HEARTBEAT, "Transfer-Encoding: chunked"))
    assert ("400 Bad Request", PROTOCOL_ERROR) == (answer.status, subcode(answer))
    assert "The body can't be read to its end." in reason(answer)


def test_a_client_that_asks_first_is_told_to_go_on(address: Address) -> None:
    """Expect: 100-continue is answered before the body comes."""
    head, _, body = message(HEARTBEAT, "Expect: 100-continue").partition(b"\r\n\r\n")
    with socket.create_connection(address, SECONDS) as connection:
        connection.sendall(head + b"\r\n\r\n")
        stream = connection.makefile("rb")
        assert b"HTTP/1.1 100 Continue\r\n" == stream.readline()
        while stream.readline() != b"\r\n":
            pass
        connection.sendall(body)
        assert_answered(receive(connection))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(HEARTBEAT)),
        ("deflate", zlib.compress(HEARTBEAT)),
        ("deflate", zlib.compress(HEARTBEAT)[2:-4]),
        ("deflate", HEARTBEAT),
    ],
    ids=["gzip", "zlib", "raw", "not at all"],
)
def test_a_compressed_message_is_answered(address: Address, encoding: str, body: bytes) -> None:
    """Gzip and deflate must be understood (OCPP-S 1.6 §6.1)."""
    assert_answered(ask(address, message(body, f"Content-Encoding: {encoding}")))


def test_a_body_that_is_too_long_gets_a_fault_that_arrives(address: Address) -> None:
    """413: a client that sends all of it first still reads the answer."""
    long = HEARTBEAT + b" " * 20 * MAX_BODY
    packed = message(chunks(long, 50_000), "Transfer-Encoding: chunked")
    bomb = message(gzip.compress(b"<a>" + b" " * 10**8), "Content-Encoding: gzip")
    for request in (message(long), packed, bomb):
        answer = ask(address, request)
        assert ("413", PROTOCOL_ERROR) == (answer.status[:3], subcode(answer))
        assert f"longer than {MAX_BODY} bytes" in reason(answer)


def test_a_body_that_ends_too_early_gets_a_fault(address: Address) -> None:
    """The client closed its side; ours still answers."""
    answer = ask(address, message(HEARTBEAT[:100], f"Content-Length: {len(HEARTBEAT)}"), close=True)
    assert ("400 Bad Request", PROTOCOL_ERROR) == (answer.status, subcode(answer))
    assert f"ends after 100 of {len(HEARTBEAT)} bytes" in reason(answer)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The message is empty"),
        (b"\r\n", "The message is empty"),
        (b'{"action": "Heartbeat"}', "The message is not XML"),
        (b"\xff\xfe" + HEARTBEAT.decode().encode("utf-16-le")[:-1], "looks like UTF-16 but can't be read"),
        (HEARTBEAT.replace(b"CP-2041", b"CP-\xe4"), "not valid UTF-8"),
        (HEARTBEAT[:-20], "not well-formed XML"),
        (odd("html-login-page"), "This is HTML, not SOAP."),
        (odd("billion-laughs"), "document type declaration"),
        (odd("external-entity"), "document type declaration"),
        (odd("nested-too-deeply"), "nested deeper than"),
        (b"<a>" * 30_000, "not well-formed XML"),
        (b"<a " + b"b='' " * 19_000 + b"/>", "not well-formed XML"),
        (b"\x80\x04\x95" * 50, "not XML"),
    ],
)
def test_whatever_comes_in_gets_a_fault(address: Address, body: bytes, words: str) -> None:
    """A SOAP fault in words, well-formed, without a trace of our insides."""
    answer = ask(address, message(body))
    assert ("400 Bad Request", SOAP_TYPE, PROTOCOL_ERROR) == (
        answer.status,
        answer.headers["Content-Type"],
        subcode(answer),
    )
    assert words in reason(answer)
    assert not re.search(rb"Traceback|\.py|/work|lxml|SELECT", answer.body)


def test_a_post_without_any_length_gets_a_fault(address: Address) -> None:
    """Without Content-Length and chunks there is no body, and nobody waits for one."""
    answer = ask(address, b"POST / HTTP/1.1\r\nHost: central.example\r\n\r\n")
    assert ("400 Bad Request", PROTOCOL_ERROR) == (answer.status, subcode(answer))


@keeps_connections
def test_other_methods_and_paths_get_their_status(address: Address) -> None:
    """405 and 404, with a fault; the body that came along does no harm to the connection."""
    with socket.create_connection(address, SECONDS) as connection:
        connection.sendall(message(method="PUT"))
        answer = receive(connection)
        assert ("405 Method Not Allowed", "GET, HEAD, POST") == (answer.status, answer.headers["Allow"])
        connection.sendall(message(path="/a/b/c"))
        assert "404 Not Found" == receive(connection).status
        connection.sendall(message())
        assert_answered(receive(connection))


def test_people_and_tools_get_a_page_and_the_wsdl(address: Address) -> None:
    """GET is a page, GET ?wsdl the WSDL with the public address."""
    page = ask(address, message(b"", method="GET"))
    assert ("200 OK", True) == (page.status, b"https://central.example/ocpp" in page.body)
    wsdl = ask(address, message(b"", method="GET", path="/?wsdl"))
    assert SERVICE.namespace == etree.fromstring(wsdl.body).get("targetNamespace")


def test_messages_at_the_same_time_do_not_mix(address: Address) -> None:
    """Each of many stations at once gets the answer to its own message."""

    def heartbeat(number: int) -> tuple[str, str]:
        body = HEARTBEAT.replace(b"urn:uuid:77", f"urn:uuid:{number}".encode())
        answer = ask(address, message(body))
        assert_answered(answer)
        return f"urn:uuid:{number}", tree(answer.body)[3][0][3][2][2]

    with ThreadPoolExecutor(16) as pool:
        for sent, related in pool.map(heartbeat, range(200)):
            assert sent == related
