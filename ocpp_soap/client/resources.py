"""What stations did and hold, of all of them: transactions, reservations, charging profiles, local lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

from . import words
from .models import ChargingProfileInForce, LocalList, Reservation, ReservationState, Transaction
from .paging import rows
from .reading import given, read
from .transport import Transport, segment

M = TypeVar("M")


class Resource:
    """Something that the gateway has lists of."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _rows(self, path: str, kind: type[M], limit: int | None, /, **wanted: Any) -> Iterator[M]:
        return rows(self._transport, path, kind, limit, **wanted)


class Transactions(Resource):
    """Charging sessions: those that run and those that ended."""

    def list(
        self,
        *,
        chargePoint: str | None = None,
        connectorId: int | None = None,
        idTag: str | None = None,
        open: bool | None = None,
        startedFrom: datetime | None = None,
        startedBefore: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Transaction]:
        """Transactions, newest start first; `open` true: those that have not ended, false: those that have."""
        return self._rows(
            "/transactions",
            Transaction,
            limit,
            chargePoint=chargePoint,
            connectorId=connectorId,
            idTag=idTag,
            open=open,
            startedFrom=startedFrom,
            startedBefore=startedBefore,
        )

    def get(self, transactionId: int) -> Transaction:
        """One transaction with all of its meter values."""
        return read(Transaction, self._transport.get(f"/transactions/{transactionId}").object())

    def close(
        self,
        transactionId: int,
        *,
        meterStop: int | None = None,
        at: datetime | None = None,
        reason: words.Reason = "Other",
        note: str | None = None,
    ) -> Transaction:
        """Ends a transaction whose station will never stop it, now or at that time; `Conflict` when it has ended.

        The station's own StopTransaction still takes its place when it comes.
        """
        end = given(meterStop=meterStop, at=at, reason=reason, note=note)
        reply = self._transport.call("POST", f"/transactions/{transactionId}/close", body=end)
        return read(Transaction, reply.object())


class Reservations(Resource):
    """Connectors that are kept free for somebody; `point.reserve_now` makes one."""

    def list(
        self,
        *,
        chargePoint: str | None = None,
        status: ReservationState | None = None,
        limit: int | None = None,
    ) -> Iterator[Reservation]:
        """Reservations that stations accepted, newest first."""
        return self._rows("/reservations", Reservation, limit, chargePoint=chargePoint, status=status)


class ChargingProfiles(Resource):
    """Limits of power and current that stations hold; `point.set_charging_profile` sets one."""

    def list(self, *, chargePoint: str | None = None, limit: int | None = None) -> Iterator[ChargingProfileInForce]:
        """Charging profiles in force, one station after the other."""
        return self._rows("/charging-profiles", ChargingProfileInForce, limit, chargePoint=chargePoint)


class LocalLists(Resource):
    """The idTags that stations accept while they are offline; `point.send_local_list` changes one."""

    def list(self, *, limit: int | None = None) -> Iterator[LocalList]:
        """The stations whose list is known, with its version; `get` tells what is on it."""
        return self._rows("/local-lists", LocalList, limit)

    def get(self, chargeBoxIdentity: str) -> LocalList:
        """The list of one station, as the SendLocalList commands that it accepted have made it."""
        return read(LocalList, self._transport.get(f"/local-lists/{segment(chargeBoxIdentity)}").object())
