"""The queue of transaction-related messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Any

import pytest

from ocpp_soap.errors import NotTransmitted, StationFault
from ocpp_soap.simulator.configuration import Configuration
from ocpp_soap.simulator.connectors import Transaction
from ocpp_soap.simulator.outbox import Message, Outbox

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
OFFLINE = NotTransmitted("offline")
FAULT = StationFault("Receiver", "InternalError", "no", request=b"", answer=b"")


class Owner:
    """A charge point that sends into a list, and meets the failures it was given first."""

    def __init__(self, *failures: Exception) -> None:
        self.changed = Condition()
        self.configuration = Configuration(TransactionMessageAttempts=3, TransactionMessageRetryInterval=10)
        self.accepted = True
        self.failures = list(failures)
        self.sent: list[tuple[str, Any]] = []
        self.pauses: list[float] = []
        self.now = NOON
        self.outbox = Outbox(self, lambda: self.now, self.pauses.append)

    def send(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Notes the message, fails or confirms."""
        self.sent.append((operation, payload.get("transactionId")))
        if self.failures:
            raise self.failures.pop(0)
        return {"transactionId": 42}

    def delivered(self, message: Message, answer: dict[str, Any]) -> None:
        """Takes the transactionId over."""
        if message.operation == "StartTransaction" and message.transaction:
            message.transaction.transaction_id = answer["transactionId"]

    def session(self) -> None:
        """Queues a whole transaction."""
        transaction = Transaction(1, "TAG", NOON, 0)
        for operation in ("StartTransaction", "MeterValues", "StopTransaction"):
            self.outbox.add(operation, {}, transaction)


WHOLE = [("StartTransaction", None), ("MeterValues", 42), ("StopTransaction", 42)]


def test_messages_leave_in_order_with_the_id_that_the_first_one_brought() -> None:
    """Although they were queued before it was known."""
    owner = Owner()
    owner.session()
    owner.outbox.flush()
    assert WHOLE == owner.sent


def test_what_can_not_be_delivered_waits_as_long_as_it_takes() -> None:
    """The pause stays the same; nothing behind it overtakes."""
    owner = Owner(*[OFFLINE] * 5)
    owner.session()
    for _ in range(5):
        owner.outbox.flush(at_once=True)
    assert ([10] * 5, [("StartTransaction", None)] * 5) == (owner.pauses, owner.sent)
    owner.outbox.flush(at_once=True)
    assert WHOLE == owner.sent[5:]


def test_a_pause_is_kept_whoever_flushes() -> None:
    """Until it is over, or the way is known to be free again."""
    owner = Owner(OFFLINE)
    owner.session()
    owner.outbox.flush()
    owner.outbox.flush()
    assert len(owner.sent) == 1
    owner.now += timedelta(seconds=10)
    owner.outbox.flush()
    assert WHOLE == owner.sent[1:]


def test_what_the_central_system_fails_to_process_is_given_up_after_the_attempts() -> None:
    """Each pause is longer than the one before (§3.7.1); what follows goes with an id that never was."""
    owner = Owner(FAULT, FAULT, FAULT)
    owner.session()
    for _ in range(3):
        owner.outbox.flush(at_once=True)
    assert [10, 20] == owner.pauses
    assert [("StartTransaction", None)] * 3 + [("MeterValues", -1), ("StopTransaction", -1)] == owner.sent


def test_nothing_leaves_before_the_charge_point_is_accepted() -> None:
    """It stays in the queue."""
    owner = Owner()
    owner.accepted = False
    owner.session()
    owner.outbox.flush()
    assert ([], 3) == (owner.sent, len(owner.outbox.waiting))


@pytest.mark.parametrize("transaction_id", [None, 7])
def test_a_start_never_carries_a_transactionid(transaction_id: int | None) -> None:
    """It is the answer that brings one."""
    transaction = Transaction(1, "TAG", NOON, 0, transaction_id=transaction_id)
    assert {"idTag": "TAG"} == Message("StartTransaction", {"idTag": "TAG"}, transaction).filled()
