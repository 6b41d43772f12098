"""Passwords that wait for their comparison: done in the background and fairly, so that guesses keep nobody out.

A slow comparison is a resource that guessers must not use up. What can't be compared at once is answered "try again"
and waits here; when its turn has come the result is remembered, and whoever sends the same again is let in at once.
Turns go round the charge points, and of one charge point round the networks that its senders come from. A charge point
that is guessed at has one turn a second, so that guesses are slow whatever their addresses. What was sent before goes
first: a guesser never repeats himself. It must not know what a comparison is.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, NamedTuple, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds between two comparisons of one charge point.
INTERVAL = 1.0

# What may wait: of one sender's network for one charge point, networks of one charge point, and in all.
OF_ONE_NETWORK, NETWORKS, IN_ALL = 16, 256, 1_000

# Seconds without anything to do after which the thread ends.
IDLE = 30.0


class Lane(NamedTuple):
    """The charge point that is spoken for, and the network of whoever speaks."""

    identity: str
    network: str


class WaitingPasswords(Generic[T]):
    """The queue of one process; its thread runs only while something waits."""

    def __init__(self, compare: Callable[[T], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._compare, self._clock = compare, clock
        self._changed = Condition()
        self._lanes: OrderedDict[str, OrderedDict[str, OrderedDict[bytes, T]]] = OrderedDict()
        self._next: dict[str, float] = {}
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._thread: Thread | None = None

    def add(self, lane: Lane, key: bytes, waiting: T) -> None:
        """Lets it wait; `key` says whether it is the same as an earlier one."""
        with self._changed:
            networks = self._lanes.setdefault(lane.identity, OrderedDict())
            if lane.network not in networks and len(networks) >= NETWORKS:
                networks.popitem(last=False)
            mine = networks.setdefault(lane.network, OrderedDict())
            mine.setdefault(key, waiting)
            if key in self._seen:
                mine.move_to_end(key, last=False)
            self._seen[key] = None
            while len(self._seen) > 10 * IN_ALL:
                self._seen.popitem(last=False)
            while len(mine) > OF_ONE_NETWORK:
                mine.popitem()
            counts = {name: sum(map(len, of.values())) for name, of in self._lanes.items()}
            if sum(counts.values()) > IN_ALL:
                del self._lanes[max(counts, key=counts.__getitem__)]
            if self._thread is None:
                self._thread = Thread(target=self._run, name="waiting passwords", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                waiting = self._turn()
                if waiting is None:
                    if not self._changed.wait(self._pause()) and not self._lanes:
                        self._thread = None
                        return
                    continue
            try:
                self._compare(waiting)
            except Exception:  # the others still wait
                log.exception("a password can't be compared")

    def _pause(self) -> float:
        """How long nothing is due."""
        now = self._clock()
        return min((max(0.01, self._next.get(identity, now) - now) for identity in self._lanes), default=IDLE)

    def _turn(self) -> T | None:
        """The next that may be compared, taken out; None while nothing is due."""
        now = self._clock()
        self._next = {identity: at for identity, at in self._next.items() if at > now}
        identity = next((one for one in self._lanes if one not in self._next), None)
        if identity is None:
            return None
        self._next[identity] = now + INTERVAL
        networks = self._lanes.pop(identity)
        network, mine = networks.popitem(last=False)
        _, waiting = mine.popitem(last=False)
        if mine:
            networks[network] = mine
        if networks:
            self._lanes[identity] = networks
        return waiting
