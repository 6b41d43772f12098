"""Calls over TLS: whom we trust, which name is asked for, and what a failed handshake means."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ocpp_soap.errors import NotTransmitted, Uncertain
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import SoapCaller
from tests.conftest import need
from tests.integration.soap_client.stations import Station, answer, confirmation, reset


@dataclass(frozen=True)
class Identity:
    """A key and a certificate that signs itself."""

    key: Path
    certificate: Path


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """A certificate for cp.example."""
    folder = tmp_path_factory.mktemp("tls")
    made = Identity(folder / "key.pem", folder / "certificate.pem")
    subject = ["-subj", "/CN=cp.example", "-addext", "subjectAltName=DNS:cp.example", "-days", "2"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(made.key)]
    command = [str(need("openssl")), "req", "-x509", *key, "-out", str(made.certificate), *subject]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "RANDFILE": str(folder / "rnd")})
    return made


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """cp.example and other.example are this machine."""
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [(*found, ("127.0.0.1", port))])


@pytest.fixture
def secure(identity: Identity, service: Service) -> Iterator[Station]:
    """A station with that certificate which confirms a Reset."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    station = Station(answer(confirmation(service, "Reset")), tls=context)
    yield station
    station.close()


@pytest.fixture
def trusting(service: Service, identity: Identity) -> SoapCaller:
    """A caller that trusts that certificate."""
    return SoapCaller(service, connect_timeout=1, read_timeout=1, max_answer=10_000, ca_file=identity.certificate)


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
    caller = trusting if trusted else SoapCaller(service, connect_timeout=1, read_timeout=1)
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
        (lambda station: station.silence, "nothing came for 1 s"),
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
