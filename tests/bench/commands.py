"""How soon stations are called when many are to be, and whether the dead among them delay the living.

One command goes to all of them as a batch; `ocpp-soap worker` sends it, as a process of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ocpp_soap.bootstrap import Gateway, now
from ocpp_soap.central.orders import Order
from ocpp_soap.central.pages import CommandFilter, StationFilter
from ocpp_soap.central.records import Batch, Command
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade
from tests.e2e.gateway import PROGRAM

from . import crowd, servers
from .sheets import Sheet, measured, write

MARK = "bench-commands"
OPERATION = "ClearCache"
# Every so manieth station is dead, in one of three ways by turns.
DEAD_EVERY = 20
PAGE = 500
SECONDS, POLL = 300.0, 0.05
HEADINGS = ("", "answered", "per s", "last s", "p50 ms", "p95 ms", "p99 ms")
FIGURES = {"rate": ",.0f", "last": ".2f", "p50": ",.0f", "p95": ",.0f", "p99": ",.0f"}


class CommandsError(Exception):
    """A run that did not end as it must, in words."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the living came to: how many answered, how many a second, when the last one did (seconds after the order).

    The percentiles are of the milliseconds from the order to the outcome.
    """

    answered: int
    rate: float
    last: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Line:
    """The runs of one database: with the living alone, and with the dead among them, each a neighbour of the other."""

    database: str
    living: int
    dead: int
    alone: Sequence[Run]
    among: Sequence[Run]

    def ratios(self) -> Mapping[str, Sequence[float]]:
        """Of each figure, that with the dead as a share of that without, in each round."""
        pairs = list(zip(self.among, self.alone, strict=True))
        return {name: [getattr(a, name) / getattr(b, name) for a, b in pairs] for name in FIGURES}

    def as_dict(self) -> Mapping[str, Any]:
        """For JSON."""
        return {**asdict(self), "ratios": self.ratios()}

    def sheet(self) -> Sheet:
        """Medians of the rounds, and the ratios."""
        rows = [
            (f"{self.living} living", *_cells(self.alone)),
            (f"… and {self.dead} dead", *_cells(self.among)),
            ("ratio", "", *(f"{statistics.median(r):.2f} ({min(r):.2f}–{max(r):.2f})" for r in self.ratios().values())),
        ]
        return Sheet(self.database, self.database, HEADINGS, rows, wide=HEADINGS)


def _cells(runs: Sequence[Run]) -> Iterator[str]:
    yield f"{min(run.answered for run in runs)}"
    for name, form in FIGURES.items():
        yield format(statistics.median(getattr(run, name) for run in runs), form)


def measure(database: str, stations: int, rounds: int, timeouts: Mapping[str, str], tell: Callable[[], object]) -> Line:
    """Both sides by turns; `timeouts` are settings, `tell` is called after each of them."""
    with tempfile.TemporaryDirectory(prefix="ocpp-bench-") as name, crowd.living() as url, crowd.dead() as nowhere:
        folder = Path(name)
        with servers.databases(database, folder, ["commands"]) as (database_url,):
            environment = _environment(database_url, timeouts)
            gateway = Gateway(Settings.from_environment(environment))
            upgrade(gateway.store)
            living, dead = _put_up(gateway, stations, url, nowhere)
            alone, among = StationFilter(only=frozenset(living)), StationFilter()
            runs: dict[StationFilter, list[Run]] = {alone: [], among: []}
            with _working(environment, folder / "worker.log"):
                _run(gateway, StationFilter(only=frozenset(living[:10])), living)  # the first calls load the WSDLs
                for number in range(rounds):
                    for side in (alone, among) if number % 2 else (among, alone):
                        runs[side].append(_run(gateway, side, living))
                        tell()
            gateway.store.close()
    return Line(database, len(living), len(dead), runs[alone], runs[among])


def _environment(database_url: str, timeouts: Mapping[str, str]) -> dict[str, str]:
    chosen = {"DATABASE_URL": database_url, "ENVIRONMENT": "development", "LOG_LEVEL": "error", **timeouts}
    return {f"OCPP_SOAP_{name}": value for name, value in chosen.items()}


def _put_up(gateway: Gateway, stations: int, url: str, nowhere: Sequence[str]) -> tuple[list[str], list[str]]:
    """Registers them; gives the identities of the living and of the dead."""
    living: list[str] = []
    dead: list[str] = []
    with gateway.store.writing() as work:
        for number in range(stations):
            identity, address = f"CROWD-{number:05}", url
            if number % DEAD_EVERY == DEAD_EVERY - 1:
                address = nowhere[len(dead) % len(nowhere)]
                dead.append(identity)
            else:
                living.append(identity)
            station = work.charge_points.register(identity, "Accepted", now())
            work.charge_points.set_callback(station.id, address + identity, None, "operator", None, now())
    return living, dead


@contextmanager
def _working(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*PROGRAM, "worker"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                raise CommandsError(f"the worker did not start: {log.read_text()}")
            yield
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def _run(gateway: Gateway, chosen: StationFilter, living: Sequence[str]) -> Run:
    """One batch to the end of its last command."""
    batch, _ = gateway.commands.submit_batch(chosen, Order(OPERATION, {}), "cli:bench")
    until = time.monotonic() + SECONDS
    while not (batch := gateway.commands.find_batch(batch.id)).is_finished:
        if time.monotonic() > until:
            raise CommandsError(f"a batch did not end within {SECONDS:.0f} s: {batch.states}")
        time.sleep(POLL)
    alive = set(living)
    commands = [command for command in _commands(gateway, batch) if command.identity in alive]
    if unanswered := [command for command in commands if command.state != "answered"]:
        raise CommandsError(f"{unanswered[0].identity} lives and its command is {unanswered[0].state}")
    after = [(command.finished - batch.created).total_seconds() for command in commands if command.finished]
    cuts = [1000 * cut for cut in statistics.quantiles(after, n=100, method="inclusive")]
    return Run(len(after), len(after) / max(after), max(after), cuts[49], cuts[94], cuts[98])


def _commands(gateway: Gateway, batch: Batch) -> Iterator[Command]:
    after = None
    with gateway.store.reading() as work:
        while True:
            page = work.commands.page(CommandFilter(batch_id=batch.id), PAGE, after)
            yield from page.rows
            after = page.next
            if after is None:
                return


def put(lines: Sequence[Line], command: str, rounds: int, file: Path) -> None:
    """Puts the tables into README.md."""
    words = (
        f"{measured(command)} medians of {rounds} rounds. One {OPERATION} to each station as a batch; `ocpp-soap "
        "worker` sends it, with its usual settings, from a process of its own. The living answer by SOAP over "
        "HTTP at once. A third each of the dead refuses connections, takes them and never answers, and does not "
        "even take them. Times are from the order on; the ratio is that of neighbouring runs: median, lowest and "
        "highest."
    )
    write(file, MARK, words, [line.sheet() for line in lines])
