"""A real gateway for tests: `ocpp-soap serve` as a process of its own on a free port, and the CLI as operators use it.

It knows commands and HTTP only, nothing from inside the gateway.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm

PROGRAM = [sys.executable, "-m", "ocpp_soap.cli"]
START_SECONDS = 60


@dataclass
class Gateway:
    """A running gateway: `url` is what stations call, `environment` its settings, `process` gunicorn's master."""

    url: str
    environment: Mapping[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | warm.Process
    program: Sequence[str] | None = None

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One command of the CLI; with `check` a failure ends the test with what the command said."""
        settings: Any = {"env": self.environment, "cwd": self.folder, "timeout": 120}
        if self.program is None:
            done = warm.run(words, **settings)
        else:
            done = subprocess.run([*self.program, *words], capture_output=True, text=True, check=False, **settings)
        if check and done.returncode:
            raise AssertionError(f"ocpp-soap {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *words: str) -> Any:
        """What a command prints with --json."""
        return json.loads(self.run(*words, "--json").stdout)

    def send(self, identity: str, operation: str, **payload: Any) -> Any:
        """`ocpp-soap send … --json`, whatever its outcome."""
        done = self.run("send", identity, operation, json.dumps(payload), "--json", check=False)
        if not done.stdout:
            raise AssertionError(f"exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout) | {"exit": done.returncode}

    def log(self) -> str:
        """What the gateway has logged so far."""
        return (self.folder / "gateway.log").read_text(encoding="utf-8", errors="replace")


# The kernel gives out ports from 32768 on by itself; one below belongs to whoever names it.
PORTS = range(18_000, 32_000)
RESERVED: dict[int, socket.socket] = {}


def free_port() -> int:
    """A port that is free, and stays so: no other test process is given it, and no connection takes it by chance."""
    for port in random.sample(PORTS, len(PORTS)):
        if port in RESERVED:
            continue
        mark = socket.socket(socket.AF_UNIX)
        try:
            # A name of Linux's abstract namespace, which is gone with this process.
            mark.bind(f"\0ocpp-soap-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        RESERVED[port] = mark
        return port
    raise AssertionError("every port is taken")


@contextmanager
def running(
    folder: Path, database_url: str, port: int = 0, /, *, program: Sequence[str] | None = None, **settings: str
) -> Iterator[Gateway]:
    """Starts a gateway that accepts unknown stations, waits until it is ready, and stops it.

    Without a `program` it starts warm, and so do the commands.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}/ocpp"
    chosen = {
        "DATABASE_URL": database_url,
        "PUBLIC_URL": url,
        "ENVIRONMENT": "development",
        "UNKNOWN_CHARGE_POINTS": "accept",
        **settings,
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith("OCPP_SOAP_")}
    environment = own | {f"OCPP_SOAP_{name}": value for name, value in chosen.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "gateway.log").open("wb") as log:
        words = ("serve", "--bind", f"127.0.0.1:{port}")
        given: Any = {"env": environment, "cwd": folder, "stdout": log, "stderr": log}
        process = (
            warm.Process(words, **given)
            if program is None
            else subprocess.Popen([*program, *words], start_new_session=True, **given)
        )
        gateway = Gateway(url, environment, folder, process, program)
        try:
            _wait(gateway, f"http://127.0.0.1:{port}/healthz/ready")
            yield gateway
        finally:
            process.terminate()
            try:
                process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def _wait(gateway: Gateway, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and gateway.process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the gateway did not get ready:\n{gateway.log()}")
