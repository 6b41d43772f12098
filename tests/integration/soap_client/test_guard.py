"""Who may be called: every resolved address is checked, and the checked one is the one that is called."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from ocpp_soap.central.callback import CallbackGuard, CallbackRules
from ocpp_soap.errors import NotTransmitted, Uncertain
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from tests.conftest import missing
from tests.integration.soap_client.stations import Station, answer, confirmation, reset


class Recorder:
    """A guard that notes what it is asked and refuses some addresses."""

    def __init__(self, *refused: str) -> None:
        self.asked: list[tuple[IPv4Address | IPv6Address, int, str]] = []
        self.refused = refused

    def check(self, ip: IPv4Address | IPv6Address, port: int, scheme: str) -> str | None:
        """Refuses by the address's text."""
        self.asked.append((ip, port, scheme))
        return f"{ip} is refused here" if str(ip) in self.refused else None


def guarded(service: Service, guard: Any) -> SoapCaller:
    """A caller with that guard."""
    return SoapCaller(service, guard=guard, connect_timeout=10, read_timeout=10)


@pytest.fixture
def ready(station: Station, service: Service) -> Station:
    """A station that confirms a Reset."""
    station.act = answer(confirmation(service, "Reset"))
    return station


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and their addresses, instead of the resolver's; the list of a name shrinks to nothing once asked."""
    table: dict[str, list[str]] = {}

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        found = [(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip) for ip in table.pop(host)]
        return [(f, socket.SOCK_STREAM, 6, "", (ip, port, 0, 0) if ":" in ip else (ip, port)) for f, ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return table


def test_this_machine_is_refused_outside_of_development(ready: Station, service: Service) -> None:
    """Not transmitted, with the guard's reason; no connection is made."""
    with pytest.raises(NotTransmitted) as failed:
        reset(guarded(service, CallbackGuard()), ready.url)
    assert str(failed.value).startswith("this address may not be called: 127.0.0.1 is this machine")
    assert b"resetRequest" in failed.value.request
    assert 0 == ready.connections


@pytest.mark.parametrize("host", ["127.1", "0x7f.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "localhost"])
def test_no_spelling_of_an_address_passes_the_guard(ready: Station, service: Service, host: str) -> None:
    """What is checked is the address that the system would connect to."""
    with pytest.raises(NotTransmitted, match="is this machine"):
        reset(guarded(service, CallbackGuard()), f"http://{host}:{ready.port}/")
    assert 0 == ready.connections


def test_an_address_in_the_clothes_of_another_family_is_checked_as_what_it_is(ready: Station, service: Service) -> None:
    """The guard sees 127.0.0.1 for ::ffff:127.0.0.1, so that rules for IPv4 networks hold."""
    guard = Recorder()
    with suppress(NotTransmitted):  # where the machine has no IPv6 at all
        reset(guarded(service, guard), f"http://[::ffff:127.0.0.1]:{ready.port}/")
    assert [(IPv4Address("127.0.0.1"), ready.port, "http")] == guard.asked


def test_a_name_is_resolved_once_and_each_address_checked(
    ready: Station, service: Service, names: dict[str, list[str]]
) -> None:
    """A refused address is passed over, the checked one called, and the Host header keeps the name."""
    names["cp.example"] = ["127.0.0.9", "127.0.0.1"]
    guard = Recorder("127.0.0.9")
    reset(guarded(service, guard), f"http://cp.example:{ready.port}/station")
    assert ["127.0.0.9", "127.0.0.1"] == [str(ip) for ip, _, _ in guard.asked]
    assert f"cp.example:{ready.port}" == dict(ready.requests[0].headers)["Host"]


def test_a_name_with_nothing_but_refused_addresses_is_not_called(
    ready: Station, service: Service, names: dict[str, list[str]]
) -> None:
    """A station can't lead us to a forbidden place by a name."""
    names["cp.example"] = ["169.254.169.254", "127.0.0.1", "::1"]
    with pytest.raises(NotTransmitted, match="this address may not be called"):
        reset(guarded(service, CallbackGuard()), f"http://cp.example:{ready.port}/")
    assert 0 == ready.connections


def test_the_second_address_is_tried_when_the_first_refuses(
    ready: Station, service: Service, names: dict[str, list[str]]
) -> None:
    """Nobody listens at 127.0.0.2; nothing was sent there, so trying the next one is safe."""
    names["cp.example"] = ["127.0.0.2", "127.0.0.1"]
    assert {"status": "Accepted"} == reset(guarded(service, Recorder()), f"http://cp.example:{ready.port}/").payload


def test_a_reset_after_the_request_does_not_lead_to_the_second_address(
    ready: Station, service: Service, names: dict[str, list[str]]
) -> None:
    """A command is sent once: the address that took the connection is the only one."""
    names["cp.example"] = ["127.0.0.1", "127.0.0.1"]
    ready.act = lambda connection: connection.close()
    with pytest.raises(Uncertain, match="the connection was closed without an answer"):
        reset(guarded(service, Recorder()), f"http://cp.example:{ready.port}/")
    assert 1 == ready.connections


def test_ports_and_schemes_are_checked_too(ready: Station, service: Service) -> None:
    """The rules get both from the address that is called."""
    guard = CallbackGuard(deny=CallbackRules.parse(f"port:{ready.port}"), development=True)
    with pytest.raises(NotTransmitted, match=f"http on port {ready.port} is in OCPP_SOAP_CALLBACK_DENY"):
        reset(guarded(service, guard), ready.url)


def test_a_station_is_called_over_the_newer_internet_protocol(service: Service) -> None:
    """IPv6 addresses keep their brackets in the Host header."""
    try:
        station = Station(host="::1")
    except OSError:
        missing("this machine has no IPv6")
    station.act = answer(confirmation(service, "Reset"))
    try:
        reset(guarded(service, Recorder()), f"http://[::1]:{station.port}/")
    finally:
        station.close()
    assert f"[::1]:{station.port}" == dict(station.requests[0].headers)["Host"]
