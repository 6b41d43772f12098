"""Transactions and the stops that end them, each message once; it never judges what a message says.

A message's key is inserted first: of two deliveries at once, one waits for the other and then finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, false, func, insert, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Json, NewStop, NewTransaction, Revision, Transaction
from ..errors import NotFound
from .columns import folded
from .compiled import Compiled
from .metering import Metering
from .repository import station_named
from .reservations import Reservations
from .session_tables import ENDS_NOTHING, stops, transaction_revisions, transactions
from .tables import charge_points, connector_states

T, S, C = transactions.c, stops.c, connector_states.c

# In the order of the record's fields.
TRANSACTIONS = select(
    T.id,
    T.charge_point_id,
    charge_points.c.identity,
    T.connector_id,
    T.id_tag,
    T.start_timestamp,
    T.meter_start,
    T.reservation_id,
    T.id_tag_info,
    T.start_flags,
    T.stop_timestamp,
    T.meter_stop,
    T.stop_id_tag,
    T.reason,
    T.stop_flags,
    T.closed_by,
    T.superseded_by,
    T.received,
    T.stop_received,
    T.changed,
).join_from(transactions, charge_points)
_FOUND = TRANSACTIONS.where(T.id == bindparam("transaction_id"))
# The latest of equal starts: keys are hexadecimal digits, and those of repeated ones continue the first one's.
BY_START = Compiled(
    TRANSACTIONS.where(T.key >= bindparam("key"), T.key <= bindparam("last_key")).order_by(T.key.desc()).limit(1)
)
FIND = Compiled(_FOUND)
FIND_LOCKED = Compiled(_FOUND.with_for_update(of=transactions, key_share=True))
BY_TIME = TRANSACTIONS.order_by(T.ordered_at.desc(), T.id.desc())
OPEN = TRANSACTIONS.where(T.closed_by.is_(None)).order_by(T.id.desc())
OPEN_AT = OPEN.where(T.charge_point_id == bindparam("charge_point_id"))
OPEN_ON = OPEN_AT.where(T.connector_id == bindparam("connector_id"))
LATEST_ON = (
    select(
        T.id.label("transactionId"),
        T.start_timestamp.label("started"),
        T.closed_by.is_(None).label("open"),
        func.coalesce(C.available_at > T.received, false()).label("freed"),
    )
    .join_from(
        transactions,
        connector_states,
        and_(C.charge_point_id == T.charge_point_id, C.connector_id == T.connector_id),
        isouter=True,
    )
    .where(T.charge_point_id == bindparam("charge_point_id"), T.connector_id == bindparam("connector_id"))
    .order_by(T.ordered_at.desc(), T.id.desc())
    .limit(1)
)
OPEN_FOR_TAG = Compiled(
    select(func.count()).where(
        T.id_tag_folded == bindparam("id_tag_folded"),
        T.closed_by.is_(None),
        T.superseded_by.is_(None),
        # One that was refused does not keep its tag from the next.
        T.id_tag_info["status"].as_string() == "Accepted",
        # Nor does one whose connector has been Available since: its stop was lost.
        ~select(C.connector_id)
        .where(
            C.charge_point_id == T.charge_point_id,
            C.connector_id == T.connector_id,
            C.status == "Available",
            C.received > T.received,
            func.coalesce(C.ordered_at, C.received) >= T.ordered_at,
        )
        .exists(),
    )
)

START = Compiled(
    upsert(transactions).on_conflict_do_nothing(index_elements=["key"]).returning(T.id),
    "key",
    "charge_point_id",
    "connector_id",
    "id_tag",
    "id_tag_folded",
    "start_timestamp",
    "received",
    "ordered_at",
    "meter_start",
    "reservation_id",
    "id_tag_info",
    "start_flags",
    "stop_flags",
    "changed",
)
_CHANGE = update(transactions).where(T.id == bindparam("transaction_id"))
END = Compiled(
    _CHANGE,
    "stop_timestamp",
    "meter_stop",
    "stop_id_tag",
    "reason",
    "stop_flags",
    "closed_by",
    "stop_received",
    "changed",
)
CLOSE = _CHANGE.where(T.closed_by.is_(None))

_NEW, _LATER = transactions.alias("new_one").c, transactions.alias("later").c
_FIRST_LATER = (
    select(_LATER.id)
    .where(
        _LATER.charge_point_id == T.charge_point_id,
        _LATER.connector_id == T.connector_id,
        tuple_(_LATER.ordered_at, _LATER.id) > tuple_(T.ordered_at, T.id),
    )
    .order_by(_LATER.ordered_at, _LATER.id)
    .limit(1)
    .correlate(transactions)
    .scalar_subquery()
)
# The older ones by the new one, or the new one by the first of those that are later by their clock.
SUPERSEDE = Compiled(
    update(transactions)
    .where(
        _NEW.id == bindparam("transaction_id"),
        T.charge_point_id == _NEW.charge_point_id,
        T.connector_id == _NEW.connector_id,
        T.closed_by.is_(None),
        T.superseded_by.is_(None),
        # No OR: SQLite would look through all that ever began on the connector, and not through those that are open.
        case((T.id == _NEW.id, true()), else_=tuple_(T.ordered_at, T.id) < tuple_(_NEW.ordered_at, _NEW.id)),
    )
    .values(superseded_by=case((T.id == _NEW.id, _FIRST_LATER), else_=_NEW.id), changed=_NEW.received)
)

STOP = Compiled(
    upsert(stops).on_conflict_do_nothing(index_elements=["key"]).returning(S.id),
    *(column.name for column in S if column is not S.id),
)
REVISION = ("transaction_id", "at", "actor", "action", "reason", "note", "before")
REVISE = insert(transaction_revisions)
REVISIONS = (
    select(*(transaction_revisions.c[name] for name in REVISION))
    .where(transaction_revisions.c.transaction_id == bindparam("transaction_id"))
    .order_by(transaction_revisions.c.id)
)
ANSWER_OF_STOP = Compiled(select(S.answer).where(S.key == bindparam("key")))
ORPHAN_STOPS = (
    select(
        S.transaction_id.label("transactionId"),
        S.timestamp,
        S.meter_stop.label("meterStop"),
        S.id_tag.label("idTag"),
        S.reason,
        S.received,
        S.flags,
    )
    .where(S.charge_point_id == bindparam("charge_point_id"), ENDS_NOTHING)
    .order_by(S.id.desc())
    .limit(bindparam("rows"))
)


class SqlTransactions(Metering, Reservations):
    """Implements `central.repositories.Transactions`, with what `Metering` and `Reservations` do."""

    __slots__ = ()

    def by_start(self, key: str) -> Transaction | None:
        """The latest transaction that a StartTransaction with this key, or one that continues it, made."""
        return _transaction(self._first(BY_START, {"key": key, "last_key": key + "g"}))

    def start(self, new: NewTransaction) -> int | None:
        """Stores it and returns its transactionId; None when one with its key exists already."""
        values = {
            "key": new.key,
            "charge_point_id": new.charge_point_id,
            "connector_id": new.connector_id,
            "id_tag": new.id_tag,
            "id_tag_folded": folded(new.id_tag) if new.id_tag is not None else None,
            "start_timestamp": new.start_timestamp,
            "received": new.received,
            "ordered_at": new.ordered_at,
            "meter_start": new.meter_start,
            "reservation_id": new.reservation_id,
            "id_tag_info": new.id_tag_info,
            "start_flags": new.flags,
            "stop_flags": [],
            "changed": new.received,
        }
        row = self._first(START, values)
        return row[0] if row is not None else None

    def supersede(self, transaction_id: int) -> None:
        """Marks the open transactions that this one supersedes, or this one when a later start is known."""
        self._first(SUPERSEDE, {"transaction_id": transaction_id})

    def open_for_tag(self, id_tag: str) -> int:
        """How many open, not superseded transactions the tag has."""
        row = self._first(OPEN_FOR_TAG, {"id_tag_folded": folded(id_tag)})
        return row[0] if row is not None else 0

    def find(self, transaction_id: int, lock: bool = False) -> Transaction | None:
        """The transaction of that id."""
        return _transaction(self._first(FIND_LOCKED if lock else FIND, {"transaction_id": transaction_id}))

    def open_on(self, charge_point_id: int, connector_id: int | None = None) -> Sequence[Transaction]:
        """Open transactions of a charge point (of one of its connectors), newest first."""
        if connector_id is None:
            return self._records(OPEN_AT, charge_point_id=charge_point_id)
        return self._records(OPEN_ON, charge_point_id=charge_point_id, connector_id=connector_id)

    def latest_on(self, charge_point_id: int, connector_id: int) -> Json | None:
        """{transactionId, started, open, freed} of the connector's latest transaction, by the order of starts."""
        return next(iter(self._rows(LATEST_ON, charge_point_id, connector_id=connector_id)), None)

    def list(
        self, identity: str | None = None, id_tag: str | None = None, open_only: bool = False, limit: int | None = None
    ) -> Sequence[Transaction]:
        """By their start, newest first."""
        statement = (BY_TIME.where(T.closed_by.is_(None)) if open_only else BY_TIME).limit(limit)
        parameters = {}
        if identity is not None:
            statement = statement.where(T.charge_point_id == station_named())
            parameters = {"called": identity, "called_folded": folded(identity)}
        if id_tag is not None:
            statement = statement.where(T.id_tag_folded == folded(id_tag))
        return self._records(statement, **parameters)

    def stop(self, new: NewStop) -> bool:
        """Stores a stop and, when `effective`, ends its transaction; False when a stop with its key exists already."""
        values = {
            "key": new.key,
            "charge_point_id": new.charge_point_id,
            "transaction_id": new.transaction_id,
            "effective": new.effective,
            "timestamp": new.timestamp,
            "received": new.received,
            "meter_stop": new.meter_stop,
            "id_tag": new.id_tag,
            "reason": new.reason,
            "answer": new.answer,
            "flags": new.flags,
        }
        if self._first(STOP, values) is None:
            return False
        if new.effective:
            end = {
                "stop_timestamp": new.timestamp,
                "meter_stop": new.meter_stop,
                "stop_id_tag": new.id_tag,
                "reason": new.reason,
                "stop_flags": new.flags,
                "closed_by": "station",
                "stop_received": new.received,
                "changed": new.received,
            }
            self._first(END, {"transaction_id": new.transaction_id, **end})
        return True

    def answer_of_stop(self, key: str) -> Json | None:
        """The answer that a StopTransaction with this key got."""
        row = self._first(ANSWER_OF_STOP, {"key": key})
        return row[0] if row is not None else None

    def close(
        self,
        transaction_id: int,
        at: datetime,
        meter_stop: int | None,
        reason: str | None,
        note: str,
        changed: datetime | None = None,
    ) -> None:
        """An operator's end of a dead transaction; raises `NotFound` when there is no open one of that id."""
        end = {
            "stop_timestamp": at,
            "meter_stop": meter_stop,
            "reason": reason,
            "stop_flags": [{"path": "", "raw": None, "assumed": note}],
            "closed_by": "operator",
            "changed": changed or at,
        }
        if not self._run(CLOSE, {"transaction_id": transaction_id, **end}).rowcount:
            raise NotFound(f"there is no open transaction {transaction_id}")

    def correct(self, transaction_id: int, changed: datetime, values: Json) -> None:
        """Writes fields of a `Transaction` anew, as an operator decides."""
        if "id_tag" in values:
            values = {**values, "id_tag_folded": folded(values["id_tag"])}
        self._run(_CHANGE, {"transaction_id": transaction_id, "changed": changed, **values})

    def revise(self, revision: Revision) -> None:
        """Keeps what a change has replaced."""
        self._run(REVISE, {name: getattr(revision, name) for name in REVISION})

    def revisions(self, transaction_id: int) -> Sequence[Revision]:
        """Of one transaction, oldest first."""
        return [Revision(*row) for row in self._run(REVISIONS, {"transaction_id": transaction_id})]

    def orphan_stops(self, charge_point_id: int, limit: int = 100) -> Sequence[Json]:
        """{transactionId, timestamp, meterStop, idTag, reason, received, flags}, newest first."""
        return self._rows(ORPHAN_STOPS, charge_point_id, rows=limit)

    def _records(self, statement: Select[Any], **parameters: str | int) -> Sequence[Transaction]:
        return [Transaction(*row) for row in self._run(statement, parameters)]


def _transaction(row: Sequence[Any] | None) -> Transaction | None:
    return Transaction(*row) if row is not None else None
