"""Two gateways behind the nginx of deploy/: one restarts or is killed, and no station notices."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import need

from .gateway import Gateway, free_port, running
from .test_nginx import PROXY, Front, certificate, message, proxied, site
from .wire import fresh_database

pytestmark = pytest.mark.xdist_group("nginx")

__all__ = ["certificate"]

STATIONS = 6


@dataclass
class Node:
    """One of the gateways, which can be started again at the same port."""

    folder: Path
    database: str
    port: int

    @contextmanager
    def run(self) -> Iterator[Gateway]:
        """Runs it until the end of the block."""
        with running(self.folder, self.database, self.port, TRUSTED_PROXIES=PROXY, WORKERS="1") as gateway:
            yield gateway


def beat(front: Front, number: int, stop: threading.Event, seen: Counter[int]) -> None:
    """A station that sends one message after another."""
    while not stop.is_set():
        seen[front.post(message("Heartbeat", f"ROLL-{number}")).status] += 1


def until(seen: Counter[int], more: int) -> None:
    """Waits until so many more messages were answered."""
    goal, pause = seen.total() + more, threading.Event()
    while seen.total() < goal:
        pause.wait(0.02)


def test_no_message_is_lost_while_one_gateway_restarts_or_is_killed(
    postgresql_url: str, tmp_path: Path, certificate: Path
) -> None:
    """Each is answered with 200: by the other gateway where the first one can't, also when it was sent already."""
    need("nginx")
    database = fresh_database("postgresql", postgresql_url, tmp_path, "nginx_failover")
    nodes = [Node(tmp_path / name, database, free_port()) for name in ("one", "two")]
    port, stop, seen = free_port(), threading.Event(), Counter[int]()
    with ExitStack() as stack:
        gateways = [stack.enter_context(node.run()) for node in nodes]
        folder = stack.enter_context(proxied(port, site(port, gateways[0], certificate, None, gateways[1])))
        front = Front(f"https://{PROXY}:{port}/ocpp", certificate, gateways[0], folder)
        threads = [threading.Thread(target=beat, args=(front, n, stop, seen)) for n in range(STATIONS)]
        for thread in threads:
            thread.start()
        try:
            until(seen, 50)
            for node, gateway, number in zip(nodes, gateways, (signal.SIGTERM, signal.SIGKILL), strict=True):
                os.killpg(gateway.process.pid, number) if number == signal.SIGKILL else gateway.process.terminate()
                gateway.process.wait(60)
                until(seen, 100)
                stack.enter_context(node.run())
                until(seen, 50)
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
    assert {200} == set(seen), seen
