"""What a simulated charge point is made of: its nameplate, its connectors, its habits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMEPLATE: Mapping[str, str] = {
    "chargePointVendor": "ocpp_soap",
    "chargePointModel": "Simulator",
    "chargePointSerialNumber": "SIM-0001",
    "firmwareVersion": "1.0.0",
    "meterType": "Software",
}


@dataclass(frozen=True, slots=True)
class Traits:
    """Power in watts, times in simulated seconds.

    `nameplate` holds the fields of its BootNotification, `configuration` values that differ from the defaults. With
    `auto_plug` a car plugs itself in where a transaction is asked for. `retry_seconds` is the pause after a boot that
    was not answered. It echoes DataTransfers of the vendors in `echoes`.
    """

    connectors: int = 1
    nameplate: Mapping[str, str] = field(default_factory=lambda: dict(NAMEPLATE))
    configuration: Mapping[str, object] = field(default_factory=dict)
    connector_power: float = 22_000.0
    car_power: float = 22_000.0
    auto_plug: bool = True
    boot_seconds: float = 1.0
    retry_seconds: float = 10.0
    install_seconds: float = 1.0
    diagnostics_name: str = "diagnostics.txt"
    echoes: frozenset[str] = frozenset({"org.example.echo"})
