"""An answer is an answer, however the station's HTTP server frames, labels, compresses or cuts it."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable
from gzip import compress

import pytest

from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from tests.integration.soap_client.stations import Act, Station, answer, confirmation, cut, raw, reset

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def accepted(service: Service) -> bytes:
    """The confirmation of a Reset."""
    return confirmation(service, "Reset")


def test_an_answer_comes_back_as_typed_values_with_both_messages(
    station: Station, caller: SoapCaller, accepted: bytes
) -> None:
    """The payload, no flags, and the bytes for the journal."""
    station.act = answer(accepted)
    answered = reset(caller, station.url)
    assert ({"status": "Accepted"}, [], accepted) == (answered.payload, answered.flags, answered.answer)
    assert station.requests[0].body == answered.request


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda body: answer(compress(body), Content_Encoding="gzip"),
        lambda body: answer(zlib.compress(body), Content_Encoding="deflate"),
        lambda body: answer(zlib.compress(body)[2:-4], Content_Encoding="deflate"),
        lambda body: answer(body, Content_Encoding="deflate"),
        lambda body: answer(body, Content_Encoding="gzip"),
        lambda body: answer(body, Content_Encoding="identity"),
    ],
    ids=["gzip", "zlib", "raw deflate", "not deflated", "not zipped", "identity"],
)
def test_an_answer_is_read_however_it_is_compressed_or_is_not(
    station: Station, caller: SoapCaller, accepted: bytes, wrapped: Callable[[bytes], Act]
) -> None:
    """We ask for none of it, and stations mislabel it (soap-binding C.6, 56)."""
    station.act = wrapped(accepted)
    answered = reset(caller, station.url)
    assert ({"status": "Accepted"}, accepted) == (answered.payload, answered.answer)


@pytest.mark.parametrize(
    "framed",
    [
        lambda body: raw(b"HTTP/1.0 200 OK\r\n\r\n" + body),
        lambda body: raw(b"HTTP/1.1 200\r\nConnection: close\r\n\r\n" + body),
        lambda body: raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(body) + body),
        lambda body: raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + body),
        lambda body: raw(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
        lambda body: answer(body, Content_Type="text/xml"),
        lambda body: answer(body, Content_Type=""),
        lambda body: answer(body, "500 Internal Server Error"),
    ],
    ids=["1.0 until close", "no reason", "bare newlines", "continue", "chunked", "text/xml", "no type", "500"],
)
def test_an_answer_is_read_however_it_is_framed(
    station: Station, caller: SoapCaller, accepted: bytes, framed: Callable[[bytes], Act]
) -> None:
    """Embedded HTTP servers differ (soap-binding C.5, 53; C.6, 54 and 58)."""
    station.act = framed(accepted)
    assert {"status": "Accepted"} == reset(caller, station.url).payload


@pytest.mark.parametrize("ending", ["closed", "reset", "silent"])
def test_a_whole_envelope_counts_although_the_http_answer_is_cut_off(
    station: Station, hasty: SoapCaller, accepted: bytes, ending: str
) -> None:
    """A wrong Content-Length does not make an answer uncertain; it is flagged."""
    whole = answer(accepted, Content_Length=str(len(accepted) + 5))

    def act(connection: socket.socket) -> None:
        whole(connection)
        if ending == "silent":
            station.silence(connection)
        if ending == "reset":
            cut(connection)

    station.act = act
    answered = reset(hasty, station.url)
    assert {"status": "Accepted"} == answered.payload
    assert ["HTTP body"] == [flag["path"] for flag in answered.flags]
