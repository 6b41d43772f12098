"""`python -m tests.fuzz --seconds 60`: attacks a gateway for a while; exit status 1 when something gave way."""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
from collections import Counter
from operator import itemgetter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from .campaign import Report, run
from .cases import Case
from .oracle import Violation
from .targets import MEBIBYTE, targets


@click.command()
@click.option("--seconds", type=click.FloatRange(0.1), default=60.0, show_default=True, help="For how long.")
@click.option("--seed", type=click.IntRange(0), help="The same cases as before; else they are new ones.")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Only this saved case.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=".", help="Where a case is saved.")
def fuzz(seconds: float, seed: int | None, replay: Path | None, into: Path) -> None:
    """Messages by the WSDLs and mutations of real ones, against a gateway in this process and one behind gunicorn.

    No exception may get out or into the log, every answer has to be valid or a fault of the table, nothing may grow.
    """
    # What is logged of an attack is nobody's to read; what must not be logged is a target's matter.
    logging.basicConfig(handlers=[logging.NullHandler()])
    with tempfile.TemporaryDirectory(prefix="ocpp-fuzz-") as name, targets(Path(name)) as found:
        if replay is not None:
            case = Case.load(replay)
            try:
                click.echo(found[case.target].play(case))
            except Violation as violation:
                raise click.ClickException(str(violation)) from None
            return
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=seconds)
            report = run(
                found,
                seconds,
                secrets.randbelow(1_000_000) if seed is None else seed,
                lambda done, cases: progress.update(task, completed=done, description=f"{cases} cases"),
            )
    tell(report)
    if not report.well:
        sys.exit(save(report, into))


def tell(report: Report) -> None:
    """Prints what came of it."""
    click.echo(f"seed {report.seed}: {report.outcomes.total()} cases")
    totals = Counter(target for target, _ in report.outcomes.elements())
    for target, total in sorted(totals.items()):
        parts = sorted(((n, word) for (name, word), n in report.outcomes.items() if name == target), reverse=True)
        click.echo(f"  {target:12} {total:6}: " + ", ".join(f"{n} {word}" for n, word in parts))
    for name, grown in filter(itemgetter(1), report.grown.items()):
        click.echo(f"  {name} grew by {grown / MEBIBYTE:.0f} MiB")


def save(report: Report, into: Path) -> int:
    """Says what went wrong and how to see it again; returns the exit status."""
    click.echo(f"\n{report.words}")
    if report.failed is not None:
        file = into / f"fuzz-failure-{report.seed}.json"
        report.failed.save(file)
        click.echo(f"\nthe case is in {file}; again: python -m tests.fuzz --replay {file}")
    return 1


if __name__ == "__main__":
    fuzz()
