"""MeterValues, and the reading of sampled values wherever they come (OCPP 1.6 §4.7, §7.33).

Functions of (request, call, work); they know no XML, no SQL and no version.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..call import Call
from ..ports import Work
from ..records import Json, Sample
from ..replays import delivery_key

# Defaults of the specification's text (soap-binding decision 10): the WSDLs have none, and their comments are wrong.
DEFAULT_CONTEXT = "Sample.Periodic"
DEFAULT_FORMAT = "Raw"
DEFAULT_MEASURAND = "Energy.Active.Import.Register"
DEFAULT_LOCATION = "Outlet"
DEFAULT_ENERGY_UNIT = "Wh"


def meter_values(request: Json, call: Call, work: Work) -> Json:
    """Stores every sampled value, linked to its transaction when it names one of this charge point."""
    transaction_id = request.get("transactionId")
    samples = read_samples(request.get("meterValue", []), call)
    if transaction_id is not None:
        transaction = work.transactions.find(transaction_id)
        if transaction is None or transaction.charge_point_id != call.station.id:
            call.flag(
                "transactionId",
                transaction_id,
                "kept without a transaction, since this charge point has none of this id",
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
        call.flags_as_json(),
    )
    return {}


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
