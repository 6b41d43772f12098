"""Quirks of HTTP as they are on the wire, and the switch for all of them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from ocpp_soap.protocol import catalog
from ocpp_soap.simulator.charge_point import ChargePoint
from tests.integration.simulator.central_system import CentralSystem
from tests.integration.soap_client.stations import Station, answer, confirmation

NAMED = ("Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Expect", "Host")
SOAP_TYPE = "application/soap+xml; charset=utf-8"
TWO_TYPES = [("Content-Type", SOAP_TYPE), ("Content-Type", SOAP_TYPE.replace("soap+xml", "xml"))]

ON_THE_WIRE: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "no-content-type": ("HTTP/1.1", []),
    "odd-content-type": ("HTTP/1.1", TWO_TYPES),
    "coding-without-compression": ("HTTP/1.1", [("Content-Type", SOAP_TYPE), ("Content-Encoding", "deflate")]),
    "chunked": ("HTTP/1.1", [("Content-Type", SOAP_TYPE), ("Transfer-Encoding", "chunked")]),
    "expect-continue": ("HTTP/1.1", [("Content-Type", SOAP_TYPE), ("Expect", "100-continue")]),
    "old-http": ("HTTP/1.0", [("Content-Type", SOAP_TYPE)]),
}
"""The version, and the header fields that say something of the body but its length."""


class Ear:
    """Reads a request to its end as it came, and tells a waiting station to go on once `waited` is known."""

    def __init__(self) -> None:
        self.head = self.body = b""
        self.waited = False

    def __call__(self, connection: socket.socket) -> None:
        """Hears one request and confirms a Heartbeat."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += _more(connection)
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        if b"Expect" in self.head:
            self.waited = not self.body
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self._is_whole():
            self.body += _more(connection)
        time = "<c:currentTime>2026-03-02T07:20:11Z</c:currentTime>"
        answer(confirmation(catalog.load().newest.central_system, "Heartbeat", time))(connection)

    def _is_whole(self) -> bool:
        """Whether the body has come to the end that its framing names: a recv may hold any part of it."""
        if length := re.search(rb"\r\nContent-Length: *(\d+)", self.head, re.IGNORECASE):
            return len(self.body) >= int(length[1])
        return self.body.endswith(b"\r\n0\r\n\r\n")


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise OSError("the station went away")
    return data


@pytest.fixture
def ear() -> Iterator[tuple[Ear, str]]:
    """A Central System that hears, and its address."""
    heard = Ear()
    made = Station(act=heard, listens=False)
    yield heard, made.url
    made.close()


@pytest.mark.parametrize("quirk", ON_THE_WIRE)
def test_http_is_as_odd_as_it_says(ear: tuple[Ear, str], quirk: str) -> None:
    """The request line, the header fields, the framing of the body; and the answer is understood."""
    heard, url = ear
    with ChargePoint(url, "CP-1", auto_boot=False) as cp:
        cp.faults.quirks = {quirk}
        cp.call("Heartbeat", {})
    version, fields = ON_THE_WIRE[quirk]
    line, *rest = heard.head.decode().split("\r\n")
    found = [(name, value.strip()) for name, _, value in (text.partition(":") for text in rest)]
    assert f"POST /station {version}" == line
    about_the_body = [one for one in found if one[0] in NAMED and one[0] not in ("Host", "Content-Length")]
    assert fields == about_the_body
    assert ("chunked" == quirk) is ("Content-Length" not in dict(found))
    assert ("chunked" == quirk) is heard.body.endswith(b"\r\n0\r\n\r\n")
    assert ("old-http" == quirk) is ("Host" not in dict(found))
    assert ("expect-continue" == quirk) is heard.waited


def test_quirks_can_be_switched_on_and_off_at_any_time(central: CentralSystem, cp: ChargePoint) -> None:
    """The next message has them, the one after no more; answers to commands too."""
    for quirks in ({"padded-value", "header-padded", "answer-named-otherwise"}, frozenset[str]()):
        cp.faults.quirks = quirks
        cp.heartbeat()
        assert quirks & {"header-padded"} == {flag.quirk for flag in central.calls[-1].flags}
        assert "Accepted" == central.status("ClearCache")


def test_a_name_that_is_no_quirk_is_told(cp: ChargePoint) -> None:
    """Before anything is sent."""
    cp.faults.quirks = {"from-mising"}
    with pytest.raises(ValueError, match="there is no quirk 'from-mising'"):
        cp.heartbeat()
