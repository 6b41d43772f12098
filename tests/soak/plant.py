"""What is soaked: a gateway, its worker and its database as processes, and what may happen to each of them.

It must not know what the stations say.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

from tests import postgresql, warm
from tests.e2e.gateway import free_port

PATIENCE = 90.0
WORKERS = 2


@dataclass
class Plant:
    """One gateway on one database; `events` are the things that may happen, by name."""

    folder: Path
    database_url: str
    server: postgresql.Server | None
    port: int = field(default_factory=free_port)
    processes: dict[str, warm.Process] = field(default_factory=dict)
    changed: Condition = field(default_factory=Condition)
    closing: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        """What stations call."""
        return f"http://127.0.0.1:{self.port}/ocpp"

    @property
    def events(self) -> Mapping[str, Callable[[], None]]:
        """What may happen, each of which ends with everything running again."""
        found: dict[str, Callable[[], None]] = {
            "kill -9 of a worker of gunicorn": self.kill_one,
            "kill -9 of the gateway's master": lambda: self.end("serve", signal.SIGKILL),
            "SIGTERM to the gateway, and a start": lambda: self.end("serve", signal.SIGTERM),
            "SIGHUP to the gateway": lambda: self.send("serve", signal.SIGHUP),
        }
        if self.server is None:
            return found
        return found | {
            "restart of PostgreSQL": lambda: self.restart(signal.SIGINT),
            "crash of PostgreSQL": lambda: self.restart(signal.SIGQUIT),
            "kill -9 of `ocpp-soap worker`": lambda: self.end("worker", signal.SIGKILL),
        }

    def start(self, command: str) -> None:
        """Starts `serve` or `worker`."""
        words = {"serve": ("serve", "--bind", f"127.0.0.1:{self.port}"), "worker": ("worker",)}[command]
        with (self.folder / f"{command}.log").open("ab") as log:
            given: Any = {"env": self._environment(), "cwd": self.folder, "stdout": log, "stderr": log}
            self.processes[command] = warm.Process(words, **given)

    def watch(self) -> None:
        """Starts again what has ended, as systemd does: the port may be held by workers whose master was killed."""
        while not self.closing.wait(0.1):
            with self.changed:
                for command, process in list(self.processes.items()):
                    if process.poll() is not None:
                        self.start(command)
                        self.changed.notify_all()

    def ready(self) -> None:
        """Waits until the gateway answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(self.url.replace("/ocpp", "/healthz/ready"), timeout=PATIENCE).close()
                return
            time.sleep(0.1)
        raise AssertionError(f"the gateway did not get ready:\n{self.log()[-5000:]}")

    def send(self, command: str, number: signal.Signals) -> None:
        """Sends one of ours a signal."""
        with self.changed:
            self.processes[command].send_signal(number)

    def end(self, command: str, number: signal.Signals) -> None:
        """Ends one of ours, and waits until it was started again."""
        with self.changed:
            process = self.processes[command]
            process.send_signal(number)
            assert self.changed.wait_for(lambda: self.processes[command] is not process, PATIENCE)
        self.ready()

    def kill_one(self) -> None:
        """Kills one worker of gunicorn, which its master replaces."""
        master = self.processes["serve"].pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        # One that just ends by itself, after a SIGHUP, is as good.
        if children:
            with suppress(ProcessLookupError):
                os.kill(int(children[0]), signal.SIGKILL)

    def restart(self, number: signal.Signals) -> None:
        """Stops the database in that way, and starts it again."""
        assert self.server is not None
        self.server.stop(number)
        self.server.start()
        self.ready()

    def log(self) -> str:
        """What the gateway has logged."""
        return (self.folder / "serve.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Ends everything, and whatever was left of it."""
        self.closing.set()
        with self.changed:  # nothing is being started
            pass
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("OCPP_SOAP_")}
        settings = {
            "DATABASE_URL": self.database_url,
            "PUBLIC_URL": self.url,
            "ENVIRONMENT": "development",
            "UNKNOWN_CHARGE_POINTS": "accept",
            "UNKNOWN_TAGS": "accept",
            "WORKERS": str(WORKERS),
            "READ_TIMEOUT": "5",
        }
        return own | {f"OCPP_SOAP_{name}": value for name, value in settings.items()}


@contextmanager
def plant(folder: Path, kind: str) -> Iterator[Plant]:
    """A plant on a fresh database of that kind ("sqlite", "postgresql"), running."""
    if kind == "sqlite":
        yield from _run(Plant(folder, f"sqlite:///{folder / 'soak.db'}", None))
    else:
        # What was answered has to be there after a crash, so it waits for the disk.
        with postgresql.server(durable=True) as server:
            yield from _run(Plant(folder, server.url, server))


def _run(made: Plant) -> Iterator[Plant]:
    try:
        made.start("serve")
        made.ready()
        if made.server is not None:
            made.start("worker")
        Thread(target=made.watch, daemon=True).start()
        yield made
    finally:
        made.close()
