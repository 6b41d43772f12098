"""The words of the standard: every value that is one of a few, as a type.

Written by `python -m ocpp_soap.protocol.stubs ocpp_soap/client` from the WSDLs.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

Time = datetime | str
"""A time that is sent: an aware datetime, or text such as 2024-01-31T12:00:00Z. In answers it is such a text."""

Number = int | float | Decimal
"""A decimal number that is sent."""

Operation = Literal[
    "CancelReservation",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDiagnostics",
    "GetLocalListVersion",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
]
"""What a station can be told."""

AuthorizationStatus = Literal["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]
"""The Central System's verdict on an identifier; only Accepted lets the driver charge. Invalid means that the
identifier is unknown, ConcurrentTx that it already has a transaction elsewhere, which can only be answered to
StartTransaction (OCPP 1.6 §7.2).
"""

AvailabilityStatus = Literal["Accepted", "Rejected", "Scheduled"]
"""Whether the change is made. Scheduled means: when the transactions in progress have ended (OCPP 1.6 §7.3)."""

AvailabilityType = Literal["Inoperative", "Operative"]
"""Into service (Operative) or out of service (Inoperative) (OCPP 1.6 §7.4)."""

CancelReservationStatus = Literal["Accepted", "Rejected"]
"""Rejected means that the Charge Point has no reservation with that number (OCPP 1.6 §7.5)."""

ChargePointErrorCode = Literal[
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "NoError",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
]
"""The error behind a status; NoError when there is none. With OtherError, vendorErrorCode tells more (OCPP 1.6
§7.6).
"""

ChargePointStatus = Literal[
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Reserved",
    "Faulted",
    "Unavailable",
]
"""State of a connector. Preparing comes before a transaction and Finishing after it; SuspendedEV means that the
vehicle takes no energy, SuspendedEVSE that the Charge Point offers none. Connector 0 is only ever Available,
Unavailable or Faulted (OCPP 1.6 §7.7).
"""

ChargingProfileKindType = Literal["Absolute", "Recurring", "Relative"]
"""When the schedule of a profile starts: at a fixed time, again every day or week, or at a moment that the Charge
Point determines, such as the start of the transaction (OCPP 1.6 §7.9).
"""

ChargingProfilePurposeType = Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
"""What a charging profile limits: the whole Charge Point, transactions in general, or one transaction. A TxProfile
takes the place of the TxDefaultProfile and ends with its transaction (OCPP 1.6 §7.10).
"""

ChargingProfileStatus = Literal["Accepted", "Rejected", "NotSupported"]
"""Whether the profile was taken. Accepted doesn't promise that other limits leave room for it (OCPP 1.6 §7.11)."""

ChargingRateUnitType = Literal["W", "A"]
"""Unit of the limits in a schedule: W is the total power, which suits DC; A is the current on each phase, which
suits AC (OCPP 1.6 §7.12).
"""

ClearCacheStatus = Literal["Accepted", "Rejected"]
"""Whether the cache was emptied (OCPP 1.6 §7.20)."""

ClearChargingProfileStatus = Literal["Accepted", "Unknown"]
"""Unknown means that no profile matched (OCPP 1.6 §7.21)."""

ConfigurationStatus = Literal["Accepted", "NotSupported", "RebootRequired", "Rejected"]
"""What became of a new value. RebootRequired means that it is stored and takes effect after a reset, which the
Charge Point doesn't do by itself; NotSupported means that the key is unknown (OCPP 1.6 §7.22).
"""

DataTransferStatus = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]
"""What became of a vendor-specific message: carried out, understood but refused, or not understood because its
messageId or vendorId is unknown (OCPP 1.6 §7.23).
"""

DiagnosticsStatus = Literal["Idle", "Uploaded", "UploadFailed", "Uploading"]
"""Progress of an upload of diagnostics. Idle is only sent when a TriggerMessage asked for the status (OCPP 1.6
§7.24).
"""

FirmwareStatus = Literal[
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "Idle",
    "InstallationFailed",
    "Installed",
    "Installing",
]
"""Progress of a firmware update, from download to installation. Idle is only sent when a TriggerMessage asked for
the status (OCPP 1.6 §7.25).
"""

GetCompositeScheduleStatus = Literal["Accepted", "Rejected"]
"""Whether the Charge Point can tell the schedule (OCPP 1.6 §7.26)."""

Location = Literal["Body", "Cable", "EV", "Inlet", "Outlet"]
"""Where a reading was taken; the default is Outlet, the connector. Inlet is the grid side, Body the inside of the
Charge Point (OCPP 1.6 §7.30).
"""

