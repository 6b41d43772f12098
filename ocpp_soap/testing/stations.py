"""The charge points of one test: makes them, remembers them, ends them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import quote

from .. import client
from ..protocol import catalog
from ..simulator import charge_point as simulated
from ..simulator.clock import Clock
from ..simulator.quirks import named
from ..simulator.traits import NAMEPLATE, Traits
from ..simulator.wire import SoapWire
from .charge_point import ChargePoint
from .expectations import central_system
from .gateway import Gateway

# Hardware that is never the limit: what a car takes is what the test says.
AMPLE = 350_000.0


@dataclass
class ChargePoints:
    """Makes charge points at a gateway; they listen on `host`, on the first free one of `ports` (0: any).

    `ids` gives the text that is different in each name; `made` are those that there are.
    """

    gateway: Gateway
    clock: Clock
    ids: Iterator[str]
    host: str = "127.0.0.1"
    ports: Sequence[int] = (0,)
    made: list[ChargePoint] = field(default_factory=list)

    def __call__(
        self,
        identity: str | None = None,
        version: str = catalog.VERSIONS[0],
        *,
        connectors: int = 1,
        quirks: Collection[str] = (),
        clock: Clock | None = None,
        power: float = 0.0,
        configuration: Mapping[str, object] | None = None,
        **boot: str,
    ) -> ChargePoint:
        """A charge point that listens for commands and has not booted yet; it ends with the test.

        `identity` is one of its own unless given; `boot` holds fields of its BootNotification. `quirks` are names of
        docs/quirks.md. `power` is the watts that each car takes while time passes by `tick`; without it a transaction
        takes only what `meter` says. `configuration` holds settings of OCPP 1.6 §9 that differ from the defaults. It
        has the `clock` of the test unless given its own.
        """
        _check(boot, connectors, power)
        identity = f"CP-{next(self.ids)}" if identity is None else identity
        if not (isinstance(identity, str) and identity.strip()):
            raise ValueError(f"expected an identity, or None for one of its own, found {identity!r}")
        wire = self._wire(identity, version)
        traits = Traits(
            connectors=connectors,
            nameplate={**NAMEPLATE, **boot},
            configuration={"MeterValueSampleInterval": 0, **(configuration or {})},
            connector_power=max(power, AMPLE),
            car_power=power,
        )
        station = simulated.ChargePoint(
            self.gateway.url, identity, traits, clock=clock or self.clock, wire=wire, auto_boot=False
        )
        station.faults.quirks = named(quirks)
        if self.gateway.deployed:
            self._admit(station.identity)
        station.start()
        self.made.append(point := ChargePoint(station, wire, self.made))
        return point

    def _wire(self, identity: str, version: str) -> SoapWire:
        if version not in catalog.VERSIONS:
            raise ValueError(f"OCPP {version} is not spoken here: expected one of {', '.join(catalog.VERSIONS)}")
        numbers = count(1)
        return SoapWire(
            self.gateway.url,
            version=version,
            host=self.host,
            ports=self.ports,
            message_ids=lambda: f"urn:ocpp-soap:{quote(identity, safe='')}:{next(numbers)}",
        )

    def _admit(self, identity: str) -> None:
        """Has a deployed gateway accept a station of that identity, as its operator would."""
        try:
            self.gateway.client.charge_points.register(identity)
        except client.Conflict:
            self.gateway.client.charge_point(identity).change(status="Accepted")

    def close(self) -> None:
        """Ends all of them."""
        for point in self.made:
            with suppress(Exception):  # the others have to end as well
                point.simulated.stop()

    def unmet(self) -> list[str]:
        """What was expected of them and never came, in words."""
        return [line for point in self.made for line in point.unmet()]


def _check(boot: Mapping[str, str], connectors: int, power: float) -> None:
    if connectors < 1 or power < 0:
        raise ValueError(f"expected connectors from 1 on and power from 0 on, found {connectors} and {power}")
    known = central_system()["BootNotification"].input.type.by_name
    for name in boot:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1) or known
            raise TypeError(f"BootNotification has no {name}: expected {' or '.join(near)}")
