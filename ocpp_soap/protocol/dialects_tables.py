"""How each older version differs from the newest one: a table of its own, without a line of procedure.

Every word and field of the newest version that an older one lacks has its policy here, with the reason that the
operator reads: what is said of a version, after its name. 1.2 builds on the rows of 1.5. What the older versions have
is in their WSDLs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .reading import INT_RANGE

LeaveOut = Callable[[str, Any, str], None]
"""Notes the path of what is left out, what stood there, and why."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a field. `renamed` and `lowered` map newer to older, `raised` older to newer, for the reason `why`.

    `renamed` ones mean the same both ways; `unsayable` ones have no older word that would not be another statement. A
    word that is not here is the same in both versions, or stays as it is, though only the older one has it.
    """

    why: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    lowered: Mapping[str, str] = field(default_factory=dict)
    raised: Mapping[str, str] = field(default_factory=dict)
    unsayable: frozenset[str] = frozenset()


class Shape(NamedTuple):
    """What no table can say of a list: its items with their paths, the way up; and (items, path), the way down."""

    up: Callable[[list[Any], str], Iterable[tuple[str, Any]]]
    down: Callable[[list[Any], str, LeaveOut], list[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or the items of a list in it, by the newer version's field names.

    `names` are the older ones where they differ. `lost` fields are left out on the way down, `retired` ones (older
    names) on the way up, each for the reason given; a message with one of the `refused` is not sent. An item that is
    `whole` is left out with everything in it when a part of it can't be said; one that is `needed` may not run out.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Words] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    inner: Mapping[str, Part] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    whole: bool = False
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is different in `version` from the newest one; messages that are not here are the same."""

    version: str
    newest: str
    requests: Mapping[str, Part]
    responses: Mapping[str, Part]


READINGS: Mapping[str, str] = {"MeterValues": "meterValue", "StopTransaction": "transactionData"}
"""The requests with readings of meters, and the newest version's list of them."""
LISTS = ("values", "meterValue", "transactionData")
SAMPLES = ("value", "sampledValue")
"""What the versions call a list of readings, and the values in each: stations mix them."""

# 1.5

# Upwards Occupied stays: what it stands for is for those to decide who know the transactions.
_STAY = dict.fromkeys(("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"), "Occupied")
_ERROR = Words(
    "has no word for this error (OCPP 1.6 §7.6)",
    renamed={"EVCommunicationError": "Mode3Error"},
    lowered=dict.fromkeys(("InternalError", "LocalListConflict", "OverVoltage"), "OtherError"),
)
_REASON = "gives no reason (OCPP 1.6 §7.36)"
# An attribute that is left out is read as its default, which would be another statement: the value goes as a whole.
_SAMPLED_VALUE = Part(
    words={
        "context": Words("has no such context (OCPP 1.6 §7.35)", unsayable=frozenset({"Other", "Trigger"})),
        "location": Words("has no such location (OCPP 1.6 §7.30)", unsayable=frozenset({"Cable", "EV"})),
        "measurand": Words(
            "has no such measurand (OCPP 1.6 §7.31)",
            unsayable=frozenset({"Current.Offered", "Frequency", "Power.Factor", "Power.Offered", "RPM", "SoC"}),
        ),
        "unit": Words(
            "has no such unit (OCPP 1.6 §7.45)",
            renamed={"A": "Amp", "V": "Volt"},
            unsayable=frozenset({"Fahrenheit", "K", "Percent", "VA", "kVA"}),
        ),
    },
    refused={"phase": "has no phases, and without its phase it would be another value (OCPP 1.6 §7.34)"},
    whole=True,
    needed=True,
)
_METER_VALUE = Part(names={"sampledValue": "value"}, inner={"sampledValue": _SAMPLED_VALUE}, whole=True)


def _data_up(items: list[Any], path: str) -> Iterable[tuple[str, Any]]:
    for i, item in enumerate(items):
        if "timestamp" in item or "sampledValue" in item:  # a station's mixture, in the newest structure already
            yield f"{path}[{i}]", item
        for j, meter_value in enumerate(item.get("values", [])):
            yield f"{path}[{i}].values[{j}]", meter_value


def _data_down(items: list[Any], _path: str, _leave_out: LeaveOut) -> list[Any]:
    return [{"values": items}] if items else []


