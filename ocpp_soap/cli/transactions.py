"""`ocpp-soap transactions` and `ocpp-soap reservations`: what was charged, is being charged, and is kept free."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import click

from ..bootstrap import now
from ..central.desk.transactions import known_transaction
from ..central.pages import TransactionFilter
from ..central.records import Json, Transaction
from ..central.shapes import meter_values, transaction_details, transaction_object
from ..central.transaction_file import COLUMNS as CSV_COLUMNS
from ..central.transaction_file import write_row
from ..protocol.reading import INT_RANGE
from .grammar import Group, moment, open_gateway, wants_json, who
from .output import put_facts, put_json, put_json_rows, put_section, put_table

COLUMNS = ("transactionId", "chargeBoxIdentity", "connectorId", "idTag", "startTimestamp", "meterStart")
END_COLUMNS = ("stopTimestamp", "meterStop", "reason")
FACTS = (
    *(*COLUMNS, *END_COLUMNS),
    *("energy", "idTagInfo", "stopIdTag", "reservationId", "startReceived", "stopReceived", "closedBy", "changed"),
)
TITLES = (
    *("id", "charge point", "connector", "idTag", "start", "meter start (Wh)", "stop", "meter stop (Wh)", "kWh"),
    *("reason", "flags"),
)

WH = click.IntRange(INT_RANGE.start, INT_RANGE.stop - 1)
NUMBER = click.IntRange(1, INT_RANGE.stop - 1)
# Rows whose width a table fits to, before it is printed.
TABLE = 500


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
        "ocpp-soap transactions list --since 2024-01-01T00:00:00Z --until 2024-02-01T00:00:00Z --limit 0 --csv",
        "ocpp-soap transactions list --json",
    ],
)
@click.option("--charge-point", "identity", metavar="IDENTITY", help="Only those of this charge point.")
@click.option("--id-tag", metavar="TAG", help="Only those that this idTag started.")
@click.option("--open", "open_only", is_flag=True, help="Only those that have not ended.")
@click.option("--since", type=moment, metavar="TIME", help="Only those that started then or later.")
@click.option("--until", type=moment, metavar="TIME", help="Only those that started earlier.")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="Show at most N; 0: all.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for a spreadsheet.")
def list_(
    identity: str | None,
    id_tag: str | None,
    open_only: bool,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    as_csv: bool,
) -> None:
    """Transactions, the latest start first.

    The start is our own time of receipt where a station's clock can't be right.
    """
    chosen = TransactionFilter(
        identity=identity, id_tag=id_tag, open=open_only or None, started_from=since, started_before=until
    )
    found = open_gateway().desk(who()).export_transactions(chosen, limit or None)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(map(write_row, found))
    elif wants_json():
        put_json_rows(map(transaction_object, found))
    else:
        _put_tables(found)


def _put_tables(found: Iterator[Transaction]) -> None:
    """A table for each few hundred rows, so that a million of them need no memory."""
    rows = list(islice(found, TABLE))
    put_table(TITLES, map(_cells, rows), "no transaction is known")
    while rows := list(islice(found, TABLE)):
        put_table(TITLES, map(_cells, rows), "")


def _cells(transaction: Transaction) -> list[Any]:
    row = transaction_object(transaction)
    energy = None if row["energy"] is None else f"{row['energy'] / 1000:.3f}"
    told = [row[name] for name in (*COLUMNS, "stopTimestamp", "meterStop")]
    return [*told, energy, row["reason"], _flagged(row)]


@transactions.command(examples=["ocpp-soap transactions show 42", "ocpp-soap transactions show 42 --json"])
@click.argument("transaction_id", type=NUMBER)
def show(transaction_id: int) -> None:
    """One transaction with all of its meter values."""
    with open_gateway().store.reading() as work:
        transaction = known_transaction(work, transaction_id)
        samples = work.transactions.samples(transaction_id)
        details = transaction_details(work, transaction)
    if wants_json():
        put_json({**transaction_object(transaction), "meterValue": meter_values(samples), **details})
        return
    known = transaction_object(transaction)
    put_facts((name, known[name]) for name in FACTS)
    names = ("at", "actor", "action", "reason", "note")
    revisions = [[*(row[name] for name in names), json.dumps(row["before"])] for row in details["revisions"]]
    if revisions:
        put_section("Revisions", [*names, "before"], revisions)
    flags = [[flag["path"], flag["raw"], flag["assumed"]] for flag in known["flags"]]
    put_section("Flags", ["path", "raw", "assumed"], flags)
    attributes = ("measurand", "phase", "location", "context", "format")
    rows = [[s.timestamp, s.value, s.unit, *(getattr(s, name) for name in attributes)] for s in samples]
    put_section("Meter values", ["timestamp", "value", "unit", *attributes], rows)


@transactions.command(
    examples=[
        "ocpp-soap transactions close 42 --note 'cable was cut'",
        "ocpp-soap transactions close 42 --meter-stop 18200 --at 2024-01-31T12:00:00Z --note 'station was replaced'",
    ]
)
@click.argument("transaction_id", type=NUMBER)
@click.option("--meter-stop", type=WH, help="The meter's end, in Wh; at a terminal it is asked for.")
@click.option("--at", type=moment, metavar="TIME", help="When it ended.  [default: now]")
@click.option("--reason", default="Other", show_default=True, help="Why it ended, in the standard's words.")
@click.option("--note", required=True, help="Why you close it.")
def close(transaction_id: int, meter_stop: int | None, at: datetime | None, reason: str, note: str) -> None:
    """Ends a transaction whose station will never stop it; recorded as the operator's act.

    The station's own StopTransaction still replaces the closing when it comes, which stays as a revision.
    """
    gateway = open_gateway()
    with gateway.store.reading() as work:
        proposed = transaction_details(work, known_transaction(work, transaction_id))["proposedMeterStop"]
    if meter_stop is None and proposed is not None and sys.stdin.isatty() and not wants_json():
        meter_stop = click.prompt("meter stop in Wh, by the last reading", default=proposed, type=WH)
    closed = gateway.desk(who()).close_transaction(transaction_id, at, meter_stop, reason, note)
    _put_changed(closed, "closed")
    if closed.meter_stop is None and proposed is not None and not wants_json():
        more = f"--meter-stop {proposed} --reason 'last reading' --note '…'"
        click.echo(
            f"it has no meter value; its last reading is {proposed} Wh: `transactions correct {closed.id} {more}`"
        )


@transactions.command(
    examples=["ocpp-soap transactions correct 42 --meter-stop 18200 --reason 'meter exchanged' --note 'read on site'"]
)
@click.argument("transaction_id", type=NUMBER)
@click.option("--id-tag", "idTag", metavar="TAG", help="Who pays.")
@click.option("--meter-start", "meterStart", type=WH, help="In Wh.")
@click.option("--meter-stop", "meterStop", type=WH, help="In Wh.")
@click.option("--start", "startTimestamp", type=moment, metavar="TIME", help="When it began.")
@click.option("--stop", "stopTimestamp", type=moment, metavar="TIME", help="When it ended.")
@click.option("--reason", required=True, help="Why, in a few words.")
@click.option("--note", required=True, help="What was found and done.")
def correct(transaction_id: int, reason: str, note: str, **given: Any) -> None:
    """Writes anew what a station said, also of a transaction that has ended.

    The old values are kept as a revision, which `transactions show` lists, and in the audit.
    """
    right = {name: value for name, value in given.items() if value is not None}
    _put_changed(open_gateway().desk(who()).correct_transaction(transaction_id, reason, note, **right), "corrected")


@transactions.command(examples=["ocpp-soap transactions annotate 42 --reason complaint --note 'refunded 4.20 EUR'"])
@click.argument("transaction_id", type=NUMBER)
@click.option("--reason", required=True, help="Why, in a few words.")
@click.option("--note", required=True, help="The note.")
def annotate(transaction_id: int, reason: str, note: str) -> None:
    """Adds a note to a transaction, which nothing erases."""
    _put_changed(open_gateway().desk(who()).annotate_transaction(transaction_id, reason, note), "annotated")


def _put_changed(changed: Transaction, how: str) -> None:
    if wants_json():
        put_json(transaction_object(changed))
    else:
        click.echo(f"transaction {changed.id} of {changed.identity} is {how}")


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
