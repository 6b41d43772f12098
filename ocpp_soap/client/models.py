"""What the gateway knows, as frozen models in the standard's words; times are aware.

Each keeps the JSON that it came from in `raw`: what a newer gateway says besides is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from . import words

Json = dict[str, Any]

Registration = Literal["Accepted", "Pending", "Rejected"]
"""Whether a station may charge here."""

ReservationState = Literal["Active", "Used", "Cancelled", "Expired"]

Source = Literal["station", "operator"]
"""Who said where a station is called."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """What all of them have."""

    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Flag:
    """What looked odd in a message: the field, the text that stood there, what was assumed, the quirk's name."""

    path: str
    raw: str | None = None
    assumed: str | None = None
    quirk: str | None = None


@dataclass(frozen=True, kw_only=True)
class Connector(Model):
    """The newest StatusNotification of a connector, 0 being the station; `received` is the gateway's time.

    `availability` was asked for by the last ChangeAvailability that the station accepted.
    """

    connectorId: int
    status: str | None = None
    errorCode: str | None = None
    info: str | None = None
    timestamp: datetime | None = None
    vendorId: str | None = None
    vendorErrorCode: str | None = None
    received: datetime | None = None
    availability: str | None = None

    def __str__(self) -> str:
        return f"{self.connectorId}: {self.status} since {self.received}"


@dataclass(frozen=True, kw_only=True)
class ConfigurationKey(Model):
    """A setting of a station, as it last told or accepted it."""

    key: str
    readonly: bool | None = None
    value: str | None = None
    updated: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SampledValue(Model):
    """One value of a meter, as text; what the station left out has the standard's default."""

    value: str
    context: str | None = None
    format: str | None = None
    measurand: str | None = None
    phase: str | None = None
    location: str | None = None
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class MeterValue(Model):
    """What was measured at one time."""

    timestamp: datetime
    sampledValue: tuple[SampledValue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Revision(Model):
    """A change of a transaction by an operator, or by the station's own stop after one: the values `before` it."""

    at: datetime
    actor: str
    action: Literal["close", "correct", "annotate", "stop"]
    reason: str | None = None
    note: str | None = None
    before: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transaction(Model):
    """A charging session; the stop fields are None while it is open. Meter values and energy in Wh.

    `idTagInfo` is the answer to its start: what is not Accepted is not to be billed. `changed` is when anything of it
    changed last, by the gateway's clock. `meterValue`, `proposedMeterStop` (what a closing may take) and `revisions`
    are filled by `gateway.transactions.get`, and empty in lists.
    """

    transactionId: int
    chargeBoxIdentity: str
    connectorId: int | None = None
    idTag: str | None = None
    meterStart: int | None = None
    startTimestamp: datetime
    meterStop: int | None = None
    stopTimestamp: datetime | None = None
    reason: str | None = None
    energy: int | None = None
    idTagInfo: Json = field(default_factory=dict)
    stopIdTag: str | None = None
    reservationId: int | None = None
    startReceived: datetime
    stopReceived: datetime | None = None
    closedBy: Literal["station", "operator"] | None = None
    changed: datetime
    flags: tuple[Flag, ...] = ()
    meterValue: tuple[MeterValue, ...] = ()
    proposedMeterStop: int | None = None
    revisions: tuple[Revision, ...] = ()

    def __str__(self) -> str:
        span = f"from {self.startTimestamp} " + (f"to {self.stopTimestamp}" if self.stopTimestamp else "on, open")
        return f"transaction {self.transactionId} of {self.idTag} on connector {self.connectorId} {span}"


@dataclass(frozen=True, kw_only=True)
class IdTag(Model):
    """An idTag; `status` is what a station is told of it now, `parentIdTag` the tag of its group.

    `etag` says which state of it this is; a change or removal by `gateway.id_tags` holds for this state alone.
    """

    idTag: str
    status: words.AuthorizationStatus
    expires: datetime | None = None
    parentIdTag: str | None = None
    maxTransactions: int | None = None
    blocked: bool = False
    etag: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class UnknownIdTag(Model):
    """An idTag that was presented somewhere though nobody had added it."""

    idTag: str
    firstSeen: datetime
    lastSeen: datetime
    chargeBoxIdentity: str | None = None
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Reservation(Model):
    """A reservation that its station accepted."""

    reservationId: int
    chargeBoxIdentity: str
    connectorId: int | None = None
    idTag: str | None = None
    parentIdTag: str | None = None
    expiryDate: datetime | None = None
    status: ReservationState
    transactionId: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChargingProfileInForce(Model):
    """A charging profile that its station accepted, with the words of SetChargingProfile; `set` is when."""

    chargeBoxIdentity: str | None = None
    connectorId: int
    csChargingProfiles: Json
    set: datetime


@dataclass(frozen=True, kw_only=True)
class Reachability(Model):
    """Whether a station's address could be called, since when; None when nobody has tried."""

    reachable: bool | None = None
    since: datetime | None = None
    lastTried: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChargePointSummary(Model):
    """A station in a list; `registered` false: it spoke, but nobody registered it."""

    chargeBoxIdentity: str
    registered: bool
    status: Registration
    version: str | None = None
    chargePointVendor: str | None = None
    chargePointModel: str | None = None
    firstSeen: datetime | None = None
    lastSeen: datetime | None = None
    peer: str | None = None
    callback: str | None = None
    callbackSource: Source | None = None
    boot: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Portrait(ChargePointSummary):
    """All that is known of a station. `etag` says which state of what operators decide this is."""

    heartbeatInterval: int | None = None
    lastBoot: datetime | None = None
    clockOffset: float | None = None
    clockOffsetAt: datetime | None = None
    callbackSaid: str | None = None
    callbackPeer: str | None = None
    callbackRefused: Json | None = None
    callbackReachable: Reachability | None = None
    callbackHistory: tuple[Json, ...] = ()
    quirks: Json = field(default_factory=dict)
    profile: Json = field(default_factory=dict)
    access: Json = field(default_factory=dict)
    failedAuthentications: tuple[Json, ...] = ()
    connectors: tuple[Connector, ...] = ()
    stopsThatEndedNothing: tuple[Json, ...] = ()
    openTransactions: tuple[Transaction, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    chargingProfiles: tuple[ChargingProfileInForce, ...] = ()
    localListVersion: int | None = None
    firmwareStatus: str | None = None
    diagnosticsStatus: str | None = None
    fileNotices: tuple[Json, ...] = ()
    configuration: tuple[ConfigurationKey, ...] = ()
    dataTransfers: tuple[Json, ...] = ()
    etag: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Fault(Model):
    """A SOAP fault that a station answered with."""

    code: str | None = None
    subcode: str | None = None
    text: str | None = None

    def __str__(self) -> str:
        return f"{'/'.join(filter(None, (self.code, self.subcode)))}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Callback(Model):
    """Where a station is called, and how that address came about."""

    url: str | None = None
    source: Source | None = None
    warning: str | None = None
    said: str | None = None
    refused: Json | None = None
    reachable: Reachability | None = None
    history: tuple[Json, ...] = ()
    etag: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class LocalList(Model):
    """The local list of a station; its entries are told by `gateway.local_lists.get` alone.

    `complete`: the entries are all, and those of `listVersion`; else an update was missed or may have been.
    """

    chargeBoxIdentity: str
    listVersion: int | None = None
    complete: bool = False
    localAuthorizationList: tuple[Json, ...] = ()
