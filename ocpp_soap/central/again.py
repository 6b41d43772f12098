"""Runs a transaction again when the database gave up on it, before anybody learns of it (deadlock, lock timeout)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import Busy
from .ports import Store, Work

T = TypeVar("T")

ATTEMPTS = 5


def transact(store: Store, act: Callable[[Work], T]) -> T:
    """What `act` returns, run in one writing transaction; it may run several times, each in a fresh one.

    Raises `Busy` when the database is still busy after the last attempt.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            with store.writing() as work:
                return act(work)
        except Busy:
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 it only spreads the attempts
    with store.writing() as work:
        return act(work)
