"""`ocpp-soap transactions` and `ocpp-soap reservations`: what was charged, is being charged, and is kept free."""

from __future__ import annotations

from datetime import datetime

import click

from ..bootstrap import now
from ..central.desk.transactions import known_transaction
from ..central.records import Json
from ..central.shapes import meter_values, transaction_object
from ..protocol.reading import INT_RANGE
from .grammar import Group, moment, open_gateway, wants_json, who
from .output import put_facts, put_json, put_section, put_table

COLUMNS = ("transactionId", "chargeBoxIdentity", "connectorId", "idTag", "startTimestamp", "meterStart")
END_COLUMNS = ("stopTimestamp", "meterStop", "reason")


@click.group(
    cls=Group,
    examples=["ocpp-soap transactions list --open", "ocpp-soap transactions show 42 --json"],
)
def transactions() -> None:
    """Charging sessions: those that run and those that ended."""


@transactions.command(
    "list",
    examples=[
        "ocpp-soap transactions list",
        "ocpp-soap transactions list --open --charge-point CP-1",
        "ocpp-soap transactions list --json",
    ],
)
@click.option("--charge-point", "identity", metavar="IDENTITY", help="Only those of this charge point.")
@click.option("--id-tag", metavar="TAG", help="Only those that this idTag started.")
@click.option("--open", "open_only", is_flag=True, help="Only those that have not ended.")
@click.option("--limit", type=click.IntRange(1, INT_RANGE.stop - 1), help="At most so many.")
def list_(identity: str | None, id_tag: str | None, open_only: bool, limit: int | None) -> None:
    """Transactions, the latest start first. Meter values are in Wh.

    The start is our own time of receipt where a station's clock can't be right.
    """
    with open_gateway().store.reading() as work:
        rows = [transaction_object(t) for t in work.transactions.list(identity, id_tag, open_only, limit)]
    if wants_json():
        put_json(rows)
    else:
        titles = ("id", "charge point", "connector", "idTag", "start", "Wh", "stop", "Wh", "reason", "flags")
        cells = [[*(row[name] for name in (*COLUMNS, *END_COLUMNS)), _flagged(row)] for row in rows]
        put_table(titles, cells, "no transaction is known")


@transactions.command(examples=["ocpp-soap transactions show 42", "ocpp-soap transactions show 42 --json"])
@click.argument("transaction_id", type=click.IntRange(1, INT_RANGE.stop - 1))
def show(transaction_id: int) -> None:
    """One transaction with all of its meter values."""
    with open_gateway().store.reading() as work:
        transaction = known_transaction(work, transaction_id)
        samples = work.transactions.samples(transaction_id)
    if wants_json():
        put_json({**transaction_object(transaction), "meterValue": meter_values(samples)})
        return
    known = transaction_object(transaction)
    put_facts((name, known[name]) for name in (*COLUMNS, *END_COLUMNS))
    flags = [[flag["path"], flag["raw"], flag["assumed"]] for flag in known["flags"]]
    put_section("Flags", ["path", "raw", "assumed"], flags)
    attributes = ("measurand", "phase", "location", "context", "format")
    rows = [[s.timestamp, s.value, s.unit, *(getattr(s, name) for name in attributes)] for s in samples]
    put_section("Meter values", ["timestamp", "value", "unit", *attributes], rows)


@transactions.command(
    examples=[
        "ocpp-soap transactions close 42",
        "ocpp-soap transactions close 42 --meter-stop 18200 --at 2024-01-31T12:00:00Z --note 'station was replaced'",
    ]
)
@click.argument("transaction_id", type=click.IntRange(1, INT_RANGE.stop - 1))
@click.option("--meter-stop", type=click.IntRange(INT_RANGE.start, INT_RANGE.stop - 1), help="The meter's end, in Wh.")
@click.option("--at", type=moment, metavar="TIME", help="When it ended.  [default: now]")
@click.option("--reason", default="Other", show_default=True, help="Why it ended, in the standard's words.")
@click.option("--note", help="Why you close it.")
def close(transaction_id: int, meter_stop: int | None, at: datetime | None, reason: str, note: str | None) -> None:
    """Ends a transaction whose station will never stop it; recorded as the operator's act.

    The station's own StopTransaction still takes its place when it comes.
    """
    closed = open_gateway().desk(who()).close_transaction(transaction_id, at, meter_stop, reason, note)
    if wants_json():
        put_json(transaction_object(closed))
    else:
        click.echo(f"transaction {transaction_id} of {closed.identity} is closed")


def _flagged(row: Json) -> str:
    """What is odd; `show` tells how."""
    return ", ".join(dict.fromkeys(flag["path"] for flag in row["flags"]))


@click.group(cls=Group, examples=["ocpp-soap reservations list"])
def reservations() -> None:
    """Connectors that are kept free for somebody."""


@reservations.command(
    "list", examples=["ocpp-soap reservations list", "ocpp-soap reservations list --charge-point CP-1 --json"]
)
@click.option("--charge-point", "identity", metavar="IDENTITY", help="Only those of this charge point.")
def list_reservations(identity: str | None) -> None:
    """Reservations that a station accepted: Active, Used, Cancelled or Expired. `send … ReserveNow` makes one."""
    with open_gateway().store.reading() as work:
        rows = work.transactions.reservations(now(), identity)
    if wants_json():
        put_json(rows)
    else:
        names = ("reservationId", "chargeBoxIdentity", "connectorId", "idTag", "expiryDate", "status", "transactionId")
        titles = ("id", "charge point", "connector", "idTag", "until", "status", "transaction")
        put_table(titles, [[row[name] for name in names] for row in rows], "no reservation is known")
