"""Many charge points behind one real server, for what goes to all of them: what each was told, and when it may answer.

They know DataTransfer alone; its data is what a test tells them apart by.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server, socket
from typing import Any

from lxml import etree

from ocpp_soap.central.ports import Work

ANSWER = """<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
<Header><a:Action>/DataTransferResponse</a:Action><a:RelatesTo>{}</a:RelatesTo></Header>
<Body><dataTransferResponse xmlns="{}"><status>Accepted</status></dataTransferResponse></Body></Envelope>"""


@dataclass
class Fleet:
    """What each was told, by its identity, in order; `slow` holds a message back for as long as it says so."""

    slow: Callable[[str, str], bool] = lambda identity, data: False
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    held: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""

    def hear(self, identity: str, data: str) -> None:
        """A message has come; returns when it is to be answered."""
        with self.changed:
            self.told[identity].append(data)
            self.held += 1
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: not self.slow(identity, data), 60)
            self.held -= 1

    def wait_until_held(self, number: int) -> None:
        """Until so many of them are holding something back."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.held >= number, 60)

    def let_go(self) -> None:
        """From now on everything is answered at once."""
        with self.changed:
            self.slow = lambda identity, data: False
            self.changed.notify_all()

    def register(self, work: Work, identity: str, at: datetime, url: str | None = None) -> None:
        """Makes one known, to be called here or elsewhere."""
        point = work.charge_points.register(identity, "Accepted", at)
        address = f"{url or self.url}{identity}"
        work.charge_points.set_callback(point.id, address, None, "operator", None, at - timedelta(seconds=1))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fleet: Fleet

    def do_POST(self) -> None:
        request = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        body = request.find("{*}Body")
        assert body is not None
        self.fleet.hear(self.path.strip("/"), body.findtext(".//{*}data") or "")
        namespace = etree.QName(body[0]).namespace
        answer = ANSWER.format(request.findtext("{*}Header/{*}MessageID"), namespace).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: Any) -> None:
        """Whoever called has gone: a worker was killed."""


@contextmanager
def fleet(slow: Callable[[str, str], bool] = lambda identity, data: False) -> Iterator[Fleet]:
    """A fleet that can be called."""
    one = Fleet(slow)
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"fleet": one})) as server:
        one.url = f"http://127.0.0.1:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield one
        finally:
            one.let_go()
            server.shutdown()


@contextmanager
def silent() -> Iterator[str]:
    """Where connections are accepted and nothing is ever answered."""
    with create_server(("127.0.0.1", 0), backlog=256) as listener:
        assert isinstance(listener, socket)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
