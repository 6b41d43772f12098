"""How often charge points that nobody registered may speak: so often from one network, by whatever names."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

# Enough for those of a site that wait to be accepted, each of which tries again once a minute.
MOST_OF_A_NETWORK, WINDOW = 200, timedelta(minutes=10)

# Networks that are counted; the oldest are forgotten first.
MOST_NETWORKS = 10_000


class Strangers:
    """Counts their messages by network; it belongs to one process."""

    def __init__(self, most: int = MOST_OF_A_NETWORK) -> None:
        self._most, self._lock = most, threading.Lock()
        self._spoke: dict[str, tuple[datetime, int]] = {}

    def admits(self, network: str, now: datetime) -> bool:
        """Counts one message; whether there were not too many from there in these ten minutes."""
        with self._lock:
            since, count = self._spoke.pop(network, (now, 0))
            if not timedelta() <= now - since < WINDOW:
                since, count = now, 0
            self._spoke[network] = since, count + 1
            while len(self._spoke) > MOST_NETWORKS:
                del self._spoke[next(iter(self._spoke))]
        return count < self._most
