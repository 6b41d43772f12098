"""How answers look: JSON for programs, tables for people, and nothing of a station's text that could steer a terminal.

A table is drawn by rich on a terminal; in a pipe it is plain, aligned and never wrapped. It knows no command.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from ..logs import UNPRINTABLE, printable
from ..protocol.times import format_time
from ..protocol.writing import to_json

# Columns of a terminal that are enough for two texts.
WIDE = 120

# Of a time as JSON has it.
FRACTION = re.compile(r"(?<=^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$")


def cell(value: Any) -> str:
    """A value as a table shows it: nothing for None, times to the second, lists and objects as JSON in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        value = format_time(value)
    if isinstance(value, dict | list):
        return printable(json.dumps(to_json(value), ensure_ascii=False))
    return FRACTION.sub("Z", printable(str(value)))


def put_json(value: Any, indent: int | None = 2) -> None:
    """Prints a value as JSON, with times and decimals as `protocol.writing` has them and None as null."""
    click.echo(_json(value, indent))


def put_json_rows(rows: Iterable[Any]) -> None:
    """Prints a list as `put_json` does, one row after another, however many there are."""
    begin = "[\n"
    for row in rows:
        click.echo(begin + textwrap.indent(_json(row, 2), "  "), nl=False)
        begin = ",\n"
    click.echo("[]" if begin == "[\n" else "\n]")


def _json(value: Any, indent: int | None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=to_json)
    # JSON lets most of these stand; a terminal may not.
    return UNPRINTABLE.sub(lambda found: "\n" if found[0] == "\n" else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    """A character as JSON spells it in ASCII: one beyond 16 bits as its two halves."""
    halves = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join("\\u" + halves[i : i + 4] for i in range(0, len(halves), 4))


def put_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """Prints rows under their columns' names, or the sentence `empty` when there are none."""
    cells = [[cell(value) for value in row] for row in rows]
    if not cells:
        click.echo(empty)
    elif sys.stdout.isatty():
        # fold: on a narrow terminal a cell takes several lines, but nothing of it is left out.
        table = Table(*(Column(name, overflow="fold") for name in columns), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for row in cells:
            table.add_row(*(Text(text) for text in row))
        Console().print(table)
    else:
        lines = [list(columns), *cells]
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        for line in lines:
            click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def put_beside(left: tuple[str, Sequence[str]], right: tuple[str, Sequence[str]]) -> None:
    """Prints two texts with their titles: side by side on a terminal that is wide enough, else one below the other."""
    console = Console()
    if sys.stdout.isatty() and console.width >= WIDE:
        sides = [(Text(printable(title)), Text("\n".join(map(printable, lines)))) for title, lines in (left, right)]
        columns = (Column(title, overflow="fold", ratio=ratio) for (title, _), ratio in zip(sides, (3, 2), strict=True))
        table = Table(*columns, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True)
        table.add_row(*(text for _, text in sides))
        console.print(table)
        return
    for title, lines in (left, right):
        click.echo("\n".join(["", *map(printable, (title, *lines))]))


def put_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """Prints `name  value` lines, leaving out what is not known."""
    known = [(name, cell(value)) for name, value in facts if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{name.ljust(width)}  {value}")


def put_section(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints a table under a title, or nothing when it has no rows."""
    if rows:
        click.echo(f"\n{title}")
        put_table(columns, rows, "")


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Shows a bar on stderr while something runs; the block tells what it has done so far."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    # What is printed meanwhile goes to stdout, unless that is the same terminal.
    beside = sys.stdout.isatty()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=beside
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)
