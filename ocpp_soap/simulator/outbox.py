"""The queue of transaction-related messages: in order, repeated until the Central System has confirmed them.

OCPP 1.6 §3.7: what can't be delivered waits as long as it takes; what the Central System fails to process is repeated
TransactionMessageAttempts times, each time after a longer pause, and then given up. It knows no transport.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Condition, RLock
from typing import Any, Protocol

from ..errors import CallFailed, StationFault
from .configuration import Configuration
from .connectors import Transaction

logger = logging.getLogger(__name__)

Payload = dict[str, Any]

# What stands for a transactionId that the Central System never gave, when its StartTransaction was given up.
NEVER_GIVEN = -1


@dataclass(slots=True)
class Message:
    """A message that waits; the transactionId is filled in when it leaves, since an earlier one brings it."""

    operation: str
    payload: Payload
    transaction: Transaction | None
    attempts: int = 0

    def filled(self) -> Payload:
        """The payload as it can be sent now."""
        if self.operation == "StartTransaction" or self.transaction is None:
            return self.payload
        known = self.transaction.transaction_id
        return self.payload | {"transactionId": NEVER_GIVEN if known is None else known}


class Owner(Protocol):
    """What the queue needs of its charge point."""

    changed: Condition
    configuration: Configuration

    @property
    def accepted(self) -> bool:
        """The Central System has accepted it."""

    def send(self, operation: str, payload: Payload) -> Payload:
        """Sends and returns the confirmation."""

    def delivered(self, message: Message, answer: Payload) -> None:
        """Takes note of a confirmation."""


class Outbox:
    """Messages in order; any thread may add one and flush."""

    def __init__(self, owner: Owner, now: Callable[[], datetime], again: Callable[[float], None]) -> None:
        self._owner = owner
        self._now = now
        self._again = again
        self._flushing = RLock()
        self._not_before: datetime | None = None
        self.waiting: deque[Message] = deque()

    def add(self, operation: str, payload: Payload, transaction: Transaction | None) -> None:
        """Puts a message at the end."""
        with self._owner.changed:
            self.waiting.append(Message(operation, payload, transaction))

    def flush(self, *, at_once: bool = False) -> None:
        """Sends what waits, in order, up to the first that fails; a pause after a failure is kept unless `at_once`."""
        with self._flushing:
            if not at_once and self._not_before is not None and self._now() < self._not_before:
                return
            self._not_before = None
            while self.waiting and self._owner.accepted:
                if not self._deliver(self.waiting[0]):
                    return

    def _deliver(self, message: Message) -> bool:
        """Sends the first message; False when it has to be sent again after a pause."""
        configuration = self._owner.configuration
        pause = configuration.number("TransactionMessageRetryInterval")
        try:
            answer = self._owner.send(message.operation, message.filled())
        except StationFault as fault:
            message.attempts += 1
            if message.attempts < configuration.number("TransactionMessageAttempts"):
                return self._pause(pause * message.attempts)
            logger.warning("%s is given up after %s attempts: %s", message.operation, message.attempts, fault)
            self._remove()
            return True
        except CallFailed:
            return self._pause(pause)
        self._remove()
        self._owner.delivered(message, answer)
        return True

    def _remove(self) -> None:
        with self._owner.changed:
            self.waiting.popleft()
            self._owner.changed.notify_all()

    def _pause(self, seconds: float) -> bool:
        self._not_before = self._now() + timedelta(seconds=seconds)
        self._again(seconds)
        return False
