"""`ocpp-soap journal` and `ocpp-soap retention`: what went over the wire, and for how long it is kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import IO, BinaryIO

import click

from ..bootstrap import Gateway, now
from ..central.audit import tell_export
from ..central.pseudonyms import KINDS
from ..central.records import Chosen, Exchange, Json
from ..central.shapes import exchange_object
from ..errors import NotFound, Refused
from ..logs import printable
from ..protocol.reading import INT_RANGE
from ..settings import Settings
from ..soap.trace import Reader, Writer, encoded
from ..worker.retention import clean
from .grammar import Group, listen_to_logs, moment, open_gateway, wants_json, who
from .output import progress, put_json, put_section, put_table
from .replay import scratch
from .wire_view import WireView

# Rows that are in memory at the same time.
BATCH = 50

MOST_ROWS = click.IntRange(1, INT_RANGE.stop - 1)


@click.group(cls=Group, examples=["ocpp-soap journal list --charge-point CP-1", "ocpp-soap journal show 4711"])
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
@click.option("--limit", type=MOST_ROWS, default=100, show_default=True, help="At most so many.")
@click.option("--messages", is_flag=True, help="Print the messages themselves too.")
def list_(identity: str | None, limit: int, messages: bool) -> None:
    """Exchanges with stations, newest first; durations in milliseconds. `journal show` takes the number."""
    with open_gateway().store.reading() as work:
        rows = [exchange_object(exchange) for exchange in work.journal.list(identity, limit)]
    if wants_json():
        put_json(rows)
        return
    columns = ("number", "at", "way", "charge point", "operation", "peer", "ms", "outcome", "flags")
    names = ("id", "at", "direction", "chargeBoxIdentity", "operation", "peer", "milliseconds", "outcome")
    cells = [[*(row[name] for name in names), len(row["flags"]) or None] for row in rows]
    if not messages:
        put_table(columns, cells, "the journal is empty")
        return
    for row, line in zip(rows, cells, strict=True):
        put_table(columns, [line], "")
        named = ("path", "raw", "assumed", "quirk")
        put_section("Flags", named, [[flag.get(name) for name in named] for flag in row["flags"]])
        for title in ("request", "answer"):
            lines = (row[title] or "none").splitlines()
            click.echo("\n".join([f"\n{title.capitalize()}", *map(printable, lines), ""]))


@journal.command(examples=["ocpp-soap journal show 4711", "ocpp-soap journal show 4711 --json | jq .messages.request"])
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
def show(number: int) -> None:
    """One exchange: its XML as it was sent, beside what it says in the words of OCPP 1.6.

    Below stands every tolerance and mapping that was applied: what stood there, what was assumed, and why.
    """
    gateway = open_gateway()
    with gateway.store.reading() as work:
        exchange = work.journal.get(number)
    if exchange is None:
        days = gateway.settings.journal_days
        kept = f"; rows are kept for {days} days (OCPP_SOAP_JOURNAL_DAYS)" if days else ""
        raise NotFound(f"the journal has no row {number}; `ocpp-soap journal list` shows the numbers{kept}")
    view = WireView.of(exchange, gateway.catalog)
    if wants_json():
        put_json({**exchange_object(exchange), "flags": view.flags, "messages": view.as_json()})
    else:
        view.put()


@journal.command(
    examples=[
        "ocpp-soap journal export --charge-point CP-1 -o trace.jsonl",
        "ocpp-soap journal export --since 2024-01-31T12:00:00Z --until 2024-01-31T13:00:00Z > trace.jsonl",
        "ocpp-soap journal export --operation DataTransfer --keep data --keep identity --limit 20",
    ]
)
@click.option("--charge-point", "identity", metavar="IDENTITY", help="Only those of this charge point.")
@click.option("--since", type=moment, metavar="TIME", help="From this time on, such as 2024-01-31T12:00:00Z.")
@click.option("--until", type=moment, metavar="TIME", help="Before this time.")
@click.option("--operation", metavar="NAME", help="Only those of this operation, such as StartTransaction.")
@click.option("--limit", type=MOST_ROWS, help="The newest so many.  [default: all]")
@click.option(
    "--keep",
    "kept",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Do not redact these: " + "; ".join(f"{kind} ({what})" for kind, what in KINDS.items()) + ".",
)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    help="Write to this file instead of stdout.",
)
def export(
    identity: str | None,
    since: datetime | None,
    until: datetime | None,
    operation: str | None,
    limit: int | None,
    kept: tuple[str, ...],
    file: str,
) -> None:
    """Writes a redacted trace to give away.

    It has JSON lines: a head, and then one exchange each, oldest first. What tells of people, sites and secrets is
    replaced, the same word by the same pseudonym in all of the trace; how a message is spelled stays as it is.
    `journal replay` plays it. Look it over before you give it away.
    """
    gateway = open_gateway()
    tell_export(gateway.store, who(), gateway.clock, f"journal of {identity}" if identity else "journal")
    writer = Writer(gateway.catalog, kept)
    count = 0
    with _opened(file) as trace:
        trace.write(encoded(writer.head(now())))
        for exchange in _rows(gateway, Chosen(identity, operation, since, until), limit):
            trace.write(encoded(writer.line(exchange)))
            count += 1
    if wants_json() and file != "-":
        put_json({"exchanges": count, "leftOut": writer.left_out, "redacted": writer.redacted})
        return
    told = [f"{count} exchanges exported; redacted: {', '.join(writer.redacted) or 'nothing'}"]
    if writer.left_out:
        told.append(f"{writer.left_out} have a message that can't be parsed, and so was left out; see leftOut in them")
    click.echo("\n".join(told), err=True)


def _opened(file: str) -> AbstractContextManager[IO[str]]:
    """The file, which takes the place of an older one when it is whole."""
    try:
        opened: IO[str] = click.open_file(file, "w", encoding="ascii", atomic=True)
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}") from None
    return opened


def _rows(gateway: Gateway, chosen: Chosen, limit: int | None) -> Iterator[Exchange]:
    """The rows that are meant, oldest first, a few at a time; those that come meanwhile are not among them."""
    with gateway.store.reading() as work:
        first, last, count = work.journal.extent(chosen, limit)
    done = 0
    with progress("exchanges", count) as advance:
        while first <= last and count:
            with gateway.store.reading() as work:
                rows = work.journal.between(chosen, first, last, BATCH)
            yield from rows
            done += len(rows)
            advance(done)
            first = (rows[-1].id or last) + 1 if rows else last + 1


@journal.command(examples=["ocpp-soap journal replay trace.jsonl", "ocpp-soap journal replay trace.jsonl --json"])
@click.argument("file", type=click.File("rb"))
def replay(file: BinaryIO) -> None:
    """Plays a trace again and compares the answers.

    What stations sent in the trace in FILE (- is stdin) is answered by this version of ocpp-soap on an empty store, and
    outcomes and statuses are compared. Stations and idTags are let in as the trace shows that they were, and commands
    to stations are passed over. Your own store is not touched.

    Exit status: 0 all is as in the trace, 1 something is otherwise, or the file is no trace.
    """
    settings = Settings.from_environment()
    listen_to_logs(settings.log_level)
    trace = Reader(file)
    found: list[Json] = []
    with scratch(settings.wsdl_dir, trace.redacted) as playing, progress("exchanges") as advance:
        for line in trace:
            for difference in playing.play(line):
                found.append(difference.as_json())
                if not wants_json():
                    click.echo(printable(str(difference)))
            advance(line.number - 1)
    if wants_json():
        told = {"differences": found, "passedOver": dict(playing.passed_over), "operator": playing.acts}
        put_json({"exchanges": trace.lines, "played": playing.played, **told})
    else:
        for reason, count in playing.passed_over.items():
            click.echo(f"not played or not compared: {count} {reason}")
        for act in playing.acts:
            click.echo(printable(f"as the trace shows, {act}"))
        result = _counted(len(found), "difference") if found else "all answers are as in the trace"
        click.echo(f"{_counted(trace.lines, 'exchange')}, {playing.played} played: {result}")
    if found:
        sys.exit(1)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


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
        removed = clean(gateway.desk(who()).store, now, kept, advance)
    if wants_json():
        put_json({"removed": removed, "days": kept})
    elif kept == 0:
        click.echo("nothing was removed: OCPP_SOAP_JOURNAL_DAYS is 0, so everything is kept")
    elif removed is None:
        click.echo("another process is at it")
    else:
        click.echo(f"{removed} journal rows older than {kept} days were removed")
