"""HTTP to a gateway as stations speak it, byte by byte where it matters, and what stands behind it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg

from tests.integration.messages import SOAP_TYPE

from .gateway import Gateway

# Longer than anything here takes: a test that hangs must end.
SECONDS = 60


class Answer(NamedTuple):
    """An HTTP answer; the names of its headers in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


def post(url: str, body: bytes, before: Callable[[], object] = lambda: None) -> Answer:
    """Posts a message on a connection of its own; `before` is called once it is connected."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=SECONDS)
    try:
        connection.connect()
        before()
        connection.request("POST", parts.path, body, {"Content-Type": SOAP_TYPE, "Connection": "close"})
        return read_answer(connection.getresponse())
    finally:
        connection.close()


def connected(url: str) -> socket.socket:
    """A connection to a gateway."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=SECONDS)


def talk(url: str, request: bytes, half_close: bool = False) -> Answer:
    """Sends bytes as they are and reads the answer; `half_close` says that nothing more will come."""
    with connected(url) as connection:
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return read_answer(response)


def read_answer(response: http.client.HTTPResponse) -> Answer:
    """All of an answer."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def children(gateway: Gateway) -> list[int]:
    """The process ids of gunicorn's workers."""
    master = gateway.process.pid
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def workers(gateway: Gateway, number: int) -> list[int]:
    """The process ids of gunicorn's workers once there are so many: the first makes a gateway ready."""
    deadline = time.monotonic() + SECONDS
    while len(found := children(gateway)) != number:
        assert time.monotonic() < deadline, f"{len(found)} workers instead of {number}:\n{gateway.log()}"
        time.sleep(0.02)
    return found


def first_line(peer: socket.socket) -> bytes:
    """The first line of an answer, however it comes in pieces."""
    data = b""
    while b"\r\n" not in data and (more := peer.recv(4096)):
        data += more
    return data.partition(b"\r\n")[0]


def fresh_database(kind: str, postgresql_url: str, folder: Path, name: str) -> str:
    """The URL of an empty database on SQLite or PostgreSQL, for the tests of a whole module."""
    if kind == "sqlite":
        return f"sqlite:///{folder / name}.db"
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql_url.replace("/postgres?", f"/{name}?")
