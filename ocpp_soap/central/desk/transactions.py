"""The decisions on transactions: an end that the station will never send, corrections, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ...errors import Conflict, InvalidPayload, NotFound, Problem
from ...protocol.times import format_time
from ..pages import Page, Position, TransactionFilter, every
from ..ports import Work
from ..records import Flags, Json, Revision, Transaction
from ..shapes import CORRECTABLE, ENDS, STARTS, revisable
from ..tag_file import read_tag
from .seat import Seat

LONGEST_REASON, LONGEST_NOTE = 50, 1000

# The field of a message that a corrected one came from: flags on it are settled.
_SENT_AS = {"startTimestamp": "timestamp", "stopTimestamp": "timestamp"}


class TransactionDesk(Seat):
    """The decisions on transactions."""

    def export_transactions(self, chosen: TransactionFilter, limit: int | None = None) -> Iterator[Transaction]:
        """Those that are meant, a few at a time, newest first."""

        def page(rows: int, after: Position | None) -> Page[Transaction]:
            with self.store.reading() as work:
                return work.transactions.page(chosen, rows, after)

        return every(page, limit)

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
        wrong = [*_words("note", note, LONGEST_NOTE)]
        if reason not in getattr(reasons, "enumeration", ()):
            wrong.append(Problem("reason", getattr(reasons, "expected", ""), reason))

        def act(work: Work) -> Transaction:
            now = self.clock()
            transaction = known_transaction(work, transaction_id, lock=True)
            if transaction.stop_timestamp is not None:
                ended = format_time(transaction.stop_timestamp)
                raise Conflict(
                    f"transaction {transaction.id} has ended already, {ended}; correct it, if that is not right"
                )
            problems = [*wrong, *_odd_end(transaction, at or now, now, meter_stop)]
            if problems:
                raise InvalidPayload(problems)
            words = f"closed by the operator: {note}"
            work.transactions.close(transaction_id, at or now, meter_stop, reason, words, now)
            work.transactions.revise(
                Revision(transaction_id, now, self.who, "close", reason, note, revisable(transaction))
            )
            return known_transaction(work, transaction_id)

        return self._decide(act)

    def correct_transaction(self, transaction_id: int, reason: str, note: str, **correct: Any) -> Transaction:
        """Writes what a station said anew, by the names of CORRECTABLE; the old values are kept as a revision.

        Raises `NotFound`, `Conflict` for the end of one that is open, or `InvalidPayload`.
        """
        wrong = [*_words("reason", reason, LONGEST_REASON), *_words("note", note, LONGEST_NOTE)]
        if not correct:
            wrong.append(Problem("", f"at least one of {', '.join(CORRECTABLE)}", "nothing"))
        if "idTag" in correct:
            correct["idTag"] = read_tag(correct["idTag"])

        def act(work: Work) -> Transaction:
            now = self.clock()
            transaction = known_transaction(work, transaction_id, lock=True)
            if transaction.stop_timestamp is None and (ends := [name for name in correct if name in ENDS]):
                raise Conflict(f"transaction {transaction.id} is open: close it to give it {', '.join(ends)}")
            problems = [*wrong, *_odd_correction(transaction, correct, now)]
            if problems:
                raise InvalidPayload(problems)
            values: Json = {CORRECTABLE[name]: value for name, value in correct.items()}
            values |= _settled(transaction, correct, note)
            work.transactions.correct(transaction_id, now, values)
            before = revisable(transaction)
            work.transactions.revise(Revision(transaction_id, now, self.who, "correct", reason, note, before))
            return known_transaction(work, transaction_id)

        return self._decide(act)

    def annotate_transaction(self, transaction_id: int, reason: str, note: str) -> Transaction:
        """Adds a note and changes nothing else; raises `NotFound` or `InvalidPayload`."""
        if wrong := [*_words("reason", reason, LONGEST_REASON), *_words("note", note, LONGEST_NOTE)]:
            raise InvalidPayload(wrong)

        def act(work: Work) -> Transaction:
            now = self.clock()
            known_transaction(work, transaction_id, lock=True)
            work.transactions.revise(Revision(transaction_id, now, self.who, "annotate", reason, note, {}))
            work.transactions.correct(transaction_id, now, {})
            return known_transaction(work, transaction_id)

        return self._decide(act)


def known_transaction(work: Work, transaction_id: int, lock: bool = False) -> Transaction:
    """The transaction of that id; raises `NotFound`."""
    transaction = work.transactions.find(transaction_id, lock)
    if transaction is None:
        raise NotFound(f"there is no transaction {transaction_id}; see `ocpp-soap transactions list`")
    return transaction


def _words(path: str, text: str | None, longest: int) -> Iterator[Problem]:
    if text is None or not text.strip() or len(text) > longest:
        yield Problem(path, f"a text of 1 to {longest} characters: why you change it", (text or "")[:40] or "nothing")


def _settled(transaction: Transaction, correct: Json, note: str) -> dict[str, Flags]:
    """The flags without those on what is corrected, and with one that says so."""
    starts = {_SENT_AS.get(name, name) for name in correct if name in STARTS}
    ends = {_SENT_AS.get(name, name) for name in correct if name in ENDS} | ({"meterStop"} & starts)
    if {"meterStart", "meterStop"} & set(correct):
        ends.add("meterStop")
    made: dict[str, str | None] = {
        "path": "corrected",
        "raw": ", ".join(correct),
        "assumed": f"corrected by the operator: {note}",
    }
    return {
        "start_flags": [flag for flag in transaction.start_flags if flag["path"] not in starts],
        "stop_flags": [*(flag for flag in transaction.stop_flags if flag["path"] not in ends), made],
    }


def _odd_correction(transaction: Transaction, correct: Json, now: datetime) -> Iterator[Problem]:
    begin, end = (
        correct.get(name, getattr(transaction, field)) for name, field in CORRECTABLE.items() if "Time" in name
    )
    low, high = (
        correct.get(name, getattr(transaction, field)) for name, field in CORRECTABLE.items() if "meter" in name
    )
    if end is not None and end < begin:
        yield Problem("stopTimestamp", f"a time not before its start, {format_time(begin)}", format_time(end))
    for name in ("startTimestamp", "stopTimestamp"):
        if name in correct and correct[name] > now:
            yield Problem(name, "a time that does not lie in the future", format_time(correct[name]))
    if low is not None and high is not None and high < low:
        yield Problem("meterStop", f"a number not below meterStart, {low}", str(high))


def _odd_end(transaction: Transaction, at: datetime, now: datetime, meter_stop: int | None) -> Iterator[Problem]:
    if at < transaction.start_timestamp:
        yield Problem("at", f"a time not before its start, {format_time(transaction.start_timestamp)}", format_time(at))
    if at > now:
        yield Problem("at", "a time that does not lie in the future", format_time(at))
    if meter_stop is not None and transaction.meter_start is not None and meter_stop < transaction.meter_start:
        yield Problem("meterStop", f"a number not below meterStart, {transaction.meter_start}", str(meter_stop))
