"""What a simulated charge point still has to do, and the one thread that does it in the order of simulated time.

Long work (files) runs apart in threads of its own. It must not know what the jobs are for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Condition, Thread, current_thread

from ..errors import OcppSoapError
from .clock import Clock

logger = logging.getLogger(__name__)

Job = Callable[[], object]

# A call that hangs ends by its own time limit; a thread that still runs after so many seconds is left as a daemon.
JOIN_SECONDS = 5.0


class Agenda:
    """Jobs at simulated times. A job of a key that is there already replaces it; jobs of the same time run in order."""

    def __init__(self, clock: Clock, changed: Condition, name: str) -> None:
        self._clock = clock
        self._changed = changed
        self._jobs: dict[object, tuple[datetime, Job]] = {}
        self._threads: list[Thread] = []
        self._busy = 0
        self._stopped = False
        self._main = Thread(target=self._run, name=f"{name} agenda", daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self._main.start()

    def stop(self) -> None:
        """Forgets what is left and ends the threads."""
        with self._changed:
            self._stopped = True
            self._jobs.clear()
            self._changed.notify_all()
            threads = [t for t in (self._main, *self._threads) if t is not current_thread() and t.is_alive()]
        deadline = time.monotonic() + JOIN_SECONDS
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def at(self, moment: datetime, job: Job, key: object = None) -> None:
        """Plans a job for that time."""
        with self._changed:
            if self._stopped:
                return
            key = object() if key is None else key
            self._jobs.pop(key, None)
            self._jobs[key] = (moment, job)
            self._changed.notify_all()

    def after(self, seconds: float, job: Job, key: object = None) -> None:
        """Plans a job in so many simulated seconds."""
        self.at(self._clock.now() + timedelta(seconds=seconds), job, key)

    def soon(self, job: Job) -> None:
        """Plans a job for now, in the agenda's own thread."""
        self.at(self._clock.now(), job)

    def cancel(self, key: object) -> None:
        """Forgets the job of that key, when there is one."""
        with self._changed:
            self._jobs.pop(key, None)

    def apart(self, work: Job) -> None:
        """Runs long work at once in a thread of its own."""
        with self._changed:
            if self._stopped:
                return
            self._busy += 1
            thread = Thread(target=self._do, args=(work,), name=f"{self._main.name} apart", daemon=True)
            self._threads = [t for t in self._threads if t.is_alive()] + [thread]
            thread.start()

    def hold(self) -> None:
        """Something begins elsewhere that `tick` has to wait for, until `release`."""
        with self._changed:
            self._busy += 1

    def release(self) -> None:
        """It has ended."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def tick(self, seconds: float, timeout: float = 30.0) -> None:
        """Lets so many simulated seconds pass at once, job by job; returns when all that fell due is done.

        Raises TimeoutError when that takes more than `timeout` real seconds.
        """
        target = self._clock.now() + timedelta(seconds=seconds)
        deadline = time.monotonic() + timeout
        with self._changed:
            self._changed.notify_all()  # others that share the clock may have moved it
            while True:
                if not self._changed.wait_for(self._idle, max(deadline - time.monotonic(), 0)):
                    raise TimeoutError(f"still at work after {timeout} s")
                following = self._next()
                if following is None or following > target or self._stopped:
                    break
                self._clock.skip_to(following)
                self._changed.notify_all()
            self._clock.skip_to(target)
            self._changed.notify_all()

    def _idle(self) -> bool:
        return self._stopped or (not self._busy and self._due() is None)

    def _next(self) -> datetime | None:
        """The time of the first job."""
        return min((moment for moment, _ in self._jobs.values()), default=None)

    def _due(self) -> object | None:
        """The key of the first job whose time has come."""
        if not self._jobs:
            return None
        key = min(self._jobs, key=lambda k: self._jobs[k][0])
        return key if self._jobs[key][0] <= self._clock.now() else None

    def _wait(self) -> None:
        following = self._next()
        self._changed.wait(None if following is None else self._clock.real_seconds(following))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (key := self._due()) is None:
                    self._wait()
                if self._stopped:
                    return
                _, job = self._jobs.pop(key)
                self._busy += 1
            self._do(job)

    def _do(self, job: Job) -> None:
        try:
            job()
        except OcppSoapError as error:
            logger.info("%s: %s", self._main.name, error)
        except Exception:
            logger.exception("%s: a job failed", self._main.name)
        finally:
            self.release()
