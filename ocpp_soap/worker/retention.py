"""Removes journal rows that are older than OCPP_SOAP_JOURNAL_DAYS, in small batches, and keys of old orders.

A thread of each gunicorn worker and of `ocpp-soap worker`, and the command `ocpp-soap retention run` do it; a lease in
the store lets one at a time. It must not know how the journal is stored.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

from ..central.ports import Clock, Store
from ..errors import StoreError

log = logging.getLogger(__name__)

# Small enough that no station waits noticeably for the write lock of SQLite.
BATCH = 500

# Seconds before the first run, and between two.
FIRST = 60.0
PERIOD = 3600.0

# For how long an order that comes again with its key is known.
KEYS_KEPT = timedelta(days=7)

LEASE = "retention"


def clean(store: Store, clock: Clock, days: int, progress: Callable[[int], None] = lambda _: None) -> int | None:
    """Removes what is older than `days`; returns the number of rows, or None when another process is at it.

    `progress` is told the number of rows removed so far. Days of 0 keep everything.
    """
    if days == 0:
        return 0
    holder, removed = uuid.uuid4().hex, 0
    limit = clock() - timedelta(days=days)
    while True:
        now = clock()
        with store.writing() as work:
            if not work.jobs.lease(LEASE, holder, now, now + timedelta(minutes=5)):
                return None
            batch = work.journal.remove_before(limit, BATCH)
            if batch < BATCH:
                work.jobs.release(LEASE, holder)
        removed += batch
        progress(removed)
        if batch < BATCH:
            return removed


def forget_keys(store: Store, clock: Clock) -> int:
    """Forgets the keys of orders that are older than a week; returns how many."""
    limit = clock() - KEYS_KEPT
    with store.writing() as work:
        return work.keys.remove_before(limit)


def start(store: Store, clock: Clock, days: int) -> Callable[[], None]:
    """Starts the thread that cleans every hour; returns what stops it."""
    stop = threading.Event()

    def run() -> None:
        pause = FIRST
        while not stop.wait(pause):
            pause = PERIOD
            try:
                if removed := clean(store, clock, days):
                    log.info("removed %d journal rows older than %d days", removed, days)
                forget_keys(store, clock)
            except StoreError as error:
                log.warning("the journal was not cleaned: %s", error)
            except Exception:  # the thread must live on: a journal that grows for ever ends badly too
                log.exception("the journal was not cleaned")

    threading.Thread(target=run, name="retention", daemon=True).start()
    return stop.set
