"""What TriggerMessage makes a charge point send (OCPP 1.6 §5.17), also before it has been accepted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from . import sampling

if TYPE_CHECKING:
    from .station import Station

Trigger = Callable[["Station", int | None], object]


def _boot(cp: Station, _: int | None) -> None:
    cp.boot()


def _heartbeat(cp: Station, _: int | None) -> None:
    cp.send("Heartbeat", {}, triggered=True)


def _status(cp: Station, connector_id: int | None) -> None:
    for number in list(cp.connectors) if connector_id is None else [connector_id]:
        cp.report(number)


def _meter_values(cp: Station, connector_id: int | None) -> None:
    measurands = cp.configuration.words("MeterValuesSampledData")
    for number in [n for n in cp.connectors if n] if connector_id is None else [connector_id]:
        sampling.send_meter_values(cp, number, "Trigger", measurands, triggered=True)


def _file(kind: str, cp: Station, _: int | None) -> None:
    """Idle unless it is busy with a file (§4.4, §4.5)."""
    busy = {"Uploading", "Downloading", "Downloaded", "Installing"}
    status = cp.file_status[kind]
    cp.send(f"{kind}StatusNotification", {"status": status if status in busy else "Idle"}, triggered=True)


TRIGGERS: dict[str, Trigger] = {
    "BootNotification": _boot,
    "DiagnosticsStatusNotification": partial(_file, "Diagnostics"),
    "FirmwareStatusNotification": partial(_file, "Firmware"),
    "Heartbeat": _heartbeat,
    "MeterValues": _meter_values,
    "StatusNotification": _status,
}
ABOUT_FILES = ("DiagnosticsStatusNotification", "FirmwareStatusNotification")
