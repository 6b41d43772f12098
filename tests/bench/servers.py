"""Starts what is measured: a gateway and a floor, each as a process of its own, on databases of the same kind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests import postgresql
from tests.e2e import gateway

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Pair:
    """The two that are compared: their URLs and the ids of their first processes."""

    gateway: gateway.Gateway
    floor_url: str
    floor_process: int
    database_urls: Mapping[str, str]

    def settle(self) -> None:
        """Lets PostgreSQL learn what is in its tables, as autovacuum does within minutes: it plans by that."""
        for url in self.database_urls.values():
            if not url.startswith("sqlite"):
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute("VACUUM ANALYZE")


@contextmanager
def running(database: str, folder: Path) -> Iterator[Pair]:
    """A gateway and a floor on SQLite or PostgreSQL, both waiting for the disk at each commit."""
    with ExitStack() as stack:
        urls = stack.enter_context(_databases(database, folder))
        running_gateway = stack.enter_context(gateway.running(folder / "gateway", urls["gateway"]))
        floor_url, process = stack.enter_context(_floor(running_gateway.environment, urls["floor"], folder))
        yield Pair(running_gateway, floor_url, process.pid, urls)


@contextmanager
def _databases(database: str, folder: Path) -> Iterator[Mapping[str, str]]:
    names = ("gateway", "floor")
    if database == "SQLite":
        yield {name: f"sqlite:///{folder / name}.db" for name in names}
        return
    with postgresql.running(durable=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench_gateway")
            connection.execute("CREATE DATABASE bench_floor")
        yield {name: url.replace("/postgres?", f"/bench_{name}?") for name in names}


@contextmanager
def _floor(
    environment: Mapping[str, str], database_url: str, folder: Path
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    address = f"127.0.0.1:{gateway.free_port()}"
    settings = {**environment, "OCPP_SOAP_DATABASE_URL": database_url}
    with (folder / "floor.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.floor", address],
            env={**settings, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(process, f"http://{address}/", folder / "floor.log")
            yield f"http://{address}/", process
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
    raise RuntimeError(f"the floor did not start:\n{log.read_text()}")
