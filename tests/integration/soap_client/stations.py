"""A station for these tests: a real server on 127.0.0.1 that keeps each request's bytes and answers as it is told."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from lxml import etree

from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap.client import Answered, SoapCaller

SOAP = "http://www.w3.org/2003/05/soap-envelope"
Act = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Request:
    """One HTTP request: its first line, its headers as sent, its body."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Station:
    """Serves until it is closed; `act` gets the connection once the request is read (or at once: `listens` False)."""

    act: Act = field(default=lambda _: None)
    listens: bool = True
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listener = socket.create_server((self.host, 0), family=family)
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/station"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Ends the server and whatever it does for a connection."""
        self.closed.set()
        self.listener.close()

    def silence(self, _connection: socket.socket) -> None:
        """Never answers."""
        self.closed.wait(30)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(30)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                if self.listens:
                    self.requests.append(_read(connection))
                self.act(connection)


def _read(connection: socket.socket) -> Request:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, body = data.split(b"\r\n\r\n", 1)
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (text.partition(":") for text in rest)]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    while len(body) < length:
        body += _some(connection)
    return Request(line, headers, body)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise OSError("the caller went away")
    return data


def answer(body: bytes, status: str = "200 OK", **headers: str) -> Act:
    """Answers with that body, a Content-Length and those headers (`Content_Type` for Content-Type)."""
    fields = {"Content-Type": "application/soap+xml; charset=utf-8", "Content-Length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return raw(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)


def raw(data: bytes) -> Act:
    """Answers with these bytes and closes the connection."""
    return lambda connection: connection.sendall(data)


def cut(connection: socket.socket) -> None:
    """Ends the connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset(caller: SoapCaller, address: str) -> Answered:
    """One call of a station."""
    return caller.call(address, "CP", "Reset", {"type": "Soft"}, from_address="http://cs.example/ocpp")


def confirmation(service: Service, operation: str, inner: str = "<c:status>Accepted</c:status>") -> bytes:
    """The envelope of a confirmation; `inner` uses the prefix c for the service's namespace."""
    name = service.operations[operation].output.element
    body = f'<c:{name} xmlns:c="{service.namespace}">{inner}</c:{name}>'
    return f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


def schema(service: Service) -> etree.XMLSchema:
    """The XML Schema inside a service's WSDL."""
    found = etree.parse(str(service.path)).find(".//{http://www.w3.org/2001/XMLSchema}schema")
    assert found is not None
    return etree.XMLSchema(etree.fromstring(etree.tostring(found)))
