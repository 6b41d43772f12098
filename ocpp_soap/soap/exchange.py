"""One message from its bytes to its answer: guard, envelope, version, identity, operation, Spyne, rendering.

It flows like this. `Reception.answer` takes the message apart and hands the body element to Spyne, whose protocol
reads it into nested text (`content`) and calls the operation's service method: `Exchange.serve`. That types the text
(`protocol.reading`), turns it into the newest version's words (`protocol.dialects`) and calls
`receive(call, payload, render)`. `render` is a method of the same exchange and uses the same Spyne context, so an
answer is serialized, checked against the schema and made bytes while the receiver's transaction is still open, and
again should the receiver run its transaction again. It knows no HTTP and no store.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from lxml import etree

from ..central.authentication import Credentials
from ..central.call import Call, Render, Reply
from ..central.records import Json
from ..errors import Fault, IdentityMismatch, InternalError, NotSupported, ProtocolError, VersionMismatch
from ..protocol.dialects import downgrade, upgrade
from ..protocol.reading import Flag, read
from ..protocol.schema import Operation, Service
from ..protocol.writing import to_text
from . import addressing, content, envelope, faults, models, ns
from .strict import Strict

log = logging.getLogger(__name__)

Receive = Callable[[Call, Json | Fault, Render], Reply]
"""Decides on a request, or on the fault that the message already is, and gives the reply that `render` made."""

KEPT_UNREAD = 64 * 1024
"""How many bytes are kept of a message that could not be parsed."""

MAX_FLAGS = 200
"""How many tolerances are kept of one message; what it really said stands in the journal."""


class Contract(NamedTuple):
    """A service with what is made of it at start."""

    service: Service
    spyne: models.Server
    schema: etree.XMLSchema
    strict: Strict


class Arrival(NamedTuple):
    """A message as the transport has it: what gives its bytes, identity and secret in its path, what its sender shows.

    `body` and `path` may raise a `Fault`; `credentials` takes the secret.
    """

    body: Callable[[list[Flag]], bytes]
    content_type: str | None
    path: Callable[[list[Flag]], tuple[str | None, str | None]]
    peer: str | None
    credentials: Callable[[str | None, list[Flag]], Credentials]


class Reception:
    """What serves every message: the contracts, newest first, and whoever receives."""

    def __init__(
        self,
        services: Sequence[Service],
        receive: Receive,
        *,
        public_url: Callable[[], str],
        fault_status: str,
        clock: Callable[[], datetime],
        other_namespaces: Mapping[str, str],
        version_of_station: Callable[[str], str | None] | None,
    ) -> None:
        self.contracts = [Contract(s, models.Server(s, _serve), models.schema(s), Strict(s)) for s in services]
        self.receive = receive
        self.public_url = public_url
        self.fault_status = fault_status
        self.clock = clock
        self._version_of_station = version_of_station
        self._by_version = {c.service.version: c for c in self.contracts}
        self.identity_tags = frozenset(f"{{{s.namespace}}}{s.header}" for s in services)
        self._others = other_namespaces
        self._exact = {c.service.namespace: c for c in self.contracts}
        known = {space: self._by_version[v] for space, v in other_namespaces.items() if v in self._by_version}
        self._tolerated = {space.rstrip("/").lower(): c for space, c in (known | self._exact).items()}

    def answer(self, arrival: Arrival) -> tuple[Reply, Exchange]:
        """The reply to a message, and how it came about."""
        exchange = Exchange(self, Call("", "", "", self.clock(), arrival.peer))
        try:
            element, operation = exchange.open(arrival)
            exchange.contract.spyne.call(operation, element, exchange)
        except Fault as fault:
            exchange.receive(fault)
        except Exception:
            log.exception("a message can't be read")
        # Spyne logs what a service method raises, and swallows it.
        return exchange.reply or exchange.receive(InternalError("")), exchange

    def refuse(self, fault: Fault, identity: str, peer: str | None, what: str, shown: Credentials) -> Reply:
        """The reply to a request that is no message at all: `what` it is stands in the place of an operation."""
        call = Call(identity, "", what, self.clock(), peer, credentials=shown)
        return Exchange(self, call).receive(fault)

    def contract(self, namespace: str | None, identity: str | None, flags: list[Flag]) -> Contract:
        """The contract for a body in `namespace` (soap-binding decision 1); raises `ProtocolError` for none."""
        exact = self._exact.get(namespace or "")
        if exact is not None:
            return exact
        if namespace is None:
            version = self._version_of_station(identity) if self._version_of_station and identity else None
            found = self._by_version.get(version or "", self.contracts[0])
        else:
            tolerated = self._tolerated.get(namespace.rstrip("/").lower())
            if tolerated is None:
                known = ", ".join(self._exact)
                raise ProtocolError(f"The namespace {namespace[:200]!r} of the body is not known; known are {known}.")
            found = tolerated
        flags.append(Flag("Body", namespace, found.service.namespace, self._oddity_of(namespace)))
        return found

    def _oddity_of(self, namespace: str | None) -> str:
        if namespace is None:
            return "body-without-namespace"
        return "body-in-cp-namespace" if namespace in self._others else "namespace-spelling"


class Exchange:
    """One message on its way; Spyne's context carries it as its user-defined part."""

    __slots__ = ("_context", "_operation", "_reception", "call", "contract", "notes", "reply", "soap")

    def __init__(self, reception: Reception, call: Call) -> None:
        self._reception = reception
        self._context: Any = None
        self._operation: Operation | None = None
        self.call = call
        self.contract = reception.contracts[0]
        self.notes = content.Notes(call.flags)
        self.soap: str | None = None
        self.reply: Reply | None = None

    def open(self, arrival: Arrival) -> tuple[etree._Element, Operation]:
        """The body element and its operation; fills the call on the way. Raises a `Fault` for what can't be told."""
        call = self.call
        message, path_identity, misplaced = self._unwrapped(arrival)
        self.soap = message.soap
        element = message.content
        namespace = None if element is None else ns.namespace(element.tag)
        header = addressing.read(message.blocks, self._reception.identity_tags, call.flags)
        call.message_id, call.callback = header.message_id, header.callback
        unidentified: Fault | None = None
        try:
            call.identity = addressing.identify(header.identity, path_identity, call.flags)
        except Fault as fault:
            unidentified = fault
            call.identity = (header.identity or "") if isinstance(fault, IdentityMismatch) else ""
        if misplaced is not None:
            raise misplaced
        if message.soap not in (ns.SOAP12, None):
            raise VersionMismatch("OCPP is spoken in SOAP 1.2, namespace " + ns.SOAP12)
        if element is None:
            raise ProtocolError("The SOAP Body is empty: expected a request such as heartbeatRequest.")
        self.contract = self._reception.contract(namespace, call.identity or None, call.flags)
        call.version = self.contract.service.version
        if unidentified is not None:
            raise unidentified
        operation = self._operation_of(ns.local(element.tag))
        if header.action is not None and header.action != operation.input.action:
            call.flag("Action", header.action, operation.input.action, "action-mismatch")
        call.violation = partial(self.contract.strict.violation, element, call.flags)
        return element, operation

    def _unwrapped(self, arrival: Arrival) -> tuple[envelope.Message, str | None, Fault | None]:
        """The parsed envelope, the identity in the path, and the fault for a path where nothing is.

        That one is told when it is known whose message it is.
        """
        call, misplaced, identity, secret = self.call, None, None, None
        # The body goes first: a client that is still sending would not read the answer to a wrong path.
        call.raw = arrival.body(call.flags)
        try:
            identity, secret = arrival.path(call.flags)
        except Fault as fault:
            misplaced = fault
        call.credentials = arrival.credentials(secret, call.flags)
        try:
            return envelope.parse(call.raw, arrival.content_type, call.flags), identity, misplaced
        except Fault as fault:
            call.raw = call.raw[:KEPT_UNREAD]
            with suppress(Fault):
                call.identity = addressing.identify(None, identity, [])
            raise misplaced or fault from None

    def _operation_of(self, name: str) -> Operation:
        operation = self.contract.service.by_request.get(name.lower())
        if operation is None:
            service = self.contract.service
            raise NotSupported(f"{name[:80]} is no request to the {service.name} of OCPP {service.version}.")
        if operation.input.element != name:
            self.call.flag("Body", name, operation.input.element, "operation-name-case")
        self._operation = operation
        self.call.operation = operation.name
        return operation

    def serve(self, context: Any, request: Json) -> None:
        """The body of every service method: the request's nested text becomes typed, in the newest words."""
        assert self._operation is not None
        self._context = context
        reading = read(request, self.notes.understood or self._operation.input.type)
        call = self.call
        payload, notes = upgrade(call.version, call.operation, "request", reading.payload)
        call.sent = request
        call.flags += reading.flags + notes
        call.problems += reading.problems
        self.receive(payload)

    def receive(self, request: Json | Fault) -> Reply:
        """Hands the request over and keeps the reply; what goes wrong there becomes a fault that tells nothing."""
        if len(flags := self.call.flags) > MAX_FLAGS:
            flags[MAX_FLAGS:] = [Flag("Body", None, f"{len(flags) - MAX_FLAGS} more, not kept")]
        try:
            self.reply = self._reception.receive(self.call, request, self.render)
        except Fault as fault:
            self.reply = self.render(fault)
        except Exception:
            log.exception("%s of %r failed", self.call.operation or "a message", self.call.identity)
            self.reply = self.render(InternalError(""))
        return self.reply

    def render(self, result: Json | Fault) -> Reply:
        """The reply that says `result`, of the newest version's words, in those of the request.

        Raises `InternalError` for a payload that the schema does not allow.
        """
        reception, call = self._reception, self.call
        url = reception.public_url()
        if isinstance(result, Fault):
            headers = call.profile.headers
            body = faults.write(result, self.contract.service.namespace, call.message_id, url, self.soap, headers)
            status = faults.status_of(result, call.profile.fault_status or reception.fault_status)
            return Reply(status, body, faults.subcode_of(result), ns.FAULT_ACTION, result.retry_after)
        assert self._operation is not None
        try:
            said, notes = downgrade(call.version, call.operation, "response", result)
            message = self._confirmation(said, self._operation)
        except Exception as error:
            log.exception("the answer to %s of %r can't be sent", call.operation, call.identity)
            raise InternalError("") from error
        call.flags += notes
        action = self._operation.output.action
        if (header := addressing.header(action, call.message_id, url, call.profile.headers)) is not None:
            message.insert(0, header)
        return Reply(200, faults.DECLARATION + etree.tostring(message, encoding="utf-8"), "answered", action)

    def _confirmation(self, payload: Json, operation: Operation) -> etree._Element:
        """The envelope with the response in its body; raises ValueError when the schema does not allow it."""
        fields = operation.output.type.by_name
        if unknown := payload.keys() - fields.keys():
            raise ValueError(f"{operation.output.element} has no {sorted(unknown)}")
        values = to_text(payload)
        message = self.contract.spyne.serialize(self._context, [values.get(name) for name in fields])
        schema = self.contract.schema
        if not schema.validate(message[0][0]):
            raise ValueError(str(schema.error_log))
        return message


def _serve(context: Any, request: Json) -> None:
    context.udc.serve(context, request)
