"""Sampled values: one row each, under a row for the message that brought them; each message once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Flags, Sample
from .compiled import Compiled
from .repository import Repository
from .session_tables import meter_messages, meter_values, transactions

M, V = meter_messages.c, meter_values.c

ATTRIBUTES = ("timestamp", "value", "context", "format", "measurand", "location", "unit", "phase")

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
ADD_VALUES = Compiled(insert(meter_values).inline(), *V.keys())
SAMPLES = (
    select(V.meter_value, *(V[name] for name in ATTRIBUTES), V.message_id)
    .join_from(meter_values, meter_messages)
    .where(M.transaction_id == bindparam("transaction_id"))
    # Of messages with the same time, the key decides: the same order in whatever order they came.
    .order_by(V.timestamp, M.key, V.meter_value, V.position)
)

LAST_ENERGY = (
    select(*(V[name] for name in ATTRIBUTES))
    .join_from(meter_values, meter_messages)
    .where(
        M.transaction_id == bindparam("transaction_id"),
        V.measurand == "Energy.Active.Import.Register",
        V.phase.is_(None),
        V.format == "Raw",
        V.location == "Outlet",
    )
    .order_by(V.timestamp.desc(), V.message_id.desc(), V.position.desc())
    .limit(1)
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
        belongs_to: int | None = None,
        apart: bool = False,
    ) -> bool:
        """Stores sampled values, of `belongs_to` where the message names no transaction; False when its key exists.

        With `apart` they belong to none, though the message names one.
        """
        message = {
            "key": key,
            "charge_point_id": charge_point_id,
            "station_id": charge_point_id,
            "connector_id": connector_id,
            "said_transaction_id": transaction_id,
            "named_transaction": None if apart else transaction_id if transaction_id is not None else belongs_to,
            "source": source,
            "received": received,
            "flags": flags,
        }
        row = self._first(ADD_MESSAGE, message)
        if row is None:
            return False
        if samples:
            values = [_values(row[0], position, sample) for position, sample in enumerate(samples)]
            self._each(ADD_VALUES, values)
        return True

    def last_energy(self, transaction_id: int) -> Sample | None:
        """The latest reading of the whole energy register of a transaction."""
        row = self._run(LAST_ENERGY, {"transaction_id": transaction_id}).first()
        return None if row is None else Sample(0, *row)

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


def _values(message_id: int, position: int, sample: Sample) -> dict[str, object]:
    attributes = {name: getattr(sample, name) for name in ATTRIBUTES}
    return {"message_id": message_id, "position": position, "meter_value": sample.group, **attributes}
