"""What charge points report: connector states, files, vendors' data, their configuration.

Each report is kept as it came; the current state is the newest one in the order that its station's clock allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Flags, Json, StatusNotice
from .columns import folded
from .compiled import Compiled
from .repository import Repository
from .tables import (
    charge_points,
    commands,
    configuration,
    connector_states,
    data_transfers,
    file_notices,
    status_notices,
)

S, D, K = connector_states.c, data_transfers.c, configuration.c

# What a notice of this kind follows, and where the charge point's own row shows it.
FOLLOWED = {
    "firmware": ("UpdateFirmware", "firmware_status"),
    "diagnostics": ("GetDiagnostics", "diagnostics_status"),
}

_STATE = upsert(connector_states)
_REPORTED = ("status", "error_code", "info", "vendor_id", "vendor_error_code", "timestamp", "received", "ordered_at")
_OF = ("charge_point_id", "connector_id")
ADD_NOTICE = Compiled(insert(status_notices).inline(), *_OF, *_REPORTED, "flags")
_CHANGED_STATE = _STATE.on_conflict_do_update(
    index_elements=_OF,
    set_={
        **{name: _STATE.excluded[name] for name in _REPORTED},
        "available_at": func.coalesce(_STATE.excluded.available_at, S.available_at),
    },
    # soap-binding decision 9: by the station's clock where it can be trusted, else by receipt; a boot starts anew.
    where=or_(
        S.received < bindparam("last_boot", type_=S.received.type),
        S.ordered_at.is_(None),
        _STATE.excluded.ordered_at.is_(None),
        _STATE.excluded.ordered_at >= S.ordered_at,
    ),
)
CHANGE_STATE = Compiled(_CHANGED_STATE, *_OF, *_REPORTED, "available_at")
SET_AVAILABILITY = _STATE.on_conflict_do_update(
    index_elements=_OF,
    set_={name: _STATE.excluded[name] for name in ("availability", "availability_at")},
)
CONNECTORS = (
    select(
        S.connector_id.label("connectorId"),
        S.status,
        S.error_code.label("errorCode"),
        S.info,
        S.timestamp,
        S.vendor_id.label("vendorId"),
        S.vendor_error_code.label("vendorErrorCode"),
        S.received,
        S.availability,
    )
    .where(S.charge_point_id == bindparam("charge_point_id"))
    .order_by(S.connector_id)
)

ADD_FILE_NOTICE = (
    insert(file_notices)
    .values(
        command_id=select(func.max(commands.c.id))
        .where(
            commands.c.charge_point_id == bindparam("station_id"),
            commands.c.operation == bindparam("followed"),
            commands.c.state.in_(("sending", "answered", "uncertain")),
        )
        .scalar_subquery()
    )
    .inline()
)
SHOW_STATUS = update(charge_points).where(charge_points.c.id == bindparam("charge_point_id"))
FILE_NOTICES = (
    select(file_notices.c.kind, file_notices.c.status, file_notices.c.received, file_notices.c.command_id)
    .where(file_notices.c.charge_point_id == bindparam("charge_point_id"))
    .order_by(file_notices.c.id.desc())
)

KEEP_DATA = Compiled(
    insert(data_transfers).returning(D.id), "charge_point_id", "vendor_id", "message_id", "data", "received"
)
ANSWER_DATA = Compiled(update(data_transfers).where(D.id == bindparam("data_id")), "status", "record")
DATA = (
    select(D.vendor_id.label("vendorId"), D.message_id.label("messageId"), D.data, D.received, D.status, D.record)
    .where(D.charge_point_id == bindparam("charge_point_id"))
    .order_by(D.id.desc())
    .limit(bindparam("rows"))
)

_KEY = upsert(configuration)
SET_KEY = _KEY.on_conflict_do_update(
    index_elements=["charge_point_id", "key_folded"],
    set_={
        "key": _KEY.excluded.key,
        # ChangeConfiguration does not say it.
        "readonly": func.coalesce(_KEY.excluded.readonly, K.readonly),
        "value": _KEY.excluded.value,
        "updated": _KEY.excluded.updated,
    },
)
FORGET_KEYS = configuration.delete().where(K.charge_point_id == bindparam("charge_point_id"))
FORGET_KEY = FORGET_KEYS.where(K.key_folded == bindparam("key_folded"))
CONFIGURATION = (
    select(K.key, K.readonly, K.value, K.updated)
    .where(K.charge_point_id == bindparam("charge_point_id"))
    .order_by(K.key_folded)
)


class Notices(Repository):
    """The part of `central.repositories.ChargePoints` that keeps what stations report."""

    __slots__ = ()

    def notice_status(self, notice: StatusNotice, last_boot: datetime | None) -> None:
        """Adds to the history and, where it is not older than the current state, changes the connector's state."""
        state = {name: getattr(notice, name) for name in (*_OF, *_REPORTED)}
        self._first(ADD_NOTICE, {**state, "flags": notice.flags})
        available_at = notice.received if notice.status == "Available" else None
        self._first(CHANGE_STATE, {**state, "available_at": available_at, "last_boot": last_boot})

    def connectors(self, charge_point_id: int) -> Sequence[Json]:
        """StatusNotification's fields, `received`, and the `availability` last asked for, by connectorId."""
        return self._rows(CONNECTORS, charge_point_id)

    def set_availability(self, charge_point_id: int, connector_id: int, availability: str, at: datetime) -> None:
        """What an accepted ChangeAvailability asked for: Operative or Inoperative."""
        values = {"availability": availability, "availability_at": at}
        self._run(SET_AVAILABILITY, {"charge_point_id": charge_point_id, "connector_id": connector_id, **values})

    def notice_file(self, charge_point_id: int, kind: str, status: str, at: datetime, flags: Flags) -> None:
        """A notification of `kind` firmware or diagnostics, linked to the latest command that it follows."""
        followed, shown = FOLLOWED[kind]
        values = {"charge_point_id": charge_point_id, "kind": kind, "status": status, "received": at, "flags": flags}
        self._run(ADD_FILE_NOTICE, {**values, "station_id": charge_point_id, "followed": followed})
        self._run(SHOW_STATUS, {"charge_point_id": charge_point_id, shown: status})

    def file_notices(self, charge_point_id: int) -> Sequence[Json]:
        """{kind, status, received, command_id}, newest first."""
        return self._rows(FILE_NOTICES, charge_point_id)

    def keep_data(
        self, charge_point_id: int, vendor_id: str | None, message_id: str | None, data: str | None, at: datetime
    ) -> int:
        """Stores a DataTransfer's content; returns the row's id."""
        said = {"vendor_id": vendor_id, "message_id": message_id, "data": data}
        row = self._first(KEEP_DATA, {"charge_point_id": charge_point_id, **said, "received": at})
        assert row is not None
        row_id: int = row[0]
        return row_id

    def answer_data(self, data_id: int, status: str, record: Json | None) -> None:
        """Notes what a stored DataTransfer was answered, and what a plug-in read from it."""
        self._first(ANSWER_DATA, {"data_id": data_id, "status": status, "record": record})

    def data(self, charge_point_id: int, limit: int = 100) -> Sequence[Json]:
        """{vendorId, messageId, data, received, status, record}, newest first."""
        return self._rows(DATA, charge_point_id, rows=limit)

    def set_configuration(
        self, charge_point_id: int, keys: Iterable[Json], unknown: Iterable[str], at: datetime, everything: bool = False
    ) -> None:
        """Stores {key, readonly?, value?} entries, keys compared without regard to case, and forgets unknown keys.

        With `everything` those in `keys` are all that it has.
        """
        if everything:
            self._run(FORGET_KEYS, {"charge_point_id": charge_point_id})
        entries = {
            folded(entry["key"]): {
                "charge_point_id": charge_point_id,
                "key_folded": folded(entry["key"]),
                "key": entry["key"],
                "readonly": entry.get("readonly"),
                "value": entry.get("value"),
                "updated": at,
            }
            for entry in keys
        }
        if entries:
            self._run(SET_KEY, list(entries.values()))
        if gone := [{"charge_point_id": charge_point_id, "key_folded": folded(key)} for key in unknown]:
            self._run(FORGET_KEY, gone)

    def configuration(self, charge_point_id: int) -> Sequence[Json]:
        """{key, readonly, value, updated}, by key."""
        return self._rows(CONFIGURATION, charge_point_id)
