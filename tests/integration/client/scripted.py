"""An HTTP server on 127.0.0.1 that answers as a test has written down, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is answered: a value of JSON, or bytes as they are."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        """Writes it."""
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        handler.send_response(self.status)
        for name, value in {"Content-Length": str(len(content)), **self.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Takes the request and ends the connection without an answer."""
    handler.close_connection = True


@dataclass(frozen=True)
class Asked:
    """A request as it came, and from which connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: tuple[str, int]


@dataclass
class Scripted:
    """The server: `script` is answered in turn, its last line again and again."""

    url: str
    script: list[Answer | Callable[[BaseHTTPRequestHandler], None]]
    asked: list[Asked] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def answers(self, *script: Answer | Callable[[BaseHTTPRequestHandler], None]) -> Scripted:
        """Writes a new script."""
        self.script[:] = script
        self.asked.clear()
        return self

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers the next request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        asked = Asked(handler.command, handler.path, dict(handler.headers), body, handler.client_address)
        self.asked.append(asked)
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        line.give(handler) if isinstance(line, Answer) else line(handler)


@contextmanager
def scripted(tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A running server, by HTTPS with that context."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                self.raw_requestline = self.rfile.readline(65537)
            except OSError:  # who does not trust us hangs up
                self.raw_requestline = b""
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            server_side.take(self)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if tls is None else "https"
    server_side = Scripted(f"{scheme}://127.0.0.1:{server.server_port}", [Answer()])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server_side
    finally:
        server_side.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
