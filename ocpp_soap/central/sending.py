"""A queued command's way to its station: its turn, the call, the outcome, and what follows from it.

No transaction is open while a station is called: `sending` is committed before, the outcome after. A crash between the
two leaves an uncertain command, which is never sent again; a crash before or after leaves a queued or a finished one.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ..errors import CallFailed, NotTransmitted, Refused, StationFault, StoreError, Uncertain
from ..protocol.writing import to_json
from .again import transact
from .follow_ups import FOLLOW_UPS, FollowUp
from .orders import Turn
from .phrasing import Phrasing
from .ports import Answered, Clock, Link, Store, Work
from .profile import Profile
from .quirks import seen
from .records import ChargePoint, Command, Exchange, Flags, Json

# How often a command that waits for its turn asks for the station's lease (seconds).
TURN = 0.1

# Of a lease, what may be gone when the call begins: it has to last until the call's end, looking up a name included.
LATE = 5.0

# Until the first retry, each further one waits for twice as long as the one before, up to the longest (seconds).
FIRST_RETRY, LONGEST_RETRY = 5.0, 600.0

NO_ADDRESS = "no address of this station is known; see `ocpp-soap charge-points set-callback`"


@dataclass(frozen=True, slots=True)
class _Letter:
    """A command on its way: `payload` in typed values, `at` when it was sent."""

    turn: Turn
    command: Command
    station: ChargePoint
    version: str
    payload: Json
    address: str
    at: datetime

    def exchange(self, result: Answered | CallFailed, until: datetime) -> Exchange:
        """The journal's row of it."""
        return exchange(
            result,
            at=self.at,
            until=until,
            identity=self.station.identity,
            version=self.version,
            operation=self.command.operation,
            address=self.address,
        )


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
class Sender:
    """Sends what is queued, one command at a time to each station, whoever else does the same elsewhere.

    `call_time`: longer than any call takes, and so how long a lease lasts; the processes of all hosts have to agree
    about the time better than that (`clock`). `persistence`: for how long an outcome is tried to be stored. In seconds.
    """

    store: Store
    link: Link
    phrasing: Phrasing
    clock: Clock
    call_time: float = 60.0
    persistence: float = 0.0
    first_retry: float = FIRST_RETRY

    @property
    def patience(self) -> float:
        """How long a command waits for its turn: also for the one before to end whose process died (seconds)."""
        return self.call_time + 5

    @property
    def still_running(self) -> str:
        """Why a command had to give up without a turn."""
        return f"another command to this station was still running after {self.patience:g} s"

    def agenda(self, station_id: int | None = None) -> tuple[datetime | None, datetime | None]:
        """When there is something to do next, for one station or for any: to send or to clean up, and to expire."""
        with self.store.reading() as work:
            return work.queue.agenda(station_id)

    def claim(self, limit: int = 1, station_id: int | None = None, silent_too: bool = True) -> Sequence[Turn]:
        """The turns of up to `limit` stations that have something to send; each has to be run."""
        holder, now = uuid.uuid4().hex, self.clock()
        until = now + timedelta(seconds=self.call_time)
        return transact(self.store, lambda work: work.queue.claim(holder, now, until, limit, station_id, silent_too))

    def first(self, station_id: int, holder: str) -> Turn | None:
        """The turn of a station whose lease this holder took; has to be run."""
        now = self.clock()
        return transact(self.store, lambda work: work.queue.first(station_id, holder, now))

    def leave(self, turn: Turn, error: str | None = None) -> None:
        """Gives the station back with nothing sent to it; with an error the command is given up as well."""
        now = self.clock()

        def leave(work: Work) -> None:
            if error is not None:
                work.queue.give_up(turn.command_id, now, error)
            work.queue.release(turn.station_id, turn.holder, now)

        transact(self.store, leave)

    def expire(self) -> int:
        """Ends what was not sent before its deadline; returns how many commands."""
        now = self.clock()
        return transact(self.store, lambda work: work.queue.expire(now))

    @contextmanager
    def turn(self, station_id: int) -> Iterator[str | None]:
        """Nobody else calls the station meanwhile; gives the holder's name, None when it could not be had in time."""
        holder = uuid.uuid4().hex
        ours = self._wait_for_turn(station_id, holder)
        try:
            yield holder if ours else None
        except Uncertain:
            ours = False  # whoever finds the lease run out says what is known of what was sent
            raise
        finally:
            if ours:
                with suppress(StoreError):  # it runs out by itself
                    transact(self.store, lambda work: work.queue.release(station_id, holder, self.clock()))

    def run(self, turn: Turn) -> None:
        """Sends the command whose turn it is, keeps the outcome and gives the station back.

        Raises `Uncertain` when it was sent and its outcome could not be stored.
        """
        started = time.monotonic()
        letter = self._announced(turn)
        if letter is None:
            return None
        if time.monotonic() - started > LATE:
            return self._put_back(turn)
        profile = Profile.read(letter.station.profile)
        try:
            result = self.link.call(
                letter.address,
                letter.station.identity,
                letter.version,
                letter.command.operation,
                letter.payload,
                profile,
            )
        except CallFailed as failure:
            return self._keep(letter, failure)
        except KeyboardInterrupt:
            return self._keep(letter, Uncertain("interrupted while the station was called"))
        except BaseException as error:
            self._keep(letter, Uncertain(f"the call broke off: {type(error).__name__}"))
            raise
        return self._keep(letter, result)

    def _wait_for_turn(self, station_id: int, holder: str) -> bool:
        deadline = time.monotonic() + self.patience
        while True:
            now = self.clock()
            until = now + timedelta(seconds=self.call_time)
            if transact(self.store, lambda work: work.queue.lease(station_id, holder, now, until)):  # noqa: B023
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(TURN)

    def _announced(self, turn: Turn) -> _Letter | None:
        """The command as it is sent, read under the lease: the station may have moved, or changed, while it waited.

        None when it can't be sent, or is no longer to be.
        """
        with self.store.reading() as work:
            command = work.commands.find(turn.command_id)
            station = work.charge_points.find(command.identity) if command is not None else None
        if command is None or station is None:
            self.leave(turn)
            return None
        version = self.phrasing.version_of(station)
        try:
            payload = self.phrasing.sayable(version, command.operation, command.request, command.may_leave_out)
        except Refused as refusal:
            self.leave(turn, str(refusal))
            return None
        address = station.callback_url
        if address is None:
            self.leave(turn, NO_ADDRESS)
            return None
        now = self.clock()
        until = now + timedelta(seconds=self.call_time)
        if not transact(self.store, lambda work: work.queue.sending(turn, address, now, until)):
            self.leave(turn)
            return None
        return _Letter(turn, command, station, version, payload, address, now)

    def _put_back(self, turn: Turn) -> None:
        """Nothing was sent, and the station may be another's by now: the command waits for its next turn."""
        now = self.clock()

        def put_back(work: Work) -> None:
            work.queue.put_back(turn, now, "the process that was to send it was held up", tried=False)
            work.queue.release(turn.station_id, turn.holder, now)

        transact(self.store, put_back)

    def _keep(self, letter: _Letter, result: Answered | CallFailed) -> None:
        until, now = time.monotonic() + self.persistence, self.clock()
        while True:
            try:
                return transact(self.store, lambda work: self._record(work, letter, result, now))
            except StoreError as error:
                if time.monotonic() >= until:
                    raise Uncertain(f"it was sent, but its outcome could not be stored: {error}") from error
                time.sleep(1)

    def _record(self, work: Work, letter: _Letter, result: Answered | CallFailed, now: datetime) -> None:
        turn, command, queue = letter.turn, letter.command, work.queue
        if isinstance(result, StationFault):
            fault = {"code": result.code, "subcode": result.subcode, "text": result.text}
            known = queue.finish(turn, "answered", now, fault=fault)
        elif isinstance(result, CallFailed):
            again = self._again(command, now) if isinstance(result, NotTransmitted) else None
            known = again is not None and queue.put_back(turn, again, result.text)
            known = known or queue.finish(turn, result.outcome, now, error=result.text)
        else:
            known = queue.finish(turn, "answered", now, answer=to_json(result.payload))
            if known and (follow_up := FOLLOW_UPS.get(command.operation)) is not None:
                follow_up(FollowUp(work, letter.station.id, command.id, letter.payload, result.payload, now))
            self._note_quirks(work, letter, result.flags, now)
        if known:  # not a second time, when the end of the transaction got lost with the connection
            work.journal.add(letter.exchange(result, now))
        queue.release(turn.station_id, turn.holder, now, isinstance(result, NotTransmitted | Uncertain))

    def _again(self, command: Command, now: datetime) -> datetime | None:
        """When a command that did not reach its station is to be tried again; None for never."""
        if command.attempts >= command.retries:
            return None
        pause = min(self.first_retry * 2**command.attempts, LONGEST_RETRY) * random.uniform(0.5, 1)  # noqa: S311
        moment = now + timedelta(seconds=pause)
        return moment if command.deadline is None or moment < command.deadline else None

    def _note_quirks(self, work: Work, letter: _Letter, flags: Flags, now: datetime) -> None:
        if any("quirk" in flag for flag in flags):
            # As they are now: its own messages may have shown others meanwhile.
            station = work.charge_points.find(letter.station.identity) or letter.station
            if (quirks := seen(station.quirks, letter.command.operation, flags, now)) is not None:
                work.charge_points.change(station.id, quirks=quirks)
