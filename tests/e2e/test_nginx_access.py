"""Client certificates that nginx checks and hands on, and secrets that it must not write down."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import need

from .test_nginx import PROXY, STATION, Front, certificate, fault, fronted, message
from .wire import SECONDS

pytestmark = pytest.mark.xdist_group("nginx")

__all__ = ["certificate"]


def made(folder: Path, name: str, common_name: str, signed_by: Path | None = None, *options: str) -> Path:
    """A certificate with its key beside it, signed by another or by itself."""
    path = folder / f"{name}.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(path.with_suffix(".key"))]
    by = [] if signed_by is None else ["-CA", str(signed_by), "-CAkey", str(signed_by.with_suffix(".key"))]
    command = [str(need("openssl")), "req", "-x509", "-days", "2", *key, "-subj", f"/CN={common_name}", *options, *by]
    subprocess.run([*command, "-out", str(path)], check=True, capture_output=True)
    return path


def escaped(certificate: Path) -> str:
    """A certificate as nginx hands it on."""
    return quote(certificate.read_text(), safe="")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority of the stations' certificates."""
    return made(tmp_path_factory.mktemp("authority"), "authority", "Stations")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, certificate: Path, authority: Path) -> Iterator[Front]:
    """nginx before a gateway that trusts it and asks every station for a certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "STATION_PROOF": "certificate"}
    with fronted(folder, certificate, authority, **settings) as started:
        yield started


def test_a_certificate_is_bound_to_the_identity(front: Front, authority: Path, tmp_path: Path) -> None:
    """By its common name or an alternative one; another station's is an IdentityMismatch, none is a SecurityError."""
    own = made(tmp_path, "own", "BY-NAME", authority)
    named = made(tmp_path, "named", "x", authority, "-addext", "subjectAltName=DNS:by-san.example,URI:urn:cp:1")
    assert 200 == front.ask("POST", "/ocpp", message("Heartbeat", "BY-NAME"), own).status
    front.gateway.run("charge-points", "add", "BY-SAN")
    front.gateway.run("charge-points", "access", "BY-SAN", "--certificate", "by-san.example")
    assert 200 == front.ask("POST", "/ocpp", message("Heartbeat", "BY-SAN"), named).status
    other = front.ask("POST", "/ocpp", message("Heartbeat", "BY-NAME"), named)
    assert (400, "application/soap+xml", "IdentityMismatch") == fault(other)
    none = front.ask("POST", "/ocpp", message("Heartbeat", "BY-NAME"))
    assert (400, "application/soap+xml", "SecurityError") == fault(none)
    [attempt] = front.gateway.json("charge-points", "show", "BY-NAME")["failedAuthentications"]
    assert (STATION, 2, "This charge point has to show a client certificate.") == (
        attempt["peer"],
        attempt["count"],
        attempt["reason"],
    )


def test_a_certificate_of_another_authority_or_a_forged_header_proves_nothing(
    front: Front, authority: Path, tmp_path: Path
) -> None:
    """nginx says whether it has verified it, and overwrites what a station writes about itself."""
    own = made(tmp_path, "own", "FORGED", authority)
    assert 200 == front.ask("POST", "/ocpp", message("Heartbeat", "FORGED"), own).status
    forged = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-Cert": escaped(own)}
    refused = front.ask("POST", "/ocpp", message("Heartbeat", "FORGED"), **forged)
    assert (400, "application/soap+xml", "SecurityError") == fault(refused)
    strange = front.ask("POST", "/ocpp", message("Heartbeat", "FORGED"), made(tmp_path, "strange", "FORGED"))
    assert 400 == strange.status  # nginx itself refuses one that it can't verify


def test_who_goes_round_the_proxy_proves_nothing_by_its_headers(front: Front, authority: Path, tmp_path: Path) -> None:
    """The gateway believes headers about certificates from a trusted proxy alone."""
    own = made(tmp_path, "own", "ROUND", authority)
    assert 200 == front.ask("POST", "/ocpp", message("Heartbeat", "ROUND"), own).status
    port = int(front.gateway.url.split(":")[2].partition("/")[0])
    headers = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-Cert": escaped(own)}
    for source, status in ((STATION, 400), (PROXY, 200)):
        direct = http.client.HTTPConnection(PROXY, port, timeout=SECONDS, source_address=(source, 0))
        direct.request("POST", "/ocpp", message("Heartbeat", "ROUND"), headers)
        assert status == direct.getresponse().status
        direct.close()


def test_a_secret_in_a_url_is_in_no_log(front: Front) -> None:
    """Neither nginx nor the gateway writes it down, nor the journal, however the URL is spelled."""
    secret = "5ec2e7" * 6
    answer = front.ask("POST", f"/ocpp/LOGGED/{secret}", message("Heartbeat", "LOGGED"))
    assert 400 == answer.status
    front.ask("POST", f"/elsewhere/LOGGED/{secret}", message("Heartbeat", "LOGGED"))
    front.ask("GET", f"/ocpp/LOGGED/{secret}")
    for path in (
        f"/ocpp//LOGGED//{secret}",
        f"//ocpp/LOGGED/{secret}/",
        f"/ocpp/LOGGED%2F{secret}",
        f"/ocpp?k={secret}",
    ):
        front.ask("POST", path, message("Heartbeat", "LOGGED"))
    written = "".join((front.folder / "logs" / name).read_text() for name in ("access.log", "error.log"))
    assert '"POST /ocpp/LOGGED/..." 400' in written
    journal = front.gateway.run("journal", "list", "--charge-point", "LOGGED", "--json").stdout
    assert "SecurityError" in journal
    database = b"".join(file.read_bytes() for file in front.gateway.folder.glob("gateway.db*"))
    assert not any(secret in text for text in (written, front.gateway.log(), journal, repr(database)))
