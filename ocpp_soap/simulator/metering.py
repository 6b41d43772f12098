"""The meters of a simulated charge point: how they run, and what they say in MeterValues.

Power flows while a transaction runs, as much as the car takes, the hardware gives and the charging profiles allow.
The callers hold the charge point's lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import charging
from .connectors import Connector

if TYPE_CHECKING:
    from .station import Station

Payload = dict[str, Any]


def session(connector: Connector, now: datetime) -> charging.Session:
    """What the profiles of that connector are measured against."""
    transaction = connector.transaction
    if transaction is None:
        return charging.Session(connector.connector_id, now)
    return charging.Session(connector.connector_id, transaction.started, transaction.transaction_id)


def offered(cp: Station, connector: Connector, moment: datetime) -> float:
    """The watts that the charge point gives on that connector; those that charge share the station's limit equally."""
    installed = cp.profiles.installed
    sharing = sum(c.transaction is not None for c in cp.connectors.values())
    station = charging.station_limit(installed, moment) / max(sharing, 1)
    own = charging.session_limit(installed, moment, session(connector, moment))
    return min(cp.traits.connector_power, own, station)


def flowing(cp: Station, connector: Connector, moment: datetime) -> float:
    """The watts that flow into the car."""
    if connector.transaction is None or connector.suspended:
        return 0.0
    return min(cp.traits.car_power, offered(cp, connector, moment))


def run(cp: Station) -> datetime:
    """Lets every meter run up to now, which it returns; called before anything changes that the power depends on."""
    now = cp.clock.now()
    for connector in cp.connectors.values():
        if connector.transaction is not None and connector.metered is not None and connector.metered < now:
            stretch = charging.segments(
                lambda moment, c=connector: flowing(cp, c, moment),  # type: ignore[misc]
                cp.profiles.installed,
                [session(connector, now)],
                connector.metered,
                now,
            )
            connector.meter += sum(s.watts * (s.end - s.begin).total_seconds() for s in stretch) / 3600
        connector.metered = now
        connector.limited = connector.transaction is not None and offered(cp, connector, now) <= 0
    return now


def meter_value(cp: Station, connector: Connector, context: str, measurands: Iterable[str]) -> Payload:
    """One meterValue with a sampledValue for each measurand."""
    now = connector.metered or cp.clock.now()
    watts = flowing(cp, connector, now)
    offer = offered(cp, connector, now)
    ampere = charging.VOLTAGE * charging.PHASES
    values = {
        "Energy.Active.Import.Register": (f"{connector.meter:.0f}", "Wh"),
        "Power.Active.Import": (f"{watts:.0f}", "W"),
        "Current.Import": (f"{watts / ampere:.1f}", "A"),
        "Voltage": (str(charging.VOLTAGE), "V"),
        "Power.Offered": (f"{offer:.0f}", "W"),
        "Current.Offered": (f"{offer / ampere:.1f}", "A"),
    }
    sampled = [{"value": values[m][0], "context": context, "measurand": m, "unit": values[m][1]} for m in measurands]
    return {"timestamp": cp.stamp(now), "sampledValue": sampled}
