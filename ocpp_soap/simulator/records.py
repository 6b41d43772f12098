"""What a simulated charge point remembers for its tests: every message it sent and every command it received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from ..errors import Fault

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One message to the Central System: its confirmation, or the error that came instead; `seconds` are real ones."""

    at: datetime
    operation: str
    payload: Payload
    answer: Payload | None
    error: Exception | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Received:
    """One command from the Central System and what it was answered: None where it was lost before it was executed.

    `manner` says in words what was odd about that.
    """

    at: datetime
    operation: str
    payload: Payload
    answer: Payload | Fault | None
    manner: str = ""


class Exchange(Protocol):
    """What both kinds have."""

    @property
    def operation(self) -> str: ...
    @property
    def payload(self) -> Payload: ...


E_co = TypeVar("E_co", bound=Exchange)


class Records(list[E_co], Generic[E_co]):
    """A list of exchanges in the order of their end."""

    def of(self, operation: str) -> list[E_co]:
        """Those of one operation."""
        return [one for one in list(self) if one.operation == operation]

    def payloads(self, operation: str) -> list[Payload]:
        """What was sent, or asked, in those of one operation."""
        return [one.payload for one in self.of(operation)]

    def operations(self) -> list[str]:
        """The names of all operations, in order."""
        return [one.operation for one in list(self)]

    def last(self, operation: str) -> E_co | None:
        """The newest of one operation."""
        return next((one for one in reversed(list(self)) if one.operation == operation), None)
