"""What stations answer, as it stands in JSON.

Written by `python -m ocpp_soap.protocol.stubs ocpp_soap/client` from the WSDLs.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from . import words


class CancelReservationResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.6).

    status: Whether the reservation was given up.
    """

    status: words.CancelReservationStatus


class ChangeAvailabilityResponse(TypedDict):
    """Whether and when the change is made (OCPP 1.6 §6.8).

    status: What the Charge Point does about it.
    """

    status: words.AvailabilityStatus


class ChangeConfigurationResponse(TypedDict):
    """What became of the new value (OCPP 1.6 §6.10).

    status: Whether the value was taken.
    """

    status: words.ConfigurationStatus


class ChargingScheduleAnswered(TypedDict):
    """Limits over time, as a list of steps (OCPP 1.6 §7.13).

    duration: Length of the schedule in seconds. Without it the last step holds on: to the end of the transaction if
        there is no startSchedule, else without end.
    startSchedule: When the schedule starts. Without it time counts from the start of charging.
    chargingRateUnit: Unit of limit and minChargingRate.
    chargingSchedulePeriod: The steps, in order of time.
    minChargingRate: Least rate at which the vehicle charges efficiently, in chargingRateUnit; a hint for local load
        sharing.
    """

    duration: NotRequired[int]
    startSchedule: NotRequired[str]
    chargingRateUnit: words.ChargingRateUnitType
    chargingSchedulePeriod: list[ChargingSchedulePeriodAnswered]
    minChargingRate: NotRequired[float]


class ChargingSchedulePeriodAnswered(TypedDict):
    """One step of a schedule: a limit that holds until the next step begins (OCPP 1.6 §7.14).

    startPeriod: Seconds from the start of the schedule to this step; the first step has 0.
    limit: The most that may be drawn, in the schedule's chargingRateUnit.
    numberPhases: How many phases may be used. Default: 3.
    """

    startPeriod: int
    limit: float
    numberPhases: NotRequired[int]


class ClearCacheResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.12).

    status: Whether the cache was emptied.
    """

    status: words.ClearCacheStatus


class ClearChargingProfileResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.14).

    status: Whether a profile matched.
    """

    status: words.ClearChargingProfileStatus


class DataTransferResponse(TypedDict):
    """The Charge Point's answer to a vendor-specific message (OCPP 1.6 §6.16).

    status: Whether the message was understood and carried out.
    data: The vendor's answer, of any length and format.
    """

    status: words.DataTransferStatus
    data: NotRequired[str]


class GetCompositeScheduleResponse(TypedDict):
    """The combined schedule at the moment of the answer (OCPP 1.6 §6.22).

    status: Rejected: the other fields may be absent.
    connectorId: The connector that the schedule is for.
    scheduleStart: The time that the schedule's steps count from.
    chargingSchedule: The limits over time.
    """

    status: words.GetCompositeScheduleStatus
    connectorId: NotRequired[int]
    scheduleStart: NotRequired[str]
    chargingSchedule: NotRequired[ChargingScheduleAnswered]


class GetConfigurationResponse(TypedDict):
    """The settings that were found, and the names that weren't (OCPP 1.6 §6.24).

    configurationKey: Settings with their values.
    unknownKey: Names that the Charge Point doesn't know.
    """

    configurationKey: NotRequired[list[KeyValue]]
    unknownKey: NotRequired[list[str]]


class GetDiagnosticsResponse(TypedDict):
    """The file that will appear (OCPP 1.6 §6.26).

    fileName: Name of the file to be uploaded; absent when there are no diagnostics to send.
    """

    fileName: NotRequired[str]


class GetLocalListVersionResponse(TypedDict):
    """The version of the list (OCPP 1.6 §6.28).

    listVersion: The version; 0 means an empty list, -1 that local lists aren't supported.
    """

    listVersion: int


class KeyValue(TypedDict):
    """One setting of the Charge Point (OCPP 1.6 §7.29).

    key: Name of the setting.
    readonly: True when ChangeConfiguration can't change it.
    value: Its value, written as text; absent when it has none.
    """

    key: str
    readonly: bool
    value: NotRequired[str]


class RemoteStartTransactionResponse(TypedDict):
    """Whether the Charge Point will try (OCPP 1.6 §6.34).

    status: Accepted: it will try; the transaction exists when StartTransaction arrives.
    """

    status: words.RemoteStartStopStatus


class RemoteStopTransactionResponse(TypedDict):
    """Whether the Charge Point will end it (OCPP 1.6 §6.36).

    status: Accepted: a StopTransaction with reason Remote will follow.
    """

    status: words.RemoteStartStopStatus


class ReserveNowResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.38).

    status: Whether the reservation is made.
    """

    status: words.ReservationStatus


class ResetResponse(TypedDict):
    """Whether the Charge Point will restart (OCPP 1.6 §6.40).

    status: Accepted: the restart follows this answer.
    """

    status: words.ResetStatus


class SendLocalListResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.42).

    status: What became of the update.
    """

    status: words.UpdateStatus


class SetChargingProfileResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.44).

    status: Whether the profile was taken.
    """

    status: words.ChargingProfileStatus


class TriggerMessageResponse(TypedDict):
    """Whether the message will be sent (OCPP 1.6 §6.52).

    status: Accepted: the message follows this answer.
    """

    status: words.TriggerMessageStatus


class UnlockConnectorResponse(TypedDict):
    """The outcome (OCPP 1.6 §6.54).

    status: Whether the lock is open.
    """

    status: words.UnlockStatus


class UpdateFirmwareResponse(TypedDict):
    """Receipt of the order; it has no fields (OCPP 1.6 §6.56)."""
