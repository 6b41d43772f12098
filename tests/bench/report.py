"""What the bench found, as a table for people, as JSON, and in README.md."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from .load import Run

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
MIX = "stress mix"
SHARE = "of the floor"
HEADINGS = ("operation", "req/s", "floor", SHARE, "p50 ms", "p99 ms", "CPU ms", "floor", "SQL")


@dataclass(frozen=True, slots=True)
class Line:
    """One operation on one database: the gateway's runs and, each from right before, the floor's."""

    database: str
    operation: str
    gateway: Sequence[Run]
    floor: Sequence[Run]
    statements: float

    def as_dict(self) -> Mapping[str, Any]:
        """Medians over the rounds; the ratio is the median of the rounds' own, with the lowest and the highest."""
        ratios = [ours.rate / least.rate for ours, least in zip(self.gateway, self.floor, strict=True)]
        return {
            "database": self.database,
            "operation": self.operation,
            "gateway": _medians(self.gateway),
            "floor": _medians(self.floor),
            "ratio": {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)},
            "statements": self.statements,
            "rounds": len(ratios),
        }

    def cells(self) -> Sequence[str]:
        """The line as text, in the order of the headings."""
        told = self.as_dict()
        gateway, floor, ratio = told["gateway"], told["floor"], told["ratio"]
        return (
            self.operation,
            f"{gateway['rate']:,.0f}",
            f"{floor['rate']:,.0f}",
            f"{ratio['median']:.2f} ({ratio['lowest']:.2f}–{ratio['highest']:.2f})",
            f"{gateway['p50']:.0f}",
            f"{gateway['p99']:.0f}",
            f"{gateway['cpu']:.2f}",
            f"{floor['cpu']:.2f}",
            f"{self.statements:.3g}",
        )


def _medians(runs: Sequence[Run]) -> dict[str, float]:
    return {name: statistics.median(getattr(run, name) for run in runs) for name in Run.__slots__}


def tables(lines: Sequence[Line]) -> Iterator[Table]:
    """One table per database, for the terminal."""
    for database in dict.fromkeys(line.database for line in lines):
        table = Table(title=database, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading == HEADINGS[0] else "right", no_wrap=heading != SHARE)
        for line in lines:
            if line.database == database:
                table.add_row(*line.cells())
        yield table


def write(lines: Sequence[Line], command: str, rounds: int, file: Path) -> None:
    """Puts the tables between the marks of a Markdown file; raises ValueError when it has no marks."""
    text = file.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{file} has no {BEGIN} … {END}")
    before, _, rest = text.partition(BEGIN)
    file.write_text(
        f"{before}{BEGIN}\n{_markdown(lines, command, rounds)}{END}{rest.partition(END)[2]}", encoding="utf-8"
    )


def _markdown(lines: Sequence[Line], command: str, rounds: int) -> str:
    cores = len(os.sched_getaffinity(0))
    rows = [
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {cores} cores shared with the load generator and the database, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release().partition('-')[0]}; medians",
        f"of {rounds} rounds, 50 keep-alive clients that each wait for their answer. The floor has the same gunicorn",
        "and the same database: it parses the message, inserts it, commits, and gives a constant answer. Of the floor:",
        "median, lowest and highest of neighbouring runs. CPU: of the workers, a request. SQL: statements, without",
        "BEGIN and COMMIT. The stress mix is SteVe's: 33 requests, one transaction.",
        "",
    ]
    for database in dict.fromkeys(line.database for line in lines):
        rows += [f"| {database}: {' | '.join(HEADINGS)} |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
        rows += ["| " + " | ".join(line.cells()) + " |" for line in lines if line.database == database]
        rows.append("")
    return "\n".join(rows)
