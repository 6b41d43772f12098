"""The time of a simulated charge point: it may run faster than ours, stand still, or jump.

Everything in this room asks this clock; nothing else of the simulator may look at the machine's.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Simulated time: `speed` simulated seconds for each real one (0: it moves by `skip_to` alone), from `begin` on."""

    def __init__(self, speed: float = 1.0, begin: datetime | None = None) -> None:
        if speed < 0 or (begin is not None and begin.tzinfo is None):
            raise ValueError(f"expected a speed from 0 on, and a time with a zone, found {speed} and {begin}")
        self.speed = speed
        self._begin = begin or datetime.now(UTC)
        self._started = time.monotonic()
        self._skipped = timedelta()

    def now(self) -> datetime:
        """The simulated time, aware UTC."""
        elapsed = (time.monotonic() - self._started) * self.speed
        return self._begin + timedelta(seconds=elapsed) + self._skipped

    def skip_to(self, moment: datetime) -> None:
        """Jumps forward to that time; a time that has passed changes nothing."""
        self._skipped += max(moment - self.now(), timedelta())

    def real_seconds(self, until: datetime) -> float | None:
        """How many real seconds there are until then; None when it never comes by itself."""
        simulated = max((until - self.now()).total_seconds(), 0.0)
        return simulated / self.speed if self.speed else None if simulated else 0.0
