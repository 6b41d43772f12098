"""Calls to stations as they are ordered and as they can be seen, and the links between remote starts and stops and the
transactions that came of them. How they are sent is in `queue`; it calls nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.confidential import without_secrets
from ..central.orders import NewCommand
from ..central.pages import CommandFilter, Page, Position
from ..central.records import NEXT_CONTACT, Command, Json
from ..errors import IdentityMismatch
from .columns import folded
from .compiled import Compiled
from .pages import Listing, StationNumbers
from .repository import station_named
from .session_tables import transactions
from .tables import QUEUED, charge_points, commands, station_leases

C, L, T = commands.c, station_leases.c, transactions.c

# A driver has this long to plug in; how long exactly (ConnectionTimeOut) is the station's own affair.
STARTS_WITHIN = timedelta(minutes=10)

# What `row_of` sets.
COLUMNS = (
    "charge_point_id",
    "operation",
    "request",
    "state",
    "error",
    "created",
    "finished",
    "id_tag_folded",
    "connector_id",
    "asked_transaction_id",
    "timing",
    "deadline",
    "not_before",
    "retries",
    "may_leave_out",
    "who",
)
ADD = insert(commands).returning(C.id)
ENDED = (C.id, C.operation, C.request)
"""What `forget_secrets` reads of commands that have just ended."""
CANCEL = update(commands).where(C.id == bindparam("command_id"), QUEUED).returning(*ENDED)
FORGET = update(commands).where(C.id == bindparam("command_id"))
EXPECT = update(charge_points).where(charge_points.c.id == bindparam("station_id")).values(commands_waiting=True)


def due_sooner(new: Insert) -> Insert:
    """Has a courier look after the station at that time, unless it does so before."""
    # A lease that is held is due when it runs out; whoever releases it looks what is queued then.
    sooner = and_(L.holder.is_(None), or_(L.due.is_(None), L.due > new.excluded.due))
    due = case((sooner, new.excluded.due), else_=L.due)
    return new.on_conflict_do_update(index_elements=["charge_point_id"], set_={"due": due})


DUE = Compiled(due_sooner(upsert(station_leases)), "charge_point_id", "due")

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
    C.timing,
    C.deadline,
    C.not_before,
    C.attempts,
    C.retries,
    C.may_leave_out,
    C.batch_id,
    C.who,
).join_from(commands, charge_points)
FIND = Compiled(_COMMANDS.where(C.id == bindparam("command_id")))
LATEST = _COMMANDS.order_by(C.id.desc()).limit(bindparam("rows"))
LATEST_OF_ONE = LATEST.where(C.charge_point_id == station_named())
LISTING = Listing(_COMMANDS, (C.id,), lambda *row: _command(row), station=C.charge_point_id)

# Of those that were put on the wire; what a station answered is its own affair, unless it says that it is another.
_TRIED = and_(C.charge_point_id == bindparam("station_id"), C.sent.is_not(None), C.state != "sending")
_REACHED = and_(
    C.state == "answered", func.coalesce(C.fault["subcode"].as_string(), "") != IdentityMismatch.__name__
).label("reached")
LAST_TRIED = select(_REACHED, C.sent, C.error, C.fault).where(_TRIED).order_by(C.sent.desc(), C.id.desc()).limit(1)
_OTHERWISE = select(func.max(C.sent)).where(_TRIED, _REACHED != bindparam("reached")).scalar_subquery()
SINCE = select(func.min(C.sent)).where(_TRIED, or_(_OTHERWISE.is_(None), C.sent > _OTHERWISE))

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


class SqlCommands(StationNumbers):
    """Implements `central.exchanges.Commands`."""

    __slots__ = ()

    def add(self, new: NewCommand) -> int:
        """Queues a command, unless it has an error already; returns its id."""
        command_id: int = self._run(ADD, row_of(new)).scalar_one()
        if new.error is None:
            if new.when == NEXT_CONTACT:
                self._run(EXPECT, {"station_id": new.charge_point_id})
            else:
                self._first(DUE, {"charge_point_id": new.charge_point_id, "due": new.created})
                self._ring()
        return command_id

    def cancel(self, command_id: int, at: datetime, error: str) -> bool:
        """Takes it out of the queue; False when it is no longer there."""
        cancelled = {"state": "cancelled", "finished": at, "error": error}
        return forget_secrets(self._run, self._run(CANCEL, {"command_id": command_id, **cancelled}).all()) > 0

    def find(self, command_id: int) -> Command | None:
        """The command of that id."""
        row = self._first(FIND, {"command_id": command_id})
        return _command(row) if row is not None else None

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Command]:
        """Newest first."""
        if identity is None:
            return [_command(row) for row in self._run(LATEST, {"rows": limit})]
        parameters = {"called": identity, "called_folded": folded(identity), "rows": limit}
        return [_command(row) for row in self._run(LATEST_OF_ONE, parameters)]

    def page(self, chosen: CommandFilter, limit: int, after: Position | None = None) -> Page[Command]:
        """Newest first."""
        fields = {C.state: chosen.state, C.operation: chosen.operation, C.batch_id: chosen.batch_id}
        meant = [column == value for column, value in fields.items() if value is not None]
        return LISTING.page(self._run, meant, limit, after, self._numbers(chosen.identity, chosen.only))

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


def forget_secrets(run: Callable[..., Any], ended: Sequence[Any]) -> int:
    """Removes what is secret from the requests of commands that have just ended; returns how many have."""
    for command_id, operation, request in ended:
        rest = without_secrets(operation, request)
        if rest != request:
            run(FORGET, {"command_id": command_id, "request": rest})
    return len(ended)


def row_of(new: NewCommand) -> dict[str, Any]:
    """The columns of a command that is queued, or finished at once when it has an error."""
    id_tag, connector_id, transaction_id = (new.request.get(n) for n in ("idTag", "connectorId", "transactionId"))
    values = (
        new.charge_point_id,
        new.operation,
        new.request if new.error is None else without_secrets(new.operation, new.request),
        "queued" if new.error is None else "not_transmitted",
        new.error,
        new.created,
        None if new.error is None else new.created,
        folded(id_tag) if id_tag is not None else None,
        connector_id,
        transaction_id,
        new.when,
        new.deadline,
        None if new.when == NEXT_CONTACT else new.created,
        new.retries,
        list(new.may_leave_out) or None,
        new.who,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _command(row: Sequence[Any]) -> Command:
    command = Command(*row)
    return command if command.may_leave_out is not None else replace(command, may_leave_out=())
