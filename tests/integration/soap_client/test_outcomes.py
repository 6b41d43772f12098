"""How a call may end, shown with real connections: not transmitted, uncertain, or with the station's fault."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from gzip import compress

import pytest

from ocpp_soap.errors import NotTransmitted, StationFault, Uncertain
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from tests.e2e.gateway import free_port
from tests.integration.soap_client.stations import SOAP, Act, Station, answer, cut, raw, reset

FAULT = f"""<e:Envelope xmlns:e="{SOAP}"><e:Body><e:Fault>
<e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>x:SecurityError</e:Value></e:Subcode></e:Code>
<e:Reason><e:Text>No entry.</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>""".encode()


@pytest.fixture
def full() -> Iterator[str]:
    """The address of a socket whose queue is full, so that a connection to it is never made."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_a_refused_connection_is_not_transmitted(caller: SoapCaller) -> None:
    """Nobody listens there; the request is kept for the journal all the same."""
    address = f"http://127.0.0.1:{free_port()}/cp"
    with pytest.raises(NotTransmitted) as failed:
        reset(caller, address)
    assert f"no connection to {address}: connection refused" == str(failed.value)
    assert b"resetRequest" in failed.value.request
    assert failed.value.answer is None


def test_a_connection_that_is_never_made_is_not_transmitted(hasty: SoapCaller, full: str) -> None:
    """A black hole ends with the time for connecting."""
    with pytest.raises(NotTransmitted, match="the time for connecting ran out"):
        reset(hasty, full)


def test_an_unresolvable_name_is_not_transmitted(caller: SoapCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own words are told."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotTransmitted, match=r"the name cp.invalid can't be resolved: Name or service not known"):
        reset(caller, "http://cp.invalid/")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "cp",
        "//h/",
        "ftp://h/",
        "http://",
        "http:///cp",
        "http://h:x/",
        "http://h:99999/",
        "http://[::1/",
        "http://h h/",
    ],
)
def test_what_is_no_address_is_not_transmitted(caller: SoapCaller, address: str) -> None:
    """Said in words before anything else happens."""
    with pytest.raises(NotTransmitted):
        reset(caller, address)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example"])
def test_a_name_that_no_host_can_have_is_not_transmitted(caller: SoapCaller, host: str) -> None:
    """The resolver refuses it without asking anybody."""
    with pytest.raises(NotTransmitted, match="can't be"):
        reset(caller, f"http://{host}/")


def test_an_operation_that_the_version_lacks_is_not_transmitted(station: Station, caller: SoapCaller) -> None:
    """No connection is made for it."""
    with pytest.raises(NotTransmitted, match="has no operation Explode in ChargePointService"):
        caller.call(station.url, "CP", "Explode", {}, from_address="http://cs.example/")
    assert 0 == station.connections


def test_a_value_that_no_message_can_hold_is_not_transmitted(station: Station, caller: SoapCaller) -> None:
    """A null character in the identity has no spelling in XML."""
    with pytest.raises(NotTransmitted, match="the request can't be written"):
        caller.call(station.url, "C\0P", "ClearCache", {}, from_address="http://cs.example/")
    assert 0 == station.connections


def test_silence_is_uncertain(station: Station, hasty: SoapCaller) -> None:
    """The request was sent, so the station may be doing it."""
    station.act = station.silence
    with pytest.raises(Uncertain, match=r"the request was sent, but nothing came for 1 s") as failed:
        reset(hasty, station.url)
    assert station.requests[0].body == failed.value.request


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (cut, "connection reset by peer"),
        (raw(b""), "the connection was closed without an answer"),
        (raw(b"SSH-2.0-OpenSSH\r\n"), "what came back is not HTTP: SSH-2.0-OpenSSH"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<e:E"),
            "the answer (HTTP 200 OK) is incomplete: the answer",
        ),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "the answer (HTTP 200 OK) is incomplete"),
        (answer(b"Hello"), "the answer (HTTP 200 OK) can't be read: The message is not XML"),
        (answer(b"", "202 Accepted"), "the answer (HTTP 202 Accepted) is empty"),
        (answer(b"", "404 Not Found"), "the answer is HTTP 404 Not Found without SOAP; is the path of"),
        (answer(b"no", "401 Unauthorized"), "HTTP 401 Unauthorized without SOAP; the peer asks for a user"),
        (answer(b"", "403 Forbidden"), "the answer is HTTP 403 Forbidden without SOAP; the peer forbids it"),
        (answer(b"", "405 Method Not Allowed"), "the answer is HTTP 405 Method Not Allowed without SOAP"),
        (answer(b"\n<!DOCTYPE html><html>Login</html>"), "the answer is an HTML page (HTTP 200 OK)"),
    ],
)
def test_what_is_no_answer_is_uncertain(station: Station, caller: SoapCaller, act: Act, words: str) -> None:
    """Once anything was sent nobody knows whether it was done, whatever came back."""
    station.act = act
    with pytest.raises(Uncertain) as failed:
        reset(caller, station.url)
    assert words in str(failed.value)
    assert str(failed.value).startswith("the request was sent, but ")


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect"])
def test_a_redirect_is_told_and_not_followed(station: Station, caller: SoapCaller, status: str) -> None:
    """The words say where it points to."""
    station.act = answer(b"", status, Location=f"{station.url}/elsewhere")
    with pytest.raises(Uncertain, match=f"redirect to {station.url}/elsewhere .HTTP {status}., which is not followed"):
        reset(caller, station.url)
    assert 1 == station.connections


