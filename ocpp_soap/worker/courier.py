"""Sends what is queued: claims stations that are due, calls each in a thread, and ends what nobody could send in time.

There may be any number of couriers on any number of hosts; the store lets each station be called by one at a time. So
many calls run at once as `threads` says; one that lasts gives its place to another, up to a bound, so that stations
which don't answer delay no other. It knows the ports of `central`, and no SQL, no XML, no HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime

from ..central.orders import Turn
from ..central.ports import Bell
from ..central.sending import Sender
from ..errors import OcppSoapError, StoreError

log = logging.getLogger(__name__)

# A call that has lasted for so long no longer counts (seconds): it waits for its station, and costs little. So many of
# those there may be, beside the ones that count.
YOUNG, MOST = 0.5, 512

# Seconds after which it is looked for deadlines, however much there is to send.
LOOK = 1.0

# Seconds until the next round: after the store failed, and when others were quicker.
AFTER_TROUBLE, AFTER_OTHERS = 1.0, 0.05


class Courier:
    """Runs in threads of its process from `start` to `stop`."""

    def __init__(self, sender: Sender, bell: Bell, threads: int) -> None:
        self._sender, self._bell, self._threads = sender, bell, threads
        self._calls: dict[Turn, float] = {}
        self._changed = threading.Condition()
        self._rung = threading.Event()
        # Whether the last claim found as many as there was room for; when it was looked what is due.
        self._more, self._looked = False, 0.0
        self._stopping = False
        self._rounds = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begins to send."""
        self._rounds.start()

    def close(self) -> None:
        """Sends nothing further; calls in flight go on."""
        self._stopping = True
        self._rung.set()

    def stop(self, seconds: float) -> int:
        """Sends nothing further and waits for the calls in flight; returns how many there may be after so long."""
        self.close()
        end = time.monotonic() + seconds
        self._rounds.join(seconds)
        with self._changed:
            self._changed.wait_for(lambda: not self._calls, max(0.0, end - time.monotonic()))
            return len(self._calls) + self._rounds.is_alive()

    def _run(self) -> None:
        silence = self._bell.listen(self._rung.set)
        while not self._stopping:
            try:
                pause = self._round()
            except StoreError as error:
                log.warning("commands wait: %s", error)
                pause = AFTER_TROUBLE
            except Exception:  # the thread must live on, or nothing is sent any more
                log.exception("commands wait")
                pause = AFTER_TROUBLE
            self._rung.wait(pause)
            self._rung.clear()
        silence()

    def _round(self) -> float:
        """Begins the calls that there is room for; returns the seconds until there may be something else to do."""
        room, pause = self._room()
        if room <= 0:
            return pause
        if not self._more or time.monotonic() > self._looked + LOOK:
            self._looked = time.monotonic()
            (due, deadline), now = self._sender.agenda(), self._sender.clock()
            if deadline is not None and deadline <= now:
                self._sender.expire()
                deadline = None
            if due is None or due > now:
                return self._until(due, deadline, now)
        turns = self._sender.claim(room, silent_too=not self._crowded)
        for turn in turns:
            self._begin(turn)
        self._more = len(turns) == room
        return 0.0 if turns else AFTER_OTHERS

    def _room(self) -> tuple[int, float]:
        """How many calls may begin, and when that may be more without any that ends."""
        with self._changed:
            now = time.monotonic()
            young = [since for since in self._calls.values() if now - since < YOUNG]
            room = min(self._threads - len(young), self._threads + MOST - len(self._calls))
            return room, min(young) + YOUNG - now if young else self._bell.interval

    @property
    def _crowded(self) -> bool:
        """Whether the last places are kept for stations that may answer."""
        return len(self._calls) >= MOST

    def _until(self, due: datetime | None, deadline: datetime | None, now: datetime) -> float:
        pauses = [(moment - now).total_seconds() for moment in (due, deadline) if moment is not None]
        return max(0.0, min([self._bell.interval, *pauses]))

    def _begin(self, turn: Turn) -> None:
        with self._changed:
            # One that was silent before does not take a place from the others while it is so again.
            self._calls[turn] = time.monotonic() - turn.silent * YOUNG
        try:
            threading.Thread(target=self._call, args=(turn,), name="call", daemon=True).start()
        except RuntimeError as error:  # no more threads in this system
            log.error("command %d waits: %s", turn.command_id, error)
            self._end(turn)
            self._sender.leave(turn)

    def _call(self, turn: Turn) -> None:
        try:
            self._sender.run(turn)
        except OcppSoapError as error:
            log.error("command %d: %s", turn.command_id, error)
        except Exception:
            log.exception("command %d", turn.command_id)
        finally:
            self._end(turn)

    def _end(self, turn: Turn) -> None:
        with self._changed:
            del self._calls[turn]
            self._changed.notify_all()
        self._rung.set()
