"""`/transactions`: charging sessions, those that run and those that ended."""

from __future__ import annotations

from ...central.desk.transactions import LONGEST_NOTE, LONGEST_REASON
from ...central.pages import TransactionFilter
from ...central.ports import Work
from ...central.records import Transaction
from ...central.shapes import meter_values, transaction_details, transaction_object
from ...central.transaction_file import COLUMNS, write_row
from ...errors import NotFound
from .answers import page_of, ref
from .endpoints import Answer, Call, Routes
from .fields import Paged, Query, Question, flag, moment, text, whole
from .files import CSV, csv_text

transactions = Routes("transactions", "Charging sessions: those that run and those that ended.")

ONE = "/transactions/<number:number>"


class Selected(Query):
    """Which transactions."""

    chargePoint = text("Of this charge point.")
    connectorId = whole("Of this connector.", 0)
    idTag = text("Which this idTag started.")
    open = flag("Those that have not ended, or those that have.")
    startedFrom = moment("Which started then or later; by our own time where the station's clock can't be right.")
    startedBefore = moment("Which started earlier.")
    changedSince = moment(
        "Which changed then or later, the oldest change first. Start some minutes before your last request: a change is"
        " seen when it is committed, up to a minute after its time."
    )


class Chosen(Selected, Paged):
    """Which transactions, in pages."""


class Reason(Question):
    """Why it is changed."""

    reason = text("Why, in a few words, such as `meter exchanged`.", LONGEST_REASON, required=True)
    note = text("What was found and done.", LONGEST_NOTE, required=True)


class Correction(Reason):
    """What is right; what is left out stays as it is."""

    idTag = text("Who pays.")
    meterStart = whole("In Wh.")
    meterStop = whole("In Wh.")
    startTimestamp = moment("When it began.")
    stopTimestamp = moment("When it ended.")


class End(Question):
    """How it ended."""

    note = text("Why you close it.", LONGEST_NOTE, required=True)
    at = moment("When it ended. Default: now.")
    meterStop = whole("The meter's end, in Wh.")
    reason = text("Why it ended, in the standard's words.", 20, load_default="Other")


@transactions.add("GET", "/transactions", query=Chosen, gives={200: page_of("Transaction")}, shows=("Link",))
def list_transactions(call: Call) -> Answer:
    """Transactions, newest start first."""
    with call.office.store.reading() as work:
        return call.page(work.transactions.page(_chosen(call), call.query["limit"], call.after), transaction_object)


def _chosen(call: Call) -> TransactionFilter:
    asked = call.query.get
    return TransactionFilter(
        identity=asked("chargePoint"),
        connector_id=asked("connectorId"),
        id_tag=asked("idTag"),
        open=asked("open"),
        started_from=asked("startedFrom"),
        started_before=asked("startedBefore"),
        changed_since=asked("changedSince"),
        only=call.only,
    )


@transactions.add("GET", "/transactions.csv", query=Selected, gives={200: {"type": "string"}}, answers_as=CSV)
def export_transactions(call: Call) -> Answer:
    """Transactions as CSV, newest start first, or by their change with changedSince."""
    return Answer(csv_text(COLUMNS, map(write_row, call.desk.export_transactions(_chosen(call)))))


@transactions.add("GET", ONE, gives={200: ref("TransactionWithMeterValues")})
def show_transaction(call: Call) -> Answer:
    """One transaction with its meter values and revisions."""
    with call.office.store.reading() as work:
        transaction = _transaction(call, work)
        samples = work.transactions.samples(transaction.id)
        details = transaction_details(work, transaction)
    return Answer({**transaction_object(transaction), "meterValue": meter_values(samples), **details})


@transactions.add("POST", f"{ONE}/close", "operate", body=End, gives={200: ref("Transaction")}, tells=(409,))
def close_transaction(call: Call) -> Answer:
    """Ends a transaction whose station will never stop it; 409 when it has ended already.

    The station's own StopTransaction still takes its place when it comes.
    """
    with call.office.store.reading() as work:
        number = _transaction(call, work).id
    end = call.body
    closed = call.desk.close_transaction(number, end.get("at"), end.get("meterStop"), end["reason"], end.get("note"))
    return Answer(transaction_object(closed))


@transactions.add("POST", f"{ONE}/correct", "operate", body=Correction, gives={200: ref("Transaction")}, tells=(409,))
def correct_transaction(call: Call) -> Answer:
    """Corrects what a station said, also of a transaction that has ended; the old values are kept as a revision."""
    with call.office.store.reading() as work:
        number = _transaction(call, work).id
    return Answer(transaction_object(call.desk.correct_transaction(number, **call.body)))


@transactions.add("POST", f"{ONE}/annotate", "operate", body=Reason, gives={200: ref("Transaction")})
def annotate_transaction(call: Call) -> Answer:
    """Adds a note, which nothing erases."""
    with call.office.store.reading() as work:
        number = _transaction(call, work).id
    return Answer(transaction_object(call.desk.annotate_transaction(number, **call.body)))


def _transaction(call: Call, work: Work) -> Transaction:
    number = call.path["number"]
    transaction = work.transactions.find(number)
    if transaction is None or not call.may_see(transaction.identity):
        raise NotFound(f"there is no transaction {number}")
    return transaction
