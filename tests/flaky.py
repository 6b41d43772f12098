"""`python -m tests.flaky`: the suite again and again, in random order, on one core beside busy loops.

It lists what ever failed, with the seed of its order; exit status 1 then.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import click

from tests.conftest import PROJECT

# It ends by itself when whoever started it has ended, however that was.
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"
IN_RANDOM_ORDER = ("-p", "randomly", "--randomly-dont-reset-seed", "-p", "no:cacheprovider")


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--runs", type=click.IntRange(1), default=10, show_default=True, help="How often.")
@click.option("--loops", type=click.IntRange(0), default=2, show_default=True, help="Busy loops beside it.")
@click.option("--seed", type=click.IntRange(0), help="The order of the first run; the next ones count on from it.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def flaky(runs: int, loops: int, seed: int | None, words: tuple[str, ...]) -> None:
    """Run the tests several times as a busy machine would; WORDS are handed to pytest."""
    first = random.randrange(1_000_000) if seed is None else seed
    # As `taskset` does; whatever is started from here stays on this core.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    failed: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory(prefix="ocpp-flaky-") as name, busy(loops):
        for number in range(runs):
            order = first + number
            click.secho(f"run {number + 1} of {runs}, seed {order}", bold=True)
            for test in run(order, Path(name) / "report.xml", words):
                failed.setdefault(test, []).append(order)
    if not failed:
        click.echo(f"{runs} runs from seed {first} on: nothing failed")
        return
    click.echo(f"\n{runs} runs from seed {first} on; what failed, and with which seed:")
    for test, orders in sorted(failed.items(), key=lambda item: -len(item[1])):
        click.echo(f"{len(orders):4} x {test}: {', '.join(map(str, orders))}")
    click.echo("the same order again: make flaky RUNS=1 SEED=…")
    sys.exit(1)


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY], stderr=subprocess.DEVNULL) for _ in range(loops)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def run(seed: int, report: Path, words: tuple[str, ...]) -> list[str]:
    """Run the suite once, its progress on the terminal; the names of the tests that failed, or what ended the run."""
    report.unlink(missing_ok=True)
    spread = ("-n", "2", "--dist", "loadgroup")
    command = [sys.executable, "-m", "pytest", *spread, *IN_RANDOM_ORDER, f"--randomly-seed={seed}"]
    status = subprocess.run([*command, f"--junitxml={report}", *words], cwd=PROJECT, check=False).returncode
    failed = failures(report) if report.exists() else []
    return failed or ([f"(pytest ended with status {status})"] if status else [])


def failures(report: Path) -> list[str]:
    """The tests that a JUnit report says failed, each once."""
    cases = ElementTree.parse(report).iter("testcase")
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return sorted({f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}" for case in bad})


if __name__ == "__main__":
    flaky()
