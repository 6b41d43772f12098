"""How each older version differs from the one after it: a table of its own, without a line of procedure.

Every word and field of the newer version that the older one lacks has its policy here, with the reason that the
operator reads. What the older versions have is in their WSDLs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .reading import INT_RANGE

Note = Callable[[str, Any, str], None]
"""Notes a path, what stood there, and what became of it."""


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
    """What no table can say: the function for a list on the way up, and on the way down (value, path, note)."""

    up: Callable[[list[Any]], list[Any]]
    down: Callable[[list[Any], str, Note], list[Any]]


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
    """What is different in `version` from the next one, `newer`; messages that are not here are the same."""

    version: str
    newer: str
    requests: Mapping[str, Part]
    responses: Mapping[str, Part]


# 1.5 and 1.6

_REGISTRATION = Words(
    "OCPP 1.5 has no Pending, and after Rejected too a charge point boots again after the interval (OCPP 1.6 §7.38)",
    lowered={"Pending": "Rejected"},
)
_STATUS = Words(
    # Upwards Occupied stays: what it stands for is for those to decide who know the transactions.
    "OCPP 1.5 has one word for all of a driver's stay (OCPP 1.6 §7.7)",
    lowered=dict.fromkeys(("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"), "Occupied"),
)
_ERROR = Words(
    "OCPP 1.5 has no word for this error (OCPP 1.6 §7.6)",
    renamed={"EVCommunicationError": "Mode3Error"},
    lowered=dict.fromkeys(("InternalError", "LocalListConflict", "OverVoltage"), "OtherError"),
)
# An attribute that is left out is read as its default, which would be another statement: the value goes as a whole.
_SAMPLED_VALUE = Part(
    words={
        "context": Words("OCPP 1.5 has no such context (OCPP 1.6 §7.35)", unsayable=frozenset({"Other", "Trigger"})),
        "location": Words("OCPP 1.5 has no such location (OCPP 1.6 §7.30)", unsayable=frozenset({"Cable", "EV"})),
        "measurand": Words(
            "OCPP 1.5 has no such measurand (OCPP 1.6 §7.31)",
            unsayable=frozenset({"Current.Offered", "Frequency", "Power.Factor", "Power.Offered", "RPM", "SoC"}),
        ),
        "unit": Words(
            "OCPP 1.5 has no such unit (OCPP 1.6 §7.45)",
            renamed={"A": "Amp", "V": "Volt"},
            unsayable=frozenset({"Fahrenheit", "K", "Percent", "VA", "kVA"}),
        ),
    },
    refused={"phase": "OCPP 1.5 has no phases, and without its phase it would be another value (OCPP 1.6 §7.34)"},
    whole=True,
    needed=True,
)
_METER_VALUE = Part(names={"sampledValue": "value"}, inner={"sampledValue": _SAMPLED_VALUE}, whole=True)

_TRANSACTION_DATA = Part(names={"meterValue": "values"}, inner={"meterValue": _METER_VALUE})


def _data_up(items: list[Any]) -> list[Any]:
    return [meter_value for item in items for meter_value in item.get("meterValue", [])]


def _data_down(items: list[Any], _path: str, _note: Note) -> list[Any]:
    return [{"meterValue": items}] if items else []


_OF_1_5 = Dialect(
    "1.5",
    "1.6",
    requests={
        "DiagnosticsStatusNotification": Part(
            words={
                "status": Words(
                    "OCPP 1.5 tells the end of an upload alone (OCPP 1.6 §7.24)",
                    unsayable=frozenset({"Idle", "Uploading"}),
                )
            }
        ),
        "FirmwareStatusNotification": Part(
            words={
                "status": Words(
                    "OCPP 1.5 tells the ends of download and installation alone (OCPP 1.6 §7.25)",
                    unsayable=frozenset({"Downloading", "Idle", "Installing"}),
                )
            }
        ),
        "MeterValues": Part(names={"meterValue": "values"}, inner={"meterValue": _METER_VALUE}),
        "RemoteStartTransaction": Part(
            refused={"chargingProfile": "OCPP 1.5 has no charging profiles (OCPP 1.6 §5.11)"}
        ),
        "SendLocalList": Part(
            names={"localAuthorizationList": "localAuthorisationList"},
            retired={"hash": "OCPP 1.6 has no hash of the list (OCPP 1.6 §6.41)"},
        ),
        "StatusNotification": Part(words={"errorCode": _ERROR, "status": _STATUS}),
        "StopTransaction": Part(
            lost={"reason": "OCPP 1.5 gives no reason (OCPP 1.6 §7.36)"},
            inner={"transactionData": _TRANSACTION_DATA},
            shapes={"transactionData": Shape(_data_up, _data_down)},
        ),
    },
    responses={
        "BootNotification": Part(names={"interval": "heartbeatInterval"}, words={"status": _REGISTRATION}),
        "ChangeConfiguration": Part(
            words={
                "status": Words(
                    "OCPP 1.5 has no RebootRequired, and the change was accepted (OCPP 1.6 §7.22)",
                    lowered={"RebootRequired": "Accepted"},
                )
            }
        ),
        "SendLocalList": Part(
            words={
                "status": Words(
                    "OCPP 1.6 has no hash of the list, and the update was not taken (OCPP 1.6 §7.47)",
                    raised={"HashError": "Failed"},
                )
            },
            retired={"hash": "OCPP 1.6 has no hash of the list (OCPP 1.6 §6.42)"},
        ),
        "UnlockConnector": Part(
            words={
                "status": Words(
                    "OCPP 1.5 has no word for a connector that can't be unlocked at all (OCPP 1.6 §7.46)",
                    renamed={"Unlocked": "Accepted", "UnlockFailed": "Rejected"},
                    lowered={"NotSupported": "Rejected"},
                )
            }
        ),
    },
)

# 1.2 and 1.5

# The one thing that OCPP 1.2 can say of a meter: its reading of energy, in whole Wh.
_SAYABLE = {
    "measurand": "Energy.Active.Import.Register",
    "unit": "Wh",
    "location": "Outlet",
    "format": "Raw",
}


def _values_up(items: list[Any]) -> list[Any]:
    return [
        {name: [{"value": str(value)}] if name == "value" else value for name, value in item.items()} for item in items
    ]


def _values_down(items: list[Any], path: str, note: Note) -> list[Any]:
    result = []
    for i, item in enumerate(items):
        for j, sampled in enumerate(item["value"]):
            here = f"{path}[{i}].value[{j}]"
            said = {name: value for name, value in sampled.items() if value is not None}
            if any(said.get(name, word) != word for name, word in _SAYABLE.items()) or not _whole(said["value"]):
                note(here, sampled, "left out, since OCPP 1.2 has meter readings in whole Wh alone")
                continue
            if said.get("context", "Sample.Periodic") != "Sample.Periodic":
                note(f"{here}.context", said["context"], "left out, since OCPP 1.2 has no contexts")
            result.append({"timestamp": item["timestamp"], "value": int(said["value"])})
    return result


def _whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit() and len(text) < 12 and int(text) in INT_RANGE


_SAYS_NO_MORE = "OCPP 1.2 reports status and errorCode alone"

_OF_1_2 = Dialect(
    "1.2",
    "1.5",
    requests={
        "MeterValues": Part(
            lost={"transactionId": "OCPP 1.2 tells no transaction of meter values"},
            shapes={"values": Shape(_values_up, _values_down)},
        ),
        "StartTransaction": Part(lost={"reservationId": "OCPP 1.2 has no reservations"}),
        "StatusNotification": Part(
            words={
                "errorCode": Words(
                    "OCPP 1.2 has no word for this error, nor one for others",
                    lowered=dict.fromkeys(
                        ("GroundFailure", "OtherError", "OverCurrentFailure", "UnderVoltage", "WeakSignal"),
                        "Mode3Error",
                    ),
                ),
                "status": Words(
                    "OCPP 1.2 has no reservations, and the connector is not free", lowered={"Reserved": "Unavailable"}
                ),
            },
            lost=dict.fromkeys(("info", "timestamp", "vendorId", "vendorErrorCode"), _SAYS_NO_MORE),
        ),
        "StopTransaction": Part(lost={"transactionData": "OCPP 1.2 reports no values at the end of a transaction"}),
    },
    responses={},
)

DIALECTS: Mapping[str, Dialect] = {dialect.version: dialect for dialect in (_OF_1_5, _OF_1_2)}