_OF_1_5 = Dialect(
    "1.5",
    "1.6",
    requests={
        "DiagnosticsStatusNotification": Part(
            words={
                "status": Words(
                    "tells the end of an upload alone (OCPP 1.6 §7.24)", unsayable=frozenset({"Idle", "Uploading"})
                )
            }
        ),
        "FirmwareStatusNotification": Part(
            words={
                "status": Words(
                    "tells the ends of download and installation alone (OCPP 1.6 §7.25)",
                    unsayable=frozenset({"Downloading", "Idle", "Installing"}),
                )
            }
        ),
        "MeterValues": Part(names={"meterValue": "values"}, inner={"meterValue": _METER_VALUE}),
        "RemoteStartTransaction": Part(refused={"chargingProfile": "has no charging profiles (OCPP 1.6 §5.11)"}),
        "SendLocalList": Part(
            names={"localAuthorizationList": "localAuthorisationList"},
            retired={"hash": "has no hash of the list (OCPP 1.6 §6.41)"},
        ),
        "StatusNotification": Part(
            words={
                "errorCode": _ERROR,
                "status": Words("has one word for all of a driver's stay (OCPP 1.6 §7.7)", lowered=_STAY),
            }
        ),
        "StopTransaction": Part(
            lost={"reason": _REASON},
            inner={"transactionData": _METER_VALUE},
            shapes={"transactionData": Shape(_data_up, _data_down)},
        ),
    },
    responses={
        "BootNotification": Part(
            names={"interval": "heartbeatInterval"},
            words={
                "status": Words(
                    "has no Pending, and after Rejected too a charge point boots again after the interval "
                    "(OCPP 1.6 §7.38)",
                    lowered={"Pending": "Rejected"},
                )
            },
        ),
        "ChangeConfiguration": Part(
            words={
                "status": Words(
                    "has no RebootRequired, and the change was accepted (OCPP 1.6 §7.22)",
                    lowered={"RebootRequired": "Accepted"},
                )
            }
        ),
        "SendLocalList": Part(
            words={
                "status": Words(
                    "has no hash of the list, and the update was not taken (OCPP 1.6 §7.47)",
                    raised={"HashError": "Failed"},
                )
            },
            retired={"hash": "has no hash of the list (OCPP 1.6 §6.42)"},
        ),
        "UnlockConnector": Part(
            words={
                "status": Words(
                    "has no word for a connector that can't be unlocked at all (OCPP 1.6 §7.46)",
                    renamed={"Unlocked": "Accepted", "UnlockFailed": "Rejected"},
                    lowered={"NotSupported": "Rejected"},
                )
            }
        ),
    },
)

# 1.2

# The one thing that OCPP 1.2 can say of a meter: its reading of energy, in whole Wh.
_SAYABLE = {
    "measurand": "Energy.Active.Import.Register",
    "unit": "Wh",
    "location": "Outlet",
    "format": "Raw",
    "phase": None,
}

_LATER_ERRORS = ("GroundFailure", "OtherError", "OverCurrentFailure", "UnderVoltage", "WeakSignal")


def _values_up(items: list[Any], path: str) -> Iterable[tuple[str, Any]]:
    for i, item in enumerate(items):
        said = {name: value for name, value in item.items() if name != "value"}
        if item.get("value") is not None:
            said["sampledValue"] = [{"value": str(item["value"])}]
        yield f"{path}[{i}]", said


def _values_down(items: list[Any], path: str, leave_out: LeaveOut) -> list[Any]:
    result = []
    for i, item in enumerate(items):
        for j, sampled in enumerate(item["sampledValue"]):
            here = f"{path}[{i}].sampledValue[{j}]"
            said = {name: value for name, value in sampled.items() if value is not None}
            if any(said.get(name, word) != word for name, word in _SAYABLE.items()) or not _whole(said["value"]):
                leave_out(here, sampled, "has meter readings in whole Wh alone (OCPP 1.6 §7.43)")
                continue
            if said.get("context", "Sample.Periodic") != "Sample.Periodic":
                leave_out(f"{here}.context", said["context"], "has no contexts (OCPP 1.6 §7.35)")
            result.append({"timestamp": item["timestamp"], "value": int(said["value"])})
    return result


def _whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit() and len(text) < 12 and int(text) in INT_RANGE


_OF_1_2 = Dialect(
    "1.2",
    "1.6",
    requests={
        **{
            same: _OF_1_5.requests[same]
            for same in ("DiagnosticsStatusNotification", "FirmwareStatusNotification", "RemoteStartTransaction")
        },
        "MeterValues": Part(
            names={"meterValue": "values"},
            lost={"transactionId": "tells no transaction of meter values (OCPP 1.6 §6.31)"},
            shapes={"meterValue": Shape(_values_up, _values_down)},
        ),
        "StartTransaction": Part(lost={"reservationId": "has no reservations (OCPP 1.6 §6.45)"}),
        "StatusNotification": Part(
            words={
                "errorCode": Words(
                    "has no word for this error, nor one for others (OCPP 1.6 §7.6)",
                    renamed=_ERROR.renamed,
                    lowered=dict.fromkeys((*_ERROR.lowered, *_LATER_ERRORS), "Mode3Error"),
                ),
                "status": Words(
                    "has one word for all of a driver's stay, and none for a reservation (OCPP 1.6 §7.7)",
                    lowered={**_STAY, "Reserved": "Unavailable"},
                ),
            },
            lost=dict.fromkeys(
                ("info", "timestamp", "vendorId", "vendorErrorCode"),
                "reports status and errorCode alone (OCPP 1.6 §6.47)",
            ),
        ),
        "StopTransaction": Part(
            lost={
                "reason": _REASON,
                "transactionData": "reports no values at the end of a transaction (OCPP 1.6 §6.49)",
            }
        ),
    },
    responses={
        same: _OF_1_5.responses[same] for same in ("BootNotification", "ChangeConfiguration", "UnlockConnector")
    },
)

DIALECTS: Mapping[str, Dialect] = {dialect.version: dialect for dialect in (_OF_1_5, _OF_1_2)}
