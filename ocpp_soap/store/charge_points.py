"""Registered charge points, where they are called, and stations that are not registered.

What they report of themselves is in notices. It decides nothing: the handlers of central do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.authentication import prefix
from ..central.records import ChargePoint, Json, UnknownChargePoint
from .columns import folded, harmless
from .compiled import Compiled
from .notices import Notices
from .repository import station_named
from .tables import callbacks, charge_points, unknown_charge_points

# Unknown stations that are kept: an address open to the internet is called by many that are no station.
UNKNOWN_KEPT = 10_000
# Of one charge point, which may name another address with each message.
CALLBACKS_KEPT = 100
# Of one address, of IPv6 one /64: what somebody makes up must not push out those of others.
UNKNOWN_KEPT_OF_NETWORK = 1_000

C, U = charge_points.c, unknown_charge_points.c

# In the order of the record's fields.
RECORD = (
    C.id,
    C.identity,
    C.status,
    C.heartbeat_interval,
    C.version,
    C.callback_url,
    C.callback_said,
    C.callback_source,
    C.callback_peer,
    C.first_seen,
    C.last_seen,
    C.last_boot,
    C.clock_offset,
    C.clock_offset_at,
    C.peer,
    C.boot,
    C.firmware_status,
    C.diagnostics_status,
    C.local_list_version,
    C.profile,
    C.access,
    C.quirks,
    C.callback_refused,
    C.commands_waiting,
)
UNKNOWN_RECORD = (
    U.identity,
    U.version,
    U.operation,
    U.peer,
    U.callback,
    U.boot,
    U.first_seen,
    U.last_seen,
    U.messages,
)

_SPOKE = (
    update(charge_points)
    .values(
        first_seen=func.coalesce(C.first_seen, bindparam("at")),
        last_seen=bindparam("at"),
        peer=bindparam("from_peer"),
    )
    .returning(*RECORD)
)
CONTACT = Compiled(_SPOKE.where(C.identity == bindparam("named")))
CONTACT_FOLDED = Compiled(_SPOKE.where(C.id == station_named()))
FIND = select(*RECORD).where(C.id == station_named())
FIND_LOCKED = FIND.with_for_update(of=charge_points, key_share=True)
GET = select(*RECORD).where(C.id == bindparam("charge_point_id"))
LIST = select(*RECORD).order_by(C.identity)
REGISTER = upsert(charge_points).on_conflict_do_nothing(index_elements=["identity"]).returning(*RECORD)
CHANGE = update(charge_points).where(C.id == bindparam("charge_point_id"))
BOOT = Compiled(CHANGE, "boot", "last_boot", "vendor", "model")

LEFT = (
    select(*UNKNOWN_RECORD)
    .where(U.identity_folded == bindparam("called_folded"))
    .order_by((U.identity == bindparam("called")).desc(), U.last_seen.desc())
    .limit(1)
)
FORGET_UNKNOWN = delete(unknown_charge_points).where(U.identity == bindparam("named"))
UNKNOWN = select(*UNKNOWN_RECORD).order_by(U.last_seen.desc())
_NEW_UNKNOWN = upsert(unknown_charge_points)
REMEMBER = _NEW_UNKNOWN.on_conflict_do_update(
    index_elements=["identity"],
    set_={
        "version": _NEW_UNKNOWN.excluded.version,
        "operation": _NEW_UNKNOWN.excluded.operation,
        "peer": _NEW_UNKNOWN.excluded.peer,
        "network": _NEW_UNKNOWN.excluded.network,
        "callback": func.coalesce(_NEW_UNKNOWN.excluded.callback, U.callback),
        # What it booted with stays when it sends something else.
        "boot": case((bindparam("booted"), _NEW_UNKNOWN.excluded.boot), else_=U.boot),
        "last_seen": _NEW_UNKNOWN.excluded.last_seen,
        "messages": U.messages + 1,
    },
).returning(U.messages)
FORGET_OLDEST = delete(unknown_charge_points).where(
    U.last_seen < select(U.last_seen).order_by(U.last_seen.desc()).offset(UNKNOWN_KEPT - 1).limit(1).scalar_subquery()
)

FORGET_OLDEST_OF_NETWORK = delete(unknown_charge_points).where(
    U.network == bindparam("from_network"),
    U.last_seen
    < select(U.last_seen)
    .where(U.network == bindparam("from_network"))
    .order_by(U.last_seen.desc())
    .offset(UNKNOWN_KEPT_OF_NETWORK - 1)
    .limit(1)
    .scalar_subquery(),
)

ADD_CALLBACK = insert(callbacks).inline()
FORGET_CALLBACKS = delete(callbacks).where(
    callbacks.c.charge_point_id == bindparam("of_station"),
    callbacks.c.id
    < select(callbacks.c.id)
    .where(callbacks.c.charge_point_id == bindparam("of_station"))
    .order_by(callbacks.c.id.desc())
    .offset(CALLBACKS_KEPT - 1)
    .limit(1)
    .scalar_subquery(),
)
EARLIER_CALLBACKS = (
    select(callbacks.c.url, callbacks.c.said, callbacks.c.source, callbacks.c.peer, callbacks.c.at)
    .where(callbacks.c.charge_point_id == bindparam("charge_point_id"))
    .order_by(callbacks.c.id.desc())
    .offset(1)
)


class SqlChargePoints(Notices):
    """Implements `central.repositories.ChargePoints`, the rest of it in `Notices`."""

    __slots__ = ()

    def contact(self, identity: str, version: str, peer: str | None, at: datetime) -> ChargePoint | None:
        """Notes that the station spoke; its row stays locked until the transaction ends."""
        spoke = {"at": at, "from_peer": peer}
        row = self._first(CONTACT, {**spoke, "named": identity})
        if row is None:
            row = self._first(CONTACT_FOLDED, {**spoke, **_names(identity)})
        station = _charge_point(row)
        if station is not None and station.version != version:
            # Rarely; every message would write it, and with it the index by version.
            self.change(station.id, version=version)
            station = replace(station, version=version)
        return station

    def find(self, identity: str, lock: bool = False) -> ChargePoint | None:
        """Exact identities come before those that differ in case; `lock` holds it until the transaction ends."""
        return _charge_point(self._run(FIND_LOCKED if lock else FIND, _names(identity)).first())

    def get(self, charge_point_id: int) -> ChargePoint | None:
        """The charge point of that number."""
        return _charge_point(self._run(GET, {"charge_point_id": charge_point_id}).first())

    def list(self) -> Sequence[ChargePoint]:
        """By identity."""
        return [ChargePoint(*row) for row in self._run(LIST)]

    def register(self, identity: str, status: str, at: datetime, **boot: str) -> ChargePoint:
        """Takes over what an unknown charge point left; one that is registered already stays as it is."""
        record = self.add(identity, status, at, **boot) or self.find(identity)
        assert record is not None, "the row that was in the way was removed by nobody"
        return record

    def add(self, identity: str, status: str, at: datetime, **boot: str) -> ChargePoint | None:
        """As `register`; None when it is registered already, by another transaction meanwhile too."""
        left = self.find_unknown(identity)
        boot = {**(left.boot if left else {}), **boot}
        values = {
            "identity": identity,
            "identity_folded": folded(identity),
            "status": status,
            "registered": at,
            "version": left.version if left else None,
            "peer": left.peer if left else None,
            "boot": boot,
            "first_seen": left.first_seen if left else None,
            "last_seen": left.last_seen if left else None,
            **_made_by(boot),
        }
        row = self._run(REGISTER, values).first()
        if left is not None:
            self._run(FORGET_UNKNOWN, {"named": left.identity})
        return _charge_point(row)

    def change(self, charge_point_id: int, **values: Any) -> None:
        """Sets fields of its record, by their names there."""
        self._run(CHANGE, {"charge_point_id": charge_point_id, **values})

    def boot(self, charge_point_id: int, boot: Json, at: datetime) -> None:
        """Stores the fields of a BootNotification; the order of connector states starts anew."""
        self._first(BOOT, {"charge_point_id": charge_point_id, "boot": boot, "last_boot": at, **_made_by(boot)})

    def set_callback(
        self,
        charge_point_id: int,
        url: str | None,
        said: str | None,
        source: str | None,
        peer: str | None,
        at: datetime,
    ) -> None:
        """Changes the callback address, with a row of history."""
        now = {"callback_url": url, "callback_said": said, "callback_source": source, "callback_peer": peer}
        self.change(charge_point_id, **now, callback_refused=None)
        row = {"charge_point_id": charge_point_id, "url": url, "said": said, "source": source, "peer": peer, "at": at}
        self._run(ADD_CALLBACK, row)
        self._run(FORGET_CALLBACKS, {"of_station": charge_point_id})

    def callback_history(self, charge_point_id: int) -> Sequence[Json]:
        """What it was before it became what it is, newest first; `at` is when each was set."""
        return self._rows(EARLIER_CALLBACKS, charge_point_id)

    def remember_unknown(
        self,
        identity: str,
        version: str,
        operation: str,
        peer: str | None,
        callback: str | None,
        boot: Json,
        at: datetime,
    ) -> None:
        """Notes a station that is not registered; when it is a new one, the oldest beyond 10,000 are forgotten."""
        values = {
            "identity": identity,
            "identity_folded": folded(identity),
            "version": version,
            "operation": operation,
            "peer": peer,
            "network": prefix(peer),
            "callback": callback,
            "boot": boot,
            "booted": bool(boot),
            "first_seen": at,
            "last_seen": at,
            "messages": 1,
        }
        if self._run(REMEMBER, values).scalar_one() == 1:
            self._run(FORGET_OLDEST_OF_NETWORK, {"from_network": values["network"]})
            self._run(FORGET_OLDEST)

    def unknown(self) -> Sequence[UnknownChargePoint]:
        """Newest first."""
        return [UnknownChargePoint(*row) for row in self._run(UNKNOWN)]

    def find_unknown(self, identity: str) -> UnknownChargePoint | None:
        """The one of that identity (exact, else regardless of case)."""
        row = self._run(LEFT, _names(identity)).first()
        return UnknownChargePoint(*row) if row is not None else None


def _names(identity: str) -> dict[str, str]:
    return {"called": identity, "called_folded": folded(identity)}


def _made_by(boot: Json) -> dict[str, str | None]:
    return {"vendor": harmless(boot.get("chargePointVendor")), "model": harmless(boot.get("chargePointModel"))}


def _charge_point(row: Sequence[Any] | None) -> ChargePoint | None:
    return ChargePoint(*row) if row is not None else None
