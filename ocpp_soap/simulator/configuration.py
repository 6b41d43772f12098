"""The configuration keys of a charge point (OCPP 1.6 chapter 9), with their types, and what may be done with them.

Pure: what a key changes in behaviour is decided where that behaviour lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Power.Offered",
    "Current.Offered",
)
PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its default, whether it is read-only, whether a change waits for the next boot, and what fits."""

    default: str
    fits: Callable[[str], bool]
    readonly: bool = False
    at_boot: bool = False


def _boolean(text: str) -> bool:
    return text.lower() in ("true", "false")


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**31


def _percent(text: str) -> bool:
    return _whole(text) and int(text) <= 100


def _measurands(text: str) -> bool:
    return all(item.strip() in MEASURANDS for item in text.split(",") if text)


def _any(text: str) -> bool:
    return len(text) <= 500


# §9.1 Core
CORE = {
    "AllowOfflineTxForUnknownId": Key("false", _boolean),
    "AuthorizationCacheEnabled": Key("true", _boolean),
    "AuthorizeRemoteTxRequests": Key("false", _boolean),
    "BlinkRepeat": Key("3", _whole),
    "ClockAlignedDataInterval": Key("0", _whole),
    "ConnectionTimeOut": Key("60", _whole),
    "ConnectorPhaseRotation": Key("0.RST,1.RST,2.RST", _any, at_boot=True),
    "GetConfigurationMaxKeys": Key("50", _whole, readonly=True),
    "HeartbeatInterval": Key("3600", _whole),
    "LightIntensity": Key("100", _percent),
    "LocalAuthorizeOffline": Key("true", _boolean),
    "LocalPreAuthorize": Key("false", _boolean),
    "MaxEnergyOnInvalidId": Key("0", _whole),
    "MeterValuesAlignedData": Key("Energy.Active.Import.Register", _measurands),
    "MeterValuesSampledData": Key("Energy.Active.Import.Register,Power.Active.Import", _measurands),
    "MeterValueSampleInterval": Key("60", _whole),
    "MinimumStatusDuration": Key("0", _whole),
    "NumberOfConnectors": Key("1", _whole, readonly=True),
    "ResetRetries": Key("1", _whole),
    "StopTransactionOnEVSideDisconnect": Key("true", _boolean),
    "StopTransactionOnInvalidId": Key("true", _boolean),
    "StopTxnAlignedData": Key("", _measurands),
    "StopTxnSampledData": Key("", _measurands),
    "SupportedFeatureProfiles": Key(PROFILES, _any, readonly=True),
    "TransactionMessageAttempts": Key("3", _whole),
    "TransactionMessageRetryInterval": Key("10", _whole),
    "UnlockConnectorOnEVSideDisconnect": Key("true", _boolean),
}
# §9.2 local list, §9.3 reservation, §9.4 smart charging, and the one of the SOAP specification for files
OTHERS = {
    "ChargeProfileMaxStackLevel": Key("10", _whole, readonly=True),
    "ChargingScheduleAllowedChargingRateUnit": Key("Current,Power", _any, readonly=True),
    "ChargingScheduleMaxPeriods": Key("24", _whole, readonly=True),
    "ConnectorSwitch3to1PhaseSupported": Key("false", _boolean, readonly=True),
    "LocalAuthListEnabled": Key("true", _boolean),
    "LocalAuthListMaxLength": Key("1000", _whole, readonly=True),
    "MaxChargingProfilesInstalled": Key("20", _whole, readonly=True),
    "ReserveConnectorZeroSupported": Key("true", _boolean, readonly=True),
    "SendLocalListMaxLength": Key("500", _whole, readonly=True),
    "SupportedFileTransferProtocols": Key("FTP,HTTP,HTTPS", _any, readonly=True),
}
KEYS: Mapping[str, Key] = CORE | OTHERS


class Configuration:
    """The values of one charge point; keys are compared without regard to case (CiString50Type)."""

    def __init__(self, **values: object) -> None:
        self._keys = dict(KEYS)
        self._names = {name.lower(): name for name in self._keys}
        self._values = {name: key.default for name, key in self._keys.items()}
        self._at_boot: dict[str, str] = {}
        for name, value in values.items():
            self[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __setitem__(self, name: str, value: object) -> None:
        """Sets a key from inside, also a read-only or a new one (which then takes any text)."""
        if name not in self._keys:
            self._keys[name] = Key("", _any)
            self._names[name.lower()] = name
        self._values[name] = str(value).lower() if isinstance(value, bool) else str(value)

    def number(self, name: str) -> int:
        """The value of a key that holds a whole number."""
        return int(self._values[name])

    def on(self, name: str) -> bool:
        """The value of a key that holds true or false."""
        return self._values[name].lower() == "true"

    def words(self, name: str) -> list[str]:
        """The value of a key that holds a list with commas."""
        return [word.strip() for word in self._values[name].split(",") if word.strip()]

    def change(self, name: str, value: str) -> str:
        """ChangeConfiguration (§5.3): Accepted, RebootRequired, NotSupported or Rejected."""
        known = self._names.get(name.lower())
        if known is None:
            return "NotSupported"
        key = self._keys[known]
        if key.readonly or not key.fits(value):
            return "Rejected"
        if key.at_boot:
            self._at_boot[known] = value
            return "RebootRequired"
        self._values[known] = value
        return "Accepted"

    def boot(self) -> None:
        """Takes over the changes that waited for a boot."""
        self._values |= self._at_boot
        self._at_boot.clear()

    def get(self, names: Iterable[str]) -> dict[str, Any]:
        """GetConfiguration (§5.8): the named keys, all when none is named, and those that are not known."""
        asked = list(names) or sorted(self._values)
        known = [self._names[name.lower()] for name in asked if name.lower() in self._names]
        unknown = [name for name in asked if name.lower() not in self._names]
        entries = [{"key": n, "readonly": self._keys[n].readonly, "value": self._values[n]} for n in known]
        answer: dict[str, Any] = {"configurationKey": entries} if entries else {}
        return answer | ({"unknownKey": unknown} if unknown else {})
