"""A crowd of stations that are called: the living answer by real SOAP, the dead in none of three ways.

Run as a program it answers for any number of living ones, each at a path of its own, and says on which port:
`python -m tests.bench.crowd`. One process of a few threads, so that the crowd leaves the processor to what is measured.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from ocpp_soap.protocol import catalog
from ocpp_soap.soap.server import SoapEndpoint
from tests.conftest import PROJECT

HOST = "127.0.0.1"
# What every operation that the bench sends may be answered with.
ANSWER = {"status": "Accepted"}


@contextmanager
def living() -> Iterator[str]:
    """The URL under which each path is a living station."""
    command = [sys.executable, "-m", "tests.bench.crowd"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            if not port:
                raise RuntimeError("the stations did not start")
            yield f"http://{HOST}:{port}/"
        finally:
            process.terminate()


@contextmanager
def dead() -> Iterator[list[str]]:
    """URLs of the dead: one refuses connections, one takes them and never answers, one does not even take them."""
    with ExitStack() as stack:

        def listener(backlog: int | None) -> socket.socket:
            made = stack.enter_context(closing(socket.socket()))
            made.bind((HOST, 0))
            if backlog is not None:
                made.listen(backlog)
            return made

        refusing, silent, full = listener(None), listener(1024), listener(0)
        # With its queue full the kernel drops what comes, as a host that is gone would.
        for _ in range(2):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield [f"http://{HOST}:{one.getsockname()[1]}/" for one in (refusing, silent, full)]


class _Quiet(WSGIRequestHandler):
    def log(self, *said: Any) -> None:
        """Nothing: a line for each message would cost more than the message."""


def main() -> None:
    """Answers until it is ended."""
    service = catalog.load().newest.charge_point
    endpoint = SoapEndpoint([service], lambda _call, _request, render: render(ANSWER), public_url=f"http://{HOST}/")
    server = make_server(HOST, 0, endpoint, threaded=True, request_handler=_Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
