"""Reservations and charging profiles: what stations hold because we asked them to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, insert, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.records import Json
from .columns import folded
from .repository import Repository, replacing, station_named
from .session_tables import charging_profiles, reservations, transactions
from .tables import charge_points

R, P, T = reservations.c, charging_profiles.c, transactions.c

CRITERIA = {"connectorId": P.connector_id, "chargingProfilePurpose": P.purpose, "stackLevel": P.stack_level}

RESERVE = replacing(upsert(reservations))
END = update(reservations).where(
    R.charge_point_id == bindparam("station_id"), R.reservation_id == bindparam("number"), R.status == "Active"
)
ALL_RESERVATIONS = select(
    R.reservation_id.label("reservationId"),
    charge_points.c.identity.label("chargeBoxIdentity"),
    R.connector_id.label("connectorId"),
    R.id_tag.label("idTag"),
    R.parent_id_tag.label("parentIdTag"),
    R.expiry_date.label("expiryDate"),
    case((R.status != "Active", R.status), (R.expiry_date <= bindparam("now"), "Expired"), else_="Active").label(
        "status"
    ),
    R.transaction_id.label("transactionId"),
).join_from(reservations, charge_points)
RESERVATIONS = ALL_RESERVATIONS.order_by(R.accepted.desc(), R.reservation_id.desc())
RESERVATIONS_OF_ONE = RESERVATIONS.where(R.charge_point_id == station_named())

REPLACED_PROFILES = delete(charging_profiles).where(
    P.charge_point_id == bindparam("charge_point_id"),
    or_(
        P.profile_id == bindparam("profile_id"),
        (P.connector_id == bindparam("connector_id"))
        & (P.purpose == bindparam("purpose"))
        & (P.stack_level == bindparam("stack_level")),
    ),
)
SET_PROFILE = insert(charging_profiles).inline()
PROFILES_OF_ONE = delete(charging_profiles).where(P.charge_point_id == bindparam("charge_point_id"))
# Whether the transaction that ran there when a profile was set has ended (a TxProfile's end too, OCPP 1.6 §3.13.1);
# NULL when it runs, or when there was none.
ENDED = (
    select(case((or_(T.closed_by.is_not(None), T.superseded_by.is_not(None)), true())))
    .where(T.charge_point_id == P.charge_point_id, T.connector_id == P.connector_id, T.received <= P.set_at)
    .order_by(T.id.desc())
    .limit(1)
    .correlate(charging_profiles)
    .scalar_subquery()
)
PROFILE = (P.connector_id.label("connectorId"), P.profile.label("csChargingProfiles"), P.set_at.label("set"))
IN_FORCE = or_(P.purpose != "TxProfile", ENDED.is_(None))
PROFILES = (
    select(*PROFILE)
    .where(P.charge_point_id == bindparam("charge_point_id"), IN_FORCE)
    .order_by(P.connector_id, P.purpose, P.stack_level, P.id)
)


class Reservations(Repository):
    """The part of `central.repositories.Transactions` for reservations and charging profiles."""

    __slots__ = ()

    def reserve(self, charge_point_id: int, request: Json, command_id: int, at: datetime) -> None:
        """An accepted ReserveNow, in typed values; the same reservationId replaces the reservation."""
        values = {
            "charge_point_id": charge_point_id,
            "reservation_id": request["reservationId"],
            "connector_id": request.get("connectorId"),
            "id_tag": request.get("idTag"),
            "parent_id_tag": request.get("parentIdTag"),
            "expiry_date": request.get("expiryDate"),
            "status": "Active",
            "command_id": command_id,
            "transaction_id": None,
            "accepted": at,
        }
        self._run(RESERVE, values)

    def end_reservation(
        self, charge_point_id: int, reservation_id: int, status: str, transaction_id: int | None = None
    ) -> bool:
        """`status` is "Cancelled" or "Used"; False when there is no active one."""
        which = {"station_id": charge_point_id, "number": reservation_id}
        return self._run(END, {**which, "status": status, "transaction_id": transaction_id}).rowcount > 0

    def reservations(self, now: datetime, identity: str | None = None) -> Sequence[Json]:
        """{reservationId, chargeBoxIdentity, connectorId, idTag, parentIdTag, expiryDate, status, transactionId}.

        `status` is Active, Used, Cancelled or Expired; newest first.
        """
        if identity is None:
            rows = self._run(RESERVATIONS, {"now": now})
        else:
            parameters = {"now": now, "called": identity, "called_folded": folded(identity)}
            rows = self._run(RESERVATIONS_OF_ONE, parameters)
        return [dict(row) for row in rows.mappings()]

    def set_profile(self, charge_point_id: int, connector_id: int, profile: Json, at: datetime) -> None:
        """A charging profile in force; replaces one of the same id, or of the same purpose and stack level there."""
        place = {
            "charge_point_id": charge_point_id,
            "connector_id": connector_id,
            "profile_id": profile["chargingProfileId"],
            "purpose": profile["chargingProfilePurpose"],
            "stack_level": profile["stackLevel"],
        }
        self._run(REPLACED_PROFILES, place)
        self._run(SET_PROFILE, {**place, "profile": profile, "set_at": at})

    def clear_profiles(self, charge_point_id: int, criteria: Mapping[str, Any]) -> int:
        """Forgets the profiles that a ClearChargingProfile request names; returns how many.

        An id names one alone; else each criterion that is given narrows the choice (OCPP 1.6 §5.5).
        """
        columns = {"id": P.profile_id} if criteria.get("id") is not None else CRITERIA
        chosen = [column == criteria[name] for name, column in columns.items() if criteria.get(name) is not None]
        return self._run(PROFILES_OF_ONE.where(*chosen), {"charge_point_id": charge_point_id}).rowcount

    def profiles(self, charge_point_id: int) -> Sequence[Json]:
        """The profiles in force: {connectorId, csChargingProfiles, set}; a TxProfile ends with its transaction."""
        return self._rows(PROFILES, charge_point_id)
