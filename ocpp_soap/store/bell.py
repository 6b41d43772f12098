"""How couriers learn that there is something to do, and what time it is for all of them.

PostgreSQL notifies whoever listens and has the one clock that all hosts agree about. On SQLite all are on one host, and
look again after a moment. It knows no table.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from sqlalchemy import func, select

from ..central.ports import Clock
from ..errors import StoreError
from .engines import is_sqlite
from .statements import BELL
from .work import SqlStore, connected

log = logging.getLogger(__name__)

# Seconds between two looks when nothing rings: only as a precaution where something does.
LOOK, LOOK_ANYWAY = 0.1, 5.0

# Seconds: how soon a listener notices that it is to stop, and until it connects again.
ATTENTION, PAUSE = 0.5, 1.0

# For how long the time of the database is believed without asking again (seconds).
BELIEVED = 10.0


class Bell:
    """Implements `central.ports.Bell`; its connection is made by the process that listens."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.interval = LOOK if is_sqlite(store.url) else LOOK_ANYWAY

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Calls `ring` when there may be something to do, in a thread; returns what ends that."""
        stop = threading.Event()
        if not is_sqlite(self._store.url):
            threading.Thread(target=self._listen, args=(ring, stop), name="bell", daemon=True).start()
        return stop.set

    def _listen(self, ring: Callable[[], None], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with self._connection() as connection:
                    connection.execute(f"LISTEN {BELL}")
                    ring()  # it may have rung while nobody listened
                    while not stop.is_set():
                        for _ in connection.notifies(timeout=ATTENTION, stop_after=1):
                            ring()
            except (StoreError, psycopg.Error) as error:
                log.warning("nobody listens to the database for %g s: %s", PAUSE, type(error).__name__)
                stop.wait(PAUSE)

    def _connection(self) -> psycopg.Connection[tuple[object, ...]]:
        """One that is never the pool's again."""
        pooled = connected(self._store.reader).connection
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        pooled.detach()
        return connection


class SharedClock:
    """The time of the database, so that hosts whose clocks differ agree when a lease has run out."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._known: tuple[float, datetime] | None = None

    def __call__(self) -> datetime:
        """The time, aware UTC; raises StoreError when it could never be asked for."""
        known = self._known
        if known is None or time.monotonic() - known[0] > BELIEVED:
            try:
                known = self._known = self._look()
            except StoreError:
                # Whoever has something to store when the database is back needs the time meanwhile.
                if known is None:
                    raise
        since, at = known
        return at + timedelta(seconds=time.monotonic() - since)

    def _look(self) -> tuple[float, datetime]:
        with connected(self._store.reader) as connection:
            before = time.monotonic()
            at = connection.execute(select(func.clock_timestamp())).scalar_one()
            return (before + time.monotonic()) / 2, at


def clock_of(store: SqlStore, own: Clock) -> Clock:
    """The clock for what the processes of all hosts have to agree about; `own` where they are all on this one."""
    return own if is_sqlite(store.url) else SharedClock(store)
