"""Calls over TLS: whom we trust, which name is asked for, and what a failed handshake means."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ocpp_soap.central.profile import Profile
from ocpp_soap.errors import NotTransmitted, Uncertain
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from ocpp_soap.soap.tls import Contexts
from tests.certificates import Identity, make, serving
from tests.conftest import missing
from tests.integration.soap_client.stations import Station, answer, confirmation, reset


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """A certificate for cp.example."""
    return make(tmp_path_factory.mktemp("tls"), "cp.example")


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """cp.example and other.example are this machine."""
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [(*found, ("127.0.0.1", port))])


@pytest.fixture
def secure(identity: Identity, service: Service) -> Iterator[Station]:
    """A station with that certificate which confirms a Reset."""
    station = Station(answer(confirmation(service, "Reset")), tls=serving(identity))
    yield station
    station.close()


@pytest.fixture
def trusting(service: Service, identity: Identity) -> SoapCaller:
    """A caller that trusts that certificate."""
    return SoapCaller(service, connect_timeout=3, read_timeout=3, max_answer=10_000, tls=Contexts(identity.certificate))


def test_a_station_is_called_by_its_name_over_tls(named: None, secure: Station, trusting: SoapCaller) -> None:
    """The certificate is for the name, although the resolved address is what we connect to."""
    asked: list[Any] = []
    assert secure.tls is not None
    secure.tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    answered = reset(trusting, f"https://cp.example:{secure.port}/station")
    assert {"status": "Accepted"} == answered.payload
    assert ["cp.example"] == asked
    assert f"cp.example:{secure.port}" == dict(secure.requests[0].headers)["Host"]


@pytest.mark.parametrize(
    ("host", "trusted", "words"),
    [
        ("cp.example", False, "the certificate is not trusted: self"),
        ("other.example", True, "the certificate is not trusted: Hostname mismatch"),
    ],
)
def test_a_certificate_that_does_not_fit_is_not_transmitted(
    named: None, secure: Station, service: Service, trusting: SoapCaller, host: str, trusted: bool, words: str
) -> None:
    """Nothing of the message has left when the handshake fails."""
    caller = trusting if trusted else SoapCaller(service, connect_timeout=10, read_timeout=10)
    with pytest.raises(NotTransmitted) as failed:
        reset(caller, f"https://{host}:{secure.port}/")
    assert words in str(failed.value)
    assert [] == secure.requests


def test_a_station_without_tls_is_not_transmitted(
    named: None, station: Station, trusting: SoapCaller, service: Service
) -> None:
    """https to an http port: no handshake, no message."""
    station.listens, station.act = False, answer(b"")
    with pytest.raises(NotTransmitted, match="TLS failed"):
        reset(trusting, f"https://cp.example:{station.port}/")


def test_a_handshake_without_end_is_not_transmitted(named: None, station: Station, trusting: SoapCaller) -> None:
    """It has the time of the connection."""
    station.listens, station.act = False, station.silence
    with pytest.raises(NotTransmitted, match="the time for connecting ran out"):
        reset(trusting, f"https://cp.example:{station.port}/")


def drip(connection: socket.socket) -> None:
    """Sends a byte now and then until the caller goes away."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b".")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda station: station.silence, "nothing came for 3 s"),
        (lambda _: lambda connection: connection.close(), "the connection was closed without an answer"),
        (lambda _: drip, "the answer is longer than 10000 bytes"),
    ],
    ids=["silence", "closed", "endless"],
)
def test_the_limits_and_outcomes_are_the_same_inside_tls(
    named: None, secure: Station, trusting: SoapCaller, act: Callable[[Station], Any], words: str
) -> None:
    """After the handshake the request has left, so it is uncertain."""
    secure.act = act(secure)
    with pytest.raises(Uncertain, match=words):
        reset(trusting, f"https://cp.example:{secure.port}/")
    assert 1 == len(secure.requests)


def called(caller: SoapCaller, address: str, **profile: Any) -> Any:
    """What a station with that profile answers."""
    answered = caller.call(address, "CP", "ClearCache", {}, from_address=None, profile=Profile(**profile))
    return answered.payload["status"]


@pytest.fixture
def distrusting(service: Service) -> SoapCaller:
    """A caller that trusts the system's authorities, who know none of the certificates here."""
    return SoapCaller(service, connect_timeout=5, read_timeout=5)


