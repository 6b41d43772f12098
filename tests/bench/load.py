"""Runs wrk against a server and measures what it costs: rate and latencies from wrk, CPU time from /proc."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

CLIENTS = 50
SCRIPT = Path(__file__).with_name("load.lua")
# A disk that somebody else keeps busy can stall a whole second.
ATTEMPTS = 3
TICKS = os.sysconf("SC_CLK_TCK")


class LoadError(Exception):
    """A run that measured nothing, in words."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: requests per second, latencies and CPU time of the server's workers per request in milliseconds."""

    rate: float
    p50: float
    p99: float
    cpu: float


def load(url: str, master: int, operation: str, seconds: int, folder: Path, memory: Path) -> Run:
    """Sends an operation (or "mix") for so long with 50 clients; `master` is the id of the server's first process.

    `folder` holds the templates, `memory` the transactions that were started. Raises `LoadError` when anything failed.
    """
    memory.mkdir(exist_ok=True)
    # One connection for each thread: wrk's scripts don't learn which connection they speak for.
    command = ["wrk", f"-t{CLIENTS}", f"-c{CLIENTS}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT), url]
    for _ in range(ATTEMPTS):
        before = cpu_seconds(master)
        done = subprocess.run([*command, "--", operation, folder, memory], capture_output=True, text=True, check=False)
        spent = cpu_seconds(master) - before
        try:
            told = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            raise LoadError(f"wrk failed:\n{done.stdout}{done.stderr}") from None
        if told["errors"]:
            raise LoadError(f"{operation}: {told['errors']} of {told['requests']} requests failed at {url}")
        if told["requests"]:
            return Run(
                rate=told["requests"] / told["microseconds"] * 1e6,
                p50=told["p50"] / 1000,
                p99=told["p99"] / 1000,
                cpu=spent / told["requests"] * 1000,
            )
    raise LoadError(f"{operation}: no answer from {url} within {seconds} s")


def cpu_seconds(master: int) -> float:
    """The CPU time that the living children of a process have used, user and system."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == master:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS
