"""Connections that check whom they call, count what they send, and never wait longer than they may.

Built on urllib3's connection classes, beneath any pool, proxy, retry or redirect. Knows sockets and TLS, no message.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from urllib3.connection import HTTPConnection, HTTPSConnection

from ..errors import NotTransmitted

if TYPE_CHECKING:
    _SocketBase: TypeAlias = socket.socket
    _ConnectionBase: TypeAlias = HTTPConnection
else:
    _SocketBase = _ConnectionBase = object


class Guard(Protocol):
    """Says which addresses may be called (`central.callback.CallbackGuard` is one)."""

    def check(self, ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, scheme: str) -> str | None:
        """The reason why this address may not be called, or None when it may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the connection (and again for TLS), for each wait for the peer, for all of it; bytes of an answer."""

    connect: float
    read: float
    total: float
    answer: int


class Progress:
    """How much of one request has left, and how long its call may still take."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.ends = time.monotonic() + limits.total
        self.written = 0

    def wait(self, at_most: float) -> float:
        """The seconds that the next step may take; raises TimeoutError when none are left."""
        if self.over:
            raise TimeoutError
        return min(max(self.ends - time.monotonic(), 0.001), at_most)

    @property
    def over(self) -> bool:
        """Whether all of the time is used up."""
        return time.monotonic() >= self.ends


class _Watched(_SocketBase):
    """A socket that counts what it sends and asks before each wait how long it may take."""

    progress: Progress | None = None  # none during the TLS handshake, which has the time of the connection

    def sendall(self, data: Any, flags: int = 0) -> None:
        view = memoryview(data).cast("B")
        while view:
            self._limit()
            sent = self.send(view, flags)
            if self.progress is not None:
                self.progress.written += sent
            view = view[sent:]

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self._limit()
        received: int = super().recv_into(buffer, nbytes or 0, flags)
        return received

    def _limit(self) -> None:
        if self.progress is not None:
            self.settimeout(self.progress.wait(self.progress.limits.read))


class _PlainSocket(_Watched, socket.socket):
    pass


class _TlsSocket(_Watched, ssl.SSLSocket):
    pass


class _Guarded(_ConnectionBase):
    """A connection to an address that is resolved once and checked: no second look-up can lead elsewhere."""

    scheme: str
    guard: Guard | None
    progress: Progress
    sock: Any

    def connect(self) -> None:
        super().connect()
        self.sock.progress = self.progress

    def _new_conn(self) -> socket.socket:
        found = _resolved(self._dns_host, self.port)
        connected_by = time.monotonic() + self.progress.limits.connect
        refused: str | None = None
        failed: OSError | None = None
        for at, (family, place) in enumerate(found):
            if reason := self._refusal(place):
                refused = reason
                continue
            sock = _PlainSocket(family, socket.SOCK_STREAM)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # Each address gets its share of the time, so that a dead one leaves some for the next.
                share = (connected_by - time.monotonic()) / (len(found) - at)
                sock.settimeout(self.progress.wait(max(share, 0.001)))
                sock.connect(place)
                sock.settimeout(self.progress.wait(self.progress.limits.connect))
            except OSError as error:
                sock.close()
                failed = error
            else:
                return sock
        if failed is not None:
            raise failed
        raise NotTransmitted(f"this address may not be called: {refused}")

    def _refusal(self, place: tuple[Any, ...]) -> str | None:
        if self.guard is None:
            return None
        ip = ipaddress.ip_address(place[0].partition("%")[0])
        return self.guard.check(getattr(ip, "ipv4_mapped", None) or ip, self.port, self.scheme)


class _Plain(_Guarded, HTTPConnection):
    scheme = "http"


class _Tls(_Guarded, HTTPSConnection):
    scheme = "https"


def _resolved(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    """The family and socket address of each address of that name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NotTransmitted(f"the name {host} can't be resolved: {error.strerror}") from error
    except UnicodeError as error:
        raise NotTransmitted(f"{host[:80]} can't be the name of a host") from error
    return [(family, place) for family, _, _, _, place in found]


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A context that trusts the system's authorities, or those of the file alone; dear, so made once."""
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = _TlsSocket
    return context


def connection(
    scheme: str, host: str, port: int, *, guard: Guard | None, progress: Progress, tls: ssl.SSLContext | None
) -> HTTPConnection:
    """A connection that is not open yet; `tls` comes from `tls_context` and is needed for https alone."""
    made = _Plain(host, port) if scheme == "http" else _Tls(host, port, ssl_context=tls)
    made.guard = guard
    made.progress = progress
    return made
