"""Starts `ocpp-soap` warm: in processes forked from one that has imported everything.

Importing is most of what a short command costs. They are processes all the same, each with its own environment, folder,
output, session and signals; that importing does nothing (test_house.py) is what makes it right.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

# Longer than any request: an environment and a command line.
MOST = 1024 * 1024
NOT_BEFORE_ASKED = (".wsgi", ".__main__", ".migrations")
BESIDES = ("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite", "alembic.command")


class Process:
    """As much of `subprocess.Popen` as the tests use; `pid` leads a session of its own."""

    def __init__(
        self, words: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: IO[Any], stderr: IO[Any]
    ) -> None:
        self.returncode: int | None = None
        self._keeper = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._keeper.connect(_oven())
        request = json.dumps({"words": [*words], "env": {**env}, "cwd": str(cwd)}).encode()
        socket.send_fds(self._keeper, [len(request).to_bytes(4)], [stdout.fileno(), stderr.fileno()])
        self._keeper.sendall(request)
        self.pid = int.from_bytes(_exactly(self._keeper, 4))

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, negative for a signal; raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._keeper, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("ocpp-soap", timeout or 0)
            self.returncode = int.from_bytes(_exactly(self._keeper, 4), signed=True)
            self._keeper.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Tells it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self.send_signal(signal.SIGKILL)


def run(words: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """Runs `ocpp-soap` with these words to its end; what it said is in the result."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = Process(words, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode("utf-8"))
    return subprocess.CompletedProcess(["ocpp-soap", *words], code, *texts)


@cache
def _oven() -> str:
    """The socket of the process that forks; it ends with this one."""
    folder = tempfile.mkdtemp(prefix="ocpp-warm-")
    path = f"{folder}/socket"
    command = [sys.executable, "-m", "tests.warm", path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    assert process.stdin is not None
    assert process.stdout is not None
    assert b"warm\n" == process.stdout.readline()
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return path


def _exactly(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := peer.recv(size - len(data))):
            raise AssertionError("the process that keeps an ocpp-soap has ended")
        data += more
    return data


def _serve(path: str) -> list[str]:
    """Forks whenever it is asked to; returns the words in the process that shall obey them."""
    for module in pkgutil.walk_packages(importlib.import_module("ocpp_soap").__path__, "ocpp_soap."):
        if not any(part in module.name for part in NOT_BEFORE_ASKED):
            importlib.import_module(module.name)
    for name in BESIDES:
        importlib.import_module(name)
    # What was imported is shared with all of them: nobody looks through it for garbage.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, selectors.DefaultSelector() as selector:
        listener.bind(path)
        listener.listen(64)
        selector.register(listener, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        os.write(1, b"warm\n")
        while True:
            ready = [key.fd for key, _ in selector.select()]
            if 0 in ready:  # whoever started this has ended
                os.unlink(path)
                os.rmdir(os.path.dirname(path))
                os._exit(0)
            peer, _ = listener.accept()
            if os.fork() == 0:
                break
            peer.close()
    return _keep(peer)


def _keep(peer: socket.socket) -> list[str]:
    """Stays beside the new process to tell what becomes of it; returns in that process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, fds, _, _ = socket.recv_fds(peer, 4, 2)
    request = json.loads(_exactly(peer, int.from_bytes(size)))
    pid = os.fork()
    if pid:
        for fd in fds:
            os.close(fd)
        peer.sendall(pid.to_bytes(4))
        _, status = os.waitpid(pid, 0)
        peer.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, signed=True))
        os._exit(0)
    peer.close()
    os.setsid()
    for target, fd in zip((0, 1, 2), (os.open(os.devnull, os.O_RDONLY), *fds), strict=True):
        os.dup2(fd, target)
        os.close(fd)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    words: list[str] = request["words"]
    return words


if __name__ == "__main__":
    sys.argv = ["ocpp-soap", *_serve(sys.argv[1])]
    from ocpp_soap.cli.main import main

    main()
