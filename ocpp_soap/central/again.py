"""Runs a transaction again when the database gave up on it, before anybody learns of it (deadlock, lock timeout).

A database that restarts or moves is waited for in the same way.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from ..errors import Busy, Unreachable
from .ports import Store, Work

T = TypeVar("T")

PATIENCE = 5.0
"""For how long it is tried again (seconds); the last try may take as long as the store lets it."""

AWAY = 15.0
"""A database that has been away for so long is tried once: whoever waits for it holds up who comes next."""


def transact(store: Store, act: Callable[[Work], T]) -> T:
    """What `act` returns, run in one writing transaction; it may run several times, each in a fresh one.

    Raises `Busy` or `Unreachable` when the database still is so after `PATIENCE`.
    """
    end = time.monotonic() + PATIENCE
    for attempt in count(1):
        try:
            with store.writing() as work:
                return act(work)
        except (Busy, Unreachable) as error:
            pause = random.uniform(0, min(0.02 * 2**attempt, 0.5))  # noqa: S311 it only spreads the attempts
            if time.monotonic() + pause > end or (isinstance(error, Unreachable) and error.lasting > AWAY):
                raise
        time.sleep(pause)
    raise AssertionError
