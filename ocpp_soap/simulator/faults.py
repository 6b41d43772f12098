"""What can be made to go wrong with a simulated charge point, and answers that a test sets in place of its own.

Only switches: the wire and the handlers look at them.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ..errors import Fault

Payload = dict[str, Any]
Drop = Literal["request", "answer", "silence"]


@dataclass(frozen=True, slots=True)
class Answering:
    """How one command is answered: by `answer`, by the station itself where that is None; after `delay` real seconds.

    `drop` leaves it without an answer: the connection closes before it is executed ("request") or after ("answer"), or
    stays open for as long as the station lives, and nothing is executed ("silence").
    """

    answer: Payload | Fault | None = None
    delay: float = 0.0
    drop: Drop | None = None

    def __str__(self) -> str:
        delayed = f"after {self.delay:g} s" if self.delay else ""
        return f"dropped: {self.drop}" if self.drop else delayed


Given = Payload | Fault | Answering | None
Answer = Given | Callable[[Payload], Given]


@dataclass(slots=True)
class Faults:
    """Switches; all are off at first and may be changed at any time.

    `offline`: it neither sends nor answers. `lose_answers`: what it sends arrives, the answers do not. `duplicate`:
    sends each message twice. `no_from`: without wsa:From. `clock`: its clock is off by a timedelta, or began at a
    datetime (1970) when it was switched on. `drop`: a command is lost before it is executed ("request": the
    connection closes), after ("answer"), or the connection stays open without an answer ("silence"). `delay`: real
    seconds before a command is answered. `fault`: every command is answered with this SOAP fault. `unlock_fails`,
    `installation_fails`: so. `quirks`: names of `docs/quirks.md`, how it spells what it says.
    """

    offline: bool = False
    lose_answers: bool = False
    duplicate: bool = False
    no_from: bool = False
    clock: timedelta | datetime | None = None
    drop: Drop | None = None
    delay: float = 0.0
    fault: Fault | None = None
    unlock_fails: bool = False
    installation_fails: bool = False
    quirks: Set[str] = frozenset()

    def time(self, now: datetime, switched_on: datetime) -> datetime:
        """What the charge point believes the time to be."""
        if isinstance(self.clock, timedelta):
            return now + self.clock
        return now if self.clock is None else self.clock + (now - switched_on)


class Answers(dict[str, Answer]):
    """Answers by operation that stand in for the charge point's own, which then does nothing.

    `answers["ReserveNow"] = {"status": "Rejected"}` holds until it is deleted, `answers.once(…)` for one command. An
    answer is a payload, a `Fault`, an `Answering`, or a function of the request; None is the station's own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._once: dict[str, list[Answer]] = {}

    def once(self, operation: str, answer: Answer) -> None:
        """Answers the next command of that operation so; several are used in the order in which they were given."""
        self._once.setdefault(operation, []).append(answer)

    def take(self, operation: str, request: Payload) -> Answering:
        """How this command is to be answered."""
        queued = self._once.get(operation)
        answer = queued.pop(0) if queued else self.get(operation)
        given = answer(request) if callable(answer) else answer
        return given if isinstance(given, Answering) else Answering(given)
