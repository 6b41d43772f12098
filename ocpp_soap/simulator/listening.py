"""A small HTTP server in a thread: what a simulated charge point, or a gateway in a test, listens with.

It knows WSGI and no SOAP.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .errors import NotPossible

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)


class Listening:
    """Serves a WSGI application on the first of `ports` that is free (0: any), from now on until `close`.

    Each connection has a thread of its own. Raises `NotPossible` where no port is free, or the host is not ours.
    """

    def __init__(self, application: WSGIApplication, host: str, ports: Sequence[int], name: str) -> None:
        self._server = _server(application, host, ports)
        self.port = self._server.port
        self._thread = Thread(target=self._server.serve_forever, name=f"{name} server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends listening; what is being answered ends by itself."""
        # Wakes the server, which else looks for its end every half second (as it does where this can't be done).
        with suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._thread.join()

    def refuse(self) -> socket.socket:
        """Ends listening as well, but keeps the port, where whoever calls is refused, until what is given is closed."""
        held = self._server.socket.dup()
        where = held.getsockname()
        self.close()
        with suppress(
            OSError
        ):  # it has it still, unless the system had chosen it: then it is taken again, by its number
            held.bind(where)
            held.listen()
            held.shutdown(socket.SHUT_RDWR)
        # Nobody may share the port now, as those may that look for a free one.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        return held


def _server(application: WSGIApplication, host: str, ports: Sequence[int]) -> BaseWSGIServer:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    why = "none is given"
    for port in ports:
        try:
            # Not left to the server, which would end the process. Only who may listen has the port: several may bind.
            with socket.create_server((host, port), family=family) as ours:
                return make_server(host, port, application, threaded=True, request_handler=_Quiet, fd=ours.fileno())
        except OSError as error:
            why = str(error.strerror)
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                break
    said = " to ".join(map(str, dict.fromkeys([*ports[:1], *ports[-1:]])))
    raise NotPossible(f"can't listen on {host}, port {said}: {why}")


class _Quiet(WSGIRequestHandler):
    """Tells nothing on the terminal."""

    def log(self, *said: Any) -> None:
        logger.debug("%s", said)
