"""Decides on a command: a fault that is switched on, an answer that a test has set, or the handler of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Fault, NotSupported
from .commands import HANDLERS, Effect

if TYPE_CHECKING:
    from .station import Station

Payload = dict[str, Any]

# The feature profile that each operation belongs to (OCPP 1.6 chapter 3); the others are Core.
PROFILES = {
    "CancelReservation": "Reservation",
    "ClearChargingProfile": "SmartCharging",
    "GetCompositeSchedule": "SmartCharging",
    "GetDiagnostics": "FirmwareManagement",
    "GetLocalListVersion": "LocalAuthListManagement",
    "ReserveNow": "Reservation",
    "SendLocalList": "LocalAuthListManagement",
    "SetChargingProfile": "SmartCharging",
    "TriggerMessage": "RemoteTrigger",
    "UpdateFirmware": "FirmwareManagement",
}
# Where the confirmation can say that the profile is missing; elsewhere a fault does.
WITHOUT_PROFILE: dict[str, Payload] = {
    "GetLocalListVersion": {"listVersion": -1},
    "SendLocalList": {"status": "NotSupported"},
    "SetChargingProfile": {"status": "NotSupported"},
}


def decide(cp: Station, operation: str, request: Payload) -> tuple[Payload | Fault, Effect | None]:
    """The answer, and what to do once it has left; the caller holds the lock."""
    if cp.faults.fault is not None:
        return cp.faults.fault, None
    if (given := cp.answers.take(operation, request)) is not None:
        return given, None
    if PROFILES.get(operation, "Core") not in cp.configuration.words("SupportedFeatureProfiles"):
        refusal = NotSupported(f"{operation} is not supported by this charge point.")
        return WITHOUT_PROFILE.get(operation, refusal), None
    return HANDLERS[operation](cp, request)
