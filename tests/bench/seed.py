"""Fills a store with two years of invented charging, to see how the gateway fares: `python -m tests.bench.seed --help`.

Not a command of `ocpp-soap`: whoever runs a gateway has real stations, and nothing there should be able to invent more
among them. `ocpp-soap demo` shows users a session; this one is for measuring.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ocpp_soap.errors import OcppSoapError, Refused
from ocpp_soap.store import session_tables, tables
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.work import SqlStore, open_store

from . import fleet, traffic
from .bulk import DAY, Bulk, filling
from .sessions import Numbers, Sessions

PERIOD = 730 * DAY
# Of one charge point: with more, cars would queue there all day.
MOST_EACH = 2000
FILLED = (
    session_tables.transactions,
    session_tables.stops,
    session_tables.meter_messages,
    session_tables.meter_values,
    tables.status_notices,
)

EPILOG = """\b
Examples:
  make seed
  make seed DATABASE_URL=postgresql://localhost/seeded
  make seed ARGS="--transactions 1000 --charge-points 100"
  OCPP_SOAP_DATABASE_URL=sqlite:///seeded.db ocpp-soap transactions list --limit 20
"""


class Size(NamedTuple):
    """How much is invented; everything else follows from these."""

    charge_points: int
    transactions: int


Tell = Callable[[int], object]
"""Is told how many more transactions are in the store now."""


@click.command(epilog=EPILOG, context_settings={"max_content_width": 100})
@click.option(
    "--database-url",
    metavar="URL",
    default="sqlite:///seeded.db",
    envvar="OCPP_SOAP_DATABASE_URL",
    show_default=True,
    show_envvar=True,
    help="The store; made, or brought to the newest schema, where it has to be.",
)
@click.option("--charge-points", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True)
@click.option("--transactions", type=click.IntRange(0, 100_000_000), default=1_000_000, show_default=True)
@click.option("--seed", "number", default=1, show_default=True, help="The same number, sizes and day: the same rows.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it ends.  [default: today]")
@click.option("--add", is_flag=True, help="Add to a store that has charge points already.")
def main(
    database_url: str, charge_points: int, transactions: int, number: int, until: datetime | None, add: bool
) -> None:
    """Fills a store with two years of invented charging: a fleet, who charges there, and what went over the wire.

    A few places are used all day and most once in a while, more in the end than in the beginning. There are dead
    transactions, stops that end nothing, silent stations and refused tags, as in life. A store gets all of it or, when
    it breaks off, nothing. One that has charge points is left alone without --add: nobody could tell the invented from
    the real ones afterwards.
    """
    if transactions > charge_points * MOST_EACH:
        least = -(-transactions // MOST_EACH)
        raise click.UsageError(f"{transactions:,} transactions need --charge-points {least:,} at least")
    end = until.replace(tzinfo=UTC) if until else datetime.now(UTC)
    started = time.monotonic()
    columns = (TextColumn("transactions"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    store = open_store(database_url)
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=transactions or None)
            size = Size(charge_points, transactions)
            seed(store, size, int(end.timestamp()) // DAY * DAY, number, add, partial(progress.advance, task))
    except OcppSoapError as error:
        raise click.ClickException(str(error)) from error
    finally:
        store.close()
    click.echo(
        f"{charge_points:,} charge points and {transactions:,} transactions in {time.monotonic() - started:.0f} s; "
        f"look at them with OCPP_SOAP_DATABASE_URL={database_url} ocpp-soap transactions list --limit 20"
    )


def seed(store: SqlStore, size: Size, until: int, number: int, add: bool, tell: Tell) -> None:
    """Invents everything up to `until` (seconds since 1970); raises `Refused` for a store that has charge points."""
    upgrade(store)
    begin = until - PERIOD
    with filling(store) as bulk:
        first = bulk.first_id(tables.charge_points)
        if first > 1 and not add:
            raise Refused("this store has charge points already: name an empty one, or say --add")
        random = Random(f"{number} {first}")  # what is added is not the same once more
        known = fleet.invent(size.charge_points, first, begin, until, random)
        fleet.put_points(bulk, known, random)
        fleet.put_tags(bulk, known, random)
        ids = [
            bulk.first_id(t) for t in (session_tables.transactions, session_tables.stops, session_tables.meter_messages)
        ]
        sessions = Sessions(known, size.transactions, begin, until, Numbers(*ids), random)
        # A store that is in use keeps its indexes: nobody could read from it meanwhile.
        with bulk.without_indexes(FILLED if first == 1 else ()):
            _put_sessions(bulk, sessions, tell)
        bulk.change(session_tables.transactions, "superseded_by", sessions.superseded)
        fleet.put_states(bulk, known, until, random)
        fleet.put_strangers(bulk, known, until, random)
        traffic.put_commands(bulk, known, until, random)
        traffic.put_configuration(bulk, known)
        traffic.put_journal(bulk, known, size.transactions // 10, until, random)


def _put_sessions(bulk: Bulk, sessions: Sessions, tell: Tell) -> None:
    """While some are put into the store, the next ones are invented."""
    gc.disable()  # millions of rows, none of them in a cycle
    with ThreadPoolExecutor(1) as pool:
        before: Future[None] | None = None
        for rows in sessions.chunks():
            if before is not None:
                before.result()
            before = pool.submit(rows.put, bulk)
            tell(len(rows.transactions))
        if before is not None:
            before.result()
    gc.enable()


if __name__ == "__main__":
    sys.exit(main())
