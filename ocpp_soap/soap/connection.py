"""Connections that check whom they call, count what they send, and never wait longer than they may.

Built on urllib3's connection classes, beneath any pool, proxy, retry or redirect. Knows sockets and TLS, no message.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

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


class Tried(NamedTuple):
    """An address that was to be connected to; `refused` is the guard's reason, `error` why no connection came about."""

    ip: str
    refused: str | None = None
    error: OSError | None = None


@dataclass(slots=True)
class Trace:
    """What one call met on its way: `tls` and `certificate` (DER) once a handshake is done, `status` and `location`
    once there is an answer."""

    tried: list[Tried] = field(default_factory=list)
    tls: str | None = None
    certificate: bytes | None = None
    status: str | None = None
    location: str | None = None

    @property
    def connected(self) -> bool:
        """Whether a connection stood."""
        return bool(self.tried) and self.tried[-1].refused is None and self.tried[-1].error is None


class Progress:
    """How much of one request has left, and how long its call may still take; it leaves its trace."""

    def __init__(self, limits: Limits, trace: Trace | None = None) -> None:
        self.limits = limits
        self.ends = time.monotonic() + limits.total
        self.written = 0
        self.trace = trace or Trace()

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


class TlsSocket(_Watched, ssl.SSLSocket):
    """What a context for these connections makes its sockets of (`tls.Contexts`)."""


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
        tried = self.progress.trace.tried
        for at, (family, place) in enumerate(found):
            if reason := self._refusal(place):
                refused = reason
                tried.append(Tried(place[0], refused=reason))
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
                tried.append(Tried(place[0], error=error))
            else:
                tried.append(Tried(place[0]))
                return sock
        if failed is not None:
            raise failed
        raise NotTransmitted(f"this address may not be called: {refused}", trouble="not-allowed")

    def _refusal(self, place: tuple[Any, ...]) -> str | None:
        if self.guard is None:
            return None
        ip = ipaddress.ip_address(place[0].partition("%")[0])
        return self.guard.check(getattr(ip, "ipv4_mapped", None) or ip, self.port, self.scheme)


class _Plain(_Guarded, HTTPConnection):
    scheme = "http"


class _Tls(_Guarded, HTTPSConnection):
    scheme = "https"
    pin: str | None

    def connect(self) -> None:
        super().connect()
        trace, certificate = self.progress.trace, self.sock.getpeercert(True) or b""
        trace.tls, trace.certificate = self.sock.version(), certificate
        found = hashlib.sha256(certificate).hexdigest()
        if self.pin is not None and found != self.pin.replace(":", "").lower():
            words = f"the certificate is not the pinned one: the SHA-256 of this one is {found}"
            raise NotTransmitted(words, trouble="wrong-pin")


def _resolved(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    """The family and socket address of each address of that name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NotTransmitted(f"the name {host} can't be resolved: {error.strerror}", trouble="unresolved") from error
    except UnicodeError as error:
        raise NotTransmitted(f"{host[:80]} can't be the name of a host", trouble="unresolved") from error
    return [(family, place) for family, _, _, _, place in found]


def connection(
    scheme: str,
    host: str,
    port: int,
    *,
    guard: Guard | None,
    progress: Progress,
    tls: ssl.SSLContext | None,
    pin: str | None = None,
) -> HTTPConnection:
    """A connection that is not open yet; https needs `tls`, a context of `tls.Contexts`.

    With `pin`, the SHA-256 of a certificate in hexadecimal, it connects to whoever shows that one and to nobody else.
    """
    made: _Plain | _Tls
    if scheme == "http":
        made = _Plain(host, port)
    else:
        made = _Tls(host, port, ssl_context=tls)
        made.pin = pin
    made.guard = guard
    made.progress = progress
    return made
