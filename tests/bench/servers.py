"""Starts what is measured, each as a process of its own: a gateway and, on a database of the same kind, a floor or the
gateway of another commit. A gateway is known by its command line alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psycopg

from tests import postgresql
from tests.conftest import PROJECT
from tests.e2e import gateway

START_SECONDS = 30
WHERE = "from importlib.util import find_spec; print(find_spec('ocpp_soap.cli.__main__').origin, end='')"


class StartError(Exception):
    """A server that can't be measured, in words."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared; `process` is the id of its first process."""

    name: str
    url: str
    process: int
    environment: Mapping[str, str]

    def settle(self) -> None:
        """Lets PostgreSQL learn what is in its tables, as autovacuum does within minutes: it plans by that."""
        url = self.environment["OCPP_SOAP_DATABASE_URL"]
        if not url.startswith("sqlite"):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")


@contextmanager
def running(database: str, folder: Path, tags: Path, before: Path | None) -> Iterator[tuple[Side, Side]]:
    """This gateway and the floor, or the gateway that `before` holds; both wait for the disk at each commit."""
    names = ("now", "before") if before else ("gateway", "floor")
    with ExitStack() as stack:
        ours, other = stack.enter_context(databases(database, folder, names))
        side = stack.enter_context(_gateway(names[0], folder, ours, tags, PROJECT))
        if before:
            yield side, stack.enter_context(_gateway(names[1], folder, other, tags, before))
        else:
            yield side, stack.enter_context(_floor(side.environment, other, folder))


@contextmanager
def databases(database: str, folder: Path, names: Sequence[str]) -> Iterator[list[str]]:
    """The URLs of empty databases of one kind, on a server that waits for the disk."""
    if database == "SQLite":
        yield [f"sqlite:///{folder / name}.db" for name in names]
        return
    with postgresql.running(durable=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE bench_{name}")
        yield [url.replace("/postgres?", f"/bench_{name}?") for name in names]


@contextmanager
def _gateway(name: str, folder: Path, database_url: str, tags: Path, tree: Path) -> Iterator[Side]:
    with ExitStack() as stack:
        try:
            with mock.patch.dict(os.environ, PYTHONPATH=str(tree)):
                _check_code(name, folder, tree)
                started = stack.enter_context(gateway.running(folder / name, database_url, program=gateway.PROGRAM))
            started.run("tags", "import", str(tags))
        except AssertionError as error:  # so it says that the gateway did not start or that the command failed
            raise StartError(f"the gateway called {name}: {error}") from None
        yield Side(name, started.url, started.process.pid, started.environment)


def _check_code(name: str, folder: Path, tree: Path) -> None:
    # The environment knows this work tree's package. PYTHONPATH goes first, but what it lacks would be taken from here.
    done = subprocess.run([sys.executable, "-c", WHERE], cwd=folder, capture_output=True, text=True, check=False)
    if not Path(done.stdout).is_relative_to(tree):
        raise StartError(f"{name} would run {done.stdout or done.stderr}, not {tree}: name a commit with ocpp_soap.cli")


@contextmanager
def _floor(environment: Mapping[str, str], database_url: str, folder: Path) -> Iterator[Side]:
    address = f"127.0.0.1:{gateway.free_port()}"
    settings = {
        **environment,
        "OCPP_SOAP_DATABASE_URL": database_url,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    with (folder / "floor.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.floor", address],
            env=settings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(process, f"http://{address}/", folder / "floor.log")
            yield Side("floor", f"http://{address}/", process.pid, settings)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise StartError(f"the floor did not start:\n{log.read_text()}")
