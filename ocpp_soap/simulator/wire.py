"""The way between a simulated charge point and its Central System: SOAP both ways, by the gateway's own code.

Out by `soap.client`, in by `soap.server` on a small threaded HTTP server of its own, in the words of one version; its
charge point speaks the newest one's. What is dear (WSDLs, Spyne models, zeep's client) is made once for all charge
points of a process. It knows no state and decides nothing but who is meant.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Event
from typing import Any, Protocol, TypeVar

from werkzeug.wsgi import ClosingIterator

from ..errors import Fault, IdentityMismatch, InternalError, InvalidPayload, ProtocolError, Refused
from ..protocol import catalog
from ..protocol.dialects import upgrade
from ..protocol.reading import read
from ..protocol.validation import check
from ..soap.client import SoapCaller
from ..soap.server import SoapEndpoint
from ..soap.tls import Contexts
from .accent import Accent
from .faults import Answering, Faults
from .listening import Listening

Payload = dict[str, Any]
Effect = Callable[[], object]
R = TypeVar("R")


class Listener(Protocol):
    """The charge point, as its wire sees it."""

    faults: Faults
    closing: Event

    @property
    def identity(self) -> str:
        """Its chargeBoxIdentity."""

    def receive(self, operation: str, request: Payload) -> tuple[Answering, Effect | None]:
        """Decides on a command: the answer, and what to do once that has left."""

    def attend(self) -> None:
        """A command begins to be answered."""

    def follow(self, effects: list[Effect]) -> None:
        """The answer has left, or was lost: now does what follows from the command, in another thread."""


class Wire(Protocol):
    """A way to a Central System and back."""

    def open(self, listener: Listener) -> str:
        """Begins to listen; returns the address for commands."""

    def call(self, operation: str, payload: Payload, *, with_from: bool = True) -> Payload:
        """Sends one request and returns its confirmation; raises `CallFailed`, or `Refused` before sending."""

    def close(self) -> None:
        """Ends listening."""


class Incoming(Protocol):
    """What is needed of the endpoint's call."""

    identity: str
    version: str
    operation: str
    sent: Mapping[str, Any]
    problems: list[Any]


class SoapWire:
    """SOAP over HTTP, or HTTPS with the authorities in `ca_file`, in one version of OCPP (default: the newest).

    It listens on `host` and the first free one of `ports` (0: any) and tells `address` in wsa:From, unless given the
    one it listens on. `message_ids` gives each wsa:MessageID, a UUID by default. Times in seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        version: str | None = None,
        host: str = "127.0.0.1",
        ports: Sequence[int] = (0,),
        address: str | None = None,
        message_ids: Callable[[], str] | None = None,
        ca_file: Path | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 25.0,
    ) -> None:
        self.url = url
        self.address = address or ""
        self._host, self._ports, self._message_ids = host, ports, message_ids
        self.version = version or catalog.load().newest.name
        self._caller = _caller(self.version, ca_file, connect_timeout, read_timeout)
        self._accent = Accent(self._caller.service, catalog.load().versions[self.version].charge_point)
        self._listener: Listener | None = None
        self._server: Listening | None = None
        self._held: socket.socket | None = None

    def open(self, listener: Listener) -> str:
        """Begins to listen, again where it did before; returns the address for commands."""
        self.close()
        self._listener = listener
        self._server = Listening(self._answer, self._host, self._ports, listener.identity)
        self._ports = [self._server.port]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.address = self.address or f"http://{host}:{self._server.port}/"
        return self.address

    def close(self) -> None:
        """Ends listening; what is being answered ends by itself."""
        for one in (self._server, self._held):
            if one is not None:
                one.close()
        self._server = self._held = None

    def refuse(self) -> None:
        """Ends listening, and keeps the port until it opens or closes: a caller is refused, and reaches nobody else."""
        if self._server is not None:
            self._held, self._server = self._server.refuse(), None

    def call(self, operation: str, payload: Payload, *, with_from: bool = True) -> Payload:
        """Sends one request and returns its confirmation; raises `CallFailed`, or `Refused` before sending."""
        if self._listener is None:
            raise RuntimeError("the wire is not open")
        if operation not in self._caller.service.operations:
            raise Refused(f"OCPP {self.version} has no {operation} from a charge point")
        checked = check(payload, catalog.load().newest.central_system.operations[operation].input.type)
        from_address = self.address if with_from else None
        identity, had = self._listener.identity, self._listener.faults.quirks
        url, transport = self._accent.of_request(had, self.url, identity, operation, checked)
        return self._caller.call(
            url,
            identity,
            operation,
            checked,
            from_address=from_address,
            transport=transport,
            message_id=self._message_ids and self._message_ids(),
        ).payload

    def _answer(self, request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application: the shared endpoint, with the faults that are switched on around it."""
        listener = self._listener
        assert listener is not None
        faults = listener.faults
        if faults.offline or faults.drop == "request":
            return _hang_up(request, start_response)
        if faults.drop == "silence":
            listener.closing.wait()
            return _hang_up(request, start_response)
        listener.attend()
        turn = _Turn(self, listener)
        token = _CURRENT.set(turn)
        try:
            say = self._accent.of_answers(faults.quirks, listener.identity, _endpoint(self.version))
            body = say(request, start_response)
        finally:
            _CURRENT.reset(token)
        how = turn.answering
        delay = None if how.drop == "silence" else max(faults.delay, how.delay)
        if delay != 0:
            listener.follow([])  # simulated time may pass meanwhile
            listener.closing.wait(delay)
            listener.attend()
        if how.drop or faults.drop == "answer" or faults.offline or listener.closing.is_set():
            body = _hang_up(request, start_response, again=True)
        return ClosingIterator(body, partial(listener.follow, turn.effects))