def test_a_drip_of_bytes_ends_with_the_time_for_all_of_it(station: Station, service: Service) -> None:
    """A byte now and then keeps no call alive, be it in the header or in the body."""
    caller = SoapCaller(service, connect_timeout=0.2, read_timeout=1.8)
    for start in (b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"):

        def drip(connection: socket.socket, start: bytes = start) -> None:
            connection.sendall(start)
            while not station.closed.wait(0.01):
                connection.sendall(b".")

        station.act = drip
        with pytest.raises(Uncertain, match=r"it took longer than 2 s in all"):
            reset(caller, station.url)


def test_a_hundred_continues_do_not_hold_a_call(station: Station, service: Service) -> None:
    """Interim answers without end are ended too."""
    caller = SoapCaller(service, connect_timeout=0.2, read_timeout=1.8)

    def interim(connection: socket.socket) -> None:
        while not station.closed.wait(0.001):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    station.act = interim
    with pytest.raises(Uncertain, match=r"it took longer than 2 s in all"):
        reset(caller, station.url)


@pytest.mark.parametrize(
    "act",
    [
        answer(b"<" * 10_001),
        answer(compress(b" " * 10_000_000), Content_Encoding="gzip"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 0x1000 + b"\r\n" * 3),
    ],
    ids=["plain", "inflated", "chunked"],
)
def test_an_answer_that_is_too_large_is_uncertain(station: Station, caller: SoapCaller, act: Act) -> None:
    """Nothing of it is kept for the journal, since it is no SOAP."""
    station.act = act
    with pytest.raises(Uncertain) as failed:
        reset(caller, station.url)
    assert (failed.value.answer or b"").startswith(b"(not SOAP, so not kept: ")


@pytest.mark.parametrize("body", [b"<html>INTERNAL-SECRET-1", b"{}", b"<a>Envelope</a>"])
def test_nothing_is_kept_of_an_answer_that_is_no_soap(station: Station, caller: SoapCaller, body: bytes) -> None:
    """Else whoever fixes a station's address reads whatever the gateway can reach."""
    station.act = answer(body)
    with pytest.raises(Uncertain) as failed:
        reset(caller, station.url)
    kept = failed.value.answer or b""
    assert kept.startswith(b"(not SOAP, so not kept: HTTP 200 OK, "), kept
    assert kept.endswith(b", %d bytes)" % len(body))


def test_soap_that_can_not_be_read_is_kept(station: Station, caller: SoapCaller) -> None:
    """It shows what is wrong with the station."""
    cut = b"<?xml version='1.0'?>\n<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Bo"
    station.act = answer(cut)
    with pytest.raises(Uncertain) as failed:
        reset(caller, station.url)
    assert cut == failed.value.answer


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "302 Found", "400 Bad Request", "500 Error"])
def test_a_fault_is_the_stations_whatever_the_status(station: Station, caller: SoapCaller, status: str) -> None:
    """Code, subcode and text are read, and both messages kept (soap-binding C.7)."""
    station.act = answer(FAULT, status)
    with pytest.raises(StationFault) as failed:
        reset(caller, station.url)
    fault = failed.value
    assert ("Sender", "SecurityError", "No entry.", FAULT) == (fault.code, fault.subcode, fault.text, fault.answer)
    assert station.requests[0].body == fault.request


def test_an_answer_that_comes_before_the_end_of_the_request_is_read(station: Station, service: Service) -> None:
    """A station may refuse a long message, close the connection in the middle, and still have said why."""
    caller = SoapCaller(service, connect_timeout=10, read_timeout=10)

    def refuse(connection: socket.socket) -> None:
        connection.recv(100)
        answer(FAULT, "413 Too Large")(connection)

    station.listens, station.act = False, refuse
    data = {"vendorId": "v", "data": "x" * 8_000_000}
    with pytest.raises(StationFault, match=r"No entry."):
        caller.call(station.url, "CP", "DataTransfer", data, from_address="http://cs.example/")


def test_a_request_that_is_cut_off_is_uncertain(station: Station, service: Service) -> None:
    """Part of it has left."""
    caller = SoapCaller(service, connect_timeout=10, read_timeout=10)

    def refuse(connection: socket.socket) -> None:
        connection.recv(100)
        cut(connection)

    station.listens, station.act = False, refuse
    data = {"vendorId": "v", "data": "x" * 8_000_000}
    with pytest.raises(Uncertain, match="the request was sent, but"):
        caller.call(station.url, "CP", "DataTransfer", data, from_address="http://cs.example/")


def test_a_station_that_reads_nothing_is_uncertain(station: Station, service: Service) -> None:
    """Sending waits no longer than reading."""
    station.listens, station.act = False, station.silence
    caller = SoapCaller(service, connect_timeout=5, read_timeout=0.5)
    data = {"vendorId": "v", "data": "x" * 20_000_000}
    with pytest.raises(Uncertain, match=r"the request was sent, but nothing came for 0.5 s"):
        caller.call(station.url, "CP", "DataTransfer", data, from_address="http://cs.example/")
