"""`python -m tests.soak --seconds 300`: exit status 1 when a message was lost, doubled, or answered in two ways."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from .campaign import Report, soak
from .plant import plant

SHOWN = 10


@click.command()
@click.option("--seconds", type=click.FloatRange(0), default=300.0, show_default=True, help="For how long.")
@click.option("--database", type=click.Choice(["postgresql", "sqlite"]), default="postgresql", show_default=True)
@click.option("--seed", type=click.IntRange(0), help="The same luck as before.")
def main(seconds: float, database: str, seed: int | None) -> None:
    """Stations charge while the gateway, its worker and its database are killed, stopped, reloaded and restarted."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ocpp-soak-") as name, plant(Path(name), database) as made:
        report = soak(made, seconds, random.randrange(1_000_000) if seed is None else seed, click.echo)
        tracebacks = made.log().count("Traceback (most recent call last)")
        if not report.well:
            log = Path(f"soak-failure-{report.seed}.log")
            log.write_text(made.log())
            click.echo(f"\nthe gateway's log is in {log}")
    click.echo(f"\n{database}, {time.monotonic() - begun:.0f} s, seed {report.seed}")
    tell(report)
    click.echo(f"tracebacks in the log: {tracebacks}")
    sys.exit(0 if report.well else 1)


def tell(report: Report) -> None:
    """Prints the counts and the verdict."""
    for name, times in sorted(report.events.items()):
        click.echo(f"{times:8} x {name}")
    operations = Counter(entry.operation for entry in report.ledger.entries.elements())
    answered = ", ".join(f"{n} {name}" for name, n in operations.items())
    click.echo(f"{operations.total():8} messages answered: {answered}")
    click.echo("         " + ", ".join(f"{n} {name}" for name, n in sorted(report.ledger.notes.items())))
    for what, found in (("lost", report.lost), ("doubled or unknown", report.doubled)):
        click.echo(f"{len(found):8} {what}")
        for entry in found[:SHOWN]:
            click.echo(f"         {entry}")
    click.echo(f"{len(report.ledger.wrong):8} wrong answers")
    for words in report.ledger.wrong[:SHOWN]:
        click.echo(f"         {words}")


if __name__ == "__main__":
    main()
