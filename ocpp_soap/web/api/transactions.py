"""`/transactions`: charging sessions, those that run and those that ended."""

from __future__ import annotations

from ...central.pages import TransactionFilter
from ...central.ports import Work
from ...central.records import Transaction
from ...central.shapes import meter_values, transaction_object
from ...errors import NotFound
from .answers import page_of, ref
from .endpoints import Answer, Call, Routes
from .fields import Paged, Question, flag, moment, text, whole

transactions = Routes("transactions", "Charging sessions: those that run and those that ended.")

ONE = "/transactions/<number:number>"


class Chosen(Paged):
    """Which transactions."""

    chargePoint = text("Of this charge point.")
    connectorId = whole("Of this connector.", 0)
    idTag = text("Which this idTag started.")
    open = flag("Those that have not ended, or those that have.")
    startedFrom = moment("Which started then or later; by our own time where the station's clock can't be right.")
    startedBefore = moment("Which started earlier.")


class End(Question):
    """How it ended."""

    note = text("Why you close it.")
    at = moment("When it ended. Default: now.")
    meterStop = whole("The meter's end, in Wh.")
    reason = text("Why it ended, in the standard's words.", 20, load_default="Other")


@transactions.add("GET", "/transactions", query=Chosen, gives={200: page_of("Transaction")}, shows=("Link",))
def list_transactions(call: Call) -> Answer:
    """Transactions, newest start first."""
    asked = call.query.get
    chosen = TransactionFilter(
        identity=asked("chargePoint"),
        connector_id=asked("connectorId"),
        id_tag=asked("idTag"),
        open=asked("open"),
        started_from=asked("startedFrom"),
        started_before=asked("startedBefore"),
        only=call.only,
    )
    with call.office.store.reading() as work:
        return call.page(work.transactions.page(chosen, call.query["limit"], call.after), transaction_object)


@transactions.add("GET", ONE, gives={200: ref("TransactionWithMeterValues")})
def show_transaction(call: Call) -> Answer:
    """One transaction with all of its meter values."""
    with call.office.store.reading() as work:
        transaction = _transaction(call, work)
        samples = work.transactions.samples(transaction.id)
    return Answer({**transaction_object(transaction), "meterValue": meter_values(samples)})


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


def _transaction(call: Call, work: Work) -> Transaction:
    number = call.path["number"]
    transaction = work.transactions.find(number)
    if transaction is None or not call.may_see(transaction.identity):
        raise NotFound(f"there is no transaction {number}")
    return transaction
