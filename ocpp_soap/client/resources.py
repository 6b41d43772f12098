"""What stations did and hold, of all of them: transactions, reservations, charging profiles, local lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

from . import words
from .models import ChargingProfileInForce, LocalList, Reservation, ReservationState, Transaction
from .paging import rows
from .reading import given, query, read
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
        changedSince: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Transaction]:
        """Transactions, newest start first; `open` true: those that have not ended, false: those that have.

        With `changedSince` those that changed then or later, the oldest change first: to follow all that happens, begin
        a minute before the `changed` of the last one you have seen.
        """
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
            changedSince=changedSince,
        )

    def get(self, transactionId: int) -> Transaction:
        """One transaction with all of its meter values."""
        return read(Transaction, self._transport.get(f"/transactions/{transactionId}").object())

    def csv(self, **chosen: Any) -> bytes:
        """Those that `list` gives for the same arguments, as a CSV file in UTF-8."""
        return self._transport.get("/transactions.csv", query(**chosen)).content

    def close(
        self,
        transactionId: int,
        *,
        note: str,
        meterStop: int | None = None,
        at: datetime | None = None,
        reason: words.Reason = "Other",
    ) -> Transaction:
        """Ends a transaction whose station will never stop it, now or at that time; `Conflict` when it has ended.

        The station's own StopTransaction still takes its place when it comes; the closing stays as a revision.
        """
        return self._change(transactionId, "close", meterStop=meterStop, at=at, reason=reason, note=note)

    def correct(
        self,
        transactionId: int,
        *,
        reason: str,
        note: str,
        idTag: str | None = None,
        meterStart: int | None = None,
        meterStop: int | None = None,
        startTimestamp: datetime | None = None,
        stopTimestamp: datetime | None = None,
    ) -> Transaction:
        """Writes anew what a station said, also of one that has ended; the old values are kept as a revision."""
        right = given(
            idTag=idTag,
            meterStart=meterStart,
            meterStop=meterStop,
            startTimestamp=startTimestamp,
            stopTimestamp=stopTimestamp,
        )
        return self._change(transactionId, "correct", reason=reason, note=note, **right)

    def annotate(self, transactionId: int, *, reason: str, note: str) -> Transaction:
        """Adds a note, which nothing erases."""
        return self._change(transactionId, "annotate", reason=reason, note=note)

    def _change(self, transactionId: int, how: str, **body: Any) -> Transaction:
        reply = self._transport.call("POST", f"/transactions/{transactionId}/{how}", body=given(**body))
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
