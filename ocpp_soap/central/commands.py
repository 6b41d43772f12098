"""One path for every operation that goes to a station: checked, queued with its deadline, and from then on seen to.

It is sent by whoever claims it (`sending`): a courier, or `send` right here. It knows no XML, no SQL and no version's
own words; the WSDL's types are all that it has of an operation.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ..errors import Conflict, NotFound, Refused, StoreError, Uncertain
from ..protocol.writing import to_json
from .again import transact
from .orders import NewCommand, Order, Ordered, Turn
from .pages import StationFilter
from .phrasing import Phrasing
from .ports import Clock, Store, Work
from .records import NOW, Batch, ChargePoint, Command, Json
from .sending import TURN, Sender

MAX_BATCH = 10_000

# Charge points that are read at once for a batch.
TOGETHER = 500

# How often the store is asked what has become of a command: first, and at the longest (seconds).
SOON, SELDOM = 0.02, 0.25


@dataclass(frozen=True, slots=True)
class Commands:
    """Takes orders for stations and says what has become of them.

    `books` is the store in which somebody's orders are entered; `sender` is made where something is sent from here.
    """

    store: Store
    phrasing: Phrasing
    clock: Clock
    sender: Callable[[], Sender]
    books: Callable[[str], Store]

    def submit(self, identity: str, order: Order, who: str, key: str | None = None) -> tuple[Command, bool]:
        """Queues an order for one station; also says whether it is an earlier one that had the same `key`.

        Raises `NotFound`, `Refused` (no such operation in the station's version, or the key was another order's) or
        `InvalidPayload`, all before anything is recorded.
        """
        fingerprint = order.fingerprint("station", identity)

        def prepare() -> Entry:
            new = self._prepared(identity, order, who)
            return lambda work: Ordered(fingerprint, command_id=work.commands.add(new))

        ordered, replayed = self._enter(prepare, who, key, fingerprint)
        return self.find(ordered.command_id or 0), replayed

    def submit_batch(self, chosen: StationFilter, order: Order, who: str, key: str | None = None) -> tuple[Batch, bool]:
        """Queues an order for each of the stations that are meant; else as `submit`.

        A station whose version can't say it gets a command that is not transmitted, with the reason; when that goes for
        all of them, the order is refused.
        """
        only = sorted(chosen.only) if chosen.only is not None else None
        fingerprint = order.fingerprint("stations", {**asdict(chosen), "only": only})

        def prepare() -> Entry:
            stations, now = self._stations(chosen), self.clock()
            said = self._said({self.phrasing.version_of(station) for station in stations}, order)
            news = []
            for station in stations:
                request = said[self.phrasing.version_of(station)]
                error = str(request) if isinstance(request, Refused) else None
                what = to_json(order.payload) if isinstance(request, Refused) else request
                news.append(order.command_for(station, what, now, who, error))
            whole = to_json(order.payload)
            return lambda work: Ordered(fingerprint, batch_id=work.batches.add(order.operation, whole, who, now, news))

        ordered, replayed = self._enter(prepare, who, key, fingerprint)
        return self.find_batch(ordered.batch_id or 0), replayed

    def cancel(self, command_id: int, who: str) -> Command:
        """Takes a command out of the queue; raises `NotFound`, or `Conflict` when it is no longer there."""
        now = self.clock()

        def act(work: Work) -> None:
            if not work.commands.cancel(command_id, now, f"cancelled by {who}"):
                state = self.find(command_id).state
                raise Conflict(f"command {command_id} is {state}: only what is still queued can be cancelled")

        transact(self.books(who), act)
        return self.find(command_id)

    def cancel_batch(self, batch_id: int, who: str) -> Batch:
        """Takes what is left of a batch out of the queue; raises `NotFound`, or `Conflict` when nothing is."""
        now = self.clock()
        self.find_batch(batch_id)

        def act(work: Work) -> None:
            if not work.batches.cancel(batch_id, now, f"cancelled by {who}"):
                raise Conflict(f"nothing of batch {batch_id} is still queued: only that can be cancelled")

        transact(self.books(who), act)
        return self.find_batch(batch_id)

    def find(self, command_id: int) -> Command:
        """The command of that id; raises `NotFound`."""
        with self.store.reading() as work:
            command = work.commands.find(command_id)
        if command is None:
            raise NotFound(f"there is no command {command_id}")
        return command

    def find_batch(self, batch_id: int) -> Batch:
        """The batch of that id, with what its commands have come to; raises `NotFound`."""
        with self.store.reading() as work:
            batch = work.batches.find(batch_id)
        if batch is None:
            raise NotFound(f"there is no batch {batch_id}")
        return batch

    def wait(self, command_id: int, seconds: float) -> Command:
        """The command as soon as it is finished, or as it is after so long."""
        end, pause = time.monotonic() + seconds, SOON
        while True:
            command = self.find(command_id)
            left = end - time.monotonic()
            if command.is_finished or left <= 0:
                return command
            time.sleep(min(pause, left))
            pause = min(1.5 * pause, SELDOM)

    def send(self, identity: str, operation: str, payload: Any, may_leave_out: Collection[str] = ()) -> Command:
        """Sends one operation from here and waits for its outcome, whatever it is; else as `deliver`."""
        return self.deliver(identity, Order(operation, payload, may_leave_out), "")

    def deliver(self, identity: str, order: Order, who: str) -> Command:
        """Queues an order and runs that station's queue from here until it is finished, unless others run it.

        Raises as `submit` does, and `Uncertain` when it may have been sent and its outcome could not be stored or seen.
        An order that says nothing about its deadline waits no longer for its turn than the command before may take.
        """
        sender, holder, fingerprint = self.sender(), uuid.uuid4().hex, order.fingerprint("station", identity)

        def prepare() -> Entry:
            new = self._prepared(identity, order, who)
            until = new.created + timedelta(seconds=sender.call_time)

            def enter(work: Work) -> Ordered:
                # Ours from the start where the station is free: its settings here are what the caller sees.
                if new.when == NOW:
                    work.queue.lease(new.charge_point_id, holder, new.created, until)
                return Ordered(fingerprint, command_id=work.commands.add(new))

            return enter

        ordered, _ = self._enter(prepare, who, None, fingerprint)
        command = self.find(ordered.command_id or 0)
        plain = order == Order(order.operation, order.payload, order.may_leave_out)
        try:
            if (turn := sender.first(command.charge_point_id, holder)) is not None:
                sender.run(turn)
            return self._run_here(command, sender, time.monotonic() + sender.patience if plain else None)
        except Uncertain:
            raise
        except BaseException as interruption:
            withdrawn = self._withdraw(command, f"interrupted before it was sent: {type(interruption).__name__}")
            if isinstance(interruption, StoreError) and not withdrawn:
                words = f"command {command.id} is queued or sent, and can't be followed: {interruption}"
                raise Uncertain(words) from interruption
            raise

    def _run_here(self, command: Command, sender: Sender, patience: float | None) -> Command:
        """Runs the station's queue, or waits for who does, until the command is finished or patience is at its end."""
        while not (command := self.find(command.id)).is_finished:
            now, turns = self.clock(), list[Turn]()
            due, _ = sender.agenda(command.charge_point_id)
            if due is not None and due <= now:
                turns += sender.claim(1, command.charge_point_id)
            for turn in turns:
                sender.run(turn)
            if turns:
                continue
            if patience is not None and time.monotonic() > patience:
                self._withdraw(command, sender.still_running)
            if command.deadline is not None and command.deadline <= now:
                sender.expire()
            time.sleep(TURN)
        return command

    def _withdraw(self, command: Command, error: str) -> bool:
        with suppress(StoreError):  # then it is sent yet, or expires
            now = self.clock()
            return transact(self.store, lambda work: work.queue.give_up(command.id, now, error))
        return False

    def _prepared(self, identity: str, order: Order, who: str) -> NewCommand:
        """The command that an order to one station becomes."""
        with self.store.reading() as work:
            station = work.charge_points.find(identity)
        if station is None:
            raise NotFound(f"there is no charge point {identity!r}; see `ocpp-soap charge-points list`")
        now = self.clock()
        request = to_json(self._sayable(self.phrasing.version_of(station), order))
        return order.command_for(station, request, now, who)

    def _stations(self, chosen: StationFilter) -> list[ChargePoint]:
        """All that are meant; raises `Refused` when they are too many, or none."""
        found: list[ChargePoint] = []
        after = None
        while True:
            with self.store.reading() as work:
                page = work.charge_points.page(chosen, TOGETHER, after)
            found += page.rows
            if len(found) > MAX_BATCH:
                raise Refused(f"a batch is for {MAX_BATCH} charge points at most: choose fewer of them")
            if page.next is None:
                break
            after = page.next
        if not found:
            raise Refused("there is no such charge point")
        return found

    def _sayable(self, version: str, order: Order) -> Json:
        return self.phrasing.sayable(version, order.operation, order.payload, order.may_leave_out)

    def _said(self, versions: set[str], order: Order) -> dict[str, Json | Refused]:
        """What each version is told, or why it can't be; raises that when none can."""
        said: dict[str, Json | Refused] = {}
        for version in sorted(versions, reverse=True):
            try:
                said[version] = to_json(self._sayable(version, order))
            except Refused as refusal:
                said[version] = refusal
        refusals = [one for one in said.values() if isinstance(one, Refused)]
        if len(refusals) == len(said):
            raise refusals[0]
        return said

    def _enter(self, prepare: Callable[[], Entry], who: str, key: str | None, fingerprint: str) -> tuple[Ordered, bool]:
        """Carries an order out once for each key; also says whether it was before.

        Without a key it gets one of its own: a transaction that is run again, since its end got lost with the
        connection, finds what it has done.
        """
        if key is not None:
            with self.store.reading() as work:
                known = work.keys.find(who, key)
            if known is not None:
                return _same(known, fingerprint), True
        enter, now, own = prepare(), self.clock(), key or uuid.uuid4().hex

        def act(work: Work) -> tuple[Ordered, bool]:
            if (known := work.keys.take(who, own, fingerprint, now)) is not None:
                return _same(known, fingerprint), True
            ordered = enter(work)
            work.keys.settle(who, own, ordered.command_id, ordered.batch_id)
            return ordered, False

        return transact(self.books(who), act)


Entry = Callable[[Work], Ordered]
"""Enters what was prepared in the store."""


def _same(known: Ordered, fingerprint: str) -> Ordered:
    if known.fingerprint != fingerprint:
        raise Refused("this key came with another order before: each order needs a key of its own")
    return known
