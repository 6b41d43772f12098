"""The certification cases of firmware and diagnostics, between the real gateway and a simulated station."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ocpp_soap.protocol.times import format_time

from .gateway import free_port
from .stations import Case


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    """The address of a web server that holds firmware-2.0.bin."""
    (tmp_path / "firmware-2.0.bin").write_bytes(b"firmware")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def update(case: Case, location: str) -> list[str]:
    """Orders an update in fifteen seconds, lets the time come and all be done; returns the states that were told."""
    retrieve = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=16)
    answer = case.send("UpdateFirmware", location=location, retrieveDate=format_time(retrieve))
    ahead = (retrieve - case.station.clock.now()).total_seconds()
    case.station.tick(ahead - 1)
    assert ({}, []) == (answer, case.station.sent.of("FirmwareStatusNotification"))
    case.station.tick(1)
    case.station.tick(5)
    told = [one["status"] for one in case.station.sent.payloads("FirmwareStatusNotification")]
    notices = [one for one in case.known()["fileNotices"] if one["kind"] == "firmware"]
    assert told == [one["status"] for one in reversed(notices)]
    assert told[-1] == case.known()["firmwareStatus"]
    assert 1 == len({one["command_id"] for one in notices} - {None})
    return told


def test_tc044_1_firmware_update(case: Case, files: str) -> None:
    """A firmware that is fetched and installed is told step by step; the station boots again with it."""
    assert ["Downloading", "Downloaded", "Installing", "Installed"] == update(case, f"{files}/firmware-2.0.bin")
    assert "firmware-2.0" == case.known()["boot"]["firmwareVersion"]
    assert 2 == len(case.station.sent.of("BootNotification"))
    case.confirmed("FirmwareStatusNotification", "BootNotification", "StatusNotification")


def test_tc044_2_firmware_download_failed(case: Case, files: str) -> None:
    """A firmware that is not there ends in DownloadFailed."""
    assert ["Downloading", "DownloadFailed"] == update(case, f"{files}/firmware-3.0.bin")
    case.confirmed("FirmwareStatusNotification")


def test_tc044_3_firmware_install_failed(case: Case, files: str) -> None:
    """A firmware that can't be installed ends in InstallationFailed, and the station keeps the one that it has."""
    case.station.faults.installation_fails = True
    told = update(case, f"{files}/firmware-2.0.bin")
    assert ["Downloading", "Downloaded", "Installing", "InstallationFailed"] == told
    assert "1.0.0" == case.known()["boot"]["firmwareVersion"]
    case.confirmed("FirmwareStatusNotification", "BootNotification", "StatusNotification")


def test_tc045_1_get_diagnostics(case: Case) -> None:
    """Diagnostics that can't be uploaded are named, and told to have failed."""
    unreachable = f"http://127.0.0.1:{free_port()}/diagnostics/"
    assert {"fileName": "diagnostics.txt"} == case.type_in("GetDiagnostics", location=unreachable)
    told = [one["status"] for one in case.station.sent.payloads("DiagnosticsStatusNotification")]
    assert ["Uploading", "UploadFailed"] == told
    assert "UploadFailed" == case.known()["diagnosticsStatus"]
    case.confirmed("DiagnosticsStatusNotification")
