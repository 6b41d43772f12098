"""One path for every operation that goes to a station: checked, recorded, sent, recorded again, followed up.

No transaction is open while a station is called: `sending` is committed before, the outcome after. It knows no XML, no
SQL and no version's own words; the WSDL's types and the FOLLOW_UPS table are all it has of an operation.
"""

from __future__ import annotations

import difflib
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from ..errors import CallFailed, NotFound, Refused, StationFault, StoreError, Uncertain
from ..protocol.catalog import Catalog
from ..protocol.dialects import downgrade, unsayable
from ..protocol.validation import check, unbounded
from ..protocol.writing import to_json
from .again import transact
from .follow_ups import FOLLOW_UPS, FollowUp
from .ports import Answered, Clock, Link, Store, Work
from .profile import Profile
from .quirks import seen
from .records import ChargePoint, Command, Exchange, Flags, Json

# How often a command that waits for its turn asks for the station's lease (seconds).
TURN = 0.1

NO_ADDRESS = "no address of this station is known; see `ocpp-soap charge-points set-callback`"


@dataclass(frozen=True, slots=True)
class _Sending:
    """A command on its way: `payload` in typed values, `at` when it was sent."""

    command_id: int
    station: ChargePoint
    version: str
    operation: str
    payload: Json
    at: datetime
    address: str = ""


def exchange(
    result: Answered | CallFailed,
    *,
    at: datetime,
    until: datetime,
    identity: str,
    version: str,
    operation: str | None,
    address: str,
) -> Exchange:
    """The journal's row of a call to a station."""
    return Exchange(
        at=at,
        direction="out",
        identity=identity,
        operation=operation,
        version=version,
        peer=urlsplit(address).hostname,
        duration=(until - at).total_seconds(),
        outcome=result.outcome if isinstance(result, CallFailed) else "answered",
        request=result.request,
        answer=result.answer,
        flags=[] if isinstance(result, CallFailed) else result.flags,
    )


