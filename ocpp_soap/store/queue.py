"""The steps of a command from the queue to its outcome, and the lease that lets one run at a time per station.

`station_leases.due` says when somebody has to look after a station, so that a courier finds the next ones without
a look at what else is queued. It is changed under the row's lock alone: what is queued meanwhile is not overlooked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.orders import Turn
from ..central.records import Json
from .commands import DUE, ENDED, forget_secrets
from .compiled import Compiled
from .repository import Repository
from .tables import QUEUED, SENDING, charge_points, commands, station_leases

C, L = commands.c, station_leases.c

ABANDONED = "the process that sent it ended before it saw an answer"
EXPIRED = "its deadline passed before it could be sent"

_NOW: BindParameter[Any] = bindparam("now", type_=L.due.type)
_OF_STATION = L.charge_point_id == bindparam("station_id")
_OF_STATIONS: BindParameter[Any] = bindparam("station_ids", expanding=True)
_STILL = and_(QUEUED, C.deadline > _NOW)

AGENDA = select(
    select(func.min(L.due)).scalar_subquery(),
    select(func.min(C.deadline)).where(QUEUED).scalar_subquery(),
)
AGENDA_OF_ONE = select(L.due).where(_OF_STATION)

_READY = (
    select(L.charge_point_id)
    .where(L.due <= _NOW, or_(bindparam("silent_too", type_=L.silent.type), L.silent.is_not(True)))
    .order_by(L.due)
    .limit(bindparam("rows"))
    .with_for_update(skip_locked=True)
)
_UNTIL: BindParameter[Any] = bindparam("new_until", type_=L.until.type)
_ready, _ready_one = _READY.cte("ready"), _READY.where(_OF_STATION).cte("ready")
_FIRST = (
    select(C.id)
    .where(C.charge_point_id == L.charge_point_id, _STILL, C.not_before <= _NOW)
    .order_by(C.id)
    .limit(1)
    .scalar_subquery()
)
FIRSTS = select(L.charge_point_id, _FIRST).where(L.charge_point_id.in_(_OF_STATIONS))
FIRST = Compiled(select(_FIRST).where(_OF_STATION, L.holder == bindparam("given_to")))
_TAKE = (
    update(station_leases)
    .values(taken_from=L.holder, holder=bindparam("new_holder"), until=_UNTIL, due=_UNTIL)
    .returning(L.charge_point_id, L.taken_from, L.silent)
)
TAKE = _TAKE.where(L.charge_point_id.in_(select(_ready.c.charge_point_id)))
TAKE_ONE = _TAKE.where(L.charge_point_id.in_(select(_ready_one.c.charge_point_id)))

_LEASE = upsert(station_leases)
LEASE = _LEASE.on_conflict_do_update(
    index_elements=["charge_point_id"],
    set_={"holder": _LEASE.excluded.holder, "until": _LEASE.excluded.until, "due": _LEASE.excluded.due},
    where=or_(L.until.is_(None), L.until <= _NOW),
).returning(L.charge_point_id)
# By what is being sent, which is little, and not by all that a station was ever sent.
ABANDON = update(commands).where(SENDING, (C.charge_point_id + 0).in_(_OF_STATIONS)).returning(*ENDED)

_HELD = update(station_leases).where(_OF_STATION, L.holder == bindparam("given_to")).returning(L.charge_point_id)
HOLD = Compiled(_HELD.values(until=_UNTIL, due=_UNTIL))
_SILENT = func.coalesce(bindparam("was_silent", type_=L.silent.type), L.silent)
RELEASE = Compiled(_HELD.values(holder=None, until=None, due=None, silent=_SILENT))
NEXT = Compiled(select(func.min(C.not_before)).where(C.charge_point_id == bindparam("station_id"), _STILL))

_CHANGE = update(commands).where(C.id == bindparam("command_id")).returning(C.id)
_SENT = C.holder == bindparam("given_to")
# Also when this holder has said so before, in a transaction whose end got lost with the connection.
_TO_SEND = or_(and_(QUEUED, C.deadline > _NOW), and_(SENDING, _SENT))
_SEND = _CHANGE.where(_TO_SEND).values(attempts=case((C.state == "queued", C.attempts + 1), else_=C.attempts))
SEND = Compiled(_SEND, "state", "holder", "address", "sent", "error")
_FINISH = _CHANGE.where(_SENT, or_(SENDING, C.state == "uncertain")).returning(*ENDED[1:])
FINISH = Compiled(_FINISH, "state", "finished", "answer", "answer_status", "fault", "error")
PUT_BACK = _CHANGE.where(_SENT, SENDING)
UNDO = PUT_BACK.values(attempts=C.attempts - 1, sent=None, address=None)
GIVE_UP = _CHANGE.where(QUEUED).returning(*ENDED[1:])
# What another is changing now waits for the next look: a process that stands still there would hold up all stations.
_OVERDUE = select(C.id).where(QUEUED, C.deadline <= _NOW).with_for_update(skip_locked=True)
EXPIRE = update(commands).where(C.id.in_(_OVERDUE)).returning(*ENDED)

LET_GO = update(commands).where(C.charge_point_id == bindparam("station_id"), QUEUED, C.not_before.is_(None))
MET = update(charge_points).where(charge_points.c.id == bindparam("station_id")).values(commands_waiting=False)


class SqlQueue(Repository):
    """Implements `central.exchanges.Queue`."""

    __slots__ = ()

    def agenda(self, station_id: int | None = None) -> tuple[datetime | None, datetime | None]:
        """When there is something to do next, for one station or for any: to send or to clean up, and to expire."""
        if station_id is not None:
            return self._run(AGENDA_OF_ONE, {"station_id": station_id}).scalar_one_or_none(), None
        due, deadline = self._run(AGENDA).one()
        return due, deadline

    def claim(
        self,
        holder: str,
        now: datetime,
        until: datetime,
        limit: int = 1,
        station_id: int | None = None,
        silent_too: bool = True,
    ) -> Sequence[Turn]:
        """Takes the leases of up to `limit` stations that have something to send, passing over those that others are
        taking. Stations that turn out to have nothing are released again."""
        values = {"now": now, "rows": limit, "new_holder": holder, "new_until": until, "silent_too": silent_too}
        if station_id is None:
            taken = self._run(TAKE, values).all()
        else:
            taken = self._run(TAKE_ONE, {**values, "station_id": station_id}).all()
        if not taken:
            return []
        # A lease that was not given back ran out.
        if lost := [station for station, taken_from, _ in taken if taken_from is not None]:
            self._abandon(lost, now)
        silent = {station: bool(was_silent) for station, _, was_silent in taken}
        turns = []
        # A statement of its own, which sees all that was queued before the leases' rows were locked.
        for station, command_id in self._run(FIRSTS, {"station_ids": list(silent), "now": now}).all():
            if command_id is None:
                self.release(station, holder, now)
            else:
                turns.append(Turn(station, command_id, holder, silent[station]))
        return turns

    def first(self, station_id: int, holder: str, now: datetime) -> Turn | None:
        """The turn of a station whose lease this holder has; without one it is released."""
        row = self._first(FIRST, {"station_id": station_id, "given_to": holder, "now": now})
        if row is None or row[0] is None:
            self.release(station_id, holder, now)
            return None
        return Turn(station_id, row[0], holder)

    def lease(self, station_id: int, holder: str, now: datetime, until: datetime) -> bool:
        """Takes the station's lease when it is free or has run out.

        Commands left in `sending` by a holder that ran out become uncertain.
        """
        values = {"charge_point_id": station_id, "holder": holder, "until": until, "due": until, "now": now}
        if self._run(LEASE, values).first() is None:
            return False
        self._abandon([station_id], now)
        return True

    def release(self, station_id: int, holder: str, now: datetime, silent: bool | None = None) -> None:
        """Gives the lease back, when it is still this holder's; `silent` says how the station was."""
        if self._first(RELEASE, {"station_id": station_id, "given_to": holder, "was_silent": silent}) is None:
            return
        # A statement of its own, which sees all that was queued before the lease's row was locked.
        row = self._first(NEXT, {"station_id": station_id, "now": now})
        if row is not None and row[0] is not None:
            # Behind the stations that have waited for longer, however old its queue is.
            self._first(DUE, {"charge_point_id": station_id, "due": max(row[0], now)})
            if row[0] <= now:
                self._ring()

    def sending(self, turn: Turn, address: str, at: datetime, until: datetime) -> bool:
        """The request is about to be put on the wire; prolongs the lease.

        False when the lease is no longer this holder's or the command no longer queued.
        """
        if self._first(HOLD, {"station_id": turn.station_id, "given_to": turn.holder, "new_until": until}) is None:
            return False
        found = {"command_id": turn.command_id, "given_to": turn.holder, "now": at}
        values = {"state": "sending", "holder": turn.holder, "address": address, "sent": at, "error": None}
        return self._first(SEND, {**found, **values}) is not None

    def finish(
        self,
        turn: Turn,
        state: str,
        at: datetime,
        answer: Json | None = None,
        fault: Json | None = None,
        error: str | None = None,
    ) -> bool:
        """The outcome of what this holder has sent, also when it has become uncertain meanwhile; False otherwise."""
        status = answer.get("status") if answer is not None else None
        outcome = {"answer": answer, "answer_status": status, "fault": fault, "error": error}
        found = {"command_id": turn.command_id, "given_to": turn.holder, "state": state, "finished": at}
        row = self._first(FINISH, {**found, **outcome})
        return forget_secrets(self._run, [] if row is None else [row]) > 0

    def put_back(self, turn: Turn, not_before: datetime, error: str, tried: bool = True) -> bool:
        """Queues what did not reach the station once more; False when it is no longer this holder's to send.

        What was not even tried counts as no attempt, and says nothing of the station.
        """
        found = {"command_id": turn.command_id, "given_to": turn.holder}
        values = {"state": "queued", "not_before": not_before, "error": error}
        return self._run(PUT_BACK if tried else UNDO, {**found, **values}).first() is not None

    def give_up(self, command_id: int, at: datetime, error: str) -> bool:
        """A queued command that can't be sent is not transmitted; False when it is no longer queued."""
        values = {"state": "not_transmitted", "finished": at, "error": error}
        return forget_secrets(self._run, self._run(GIVE_UP, {"command_id": command_id, **values}).all()) > 0

    def expire(self, now: datetime) -> int:
        """Queued commands whose deadline has passed are expired; returns how many they were."""
        expired = {"state": "expired", "finished": now, "error": EXPIRED}
        return forget_secrets(self._run, self._run(EXPIRE, {"now": now, **expired}).all())

    def contacted(self, station_id: int, not_before: datetime) -> None:
        """The station has spoken: what waits for that may be sent from that time on."""
        self._run(MET, {"station_id": station_id})
        if self._run(LET_GO, {"station_id": station_id, "not_before": not_before}).rowcount:
            self._first(DUE, {"charge_point_id": station_id, "due": not_before})
            self._ring()

    def _abandon(self, stations: list[int], now: datetime) -> None:
        left = {"state": "uncertain", "finished": now, "error": ABANDONED}
        forget_secrets(self._run, self._run(ABANDON, {"station_ids": stations, **left}).all())