@dataclass(slots=True)
class _Turn:
    """Whose command it is, and what has been decided on it."""

    wire: SoapWire
    listener: Listener
    answering: Answering = field(default_factory=Answering)
    effects: list[Effect] = field(default_factory=list)


_CURRENT: ContextVar[_Turn] = ContextVar("current")
"""What the shared endpoint is answering in this thread."""


def _receive(call: Incoming, request: Payload | Fault, render: Callable[[Payload | Fault], R]) -> R:
    """What the endpoint asks; strict where the gateway is tolerant, so that its mistakes show."""
    turn = _CURRENT.get()
    listener = turn.listener
    if isinstance(request, Fault):
        return render(request)
    if call.identity.casefold() != listener.identity.casefold():
        raise IdentityMismatch(f"This charge point is {listener.identity}.")
    try:
        if call.problems:
            raise InvalidPayload(call.problems)
        type_ = catalog.load().versions[call.version].charge_point.operations[call.operation].input.type
        checked = check(read(call.sent, type_).payload, type_)
    except InvalidPayload as invalid:
        raise ProtocolError(str(invalid), path=invalid.problems[0].path) from invalid
    said = upgrade(call.version, call.operation, "request", checked)[0]
    turn.answering, effect = listener.receive(call.operation, said)
    answer = turn.answering.answer
    reply = render(InternalError("Never sent.") if answer is None else answer)
    if effect is not None:
        turn.effects.append(effect)
    return reply


@cache
def _caller(version: str, ca_file: Path | None, connect_timeout: float, read_timeout: float) -> SoapCaller:
    service = catalog.load().versions[version].central_system
    tls = Contexts(ca_file)
    return SoapCaller(service, tls=tls, connect_timeout=connect_timeout, read_timeout=read_timeout)


@cache
def _endpoint(version: str) -> SoapEndpoint:
    spoken = catalog.load().versions[version]
    others = {spoken.central_system.namespace: version}
    services = [spoken.charge_point]
    return SoapEndpoint(services, _receive, public_url=lambda: _CURRENT.get().wire.address, other_namespaces=others)


def _hang_up(request: dict[str, Any], start_response: Callable[..., Any], *, again: bool = False) -> Iterable[bytes]:
    """Closes the connection without a word."""
    with suppress(OSError):
        request["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    if not again:
        start_response("200 OK", [])
    return [b""]
