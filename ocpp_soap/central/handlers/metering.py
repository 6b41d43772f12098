"""MeterValues, and the reading of sampled values wherever they come (OCPP 1.6 §4.7, §7.33).

Functions of (request, call, work); they know no XML, no SQL and no version.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...protocol.dialects import lacking
from ..call import Call
from ..clocks import plausible
from ..ports import Work
from ..records import Json, Sample, Transaction
from ..replays import delivery_key

# Defaults of the specification's text (soap-binding decision 10): the WSDLs have none, and their comments are wrong.
DEFAULT_CONTEXT = "Sample.Periodic"
DEFAULT_FORMAT = "Raw"
DEFAULT_MEASURAND = "Energy.Active.Import.Register"
DEFAULT_LOCATION = "Outlet"
DEFAULT_ENERGY_UNIT = "Wh"


def meter_values(request: Json, call: Call, work: Work) -> Json:
    """Stores every sampled value, linked to its transaction when it names one of this charge point.

    Where the station's version can't name one, it is the one that runs on the connector.
    """
    transaction_id, belongs_to, apart = request.get("transactionId"), None, False
    samples = read_samples(request.get("meterValue", []), call)
    if transaction_id is None and "transactionId" in lacking(call.version, call.operation):
        belongs_to = _running(request.get("connectorId"), samples, call, work)
    elif transaction_id is not None:
        transaction = work.transactions.find(transaction_id)
        if transaction is None or transaction.charge_point_id != call.station.id:
            call.flag(
                "transactionId",
                transaction_id,
                "kept without a transaction, since this charge point has none of this id",
            )
        elif apart := _is_foreign(request.get("connectorId"), samples, transaction, call):
            call.flag(
                "transactionId", transaction_id, "kept without a transaction, since two things contradict that one"
            )
        elif transaction.stop_timestamp is not None:
            call.flag("transactionId", transaction_id, "added to a transaction that has ended")
    work.transactions.meter(
        call.station.id,
        delivery_key(call),
        request.get("connectorId"),
        transaction_id,
        samples,
        call.received,
        call.content_flags(),
        belongs_to=belongs_to,
        apart=apart,
    )
    return {}


def _is_foreign(connector_id: int | None, samples: Sequence[Sample], transaction: Transaction, call: Call) -> bool:
    """Whether two of connector, time and energy contradict the transaction: it is another one of this number."""
    other = bool(connector_id and transaction.connector_id) and connector_id != transaction.connector_id
    times = [sample.timestamp for sample in samples] if plausible(transaction.start_timestamp, call) else []
    earlier = bool(times) and all(plausible(time, call) and time < transaction.start_timestamp for time in times)
    energies = [found for sample in samples if (found := _energy(sample)) is not None]
    lower = bool(energies) and transaction.meter_start is not None and max(energies) < transaction.meter_start
    return other + earlier + lower > 1


def _energy(sample: Sample) -> float | None:
    """The reading of the meter in Wh, where the value is one."""
    if sample.measurand != DEFAULT_MEASURAND or sample.format != DEFAULT_FORMAT or sample.phase:
        return None
    try:
        return float(sample.value) * {"Wh": 1, "kWh": 1000}[sample.unit or ""]
    except (ValueError, KeyError):
        return None


def _running(connector_id: int | None, samples: Sequence[Sample], call: Call, work: Work) -> int | None:
    """The open transaction of that connector, unless it began after one of the values was taken; flagged."""
    latest = work.transactions.latest_on(call.station.id, connector_id) if connector_id and samples else None
    if latest is None or not latest["open"]:
        return None
    number: int = latest["transactionId"]
    # A clock that was never set, or is ahead, can't tell what was first.
    times = [sample.timestamp for sample in samples if plausible(sample.timestamp, call)]
    if times and plausible(latest["started"], call) and min(times) < latest["started"]:
        return None
    call.flag("transactionId", None, f"{number}, since it is open on this connector and this version can't name it")
    return number


def read_samples(meter_values: Sequence[Json], call: Call) -> list[Sample]:
    """The sampled values of MeterValues or transactionData in order, absent attributes filled with the defaults."""
    return [
        _sample(group, meter_value.get("timestamp") or call.received, sampled)
        for group, meter_value in enumerate(meter_values)
        for sampled in meter_value.get("sampledValue", [])
    ]


def _sample(group: int, timestamp: datetime, sampled: Json) -> Sample:
    measurand = sampled.get("measurand") or DEFAULT_MEASURAND
    unit = sampled.get("unit") or (DEFAULT_ENERGY_UNIT if measurand.startswith("Energy.") else None)
    return Sample(
        group=group,
        timestamp=timestamp,
        value=sampled.get("value") or "",
        context=sampled.get("context") or DEFAULT_CONTEXT,
        format=sampled.get("format") or DEFAULT_FORMAT,
        measurand=measurand,
        location=sampled.get("location") or DEFAULT_LOCATION,
        unit=unit,
        phase=sampled.get("phase"),
    )
