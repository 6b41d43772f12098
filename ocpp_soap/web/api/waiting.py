"""`Prefer: wait=N` (RFC 7240): a caller may wait for a command to be finished, but not with the threads of stations."""

from __future__ import annotations

import re
from threading import BoundedSemaphore

from ...central.commands import Commands
from ...central.records import Command

LONGEST = 30

# One wish of the list, whole: what is no such number is no wish of ours, and says nothing.
_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*("?)([0-9]+)\1\s*(?=[,;]|$)', re.I)


def wished(prefer: str | None) -> int:
    """The seconds that a caller wants to wait, at most; 0: not at all."""
    found = _WAIT.search(prefer or "")
    return min(int(found[2]), LONGEST) if found else 0


class WaitingRoom:
    """So many places as a quarter of the threads of this process; whoever finds none does not wait."""

    def __init__(self, commands: Commands, threads: int) -> None:
        self._commands, self._places = commands, threads // 4
        self._free = BoundedSemaphore(self._places or 1)

    def wait(self, command: Command, seconds: int) -> Command:
        """The command as it is when it is finished or the time is over; at once where there is no place."""
        if command.is_finished or not (seconds and self._places and self._free.acquire(blocking=False)):
            return command
        try:
            return self._commands.wait(command.id, seconds)
        finally:
            self._free.release()
