"""When a simulated charge point reads its meters: by interval, by the clock, and at a transaction's ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from . import metering
from .connectors import Connector, Transaction

if TYPE_CHECKING:
    from .station import Station

Payload = dict[str, Any]


def plan(cp: Station, transaction: Transaction) -> None:
    """Plans the next periodic sample of a transaction (MeterValueSampleInterval, 0: none)."""
    interval = cp.configuration.number("MeterValueSampleInterval")
    key = ("sample", transaction.connector_id)
    cp.agenda.cancel(key)
    if interval and transaction.stopped is None:
        cp.agenda.after(interval, lambda: _sample(cp, transaction), key)


def _sample(cp: Station, transaction: Transaction) -> None:
    if transaction.stopped is not None:
        return
    plan(cp, transaction)
    with cp.changed:
        metering.run(cp)
        connector = cp.connector(transaction.connector_id)
        keep_data(cp, connector, transaction, "Sample.Periodic")
        energy = connector.meter - transaction.meter_start
        if transaction.refused and energy >= cp.configuration.number("MaxEnergyOnInvalidId"):
            connector.suspended = "SuspendedEVSE"
    send_meter_values(cp, transaction.connector_id, "Sample.Periodic", cp.configuration.words("MeterValuesSampledData"))
    cp.refresh(transaction.connector_id)


def send_meter_values(
    cp: Station, connector_id: int, context: str, measurands: Sequence[str], *, triggered: bool = False
) -> None:
    """Sends a MeterValues; one that belongs to a transaction is queued and survives a lost connection."""
    if not measurands:
        return
    with cp.changed:
        metering.run(cp)
        connector = cp.connector(connector_id)
        payload: Payload = {
            "connectorId": connector_id,
            "meterValue": [metering.meter_value(cp, connector, context, measurands)],
        }
        transaction = connector.transaction
        if transaction:
            cp.outbox.add("MeterValues", payload, transaction)
    if transaction:
        cp.outbox.flush()
    else:
        cp.send("MeterValues", payload, triggered=triggered)


def plan_aligned(cp: Station) -> None:
    """Plans the next sample on the full interval of the clock (ClockAlignedDataInterval, 0: none)."""
    interval = cp.configuration.number("ClockAlignedDataInterval")
    cp.agenda.cancel("aligned")
    if interval:
        now = cp.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        count = int((now - midnight).total_seconds()) // interval + 1
        cp.agenda.at(midnight + timedelta(seconds=count * interval), lambda: _aligned(cp), "aligned")


def _aligned(cp: Station) -> None:
    plan_aligned(cp)
    measurands = cp.configuration.words("MeterValuesAlignedData")
    for connector_id in [n for n in cp.connectors if n]:
        send_meter_values(cp, connector_id, "Sample.Clock", measurands)


def keep_data(cp: Station, connector: Connector, transaction: Transaction, context: str) -> None:
    """Collects what StopTransaction will report (StopTxnSampledData); the caller holds the lock."""
    if measurands := cp.configuration.words("StopTxnSampledData"):
        transaction.data.append(metering.meter_value(cp, connector, context, measurands))
