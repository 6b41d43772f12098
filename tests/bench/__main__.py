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
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings

from . import checkout, load, messages, report, servers, statements

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


@click.command()
@click.option("--quick", is_flag=True, help="One round instead of four, and a second for each run: no spread.")
@click.option("--database", type=click.Choice(DATABASES, case_sensitive=False), help="Only one of the two.")
@click.option("--operation", "chosen", multiple=True, type=click.Choice(list(SECONDS)), help="Only these; repeatable.")
@click.option("--rounds", type=click.IntRange(1, 100), help="How often the two sides take turns.")
@click.option("--against", metavar="REV", help="Instead of a floor: the gateway of a commit, such as HEAD or HEAD~1.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout instead of tables.")
@click.option("--write", type=click.Path(exists=True, path_type=Path), help="Put the tables into this README.md.")
def bench(
    quick: bool,
    database: str | None,
    chosen: tuple[str, ...],
    rounds: int | None,
    against: str | None,
    as_json: bool,
    write: Path | None,
) -> None:
    """Requests per second, latencies, CPU time and SQL statements per operation, over gunicorn, with wrk.

    The floor has the same gunicorn and the same database: it parses the message, inserts it, commits, and gives a
    constant answer. Both wait for the disk. They take turns, so that a ratio is of two neighbouring runs.

    With --against this tree's gateway and that of another commit take turns, and it is told what got slower.
    """
    if shutil.which("wrk") is None:
        raise click.ClickException("wrk is not installed; on Debian: apt-get install wrk")
    if against and write:
        raise click.UsageError("--write puts the tables with the floor into README.md: leave --against out")
    arguments = " ".join(["--quick"] * quick + [f"--rounds {rounds}"] * bool(rounds))
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    seconds = {name: 1 if quick else SECONDS[name] for name in SECONDS if name in (chosen or SECONDS)}
    try:
        with checkout.checked_out(against) if against else nullcontext() as before:
            lines = measure_all([database] if database else DATABASES, seconds, rounds, before)
    except (load.LoadError, servers.StartError, checkout.CheckoutError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([line.as_dict() for line in lines], indent=2))
    else:
        console = Console()
        for table in report.tables(lines):
            console.print(table)
    for sentence in report.verdicts(lines) if against else ():
        click.echo(sentence, err=as_json)
    if write:
        command = f'make bench ARGS="{arguments}"' if arguments else "make bench"
        report.write(lines, command, rounds, write)


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
