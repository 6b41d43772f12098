"""Measures the gateway on SQLite and on PostgreSQL, next to a floor in the same run: `python -m tests.bench --help`."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from ocpp_soap.protocol import catalog
from ocpp_soap.settings import Settings

from . import load, messages, report, servers, statements

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
@click.option("--quick", is_flag=True, help="One round of a second each instead of four longer ones: no spread.")
@click.option("--database", type=click.Choice(DATABASES, case_sensitive=False), help="Only one of the two.")
@click.option("--operation", "chosen", multiple=True, type=click.Choice(list(SECONDS)), help="Only these; repeatable.")
@click.option("--rounds", type=click.IntRange(1, 100), help="How often floor and gateway take turns.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout instead of tables.")
@click.option("--write", type=click.Path(exists=True, path_type=Path), help="Put the tables into this README.md.")
def bench(
    quick: bool, database: str | None, chosen: tuple[str, ...], rounds: int | None, as_json: bool, write: Path | None
) -> None:
    """Requests per second, latencies, CPU time and SQL statements per operation, over gunicorn, with wrk.

    The floor has the same gunicorn and the same database: it parses the message, inserts it, commits, and gives a
    constant answer. Both wait for the disk. They take turns, so that a ratio is of two neighbouring runs.
    """
    if shutil.which("wrk") is None:
        raise click.ClickException("wrk is not installed; on Debian: apt-get install wrk")
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    operations = [name for name in SECONDS if name in (chosen or SECONDS)]
    lines: list[report.Line] = []
    runs = rounds * len(operations) * (1 if database else len(DATABASES))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=runs)
        for name in [database] if database else DATABASES:
            progress.update(task, description=name)
            try:
                for _ in measure(name, operations, rounds, lines):
                    progress.advance(task)
            except load.LoadError as error:
                raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([line.as_dict() for line in lines], indent=2))
    else:
        console = Console()
        for table in report.tables(lines):
            console.print(table)
    if write:
        command = "make bench" if rounds == ROUNDS else f'make bench ARGS="--rounds {rounds}"'
        report.write(lines, command, rounds, write)


def measure(database: str, operations: list[str], rounds: int, lines: list[report.Line]) -> Iterator[None]:
    """Adds a line for each operation; yields after each pair of runs."""
    with tempfile.TemporaryDirectory(prefix="ocpp-bench-") as name, prepared(database, Path(name)) as (pair, counts):
        folder = Path(name)
        sides = {"floor": (pair.floor_url, pair.floor_process), "gateway": (pair.gateway.url, pair.gateway.process.pid)}
        runs: dict[tuple[str, str], list[load.Run]] = {(s, o): [] for s in sides for o in operations}

        def run(side: str, operation: str, seconds: int) -> load.Run:
            return load.load(*sides[side], operation, seconds, folder, folder / f"{side}-open")

        for side in sides:
            for operation in ("BootNotification", "StartTransaction"):
                run(side, operation, 1)
        pair.settle()
        for _ in range(rounds):
            for operation in operations:
                for side in sides:
                    runs[side, operation].append(run(side, operation, SECONDS[operation] if rounds > 1 else 1))
                yield
        for operation in operations:
            shown = report.MIX if operation == "mix" else operation
            lines.append(
                report.Line(database, shown, runs["gateway", operation], runs["floor", operation], counts[operation])
            )


@contextmanager
def prepared(database: str, folder: Path) -> Iterator[tuple[servers.Pair, dict[str, float]]]:
    """Both servers with their templates and tags in place, and how many statements each operation takes."""
    service = catalog.load().newest.central_system
    templates = messages.templates(service)
    messages.write_templates(service, folder)
    messages.write_tags(folder / "tags.csv")
    with servers.running(database, folder) as pair:
        pair.gateway.run("tags", "import", str(folder / "tags.csv"))
        counts: dict[str, float] = {
            **statements.statements(Settings.from_environment(pair.gateway.environment), templates)
        }
        counts["mix"] = sum(counts[name] * often for name, often in MIX.items()) / sum(MIX.values())
        yield pair, counts


if __name__ == "__main__":
    sys.exit(bench())
