"""Firmware and diagnostics of a simulated charge point: files that really travel, and the states on the way.

OCPP 1.6 §4.4, §4.5, §5.9 and §5.19. Every attempt runs apart, since a file may take long; pauses are simulated time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import OcppSoapError
from ..protocol.times import format_time
from . import files

if TYPE_CHECKING:
    from .station import Station

logger = logging.getLogger(__name__)

Payload = dict[str, Any]

MAX_VERSION = 50
"""The length of a firmwareVersion (CiString50Type)."""


def notice(cp: Station, kind: str, status: str) -> None:
    """Takes on a state and tells it; `kind` is Firmware or Diagnostics. A lost notice is not repeated."""
    with cp.changed:
        cp.file_status[kind] = status
        cp.changed.notify_all()
    try:
        cp.send(f"{kind}StatusNotification", {"status": status})
    except OcppSoapError as error:
        logger.info("%s: %s is not told: %s", cp.identity, status, error)


def upload_diagnostics(cp: Station, request: Payload, attempt: int = 0) -> None:
    """Uploads the record of its messages, with the retries that GetDiagnostics asks for."""

    def work() -> None:
        if not attempt:
            notice(cp, "Diagnostics", "Uploading")
        try:
            files.upload(request["location"], cp.traits.diagnostics_name, diagnostics(cp, request))
        except files.FAILURES as error:
            logger.info("%s: no upload to %s: %s", cp.identity, request["location"], error)
            if not _again(cp, request, attempt, upload_diagnostics, "diagnostics"):
                notice(cp, "Diagnostics", "UploadFailed")
        else:
            notice(cp, "Diagnostics", "Uploaded")

    cp.agenda.apart(work)


def _again(
    cp: Station, request: Payload, attempt: int, work: Callable[[Station, Payload, int], None], key: str
) -> bool:
    """Plans the next attempt, with the pause that the command asks for; False when it was the last."""
    if attempt >= (request.get("retries") or 0):
        return False
    cp.agenda.after(request.get("retryInterval") or 0, lambda: work(cp, request, attempt + 1), key)
    return True


def diagnostics(cp: Station, request: Payload) -> bytes:
    """One line for each message between startTime and stopTime."""
    begin, end = request.get("startTime"), request.get("stopTime")
    with cp.changed:
        lines = [(one.at, f"sent {one.operation} {one.payload}") for one in cp.sent]
        lines += [(one.at, f"received {one.operation} {one.payload}") for one in cp.commands_received]
    chosen = [
        f"{format_time(at)} {text}\n"
        for at, text in sorted(lines, key=lambda line: line[0])
        if (begin is None or at >= begin) and (end is None or at <= end)
    ]
    return f"{cp.identity}\n{''.join(chosen)}".encode()


def fetch_firmware(cp: Station, request: Payload, attempt: int = 0) -> None:
    """Fetches the firmware, with the retries that UpdateFirmware asks for, and installs it once nobody charges."""

    def work() -> None:
        if not attempt:
            notice(cp, "Firmware", "Downloading")
        try:
            content = files.download(request["location"])
        except files.FAILURES as error:
            logger.info("%s: no download from %s: %s", cp.identity, request["location"], error)
            if not _again(cp, request, attempt, fetch_firmware, "firmware"):
                notice(cp, "Firmware", "DownloadFailed")
            return
        notice(cp, "Firmware", "Downloaded")
        with cp.changed:
            cp.downloaded = (PurePosixPath(urlsplit(request["location"]).path).stem[:MAX_VERSION], content)
        install_when_idle(cp)

    cp.agenda.apart(work)


def install_when_idle(cp: Station) -> None:
    """Begins to install what was downloaded, unless a transaction is running (§4.5); its end asks again."""
    with cp.changed:
        if cp.downloaded is None or any(c.transaction for c in cp.connectors.values()):
            return
        (version, content), cp.downloaded = cp.downloaded, None
    cp.agenda.soon(lambda: _install(cp, version, content))


def _install(cp: Station, version: str, content: bytes) -> None:
    notice(cp, "Firmware", "Installing")

    def finish() -> None:
        if cp.faults.installation_fails or not content:
            notice(cp, "Firmware", "InstallationFailed")
            return
        with cp.changed:
            cp.nameplate["firmwareVersion"] = version
        notice(cp, "Firmware", "Installed")
        cp.reboot()

    cp.agenda.after(cp.traits.install_seconds, finish, "install")
