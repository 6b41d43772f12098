"""Diagnostics and firmware: files that really travel, by HTTP and FTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from ocpp_soap.simulator.charge_point import ChargePoint
from tests.integration.simulator.central_system import CentralSystem

DIAGNOSTICS, FIRMWARE = "DiagnosticsStatusNotification", "FirmwareStatusNotification"


def serve(folder: Path, refused: list[int]) -> Any:
    """A web server that keeps and gives files, or answers with the next of the refused statuses."""

    @Request.application
    def app(request: Request) -> Response:
        if refused:
            return Response(status=refused.pop(0))
        path = folder / request.path.lstrip("/")
        if request.method == "PUT":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(request.get_data())
            return Response(status=201)
        return Response(path.read_bytes()) if path.exists() else Response(status=404)

    return make_server("127.0.0.1", 0, app, threaded=True)


@pytest.fixture
def refused() -> list[int]:
    """HTTP statuses that the web server answers with before it does its work."""
    return []


@pytest.fixture
def http(tmp_path: Path, refused: list[int]) -> Iterator[str]:
    """The URL of a web server over the test's folder."""
    server = serve(tmp_path, refused)
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[str]:
    """The URL of an FTP server over the test's folder."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("station", "p@ss", str(tmp_path), perm="elrwm")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer})
    server = FTPServer(("127.0.0.1", 0), handler)
    running = [True]

    def loop() -> None:
        while running:
            server.serve_forever(timeout=0.01, blocking=False)
        server.close_all()

    thread = Thread(target=loop, daemon=True)
    thread.start()
    yield f"ftp://station:p%40ss@127.0.0.1:{server.address[1]}"
    running.clear()
    thread.join()


def told(central: CentralSystem, operation: str) -> list[str]:
    """The states that were told."""
    return [payload["status"] for payload in central.payloads(operation)]


@pytest.mark.parametrize("way", ["http", "ftp"])
def test_diagnostics_are_uploaded(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, way: str, request: pytest.FixtureRequest
) -> None:
    """Into the folder that was named; the file holds what was sent and received."""
    (tmp_path / "logs").mkdir()
    location = request.getfixturevalue(way) + "/logs/"
    assert {"fileName": "diagnostics.txt"} == central.command("GetDiagnostics", location=location)
    cp.settle()
    assert ["Uploading", "Uploaded"] == told(central, DIAGNOSTICS)
    lines = (tmp_path / "logs" / "diagnostics.txt").read_text().splitlines()
    assert "CP-1" == lines[0]
    assert ["BootNotification", "StatusNotification", "StatusNotification"] == [line.split()[2] for line in lines[1:4]]


def test_diagnostics_can_be_of_a_stretch_of_time(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, http: str
) -> None:
    """From startTime to stopTime."""
    cp.tick(100)
    cp.heartbeat()
    moment = cp.clock.now()
    stretch: dict[str, Any] = {"startTime": moment - timedelta(seconds=1), "stopTime": moment}
    cp.tick(100)
    cp.data_transfer("com.example")
    central.command("GetDiagnostics", location=http, **stretch)
    cp.settle()
    lines = (tmp_path / "diagnostics.txt").read_text().splitlines()
    assert ["Heartbeat"] == [line.split()[2] for line in lines[1:]]


def test_an_upload_is_tried_again(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, http: str, refused: list[int]
) -> None:
    """As often, and after as long, as GetDiagnostics says."""
    refused += [500, 503]
    central.command("GetDiagnostics", location=http, retries=2, retryInterval=30)
    cp.tick(59)
    assert ["Uploading"] == told(central, DIAGNOSTICS)
    cp.tick(1)
    assert ["Uploading", "Uploaded"] == told(central, DIAGNOSTICS)


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:1/", "ftp://127.0.0.1:1/", "http://[::1", "gopher://127.0.0.1/", "nonsense"]
)
def test_an_upload_to_nowhere_fails(central: CentralSystem, cp: ChargePoint, location: str) -> None:
    """Nobody there, or no address at all."""
    central.command("GetDiagnostics", location=location)
    cp.settle()
    assert ["Uploading", "UploadFailed"] == told(central, DIAGNOSTICS)


def test_an_upload_that_the_ftp_server_refuses_fails(central: CentralSystem, cp: ChargePoint, ftp: str) -> None:
    """Here the folder is not there."""
    central.command("GetDiagnostics", location=ftp + "/nowhere")
    cp.settle()
    assert ["Uploading", "UploadFailed"] == told(central, DIAGNOSTICS)


def update(central: CentralSystem, cp: ChargePoint, location: str, seconds: int = 15, **fields: Any) -> None:
    """UpdateFirmware, in so many seconds."""
    central.command(
        "UpdateFirmware", retrieveDate=cp.clock.now() + timedelta(seconds=seconds), location=location, **fields
    )


@pytest.mark.parametrize("way", ["http", "ftp"])
def test_firmware_is_fetched_installed_and_booted(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, way: str, request: pytest.FixtureRequest
) -> None:
    """At its time, not before; the boot tells the new version, after the file's name."""
    (tmp_path / "v2.0.1.bin").write_bytes(b"\x7fELF")
    update(central, cp, request.getfixturevalue(way) + "/v2.0.1.bin")
    cp.tick(14)
    assert [] == told(central, FIRMWARE)
    cp.tick(3)
    assert ["Downloading", "Downloaded", "Installing", "Installed"] == told(central, FIRMWARE)
    assert ["1.0.0", "v2.0.1"] == [boot["firmwareVersion"] for boot in central.payloads("BootNotification")]


