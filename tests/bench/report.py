"""What the bench found, as a table for people, as JSON, and in README.md."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .load import Run
from .sheets import Sheet, measured
from .sheets import write as put

MARK = "bench"
MIX = "stress mix"
SHARES = ("of the floor", "of before")
# By the other side's name.
HEADINGS = {
    "floor": ("operation", "req/s", "floor", SHARES[0], "p50 ms", "p99 ms", "CPU ms", "floor", "SQL"),
    "before": ("operation", "req/s", SHARES[1], "p50 ms", "p99 ms", "CPU ms"),
}
# How many standard errors are noise: at two, every fourth report would accuse a commit that changed nothing.
NOISE = 3
EXPLAINED = (
    f"Noise is {NOISE} standard errors of a ratio, from how much the operation's own ratios scatter over the rounds "
    "or, where that is more, from how much those of the table's median operation do."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One operation on one database: our runs and, each a neighbour of one of ours, those of the other side.

    `revision` is the commit of "before"; `statements` are counted next to a floor alone.
    """

    database: str
    operation: str
    runs: Mapping[str, Sequence[Run]]
    statements: float | None
    revision: str | None

    def ratios(self, what: str) -> list[float]:
        """Of each round: our rate or CPU time as a share of the other side's."""
        return [getattr(ours, what) / getattr(other, what) for ours, other in zip(*self.runs.values(), strict=True)]

    def as_dict(self) -> Mapping[str, Any]:
        """Medians over the rounds; the ratio is the median of the rounds' own, with the lowest and the highest."""
        ratios = self.ratios("rate")
        return {
            "database": self.database,
            "operation": self.operation,
            **{name: _medians(runs) for name, runs in self.runs.items()},
            "ratio": {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)},
            **({"statements": self.statements} if self.revision is None else {"revision": self.revision}),
            "rounds": len(ratios),
        }

    def cells(self) -> Sequence[str]:
        """The line as text, in the order of the headings."""
        told = self.as_dict()
        (ours, other), ratio = (told[name] for name in self.runs), told["ratio"]
        share = f"{ratio['median']:.2f} ({ratio['lowest']:.2f}–{ratio['highest']:.2f})"
        forms = {"rate": ",.0f", "p50": ".0f", "p99": ".0f", "cpu": ".2f"}
        rate, p50, p99, cpu = ([format(side[name], form) for side in (ours, other)] for name, form in forms.items())
        if self.statements is None:
            return (self.operation, "/".join(rate), share, *map("/".join, (p50, p99, cpu)))
        return (self.operation, *rate, share, p50[0], p99[0], *cpu, f"{self.statements:.3g}")


def _medians(runs: Sequence[Run]) -> dict[str, float]:
    return {name: statistics.median(getattr(run, name) for run in runs) for name in Run.__slots__}


def _by_database(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    for database in dict.fromkeys(line.database for line in lines):
        yield database, [line for line in lines if line.database == database]


def sheets(lines: Sequence[Line]) -> Sequence[Sheet]:
    """One per database."""
    found = []
    for database, own in _by_database(lines):
        revision = own[0].revision
        title = f"{database}: now/before, before being {revision}" if revision else database
        headings = HEADINGS[list(own[0].runs)[1]]
        found.append(Sheet(title, database, headings, [line.cells() for line in own], wide=SHARES))
    return found


def verdicts(lines: Sequence[Line]) -> Iterator[str]:
    """Of each database, in a sentence each: what got slower than before, and what needs more CPU time, beyond noise."""
    for database, own in _by_database(lines):
        if len(own[0].ratios("rate")) == 1:
            yield f"{database}: no verdict, since one round doesn't tell what is noise; use --rounds 4."
            return
        yield f"{database}: slower than before by more than noise: {_worse(own, 'rate', -1)}"
        yield f"{database}: more CPU time than before by more than noise: {_worse(own, 'cpu', 1)}"
    yield EXPLAINED


def _worse(lines: Sequence[Line], what: str, sign: int) -> str:
    ratios = [line.ratios(what) for line in lines]
    scatter = [statistics.stdev(own) for own in ratios]
    typical = statistics.median(scatter)
    noise = [NOISE * max(own, typical) / math.sqrt(len(ratios[0])) for own in scatter]
    medians = [statistics.median(own) for own in ratios]
    told = [(line.operation, median, own) for line, median, own in zip(lines, medians, noise, strict=True)]
    if len(lines) > 1:
        told.append(("all together", statistics.mean(medians), math.hypot(*noise) / len(noise)))
    worse = [f"{name} ({ratio:.2f} ±{own:.2f})" for name, ratio, own in told if sign * (ratio - 1) > own]
    last, ratio, least = told[-1]
    return (
        f"{', '.join(worse) or 'none'}. Noise: ±{min(noise):.2f} to ±{max(noise):.2f} of one operation, "
        f"±{least:.2f} of {last} ({ratio:.2f})."
    )


def write(lines: Sequence[Line], command: str, rounds: int, file: Path) -> None:
    """Puts the tables between the marks of a Markdown file; raises ValueError when it has no marks."""
    words = (
        f"{measured(command)} medians of {rounds} rounds, 50 keep-alive clients that each wait for their answer. "
        "The floor has the same gunicorn and the same database: it parses the message, inserts it, commits, and "
        "gives a constant answer. Of the floor: median, lowest and highest of neighbouring runs. CPU: of the "
        "workers, a request. SQL: statements, without BEGIN and COMMIT. The stress mix is SteVe's: 33 requests, "
        "one transaction."
    )
    put(file, MARK, words, sheets(lines))
