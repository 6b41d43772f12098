"""Bounds how long a peer may take for one message and its answer: one that trickles must not hold a thread for ever.

A limit on each read or write does not see it, since every byte begins a new one. It knows sockets and no HTTP.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# How often the slow ones are looked for (seconds).
ROUND = 1.0


class Patience:
    """Ends the reading side of sockets that have been waited for longer than `seconds`: what follows reads an end.

    After as long again the writing side is ended too, for a peer that does not take its answer.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[socket.socket, float] = {}

    def start(self) -> None:
        """Starts looking, in a thread of this process."""
        threading.Thread(target=self._look, name="patience", daemon=True).start()

    @contextmanager
    def waiting_for(self, peer: socket.socket) -> Iterator[None]:
        """While this lasts, `peer` is one of those that are watched."""
        self._since[peer] = time.monotonic()
        try:
            yield
        finally:
            self._since.pop(peer, None)

    def _look(self) -> None:
        while True:
            time.sleep(ROUND)
            now = time.monotonic()
            for peer, since in list(self._since.items()):
                if now - since > self._seconds:
                    with suppress(OSError):
                        peer.shutdown(socket.SHUT_RD if now - since < 2 * self._seconds else socket.SHUT_RDWR)
