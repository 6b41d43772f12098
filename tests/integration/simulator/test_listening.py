"""The small HTTP server of a simulated charge point, and where it listens."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from ocpp_soap.errors import NotTransmitted
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.errors import NotPossible
from ocpp_soap.simulator.listening import Listening
from ocpp_soap.simulator.wire import SoapWire
from tests.conftest import missing
from tests.integration.simulator.central_system import CentralSystem


def greet(_request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def listen() -> Iterator[Callable[..., Listening]]:
    """Listens until the test ends."""
    made: list[Listening] = []

    def begin(host: str, *ports: int) -> Listening:
        made.append(Listening(greet, host, ports, "TEST"))
        return made[-1]

    yield begin
    for one in made:
        one.close()


@pytest.fixture
def ipv6() -> str:
    """This machine's own address."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        missing("this machine has no IPv6")
    return "::1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_application_is_served_on_any_port(listen: Callable[..., Listening], host: str) -> None:
    """By an address or a name."""
    assert "hello" == requests.get(f"http://127.0.0.1:{listen(host, 0).port}/", timeout=60).text


def test_the_first_free_port_is_taken(listen: Callable[..., Listening]) -> None:
    """And words name the host and the ports when there is none."""
    first = listen("127.0.0.1", 0).port
    second = listen("127.0.0.1", first, 0).port
    with pytest.raises(NotPossible, match=rf"on 127\.0\.0\.1, port {first} to {second}: Address already in use"):
        listen("127.0.0.1", first, second)


def test_who_comes_at_the_same_time_gets_another_port(listen: Callable[..., Listening]) -> None:
    """However many take from the same ports."""
    with ThreadPoolExecutor(8) as pool:
        taken = {one.port for one in pool.map(lambda _: listen("127.0.0.1", *range(20000, 20101)), range(8))}
    assert 8 == len(taken & set(range(20000, 20101)))


def test_a_host_that_is_not_ours_is_refused(listen: Callable[..., Listening]) -> None:
    """In words, where werkzeug would end the process."""
    with pytest.raises(NotPossible, match=r"on 192\.0\.2\.1, port 20000 to 20100: "):
        listen("192.0.2.1", *range(20000, 20101))


def test_the_end_comes_at_once_and_frees_the_port(listen: Callable[..., Listening]) -> None:
    """It may be said twice, and leaves no thread."""
    taken: list[float] = []
    # The quickest of some: what else the machine does is not the listener's doing.
    for _ in range(5):
        before = listen("127.0.0.1", 0)
        began = time.monotonic()
        before.close()
        before.close()
        taken.append(time.monotonic() - began)
    assert min(taken) < 0.4
    assert "TEST server" not in [thread.name for thread in threading.enumerate()]
    assert before.port == listen("127.0.0.1", before.port).port


def test_a_charge_point_that_listens_again_is_where_it_was(central: CentralSystem, cp: ChargePoint) -> None:
    """Its address is not another for each power cut."""
    before = cp.address
    cp.wire.close()
    with pytest.raises(NotTransmitted):
        central.command("ClearCache")
    assert before == cp.wire.open(cp)
    assert "Accepted" == central.status("ClearCache")


def test_a_charge_point_takes_commands_over_ipv6(central: CentralSystem, ipv6: str) -> None:
    """The address that it tells is in brackets."""
    with ChargePoint(central.url, "CP-6", wire=SoapWire(central.url, host=ipv6)) as cp:
        cp.wait_accepted()
        assert cp.address.startswith("http://[::1]:")
        assert "Accepted" == central.status("ClearCache")


def test_a_charge_point_names_its_messages_as_it_is_told(central: CentralSystem) -> None:
    """By UUIDs where it is not told, though all stations of a process share what writes their messages."""
    ids = iter(["urn:a", "urn:b"])
    told, untold = SoapWire(central.url, message_ids=lambda: next(ids)), SoapWire(central.url)
    with (
        ChargePoint(central.url, "CP-A", wire=told, auto_boot=False) as named,
        ChargePoint(central.url, "CP-B", wire=untold, auto_boot=False) as unnamed,
    ):
        for station in (named, unnamed, named):
            station.call("Heartbeat", {})
    first, uuid, second = [str(call.message_id) for call in central.calls]
    assert ("urn:a", True, "urn:b") == (first, uuid.startswith("urn:uuid:"), second)
