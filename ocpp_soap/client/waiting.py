"""Waiting for what happens at a station, and telling what happened instead when it does not.

A wait looks at the state as it is, so that what was so before the call counts. It asks at once, then with growing
pauses, and a last time when the time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from .errors import GatewayError, NotInTime
from .journal import JournalEntry
from .paging import rows
from .transport import Transport, segment

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.05, 1.0, 1.5

FROZEN = (
    "time.monotonic() stood still meanwhile, so timeouts and pauses of the gateway and its charge points do too: let "
    "time pass while you wait (freezegun: tick=True), or use the fixture ocpp_clock instead."
)

LINES = 12
"""Rows of the journal that a failure shows."""


def until(transport: Transport, look: Callable[[], T | None], timeout: float, fail: Callable[[], str]) -> T:
    """What `look` finds, asked until it is true; raises `NotInTime` with what `fail` says after `timeout` seconds.

    A gateway that falls silent meanwhile does not make it much longer.
    """
    began = time.monotonic()
    with transport.within(timeout):
        for _ in looks(timeout):
            if found := look():
                return found
        stood_still = timeout > 0 and time.monotonic() - began < timeout / 2
        raise NotInTime(f"{fail()}\n{FROZEN}" if stood_still else fail())


def looks(timeout: float) -> Iterator[None]:
    """Yields whenever it is time to look, at once and at last when `timeout` seconds are over.

    The pauses are counted as well as the clock: it ends also where a test has frozen time.
    """
    if timeout < 0:
        raise ValueError(f"expected a timeout of 0 seconds or more, found {timeout}")
    deadline, pause, paused = time.monotonic() + timeout, FIRST_PAUSE, 0.0
    yield
    while (left := min(deadline - time.monotonic(), timeout - paused)) > 0:
        time.sleep(min(pause, left))
        paused += min(pause, left)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
        yield


def story(transport: Transport, identity: str) -> str:
    """The newest rows of a station's journal, oldest first, as lines of text; never an exception of the gateway."""
    try:
        entries = list(rows(transport, f"/charge-points/{segment(identity)}/journal", JournalEntry, LINES))
    except GatewayError as error:
        return f"Its journal can't be read: {error}"
    if not entries:
        return f"The journal of {identity} is empty."
    lines = "\n".join(f"  {entry}" for entry in reversed(entries))
    return f"The last messages, ← from {identity} and → to it, times in UTC:\n{lines}"
