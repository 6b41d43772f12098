"""`ocpp-soap charge-points probe` over TLS: certificates, pins, old protocols, the wrong scheme."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ocpp_soap.protocol import catalog
from ocpp_soap.simulator.charge_point import ChargePoint
from tests.certificates import make, serving
from tests.conftest import missing
from tests.integration.soap_client.stations import Act, answer, confirmation

from .conftest import Terminal
from .probes import called_at, odd, probed


def confirming() -> Act:
    """Answers every GetConfiguration."""
    return answer(confirmation(catalog.load().newest.charge_point, "GetConfiguration", ""))


def test_a_certificate_that_nobody_vouches_for_can_be_pinned(terminal: Terminal, tmp_path: Path) -> None:
    """The advice is a command with the fingerprint; with another certificate later the pin does not hold."""
    first, second = (make(tmp_path, name, place="127.0.0.1") for name in ("first", "second"))
    with odd(confirming(), tls=serving(first)) as station:
        url = f"https://127.0.0.1:{station.port}/"
        called_at(terminal, url)
        assert 0 == terminal.run("charge-points", "probe", "CP-1", STATION_CA_FILE=str(first.certificate)).exit_code
        report = probed(terminal, 4)
        assert ("untrusted", first.fingerprint) == (
            report["addresses"][0]["trouble"],
            report["addresses"][0]["certificate"]["sha256"],
        )
        command = f"ocpp-soap charge-points profile CP-1 --tls-pin {first.fingerprint}"
        assert (
            f"if the station itself shows the fingerprint {first.fingerprint}, pin it: `{command}`" == report["try"][0]
        )
        terminal.says(*command.split()[1:])
        assert "TLSv1.3" == probed(terminal, 0)["addresses"][0]["tls"]
        station.tls = serving(second)
        report = probed(terminal, 4)
        assert ("wrong-pin", second.fingerprint) == (
            report["addresses"][0]["trouble"],
            report["addresses"][0]["certificate"]["sha256"],
        )


@pytest.mark.parametrize(
    ("days", "place", "trouble", "words"),
    [
        ((-9, -2), "127.0.0.1", "out-of-time", ", and not now"),
        ((2, 9), "127.0.0.1", "out-of-time", ", and not now"),
        ((-1, 2), None, "other-name", "its certificate is for station, not for 127.0.0.1"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(
    terminal: Terminal, tmp_path: Path, days: tuple[int, int], place: str | None, trouble: str, words: str
) -> None:
    """Its authority is trusted, but its time or its name is not right."""
    shown = make(tmp_path, "station", place=place, days=days)
    with odd(confirming(), tls=serving(shown)) as station:
        called_at(terminal, f"https://127.0.0.1:{station.port}/")
        report = probed(terminal, 4, STATION_CA_FILE=str(shown.certificate))
    assert (trouble, True) == (report["addresses"][0]["trouble"], words in report["conclusion"])


def test_an_old_protocol_is_told_with_the_setting_that_allows_it(terminal: Terminal, tmp_path: Path) -> None:
    """For that station alone."""
    shown = make(tmp_path, "station", place="127.0.0.1")
    with odd(confirming(), tls=serving(shown, newest=ssl.TLSVersion.TLSv1)) as station:
        called_at(terminal, f"https://127.0.0.1:{station.port}/")
        settings = {"STATION_CA_FILE": str(shown.certificate)}
        report = probed(terminal, 4, **settings)
        if "old-tls" != report["addresses"][0]["trouble"]:
            missing(f"{ssl.OPENSSL_VERSION} is built without TLS 1.0")
        assert "older or weaker than what is allowed: it speaks TLSv1" in report["conclusion"]
        command = "ocpp-soap charge-points profile CP-1 --tls-minimum TLSv1"
        assert f"allow that to this station alone: `{command}`" == report["try"][0]
        terminal.says(*command.split()[1:])
        assert "TLSv1" == probed(terminal, 0, **settings)["addresses"][0]["tls"]


def test_our_own_certificate_is_wanted(terminal: Terminal, tmp_path: Path) -> None:
    """The advice names the settings, and with them the station can be called."""
    ours, shown = make(tmp_path, "gateway"), make(tmp_path, "station", place="127.0.0.1")
    demanding = serving(shown, demands=ours, newest=ssl.TLSVersion.TLSv1_2)
    with odd(confirming(), tls=demanding) as station:
        called_at(terminal, f"https://127.0.0.1:{station.port}/")
        settings = {"STATION_CA_FILE": str(shown.certificate)}
        assert any("OCPP_SOAP_CLIENT_CERTIFICATE" in advice for advice in probed(terminal, 4, **settings)["try"])
        settings |= {"CLIENT_CERTIFICATE": str(ours.certificate), "CLIENT_KEY": str(ours.key)}
        probed(terminal, 0, **settings)


def test_the_wrong_scheme_is_told(terminal: Terminal, tmp_path: Path, station: ChargePoint) -> None:
    """http where there is TLS, and https where there is none, each with the address that would be right."""
    terminal.says("charge-points", "set-callback", "CP-1", station.address.replace("http:", "https:"))
    found = probed(terminal, 3)["addresses"][0]
    expected = ("no-tls", f"use plain HTTP: `ocpp-soap charge-points set-callback CP-1 {station.address}`")
    assert expected == (found["trouble"], found["try"][0])
    with odd(confirming(), tls=serving(make(tmp_path, "station"))) as secure:
        terminal.says("charge-points", "set-callback", "CP-1", f"http://127.0.0.1:{secure.port}/a")
        found = probed(terminal, 3)["addresses"][0]
        command = f"ocpp-soap charge-points set-callback CP-1 https://127.0.0.1:{secure.port}/a"
        assert ("needs-tls", f"use it: `{command}`") == (found["trouble"], found["try"][0])
