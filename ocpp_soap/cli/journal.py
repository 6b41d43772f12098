"""`ocpp-soap journal` and `ocpp-soap retention`: what went over the wire, and for how long it is kept."""

from __future__ import annotations

import click

from ..bootstrap import now
from ..central.records import Exchange, Json
from ..logs import printable
from ..protocol.reading import INT_RANGE
from ..worker.retention import clean
from .grammar import Group, open_gateway, shown, wants_json
from .output import progress, put_json, put_section, put_table


@click.group(cls=Group, examples=["ocpp-soap journal list --charge-point CP-1"])
def journal() -> None:
    """The raw messages of both directions, one row per exchange."""


@journal.command(
    "list",
    examples=[
        "ocpp-soap journal list",
        "ocpp-soap journal list --charge-point CP-1 --limit 20",
        "ocpp-soap journal list --limit 1 --messages",
        "ocpp-soap journal list --json | jq '.[] | select(.flags != [])'",
    ],
)
@click.option("--charge-point", "identity", metavar="IDENTITY", help="Only those of this charge point.")
@click.option(
    "--limit", type=click.IntRange(1, INT_RANGE.stop - 1), default=100, show_default=True, help="At most so many."
)
@click.option("--messages", is_flag=True, help="Print the messages themselves too.")
def list_(identity: str | None, limit: int, messages: bool) -> None:
    """Exchanges with stations, newest first; durations in milliseconds."""
    with open_gateway().store.reading() as work:
        rows = [_exchange(exchange) for exchange in work.journal.list(identity, limit)]
    if wants_json():
        put_json(rows)
        return
    columns = ("at", "way", "charge point", "operation", "peer", "ms", "outcome", "flags")
    names = ("at", "direction", "chargeBoxIdentity", "operation", "peer", "milliseconds", "outcome")
    cells = [[*(row[name] for name in names), len(row["flags"]) or None] for row in rows]
    if not messages:
        put_table(columns, cells, "the journal is empty")
        return
    for row, line in zip(rows, cells, strict=True):
        put_table(columns, [line], "")
        put_section("Flags", ["path", "raw", "assumed"], [list(flag.values()) for flag in row["flags"]])
        for title in ("request", "answer"):
            lines = (row[title] or "none").splitlines()
            click.echo("\n".join([f"\n{title.capitalize()}", *map(printable, lines), ""]))


def _exchange(exchange: Exchange) -> Json:
    return {
        "id": exchange.id,
        "at": shown(exchange.at),
        "direction": exchange.direction,
        "chargeBoxIdentity": exchange.identity,
        "operation": exchange.operation,
        "version": exchange.version,
        "peer": exchange.peer,
        "milliseconds": round(exchange.duration * 1000, 1),
        "outcome": exchange.outcome,
        "flags": exchange.flags,
        "request": _text(exchange.request),
        "answer": _text(exchange.answer),
    }


def _text(message: bytes | None) -> str | None:
    return None if message is None else message.decode("utf-8", "backslashreplace")


@click.group(cls=Group, examples=["ocpp-soap retention run"])
def retention() -> None:
    """What is kept, and for how long."""


@retention.command(examples=["ocpp-soap retention run", "ocpp-soap retention run --days 30 --json"])
@click.option("--days", type=click.IntRange(1, 36500), help="Keep so many days.  [default: OCPP_SOAP_JOURNAL_DAYS]")
def run(days: int | None) -> None:
    """Removes journal rows that are too old, in small batches; a running gateway does so every hour by itself."""
    gateway = open_gateway()
    kept = gateway.settings.journal_days if days is None else days
    with progress("journal rows removed") as advance:
        removed = clean(gateway.store, now, kept, advance)
    if wants_json():
        put_json({"removed": removed, "days": kept})
    elif kept == 0:
        click.echo("nothing was removed: OCPP_SOAP_JOURNAL_DAYS is 0, so everything is kept")
    elif removed is None:
        click.echo("another process is at it")
    else:
        click.echo(f"{removed} journal rows older than {kept} days were removed")
