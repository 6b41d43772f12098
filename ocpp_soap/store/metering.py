"""Sampled values: one row each, under a row for the message that brought them; each message once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Flags, Sample
from .compiled import Compiled
from .repository import Repository
from .session_tables import meter_messages, meter_values, transactions

M, V = meter_messages.c, meter_values.c

ADD_MESSAGE = Compiled(
    upsert(meter_messages)
    .values(
        # Nobody adds to the transaction of another charge point.
        transaction_id=select(transactions.c.id)
        .where(
            transactions.c.id == bindparam("named_transaction"),
            transactions.c.charge_point_id == bindparam("station_id"),
        )
        .scalar_subquery()
    )
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(M.id),
    "key",
    "charge_point_id",
    "connector_id",
    "said_transaction_id",
    "source",
    "received",
    "flags",
)
# Rows of one INSERT: it is compiled once for each number of them.
MOST_ROWS = 32

ATTRIBUTES = ("timestamp", "value", "context", "format", "measurand", "location", "unit", "phase")
SAMPLES = (
    select(V.meter_value, *(V[name] for name in ATTRIBUTES), V.message_id)
    .join_from(meter_values, meter_messages)
    .where(M.transaction_id == bindparam("transaction_id"))
    # Of messages with the same time, the key decides: the same order in whatever order they came.
    .order_by(V.timestamp, M.key, V.meter_value, V.position)
)


class Metering(Repository):
    """The part of `central.repositories.Transactions` that keeps meter values."""

    __slots__ = ()

    def meter(
        self,
        charge_point_id: int,
        key: str,
        connector_id: int | None,
        transaction_id: int | None,
        samples: Sequence[Sample],
        received: datetime,
        flags: Flags,
        source: str = "MeterValues",
    ) -> bool:
        """Stores a message's sampled values; False when a message with this key exists already."""
        message = {
            "key": key,
            "charge_point_id": charge_point_id,
            "station_id": charge_point_id,
            "connector_id": connector_id,
            "said_transaction_id": transaction_id,
            "named_transaction": transaction_id,
            "source": source,
            "received": received,
            "flags": flags,
        }
        row = self._first(ADD_MESSAGE, message)
        if row is None:
            return False
        for first in range(0, len(samples), MOST_ROWS):
            some = samples[first : first + MOST_ROWS]
            self._first(_adding(len(some)), _values(row[0], first, some))
        return True

    def samples(self, transaction_id: int) -> Sequence[Sample]:
        """Every sampled value by time, equal ones once; `group` numbers the meterValue over all messages."""
        samples: list[Sample] = []
        seen: set[Sample] = set()
        current, number = None, -1
        for meter_value, *attributes, message_id in self._run(SAMPLES, {"transaction_id": transaction_id}):
            sample = Sample(0, *attributes)
            if sample in seen:
                continue
            seen.add(sample)
            if current != (message_id, meter_value):
                current, number = (message_id, meter_value), number + 1
            samples.append(replace(sample, group=number))
        return samples


@cache
def _adding(rows: int) -> Compiled:
    """One INSERT of that many values; the parameters of its row n are named `timestamp_n` and so on."""
    values = [{c.name: bindparam(f"{c.name}_{row}", type_=c.type) for c in V} for row in range(rows)]
    return Compiled(insert(meter_values).values(values).inline())


def _values(message_id: int, first: int, samples: Sequence[Sample]) -> dict[str, object]:
    """The parameters of `_adding`, for samples that stand at position `first` and after it in their message."""
    values: dict[str, object] = {}
    for row, sample in enumerate(samples):
        values[f"message_id_{row}"] = message_id
        values[f"position_{row}"] = first + row
        values[f"meter_value_{row}"] = sample.group
        for name in ATTRIBUTES:
            values[f"{name}_{row}"] = getattr(sample, name)
    return values
