"""Bounds how long a peer may take to send one message: a sender that trickles must not hold a thread for ever.

A limit on each read does not see it, since every byte begins a new one. It knows sockets and no HTTP.
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
    """Ends the reading side of sockets that have been waited for longer than `seconds`; what follows reads an end."""

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
            limit = time.monotonic() - self._seconds
            for peer, since in list(self._since.items()):
                if since < limit:
                    with suppress(OSError):
                        peer.shutdown(socket.SHUT_RD)
