"""What is sent to stations and has fields of its own.

Written by `python -m ocpp_soap.protocol.stubs ocpp_soap/client` from the WSDLs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from . import words


class AuthorizationData(TypedDict):
    """One entry of the local list (OCPP 1.6 §7.1).

    idTag: The identifier.
    idTagInfo: Its verdict; required in a Full update. Without it a Differential update deletes the entry.
    """

    idTag: str
    idTagInfo: NotRequired[IdTagInfo]


class ChargingProfile(TypedDict):
    """A schedule of limits together with what it applies to and how it ranks among others (OCPP 1.6 §7.8).

    chargingProfileId: Number of the profile; a profile with the same number is replaced.
    transactionId: The transaction that a TxProfile is meant for; not for other purposes.
    stackLevel: Rank from 0 up; among profiles of the same purpose the higher one prevails.
    chargingProfilePurpose: What the profile limits.
    chargingProfileKind: When the schedule starts.
    recurrencyKind: How often the schedule starts anew; for kind Recurring.
    validFrom: From when the profile counts. Default: at once.
    validTo: Until when the profile counts. Default: until another one replaces it.
    chargingSchedule: The limits over time.
    """

    chargingProfileId: int
    transactionId: NotRequired[int]
    stackLevel: int
    chargingProfilePurpose: words.ChargingProfilePurposeType
    chargingProfileKind: words.ChargingProfileKindType
    recurrencyKind: NotRequired[words.RecurrencyKindType]
    validFrom: NotRequired[words.Time]
    validTo: NotRequired[words.Time]
    chargingSchedule: ChargingSchedule


class ChargingSchedule(TypedDict):
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
    startSchedule: NotRequired[words.Time]
    chargingRateUnit: words.ChargingRateUnitType
    chargingSchedulePeriod: Sequence[ChargingSchedulePeriod]
    minChargingRate: NotRequired[words.Number]


class ChargingSchedulePeriod(TypedDict):
    """One step of a schedule: a limit that holds until the next step begins (OCPP 1.6 §7.14).

    startPeriod: Seconds from the start of the schedule to this step; the first step has 0.
    limit: The most that may be drawn, in the schedule's chargingRateUnit.
    numberPhases: How many phases may be used. Default: 3.
    """

    startPeriod: int
    limit: words.Number
    numberPhases: NotRequired[int]


class IdTagInfo(TypedDict):
    """What the Central System knows about an identifier (OCPP 1.6 §7.27).

    status: Whether the identifier may be used for charging.
    expiryDate: When the Charge Point drops the identifier from its authorization cache. Without it the verdict has
        no end.
    parentIdTag: The group of the identifier: tags with the same parent may stop each other's transactions and use
        each other's reservations.
    """

    status: words.AuthorizationStatus
    expiryDate: NotRequired[words.Time]
    parentIdTag: NotRequired[str]