@dataclass(frozen=True, slots=True)
class Commands:
    """Calls stations. `call_time`: longer than any call takes (seconds)."""

    store: Store
    link: Link
    catalog: Catalog
    clock: Clock
    call_time: float = 60.0

    @property
    def patience(self) -> float:
        """How long a command waits for its turn: also for the one before to end whose process died (seconds)."""
        return self.call_time + 5

    def send(self, identity: str, operation: str, payload: Any, may_leave_out: Collection[str] = ()) -> Command:
        """Sends one operation of the Charge Point, named as in the WSDL, with a JSON payload in the newest words.

        `may_leave_out` names fields to do without where the station's version has no words for them. Returns the
        command with its outcome, whatever it is. Raises `NotFound`, `Refused` (no such operation in the station's
        version) or `InvalidPayload`, all before anything is recorded or sent; and `Uncertain` when it was sent and its
        outcome could not be stored.
        """
        with self.store.reading() as work:
            station = work.charge_points.find(identity)
        if station is None:
            raise NotFound(f"there is no charge point {identity!r}; see `ocpp-soap charge-points list`")
        version = self.version_of(station)
        typed = self._sayable(version, operation, payload, may_leave_out)
        request, now = to_json(typed), self.clock()
        command_id = transact(self.store, lambda work: work.commands.add(station.id, operation, request, now))
        with ExitStack() as stack:
            try:
                ours = stack.enter_context(self.turn(station.id))
            except BaseException as interruption:
                self._give_up(command_id, f"interrupted before it was sent: {type(interruption).__name__}")
                raise
            if ours:
                self._call(_Sending(command_id, station, version, operation, typed, self.clock()))
            else:
                self._give_up(command_id, self.still_running)
        return self._finished(command_id)

    def version_of(self, station: ChargePoint) -> str:
        """The version that it spoke last; the newest for one that has not spoken yet."""
        return self.catalog.versions.get(station.version or "", self.catalog.newest).name

    @property
    def still_running(self) -> str:
        """Why a command had to give up without a turn."""
        return f"another command to this station was still running after {self.patience:g} s"

    @contextmanager
    def turn(self, station_id: int) -> Iterator[bool]:
        """Nobody else calls the station meanwhile; gives False when that could not be had in time."""
        holder = uuid.uuid4().hex
        ours = self._wait_for_turn(station_id, holder)
        try:
            yield ours
        finally:
            if ours:
                with suppress(StoreError):  # it runs out by itself
                    transact(self.store, lambda work: work.commands.release(station_id, holder))

    def _sayable(self, version: str, operation: str, payload: Any, may_leave_out: Collection[str]) -> Json:
        """The payload in typed values and the newest words, without what the version lacks and may be left out.

        The words are those of the newest version; how long a text may be is for the station's own to say.
        """
        self._must_know(version, operation)
        newest, own = (
            known.charge_point.operations[operation].input.type
            for known in (self.catalog.newest, self.catalog.versions[version])
        )
        typed = check(payload, newest if own is newest else unbounded(newest))
        left_out = unsayable(version, operation).intersection(may_leave_out)
        said = {name: value for name, value in typed.items() if name not in left_out}
        check(downgrade(version, operation, "request", said)[0], own)
        return said

    def _must_know(self, version: str, operation: str) -> None:
        """Raises `Refused`, with the reason, for an operation that stations of that version do not have."""
        known = self.catalog.versions[version].charge_point.operations
        if operation in known:
            return
        names, newest = ", ".join(sorted(known)), self.catalog.newest
        if operation in newest.charge_point.operations:
            raise Refused(f"this station speaks OCPP {version}, which has no {operation}; it has {names}")
        every = newest.charge_point.operations
        near = [n for n in every if n.lower() == operation.lower()] or difflib.get_close_matches(operation, every, 1)
        hint = f"did you mean {near[0]}?" if near else "it has " + names
        raise Refused(f"OCPP {version} has no operation {operation!r} to a station; {hint}")

    def _wait_for_turn(self, station_id: int, holder: str) -> bool:
        deadline = time.monotonic() + self.patience
        while True:
            now = self.clock()
            until = now + timedelta(seconds=self.call_time)
            if transact(self.store, lambda work: work.commands.lease(station_id, holder, now, until)):  # noqa: B023
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(TURN)

    def _give_up(self, command_id: int, error: str) -> None:
        now = self.clock()
        transact(self.store, lambda work: work.commands.finish(command_id, "not_transmitted", now, error=error))

    def _call(self, sending: _Sending) -> None:
        identity = sending.station.identity

        def announce(work: Work) -> ChargePoint:
            # Read again under the lease: it may have moved, or been set otherwise, while the command waited.
            station = work.charge_points.find(identity) or sending.station
            if station.callback_url is not None:
                work.commands.sending(sending.command_id, station.callback_url, sending.at)
            return station

        station = transact(self.store, announce)
        if station.callback_url is None:
            return self._give_up(sending.command_id, NO_ADDRESS)
        sending = replace(sending, station=station, address=station.callback_url)
        profile = Profile.read(station.profile)
        try:
            result = self.link.call(
                sending.address, identity, sending.version, sending.operation, sending.payload, profile
            )
        except CallFailed as failure:
            return self._finish(sending, failure)
        except KeyboardInterrupt:
            return self._finish(sending, Uncertain("interrupted while the station was called"))
        except BaseException as error:
            self._finish(sending, Uncertain(f"the call broke off: {type(error).__name__}"))
            raise
        return self._finish(sending, result)

    def _finish(self, sending: _Sending, result: Answered | CallFailed) -> None:
        now, command_id = self.clock(), sending.command_id

        def record(work: Work) -> None:
            if isinstance(result, StationFault):
                fault = {"code": result.code, "subcode": result.subcode, "text": result.text}
                work.commands.finish(command_id, "answered", now, fault=fault)
            elif isinstance(result, CallFailed):
                work.commands.finish(command_id, result.outcome, now, error=result.text)
            else:
                work.commands.finish(command_id, "answered", now, answer=to_json(result.payload))
                if (follow_up := FOLLOW_UPS.get(sending.operation)) is not None:
                    follow_up(FollowUp(work, sending.station.id, command_id, sending.payload, result.payload, now))
                self._note_quirks(work, sending, result.flags, now)
            work.journal.add(
                exchange(
                    result,
                    at=sending.at,
                    until=now,
                    identity=sending.station.identity,
                    version=sending.version,
                    operation=sending.operation,
                    address=sending.address,
                )
            )

        try:
            transact(self.store, record)
        except StoreError as error:
            raise Uncertain(f"it was sent, but its outcome could not be stored: {error}") from error

    def _note_quirks(self, work: Work, sending: _Sending, flags: Flags, now: datetime) -> None:
        if any("quirk" in flag for flag in flags):
            # As they are now: its own messages may have shown others meanwhile.
            station = work.charge_points.find(sending.station.identity) or sending.station
            if (quirks := seen(station.quirks, sending.operation, flags, now)) is not None:
                work.charge_points.change(station.id, quirks=quirks)

    def _finished(self, command_id: int) -> Command:
        with self.store.reading() as work:
            command = work.commands.find(command_id)
        if command is None:
            raise NotFound(f"command {command_id} was removed while it ran")
        return command
