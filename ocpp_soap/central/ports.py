"""What the Central System needs from outside: a unit of work with its repositories, a link to stations, a clock.

Protocols only. `store` and `soap` provide them, `bootstrap` puts them together, unit tests bring their own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from .exchanges import Batches, Commands, Jobs, Journal, Keys, Queue
from .ledger import Audit, Tokens
from .profile import Profile
from .records import Flags, Json
from .repositories import Attempts, ChargePoints, Tags, Transactions

Clock = Callable[[], datetime]
"""The time now, aware UTC."""


class Work(Protocol):
    """One transaction on the store."""

    charge_points: ChargePoints
    attempts: Attempts
    tags: Tags
    transactions: Transactions
    commands: Commands
    batches: Batches
    keys: Keys
    queue: Queue
    journal: Journal
    jobs: Jobs
    tokens: Tokens
    audit: Audit


class Store(Protocol):
    """Where everything is remembered."""

    def writing(self) -> AbstractContextManager[Work]:
        """A transaction that commits at its end, or rolls back on an exception; `Busy` when it may be run again."""

    def reading(self) -> AbstractContextManager[Work]:
        """A transaction that only reads."""


class Bell(Protocol):
    """How couriers learn that there is something to do.

    `interval`: after how many seconds they look anyway.
    """

    interval: float

    def listen(self, ring: Callable[[], None]) -> Callable[[], None]:
        """Calls `ring`, in any thread, when there may be something to do; returns what ends that."""


class Answered(Protocol):
    """What a link brings back: the confirmation's payload in typed values, flags, and both messages as bytes."""

    payload: Json
    flags: Flags
    request: bytes
    answer: bytes


class Link(Protocol):
    """The way to a station."""

    def call(
        self, address: str, identity: str, version: str, operation: str, payload: Json, profile: Profile
    ) -> Answered:
        """Calls the station once, as its profile wants it, and waits.

        Raises `NotTransmitted`, `Uncertain` or `StationFault`.
        """
