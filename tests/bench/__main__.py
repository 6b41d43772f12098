"""Measures the gateway on SQLite and on PostgreSQL, next to a floor or another commit's gateway in the same run:
`python -m tests.bench --help`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.progress import Progress

from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings

from . import checkout, commands, load, messages, pages, report, seed, servers, statements
from .sheets import Sheet

DATABASES = ("SQLite", "PostgreSQL")
# The seconds of one run (a quick one has one), in the order in which they go: stops end transactions that were started
# right before, not more than there are. The mix is long enough for whole sessions.
SECONDS = {
    "Heartbeat": 1,
    "StatusNotification": 1,
    "Authorize": 1,
    "StartTransaction": 2,
    "MeterValues": 1,
    "StopTransaction": 1,
    "BootNotification": 1,
    "DataTransfer": 1,
    "mix": 3,
}
# SteVe's stress test: how often each operation comes in 33 requests.
MIX = {
    "Heartbeat": 1,
    "StatusNotification": 28,
    "Authorize": 1,
    "StartTransaction": 1,
    "MeterValues": 1,
    "StopTransaction": 1,
}
ROUNDS, QUICK_ROUNDS = 4, 1


FAILURES = (
    load.LoadError,
    servers.StartError,
    checkout.CheckoutError,
    commands.CommandsError,
    pages.PagesError,
)
# What a run has, and a quick one: stations that are called, and what is in the two stores whose lists are read.
STATIONS, QUICK_STATIONS = 1000, 100
SIZES = (seed.Size(100, 1_000), seed.Size(10_000, 1_000_000))
QUICK_SIZES = (seed.Size(100, 1_000), seed.Size(1_000, 50_000))
# The seconds that a quick run gives stations which don't answer.
QUICK_TIMEOUTS = {"CONNECT_TIMEOUT": "2", "READ_TIMEOUT": "2"}


@click.command()
@click.option("--quick", is_flag=True, help="One round, and less of everything: no spread.")
@click.option("--database", type=click.Choice(DATABASES, case_sensitive=False), help="Only one of the two.")
@click.option("--rounds", type=click.IntRange(1, 100), help="How often the two sides take turns.")
@click.option("--operation", "chosen", multiple=True, type=click.Choice(list(SECONDS)), help="Only these; repeatable.")
@click.option("--against", metavar="REV", help="Instead of a floor: the gateway of a commit, such as HEAD or HEAD~1.")
@click.option("--commands", "what", flag_value="commands", help="Instead: how soon 1,000 stations are called.")
@click.option("--pages", "what", flag_value="pages", help="Instead: what lists cost in a store with a million rows.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout instead of tables.")
@click.option("--write", type=click.Path(exists=True, path_type=Path), help="Put the tables into this README.md.")
def bench(
    quick: bool,
    database: str | None,
    rounds: int | None,
    chosen: tuple[str, ...],
    against: str | None,
    what: str | None,
    as_json: bool,
    write: Path | None,
) -> None:
    """Requests per second, latencies, CPU time and SQL statements per operation, over gunicorn, with wrk.

    The floor has the same gunicorn and the same database: it parses the message, inserts it, commits, and gives a
    constant answer. Both wait for the disk. They take turns, so that a ratio is of two neighbouring runs.

    With --against this tree's gateway and that of another commit take turns, and it is told what got slower.

    With --commands a command goes to 1,000 simulated stations, by turns with dead ones among them and without: the
    ratio says whether the dead delay the living.

    With --pages two stores are seeded (`make seed`), and each list of the web API is asked of both by turns: the ratio
    says whether a page costs more where there is more.
    """
    if what and (chosen or against):
        raise click.UsageError(f"--operation and --against are for messages: leave --{what} out")
    if against and write:
        raise click.UsageError("--write puts the tables with the floor into README.md: leave --against out")
    words = [f"--{what}"] * bool(what) + ["--quick"] * quick + [f"--rounds {rounds}"] * bool(rounds)
    command = f'make bench ARGS="{" ".join(words)}"' if words else "make bench"
    plan = Plan(quick, [database] if database else DATABASES, rounds or (QUICK_ROUNDS if quick else ROUNDS), command)
    try:
        if what == "commands":
            _show(of_commands(plan, write), as_json)
        elif what == "pages":
            _show(of_pages(plan, write), as_json)
        else:
            _show(of_messages(plan, chosen, against, write), as_json)
    except FAILURES as error:
        raise click.ClickException(str(error)) from None


class Plan(NamedTuple):
    """What all that is measured has in common; `command` is how it is asked for."""

    quick: bool
    databases: Sequence[str]
    rounds: int
    command: str


class Found(NamedTuple):
    """Tables, the same for JSON, and what there is to say of them."""

    sheets: Sequence[Sheet]
    told: Sequence[Mapping[str, Any]]
    words: Sequence[str] = ()


def _show(found: Found, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found.told, indent=2))
    else:
        console = Console()
        for sheet in found.sheets:
            console.print(sheet.table())
    for sentence in found.words:
        click.echo(sentence, err=as_json)


def of_commands(plan: Plan, write: Path | None) -> Found:
    """How soon stations are called."""
    lines = []
    stations = QUICK_STATIONS if plan.quick else STATIONS
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=2 * plan.rounds * len(plan.databases))
        for database in plan.databases:
            progress.update(task, description=database)
            timeouts, tell = QUICK_TIMEOUTS if plan.quick else {}, partial(progress.advance, task)
            lines.append(commands.measure(database, stations, plan.rounds, timeouts, tell))
    if write:
        commands.put(lines, plan.command, plan.rounds, write)
    return Found([line.sheet() for line in lines], [line.as_dict() for line in lines])


def of_pages(plan: Plan, write: Path | None) -> Found:
    """What lists cost."""
    sizes = QUICK_SIZES if plan.quick else SIZES
    lines: list[pages.Line] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(plan.databases))
        for database in plan.databases:

            def tell(what: str, share: float) -> None:
                progress.update(task, advance=share, description=f"{database}: {what}")  # noqa: B023

            lines += pages.measure(database, sizes, plan.rounds, tell)
    if write:
        pages.put(lines, sizes, plan.command, plan.rounds, write)
    return Found(pages.sheets(lines, sizes), [line.as_dict() for line in lines])


def of_messages(plan: Plan, chosen: tuple[str, ...], against: str | None, write: Path | None) -> Found:
    """How fast stations are answered."""
    if shutil.which("wrk") is None:
        raise click.ClickException("wrk is not installed; on Debian: apt-get install wrk")
    seconds = {name: 1 if plan.quick else SECONDS[name] for name in SECONDS if name in (chosen or SECONDS)}
    with checkout.checked_out(against) if against else nullcontext() as before:
        lines = measure_all(plan.databases, seconds, plan.rounds, before)
    if write:
        report.write(lines, plan.command, plan.rounds, write)
    words = list(report.verdicts(lines)) if against else []
    return Found(report.sheets(lines), [line.as_dict() for line in lines], words)


def measure_all(
    databases: Sequence[str], seconds: Mapping[str, int], rounds: int, before: checkout.Checkout | None
) -> list[report.Line]:
    """A line for each operation on each database, with a progress bar meanwhile; `seconds` is how long a run takes."""
    lines: list[report.Line] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=rounds * len(seconds) * len(databases))
        for name in databases:
            progress.update(task, description=name)
            for _ in measure(name, seconds, rounds, before, lines):
                progress.advance(task)
    return lines


def measure(
    database: str,
    seconds: Mapping[str, int],
    rounds: int,
    before: checkout.Checkout | None,
    lines: list[report.Line],
) -> Iterator[None]:
    """Adds a line for each operation; yields after each pair of runs."""
    with (
        tempfile.TemporaryDirectory(prefix="ocpp-bench-") as name,
        prepared(database, Path(name), before) as (sides, counts),
    ):
        folder = Path(name)
        runs: dict[str, dict[str, list[load.Run]]] = {o: {side.name: [] for side in sides} for o in seconds}

        def run(side: servers.Side, operation: str, seconds: int) -> load.Run:
            return load.load(side.url, side.process, operation, seconds, folder, folder / f"{side.name}-open")

        for side in sides:
            for operation in ("BootNotification", "StartTransaction"):
                run(side, operation, 1)
            side.settle()
        for number in range(rounds):
            for operation in seconds:
                # By turns, since the second may find the disk still busy with what the first has left.
                for side in sides if number % 2 else sides[::-1]:
                    runs[operation][side.name].append(run(side, operation, seconds[operation]))
                yield
        for operation, measured in runs.items():
            shown = report.MIX if operation == "mix" else operation
            revision = before.title if before else None
            lines.append(report.Line(database, shown, measured, counts.get(operation), revision))


@contextmanager
def prepared(
    database: str, folder: Path, before: checkout.Checkout | None
) -> Iterator[tuple[tuple[servers.Side, servers.Side], dict[str, float]]]:
    """Both servers with their templates and tags in place and, next to a floor, the statements of each operation."""
    service = catalog.load().newest.central_system
    messages.write_templates(service, folder)
    messages.write_tags(folder / "tags.csv")
    with servers.running(database, folder, folder / "tags.csv", before.tree if before else None) as sides:
        counts: dict[str, float] = {}
        if not before:
            settings = Settings.from_environment(sides[0].environment)
            counts |= statements.statements(settings, messages.templates(service))
            counts["mix"] = sum(counts[name] * often for name, often in MIX.items()) / sum(MIX.values())
        yield sides, counts


if __name__ == "__main__":
    sys.exit(bench())