@contextmanager
def station_with(context: ssl.SSLContext, service: Service) -> Iterator[Station]:
    """A station that confirms over such TLS."""
    station = Station(answer(confirmation(service, "ClearCache")), tls=context)
    yield station
    station.close()


def test_a_pinned_certificate_needs_no_authority_and_no_name(
    secure: Station, distrusting: SoapCaller, identity: Identity, service: Service
) -> None:
    """Whoever shows it is the station, wherever it is called."""
    secure.act = answer(confirmation(service, "ClearCache"))
    address = f"https://127.0.0.1:{secure.port}/"
    digits = identity.fingerprint
    pairs = ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper()
    assert ["Accepted"] * 2 == [called(distrusting, address, tls_pin=pin) for pin in (digits, pairs)]
    with pytest.raises(NotTransmitted, match="the certificate is not trusted"):
        called(distrusting, address)


def test_another_certificate_than_the_pinned_one_is_not_transmitted(
    named: None, secure: Station, trusting: SoapCaller, identity: Identity
) -> None:
    """Not even one that an authority vouches for; the sentence tells which it was, and nothing has left."""
    with pytest.raises(NotTransmitted) as failed:
        called(trusting, f"https://cp.example:{secure.port}/", tls_pin="0" * 64)
    words = f"the certificate is not the pinned one: the SHA-256 of this one is {identity.fingerprint}"
    assert (words, "wrong-pin", []) == (failed.value.text, failed.value.trouble, secure.requests)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_our_certificate_is_shown_to_whoever_demands_it(
    service: Service, identity: Identity, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    """Without one the station refuses us: in TLS 1.3 only once the message has left."""
    ours, place = make(tmp_path, "gateway"), make(tmp_path, "station", place="127.0.0.1")
    with station_with(serving(place, demands=ours, newest=newest), service) as station:
        address = f"https://127.0.0.1:{station.port}/"
        showing = SoapCaller(service, tls=Contexts(place.certificate, ours.certificate, ours.key))
        silent = SoapCaller(service, tls=Contexts(place.certificate))
        assert "Accepted" == called(showing, address)
        with pytest.raises((NotTransmitted, Uncertain), match=r"TLS failed|reset|closed"):
            called(silent, address)
    assert 1 == len(station.requests)


@pytest.mark.parametrize(("newest", "minimum"), [("TLSv1", "TLSv1"), ("TLSv1_1", "TLSv1.1")])
def test_an_old_protocol_is_spoken_only_where_the_profile_says_so(
    service: Service, tmp_path: Path, newest: str, minimum: str
) -> None:
    """By default the handshake fails; for that station alone it succeeds, and its certificate is checked as ever."""
    place = make(tmp_path, "station", place="127.0.0.1")
    with station_with(serving(place, newest=ssl.TLSVersion[newest]), service) as station:
        address = f"https://127.0.0.1:{station.port}/"
        caller = SoapCaller(service, tls=Contexts(place.certificate))
        for profile in ({}, {"tls_minimum": "TLSv1.2"}):
            with pytest.raises(NotTransmitted, match="TLS failed") as failed:
                called(caller, address, **profile)
            assert "old-tls" == failed.value.trouble
        with pytest.raises(NotTransmitted, match="the certificate is not trusted"):
            called(SoapCaller(service), address, tls_minimum=minimum)
        try:
            answered = called(caller, address, tls_minimum=minimum)
        except NotTransmitted as failed_too:
            missing(f"{ssl.OPENSSL_VERSION} is built without it: {failed_too}")
        assert "Accepted" == answered
        with pytest.raises(NotTransmitted):
            called(caller, address)


def test_each_kind_of_context_is_made_once(identity: Identity) -> None:
    """They are shared by all calls, and the strict one stays strict beside the others."""
    contexts = Contexts(identity.certificate)
    kinds = [(minimum, pinned) for minimum in ("default", "TLSv1", "TLSv1.3") for pinned in (False, True)]
    made = [contexts.of(*kind) for kind in kinds]
    assert made == [contexts.of(*kind) for kind in kinds]
    assert len(kinds) == len(set(made))
    strict = contexts.of()
    assert (True, ssl.CERT_REQUIRED) == (strict.check_hostname, strict.verify_mode)
    assert strict.minimum_version >= ssl.TLSVersion.TLSv1_2
