"""Calls to stations with their outcomes, the lease that lets one run at a time per station, and the links between
remote starts and stops and the transactions that came of them. It calls nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Command, Json
from ..errors import IdentityMismatch
from .columns import folded
from .compiled import Compiled
from .repository import Repository, station_named
from .session_tables import transactions
from .tables import charge_points, commands, station_leases

C, L, T = commands.c, station_leases.c, transactions.c

# A driver has this long to plug in; how long exactly (ConnectionTimeOut) is the station's own affair.
STARTS_WITHIN = timedelta(minutes=10)

ABANDONED = "the process that sent it ended before it saw an answer"

ADD = insert(commands).returning(C.id)
CHANGE = update(commands).where(C.id == bindparam("command_id"))
_COMMANDS = select(
    C.id,
    C.charge_point_id,
    charge_points.c.identity,
    C.operation,
    C.request,
    C.state,
    C.answer,
    C.fault,
    C.error,
    C.address,
    C.created,
    C.sent,
    C.finished,
    C.transaction_id,
).join_from(commands, charge_points)
FIND = _COMMANDS.where(C.id == bindparam("command_id"))
LATEST = _COMMANDS.order_by(C.id.desc()).limit(bindparam("rows"))
LATEST_OF_ONE = LATEST.where(C.charge_point_id == station_named())

# Of those that were put on the wire; what a station answered is its own affair, unless it says that it is another.
_TRIED = and_(C.charge_point_id == bindparam("station_id"), C.sent.is_not(None), C.state != "sending")
_REACHED = and_(
    C.state == "answered", func.coalesce(C.fault["subcode"].as_string(), "") != IdentityMismatch.__name__
).label("reached")
LAST_TRIED = select(_REACHED, C.sent, C.error, C.fault).where(_TRIED).order_by(C.sent.desc(), C.id.desc()).limit(1)
_OTHERWISE = select(func.max(C.sent)).where(_TRIED, _REACHED != bindparam("reached")).scalar_subquery()
SINCE = select(func.min(C.sent)).where(_TRIED, or_(_OTHERWISE.is_(None), C.sent > _OTHERWISE))

_LEASE = upsert(station_leases)
LEASE = _LEASE.on_conflict_do_update(
    index_elements=["charge_point_id"],
    set_={"holder": _LEASE.excluded.holder, "until": _LEASE.excluded.until},
    where=or_(L.until.is_(None), L.until <= bindparam("now", type_=L.until.type)),
).returning(L.charge_point_id)
ABANDON = update(commands).where(C.charge_point_id == bindparam("station_id"), C.state == "sending")
RELEASE = (
    update(station_leases)
    .where(L.charge_point_id == bindparam("station_id"), L.holder == bindparam("given_to"))
    .values(holder=None, until=None)
)

_NOT_REFUSED = or_(
    C.state == "sending",
    C.state == "uncertain",
    and_(C.state == "answered", C.fault.is_(None), C.answer_status.is_distinct_from("Rejected")),
)
_CAUSE = (
    select(C.id)
    .where(C.charge_point_id == bindparam("station_id"), C.transaction_id.is_(None), _NOT_REFUSED)
    .order_by(C.id.desc())
    .limit(1)
)
_STARTED = (
    _CAUSE.join_from(commands, transactions, T.id == bindparam("caused"))
    .where(
        C.operation == "RemoteStartTransaction",
        C.id_tag_folded == T.id_tag_folded,
        or_(C.connector_id.is_(None), C.connector_id == T.connector_id),
        C.sent >= bindparam("sent_after"),
    )
    .scalar_subquery()
)
_STOPPED = _CAUSE.where(
    C.operation == "RemoteStopTransaction", C.asked_transaction_id == bindparam("caused")
).scalar_subquery()
_LINK = update(commands).values(transaction_id=bindparam("caused")).returning(C.id)
LINK_START = Compiled(_LINK.where(C.id == _STARTED))
LINK_STOP = Compiled(_LINK.where(C.id == _STOPPED))


class SqlCommands(Repository):
    """Implements `central.exchanges.Commands`."""

    __slots__ = ()

    def add(self, charge_point_id: int, operation: str, request: Json, at: datetime) -> int:
        """A queued command; returns its id."""
        id_tag, connector_id, transaction_id = (request.get(n) for n in ("idTag", "connectorId", "transactionId"))
        values = {
            "charge_point_id": charge_point_id,
            "operation": operation,
            "request": request,
            "state": "queued",
            "created": at,
            "id_tag_folded": folded(id_tag) if id_tag is not None else None,
            "connector_id": connector_id,
            "asked_transaction_id": transaction_id,
        }
        command_id: int = self._run(ADD, values).scalar_one()
        return command_id

    def lease(self, charge_point_id: int, holder: str, now: datetime, until: datetime) -> bool:
        """Takes the station's lease when it is free or has run out.

        Commands left in `sending` by a holder that ran out become uncertain.
        """
        values = {"charge_point_id": charge_point_id, "holder": holder, "until": until, "now": now}
        if self._run(LEASE, values).first() is None:
            return False
        self._run(ABANDON, {"station_id": charge_point_id, "state": "uncertain", "finished": now, "error": ABANDONED})
        return True

    def release(self, charge_point_id: int, holder: str) -> None:
        """Gives the lease back, when it is still this holder's."""
        self._run(RELEASE, {"station_id": charge_point_id, "given_to": holder})

    def sending(self, command_id: int, address: str, at: datetime) -> None:
        """The request is about to be put on the wire."""
        self._run(CHANGE, {"command_id": command_id, "state": "sending", "address": address, "sent": at})

    def finish(
        self,
        command_id: int,
        state: str,
        at: datetime,
        answer: Json | None = None,
        fault: Json | None = None,
        error: str | None = None,
    ) -> None:
        """The outcome."""
        status = answer.get("status") if answer is not None else None
        outcome = {"answer": answer, "answer_status": status, "fault": fault, "error": error}
        self._run(CHANGE, {"command_id": command_id, "state": state, "finished": at, **outcome})

    def find(self, command_id: int) -> Command | None:
        """The command of that id."""
        row = self._run(FIND, {"command_id": command_id}).first()
        return Command(*row) if row is not None else None

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Command]:
        """Newest first."""
        if identity is None:
            return [Command(*row) for row in self._run(LATEST, {"rows": limit})]
        parameters = {"called": identity, "called_folded": folded(identity), "rows": limit}
        return [Command(*row) for row in self._run(LATEST_OF_ONE, parameters)]

    def reachability(self, charge_point_id: int) -> Json:
        """Whether the station's address does, by its commands: {reachable, since, lastTried, error}."""
        last = self._run(LAST_TRIED, {"station_id": charge_point_id}).first()
        if last is None:
            return {"reachable": None, "since": None, "lastTried": None, "error": None}
        since = self._run(SINCE, {"station_id": charge_point_id, "reached": last.reached}).scalar_one()
        error = None if last.reached else last.error or last.fault["text"]
        return {"reachable": bool(last.reached), "since": since, "lastTried": last.sent, "error": error}

    def link_start(self, charge_point_id: int, transaction_id: int, at: datetime) -> int | None:
        """Links the latest RemoteStartTransaction that asked for this transaction to it; returns the command's id.

        It has the same idTag and the same connector or none, was sent within ten minutes, not refused, not yet linked.
        """
        parameters = {"station_id": charge_point_id, "caused": transaction_id, "sent_after": at - STARTS_WITHIN}
        row = self._first(LINK_START, parameters)
        return row[0] if row is not None else None

    def link_stop(self, charge_point_id: int, transaction_id: int) -> int | None:
        """Links the latest RemoteStopTransaction of that transaction to it, unless the station refused it."""
        row = self._first(LINK_STOP, {"station_id": charge_point_id, "caused": transaction_id})
        return row[0] if row is not None else None
