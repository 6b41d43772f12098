"""`ocpp-soap tags`: the idTags that may charge, one by one or from a file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, BinaryIO

import click

from ..bootstrap import now
from ..central.audit import tell_export
from ..central.records import Json, Tag
from ..central.shapes import import_object, tag_object
from ..central.tag_file import (
    COLUMNS,
    DUPLICATES,
    ENCODINGS,
    LIKELY,
    MOST,
    REFUSE,
    EncodingUnclear,
    read_csv,
    write_row,
)
from ..errors import Conflict, Refused
from .grammar import Group, moment, open_gateway, wants_json, who
from .output import cell, progress, put_json, put_section, put_table


@click.group(cls=Group, examples=["ocpp-soap tags add 04A1B2C3", "ocpp-soap tags import cards.csv"])
def tags() -> None:
    """idTags: cards and fobs that start transactions. Upper and lower case are the same."""


@tags.command("list", examples=["ocpp-soap tags list", "ocpp-soap tags list --json", "ocpp-soap tags list --unknown"])
@click.option("--unknown", is_flag=True, help="Those that were presented somewhere, though nobody knows them.")
def list_(unknown: bool) -> None:
    """All tags, with what a station is told of each now."""
    time = now()
    with open_gateway().store.reading() as work:
        rows = work.tags.unknown() if unknown else [tag_object(tag, time) for tag in work.tags.list()]
    if wants_json():
        put_json(rows)
    elif unknown:
        columns = ("idTag", "firstSeen", "lastSeen", "chargeBoxIdentity", "count")
        put_table(columns, [[row[name] for name in columns] for row in rows], "no unknown tag was presented")
    else:
        columns = ("idTag", "status", "expires", "parentIdTag", "maxTransactions")
        empty = "no tag is known; `ocpp-soap tags add TAG` adds one"
        put_table(columns, [[row[name] for name in columns] for row in rows], empty)


@tags.command(
    examples=[
        "ocpp-soap tags add 04A1B2C3",
        "ocpp-soap tags add 04A1B2C3 --expires 2030-01-01T00:00:00Z --parent FLEET --max-transactions 2",
    ]
)
@click.argument("id_tag", metavar="TAG")
@click.option("--expires", type=moment, metavar="TIME", help="Until when it may charge, such as 2030-01-01T00:00:00Z.")
@click.option("--parent", metavar="TAG", help="The tag of its group, which may stop what any of the group started.")
@click.option("--max-transactions", type=click.IntRange(1, MOST), help="How many at the same time.  [default: 1]")
@click.option("--replace", "again", is_flag=True, help="Change the tag if it is known already; it is unblocked then.")
def add(id_tag: str, expires: datetime | None, parent: str | None, max_transactions: int | None, again: bool) -> None:
    """Lets a tag charge."""
    desk, tag = open_gateway().desk(who()), Tag(id_tag, False, expires, parent, max_transactions)
    try:
        saved = desk.save_tag(tag) if again else desk.add_tag(tag)
    except Conflict as conflict:
        raise Conflict(f"{conflict}; --replace changes it") from None
    put_json(tag_object(saved, now())) if wants_json() else click.echo(f"{saved.id_tag} may charge")


@tags.command(examples=["ocpp-soap tags block 04A1B2C3", "ocpp-soap tags block 04A1B2C3 --undo"])
@click.argument("id_tag", metavar="TAG")
@click.option("--undo", is_flag=True, help="Lift the block.")
def block(id_tag: str, undo: bool) -> None:
    """Keeps a tag from charging; one that nobody knows is remembered as blocked."""
    tag, known = open_gateway().desk(who()).block_tag(id_tag, blocked=not undo)
    words = f"{tag.id_tag} is {'no longer ' if undo else ''}blocked" + ("" if known else "; nobody knew it before")
    put_json(tag_object(tag, now())) if wants_json() else click.echo(words)


@tags.command(examples=["ocpp-soap tags remove 04A1B2C3"])
@click.argument("id_tag", metavar="TAG")
def remove(id_tag: str) -> None:
    """Forgets a tag: to a station it is one that nobody knows. What it charged stays."""
    open_gateway().desk(who()).remove_tag(id_tag)
    put_json({"idTag": id_tag, "removed": True}) if wants_json() else click.echo(f"{id_tag} is forgotten")


@tags.command(
    "import",
    examples=[
        "ocpp-soap tags import cards.csv",
        "ocpp-soap tags import cards.csv --dry-run",
        "ocpp-soap tags import cards.csv --encoding cp1252 --duplicates last",
        "psql -c '\\copy cards to stdout csv header' | ocpp-soap tags import -",
    ],
)
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Change nothing, and show what would change.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="Of the file.  [default: utf-8]")
@click.option(
    "--duplicates",
    type=click.Choice(DUPLICATES),
    default=REFUSE,
    show_default=True,
    help="Of a tag in several lines: refuse the file, or take the last.",
)
def import_(file: BinaryIO, dry_run: bool, encoding: str | None, duplicates: str) -> None:
    """Adds and changes tags from a CSV file, or from stdin with -; all of them or, when a line is wrong, none.

    The first line names the columns: idTag, and any of expires, parentIdTag, maxTransactions, blocked (true or false);
    others are ignored. Columns are divided by commas, semicolons or tabs. An empty cell changes nothing, nor does a
    column that the file does not have. A date lasts until the end of its day, UTC.
    """
    data = file.read()
    try:
        found = read_csv(data, encoding, duplicates)
    except EncodingUnclear as unclear:
        found = read_csv(data, _asked(unclear, file), duplicates)
    desk = open_gateway().desk(who())
    with progress("tags", len(found.rows)) as advance:
        done = desk.import_tags(found.rows, advance, dry_run)
    shape = import_object(done, found.notes)
    if wants_json():
        put_json(shape)
        return
    for note in found.notes:
        click.echo(cell(f"Note: {note}"), err=True)
    if dry_run:
        put_section("Changes", ("line", "idTag", "field", "before", "after"), list(_differences(shape["changes"])))
    would = "would be " if dry_run else ""
    click.echo(f"{done.added} tags {would}added, {done.changed} {would}changed, {done.unchanged} unchanged")


def _asked(unclear: EncodingUnclear, file: BinaryIO) -> str:
    """The encoding that somebody at the terminal confirms; raises `Refused`, naming the option, where nobody is."""
    if sys.stdin.isatty() and sys.stdin.buffer is not file:
        click.echo(cell(str(unclear)), err=True)
        if click.confirm(f"Is that right? The file is read as {LIKELY} (Windows, Western Europe) then", err=True):
            return LIKELY
    raise Refused(f"{unclear}: if that is right, add --encoding {LIKELY}, else one of {', '.join(ENCODINGS)}")


def _differences(changes: Sequence[Json]) -> Iterator[tuple[Any, ...]]:
    for change in changes:
        before, after = change["before"] or {}, change["after"]
        if not before:
            yield change["line"], change["idTag"], "added", None, None
        for name, value in after.items():
            if value != before.get(name) and (before or value):
                yield change["line"], change["idTag"], name, before.get(name), value


@tags.command(examples=["ocpp-soap tags export > cards.csv", "ocpp-soap tags export --json"])
def export() -> None:
    """Prints all tags as CSV, as `tags import` reads them."""
    gateway, time = open_gateway(), now()
    tell_export(gateway.store, who(), gateway.clock, "id-tags")
    desk = gateway.desk(who())
    if wants_json():
        put_json([tag_object(tag, time) for tag in desk.export_tags()])
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    with progress("tags") as advance:
        for done, tag in enumerate(desk.export_tags(), 1):
            writer.writerow(write_row(tag))
            advance(done)
