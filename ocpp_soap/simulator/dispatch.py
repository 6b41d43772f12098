"""Decides on a command: a fault that is switched on, an answer that a test has set, or the handler of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import Fault, NotSupported
from .commands import HANDLERS, Effect
from .faults import Answering

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


def decide(cp: Station, operation: str, request: Payload) -> tuple[Answering, Effect | None]:
    """The answer, and what to do once it has left; the caller holds the lock."""
    if cp.faults.fault is not None:
        return Answering(cp.faults.fault), None
    given = cp.answers.take(operation, request)
    if given.drop in ("request", "silence"):
        return given, None
    answer, effect = (given.answer, None) if given.answer is not None else _own(cp, operation, request)
    return replace(given, answer=answer), effect


def _own(cp: Station, operation: str, request: Payload) -> tuple[Payload | Fault, Effect | None]:
    if PROFILES.get(operation, "Core") not in cp.configuration.words("SupportedFeatureProfiles"):
        refusal = NotSupported(f"{operation} is not supported by this charge point.")
        return WITHOUT_PROFILE.get(operation, refusal), None
    return HANDLERS[operation](cp, request)
