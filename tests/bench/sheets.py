"""Tables of figures in both their forms, for the terminal and for a Markdown file; it knows no figure."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap

from rich import box
from rich.markup import escape
from rich.table import Table

WIDTH = 120


@dataclass(frozen=True, slots=True)
class Sheet:
    """`title` stands above it on a terminal; `corner`, in Markdown, before its first heading; `wide` may be wrapped."""

    title: str
    corner: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    wide: Sequence[str] = ()

    def table(self) -> Table:
        """For the terminal."""
        table = Table(title=escape(self.title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading in self.headings:
            justify = "left" if heading == self.headings[0] else "right"
            table.add_column(heading, justify=justify, no_wrap=heading not in self.wide)  # type: ignore[arg-type]
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> list[str]:
        """Its lines, with an empty one at the end."""
        lines = [f"| {self.corner}: {' | '.join(self.headings)} |", "|---|" + "---:|" * (len(self.headings) - 1)]
        return [*lines, *("| " + " | ".join(row) + " |" for row in self.rows), ""]


def marks(name: str) -> tuple[str, str]:
    """What stands before and after the tables of that name in a Markdown file."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def measured(command: str) -> str:
    """Where, when and how figures came about, for the beginning of a sentence."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {cores} cores shared with the load generator and the database, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release().partition('-')[0]};"
    )


def write(file: Path, name: str, words: str, sheets: Sequence[Sheet]) -> None:
    """Puts words and tables between the marks of that name; raises ValueError when the file has no marks."""
    begin, end = marks(name)
    text = file.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{file} has no {begin} … {end}")
    before, _, rest = text.partition(begin)
    lines = [*wrap(words, WIDTH, break_on_hyphens=False), "", *(line for sheet in sheets for line in sheet.markdown())]
    written = "\n".join(lines)
    file.write_text(f"{before}{begin}\n{written}{end}{rest.partition(end)[2]}", encoding="utf-8")
