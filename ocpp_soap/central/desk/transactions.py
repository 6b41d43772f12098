"""The decision on a transaction whose station will never stop it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...errors import Conflict, InvalidPayload, NotFound, Problem
from ...protocol.times import format_time
from ..ports import Work
from ..records import Transaction
from .seat import Seat


class TransactionDesk(Seat):
    """The decisions on transactions."""

    def close_transaction(
        self,
        transaction_id: int,
        at: datetime | None = None,
        meter_stop: int | None = None,
        reason: str = "Other",
        note: str | None = None,
    ) -> Transaction:
        """Ends a dead transaction, now or `at` a time; a StopTransaction of the station still takes its place.

        Raises `NotFound`, `Conflict` when it has ended, or `InvalidPayload`: what a station may say and we keep with a
        flag, an operator is asked to correct.
        """
        reasons = self.catalog.newest.central_system.operations["StopTransaction"].input.type.by_name["reason"].type
        wrong = []
        if reason not in getattr(reasons, "enumeration", ()):
            wrong.append(Problem("reason", getattr(reasons, "expected", ""), reason))

        def act(work: Work) -> Transaction:
            now = self.clock()
            transaction = known_transaction(work, transaction_id, lock=True)
            if transaction.stop_timestamp is not None:
                ended = format_time(transaction.stop_timestamp)
                raise Conflict(f"transaction {transaction.id} has ended already, {ended}")
            problems = [*wrong, *_odd_end(transaction, at or now, now, meter_stop)]
            if problems:
                raise InvalidPayload(problems)
            words = "closed by the operator" + (f": {note}" if note else "")
            work.transactions.close(transaction_id, at or now, meter_stop, reason, words)
            return known_transaction(work, transaction_id)

        return self._decide(act)


def known_transaction(work: Work, transaction_id: int, lock: bool = False) -> Transaction:
    """The transaction of that id; raises `NotFound`."""
    transaction = work.transactions.find(transaction_id, lock)
    if transaction is None:
        raise NotFound(f"there is no transaction {transaction_id}; see `ocpp-soap transactions list`")
    return transaction


def _odd_end(transaction: Transaction, at: datetime, now: datetime, meter_stop: int | None) -> Iterator[Problem]:
    if at < transaction.start_timestamp:
        yield Problem("at", f"a time not before its start, {format_time(transaction.start_timestamp)}", format_time(at))
    if at > now:
        yield Problem("at", "a time that does not lie in the future", format_time(at))
    if meter_stop is not None and transaction.meter_start is not None and meter_stop < transaction.meter_start:
        yield Problem("meterStop", f"a number not below meterStart, {transaction.meter_start}", str(meter_stop))