Measurand = Literal[
    "Current.Export",
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Frequency",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Factor",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "RPM",
    "SoC",
    "Temperature",
    "Voltage",
]
"""The quantity that was measured; the default is Energy.Active.Import.Register, the meter's running total of energy
taken from the grid. Import flows towards the vehicle, Export back; Register values are running totals, Interval
values the amount within one interval. RPM is the fan's speed, SoC the charge of the vehicle's battery, and
Frequency is always in hertz (OCPP 1.6 §7.31).
"""

MessageTrigger = Literal[
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
]
"""The message that the Charge Point should send (OCPP 1.6 §7.32)."""

Phase = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
"""The electrical phase or pair of conductors that a reading belongs to; N is neutral. Without a phase the reading is
an overall value (OCPP 1.6 §7.34).
"""

ReadingContext = Literal[
    "Interruption.Begin",
    "Interruption.End",
    "Other",
    "Sample.Clock",
    "Sample.Periodic",
    "Transaction.Begin",
    "Transaction.End",
    "Trigger",
]
"""Why a reading was taken; the default is Sample.Periodic. Sample.Clock readings are aligned to the clock, Trigger
ones answer a TriggerMessage, and the others mark the start or end of a transaction or of an interruption (OCPP
1.6 §7.35).
"""

Reason = Literal[
    "EmergencyStop",
    "EVDisconnected",
    "HardReset",
    "Local",
    "Other",
    "PowerLoss",
    "Reboot",
    "Remote",
    "SoftReset",
    "UnlockCommand",
    "DeAuthorized",
]
"""Why a transaction ended; the default is Local, the driver stopped it at the Charge Point. Remote, HardReset,
SoftReset and UnlockCommand follow a command from the Central System; DeAuthorized follows its verdict on the
identifier (OCPP 1.6 §7.36).
"""

RecurrencyKindType = Literal["Daily", "Weekly"]
"""How often a Recurring schedule starts anew: every 24 hours or every 7 days (OCPP 1.6 §7.37)."""

RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]
"""Whether the Central System takes the Charge Point into service. Pending lets the Central System configure it
first; Rejected turns it away for now (OCPP 1.6 §7.38).
"""

RemoteStartStopStatus = Literal["Accepted", "Rejected"]
"""Whether the Charge Point will try to do what was asked. It is no proof that it happened: wait for StartTransaction
or StopTransaction (OCPP 1.6 §7.39).
"""

ReservationStatus = Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]
"""Whether the reservation is made, and if not, the state that prevents it. Rejected means that the Charge Point
takes no reservations (OCPP 1.6 §7.40).
"""

ResetStatus = Literal["Accepted", "Rejected"]
"""Whether the Charge Point will restart (OCPP 1.6 §7.41)."""

ResetType = Literal["Hard", "Soft"]
"""Soft ends all transactions properly and restarts the software. Hard restarts the hardware at once, a last resort
that may lose data (OCPP 1.6 §7.42).
"""

TriggerMessageStatus = Literal["Accepted", "Rejected", "NotImplemented"]
"""Whether the message will be sent. NotImplemented means that the Charge Point doesn't know or support it (OCPP 1.6
§7.44).
"""

UnitOfMeasure = Literal[
    "Celsius",
    "Fahrenheit",
    "Wh",
    "kWh",
    "varh",
    "kvarh",
    "W",
    "kW",
    "VA",
    "kVA",
    "var",
    "kvar",
    "A",
    "V",
    "K",
    "Percent",
]
"""Unit of a reading; Wh is the default for energy measurands only. Names that begin with k are thousands (OCPP 1.6
§7.45).
"""

UnlockStatus = Literal["Unlocked", "UnlockFailed", "NotSupported"]
"""Whether the lock is open. NotSupported means that there is no lock or no such connector (OCPP 1.6 §7.46)."""

UpdateStatus = Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]
"""What became of the update. After Failed or VersionMismatch, which means that a Differential update is not newer
than the list, send a Full one (OCPP 1.6 §7.47).
"""

UpdateType = Literal["Differential", "Full"]
"""Full replaces the whole list; Differential changes only the entries sent (OCPP 1.6 §7.48)."""

ValueFormat = Literal["Raw", "SignedData"]
"""How the text of a reading is written; the default is Raw, a decimal number. SignedData is a signed block of data
in hexadecimal (OCPP 1.6 §7.49).
"""