@pytest.mark.parametrize("location", ["/nothing.bin", "http://127.0.0.1:1/v2.bin"])
def test_firmware_that_is_not_there_fails(central: CentralSystem, cp: ChargePoint, http: str, location: str) -> None:
    """It stays with what it has."""
    update(central, cp, location if "//" in location else http + location)
    cp.tick(60)
    assert ["Downloading", "DownloadFailed"] == told(central, FIRMWARE)
    assert 1 == len(central.payloads("BootNotification"))


def test_a_download_is_tried_again(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, http: str, refused: list[int]
) -> None:
    """As often, and after as long, as UpdateFirmware says; in vain here."""
    refused += [500, 500, 500]
    update(central, cp, http + "/v2.bin", retries=2, retryInterval=30)
    cp.tick(15 + 59)
    assert ["Downloading"] == told(central, FIRMWARE)
    cp.tick(1)
    assert (["Downloading", "DownloadFailed"], []) == (told(central, FIRMWARE), refused)


@pytest.mark.parametrize(("content", "fails"), [(b"good", True), (b"", False)], ids=["switched on", "an empty file"])
def test_an_installation_may_fail(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, http: str, content: bytes, fails: bool
) -> None:
    """Then it does not boot."""
    (tmp_path / "v2.bin").write_bytes(content)
    cp.faults.installation_fails = fails
    update(central, cp, http + "/v2.bin")
    cp.tick(60)
    assert ["Downloading", "Downloaded", "Installing", "InstallationFailed"] == told(central, FIRMWARE)
    assert 1 == len(central.payloads("BootNotification"))


def test_an_installation_waits_for_the_end_of_the_session(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, http: str
) -> None:
    """Nobody is cut off."""
    (tmp_path / "v2.bin").write_bytes(b"good")
    cp.start_transaction(1, "TAG")
    update(central, cp, http + "/v2.bin")
    cp.tick(60)
    assert ["Downloading", "Downloaded"] == told(central, FIRMWARE)
    cp.stop_transaction()
    cp.tick(2)
    assert ["Installing", "Installed"] == told(central, FIRMWARE)[2:]


def test_a_trigger_tells_what_the_firmware_is_at(
    central: CentralSystem, cp: ChargePoint, tmp_path: Path, http: str
) -> None:
    """Downloaded, while it waits for the end of a session."""
    (tmp_path / "v2.bin").write_bytes(b"good")
    cp.start_transaction(1, "TAG")
    update(central, cp, http + "/v2.bin", seconds=0)
    cp.settle()
    central.command("TriggerMessage", requestedMessage=FIRMWARE)
    cp.settle()
    assert ["Downloading", "Downloaded", "Downloaded"] == told(central, FIRMWARE)
