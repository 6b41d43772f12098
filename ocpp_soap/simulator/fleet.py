"""Many simulated charge points at once: they boot, charge, report; what came of it is counted and timed.

For the command line and for load; it prints nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread

from ..errors import OcppSoapError
from .charge_point import ChargePoint
from .clock import Clock
from .traits import Traits
from .wire import SoapWire

Progress = Callable[[int, int, str], object]
"""Called with the sessions done, all of them, and a sentence; from any thread, one call at a time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet shall do.

    `identity` and `id_tag` are formats of the charge point's number, counted from 1. Each session takes `seconds` of
    simulated time, which runs `speed` times as fast as ours (0: as fast as the Central System answers). With `stay` the
    charge points go on taking commands after their sessions, until `run` is told to stop. They speak the newest
    `version` of OCPP, unless another is named, with these `quirks` (names of docs/quirks.md).
    """

    url: str
    charge_points: int = 1
    sessions: int = 1
    seconds: float = 600.0
    speed: float = 1.0
    stay: bool = False
    identity: str = "SIM-{:04d}"
    id_tag: str = "SIM-TAG-{:04d}"
    traits: Traits = field(default_factory=Traits)
    ca_file: Path | None = None
    host: str = "127.0.0.1"
    version: str | None = None
    quirks: Set[str] = frozenset()
    accept_timeout: float = 30.0

    def clock(self) -> Clock:
        """Time that begins so far back that the sessions do not end in the future."""
        ours = 1 / self.speed if self.speed else 0.0
        ahead = timedelta(seconds=max(self.sessions * self.seconds * (1 - ours), 0.0))
        return Clock(self.speed, datetime.now(UTC) - ahead)


@dataclass(slots=True)
class Result:
    """What came of it: `messages` counts confirmations, `latencies` holds their seconds, both by operation."""

    sessions: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    def percentile(self, operation: str, share: float) -> float | None:
        """The latency in seconds that this share (0 to 1) of an operation's messages did not exceed."""
        ordered = sorted(self.latencies.get(operation, ()))
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None


def run(plan: Plan, progress: Progress = lambda *_: None, stop: Event | None = None) -> Result:
    """Plays the whole plan and returns what came of it; Ctrl-C, or setting `stop`, ends it early and cleanly.

    A failure of one charge point is an error in the result and does not end the others.
    """
    fleet = _Fleet(plan, progress, stop or Event())
    began = datetime.now(UTC)
    Thread(target=fleet.watch, name="fleet watch", daemon=True).start()
    # Not as a context manager: at Ctrl-C that would wait for the plan's end before anything is told to stop.
    pool = ThreadPoolExecutor(max_workers=max(plan.charge_points, 1), thread_name_prefix="fleet")
    try:
        playing = [pool.submit(fleet.play, number) for number in range(1, plan.charge_points + 1)]
        # Not without an end: a Ctrl-C that comes just before a wait is seen after it.
        while wait(playing, timeout=1.0).not_done:
            pass
        for done in playing:
            done.result()
    except KeyboardInterrupt:
        fleet.result.interrupted = True
    finally:
        fleet.end()
        pool.shutdown()
    fleet.result.seconds = (datetime.now(UTC) - began).total_seconds()
    return fleet.result


class _Fleet:
    """The charge points that are at work, and what came of them so far."""

    def __init__(self, plan: Plan, progress: Progress, stop: Event) -> None:
        self._plan = plan
        self._progress = progress
        self._stop = stop
        self._lock = Lock()
        self._done = 0
        self._working: set[ChargePoint] = set()
        self.result = Result()

    def play(self, number: int) -> None:
        """One charge point from boot to end."""
        plan = self._plan
        identity = plan.identity.format(number)
        nameplate = {**plan.traits.nameplate, "chargePointSerialNumber": identity[:25]}
        cp = ChargePoint(
            plan.url,
            identity,
            replace(plan.traits, nameplate=nameplate),
            clock=plan.clock(),
            wire=SoapWire(plan.url, version=plan.version, host=plan.host, ca_file=plan.ca_file),
        )
        cp.faults.quirks = plan.quirks
        with self._lock:
            if self._stop.is_set():
                return
            self._working.add(cp)
        try:
            with cp:
                cp.wait_accepted(plan.accept_timeout)
                self._tell(f"{cp.identity} is accepted")
                for session in range(plan.sessions):
                    self._session(cp, number, session)
                if plan.stay:
                    self._stop.wait()
        except (OcppSoapError, OSError) as error:
            self._fail(f"{cp.identity}: {error}")
        finally:
            self._count(cp)

    def watch(self) -> None:
        """Waits for the word to stop and passes it on."""
        self._stop.wait()
        self.end()

    def end(self) -> None:
        """Makes all of them come to an end, a running session with its StopTransaction."""
        self._stop.set()
        with self._lock:
            working = list(self._working)
        for cp in working:
            cp.hurry()

    def _session(self, cp: ChargePoint, number: int, session: int) -> None:
        if self._stop.is_set():
            return
        connector_id = 1 + session % self._plan.traits.connectors
        try:
            transaction = cp.run_session(self._plan.id_tag.format(number), connector_id, self._plan.seconds)
        except OcppSoapError as error:
            self._fail(f"{cp.identity}: {error}", done=1)
            return
        energy = (transaction.meter_stop or 0) - transaction.meter_start
        with self._lock:
            self.result.sessions += 1
        self._tell(f"{cp.identity} charged {energy} Wh in transaction {transaction.transaction_id}", done=1)

    def _tell(self, text: str, done: int = 0) -> None:
        with self._lock:
            self._done += done
            self._progress(self._done, self._plan.charge_points * self._plan.sessions, text)

    def _fail(self, text: str, done: int = 0) -> None:
        with self._lock:
            self.result.errors.append(text)
        self._tell(text, done)

    def _count(self, cp: ChargePoint) -> None:
        with self._lock:
            self._working.discard(cp)
            for message in list(cp.sent):
                if message.error is None:
                    self.result.messages[message.operation] += 1
                    self.result.latencies.setdefault(message.operation, []).append(message.seconds)
                else:
                    self.result.errors.append(f"{cp.identity}: {message.operation}: {message.error}")
