"""Keeps connections from crossing a fork: what a child shares of them, it ruins for its parent.

PostgreSQL's sessions are only forgotten in the child. SQLite's files are closed before the fork: its library notes in
memory which locks the process holds, and a child would believe to hold the parent's.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something with connections."""

    def pause(self) -> None:
        """Before the fork: finishes what would be shared."""

    def resume(self) -> None:
        """In the parent: goes on."""

    def forget(self) -> None:
        """In the child: begins anew, without closing anything of the parent's."""


WATCHED: weakref.WeakSet[Forkable] = weakref.WeakSet()
PAUSED: list[Forkable] = []


def _before() -> None:
    PAUSED[:] = list(WATCHED)
    for one in PAUSED:
        one.pause()


def _in_parent() -> None:
    while PAUSED:
        PAUSED.pop().resume()


def _in_child() -> None:
    while PAUSED:
        PAUSED.pop().forget()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
