"""Reads a stored message once more: what it says in the newest words, and how it had to be read, without any effect.

Requests and answers of both directions. It takes the same steps as `exchange` and `answers`, from the bytes to the
newest words, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from ..central.records import Exchange, Flags, Json
from ..errors import Problem, ProtocolError
from ..protocol.catalog import Catalog
from ..protocol.dialects import Side, upgrade
from ..protocol.dialects_tables import DIALECTS, Part
from ..protocol.reading import Flag, read
from ..protocol.schema import Operation, Service
from . import addressing, content, envelope, faults
from .markup import Document
from .ns import local, namespace

# A hostile message could make a flag of each of its elements.
MOST_FLAGS = 200

_LATIN = "iso8859-1"
SOAP_TYPE = "application/soap+xml"


@dataclass(slots=True)
class Reread:
    """What a message says: its `payload` in the newest words, or the `fault` that it is, or why it is `unreadable`.

    `flags` are the tolerances and mapped words, `renamed` the fields that the newest version calls otherwise,
    `problems` what is missing of a payload; `identity` stands in its header; `element` is the name in its body, None of
    what is no SOAP message.
    """

    unreadable: str | None = None
    element: str | None = None
    identity: str | None = None
    payload: Json | None = None
    fault: faults.Fault | None = None
    flags: list[Flag] = field(default_factory=list)
    renamed: list[Flag] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Rereader:
    """Reads the messages of the journal by the services of the catalog."""

    catalog: Catalog

    @cached_property
    def _identity_tags(self) -> frozenset[str]:
        services = (version.central_system for version in self.catalog.versions.values())
        return frozenset(f"{{{service.namespace}}}{service.header}" for service in services)

    def read(self, exchange: Exchange, side: Side) -> Reread | None:
        """The request or the response of an exchange; None when there is none."""
        raw = exchange.request if side == "request" else exchange.answer
        if raw is None:
            return None
        found = Reread()
        try:
            message = envelope.parse(raw, content_type(exchange, side), found.flags)
        except ProtocolError as error:
            found.unreadable = error.text
            return found
        noted = found.flags if (exchange.direction, side) == ("in", "request") else []
        found.identity = addressing.read(message.blocks, self._identity_tags, noted).identity
        if message.content is None:
            found.element, found.unreadable = "", "The SOAP Body is empty."
            return found
        found.element = local(message.content.tag)
        found.fault = faults.parse_fault(message.content)
        if found.fault is None:
            self._say(found, exchange, side, message.content)
        del found.flags[MOST_FLAGS:]
        return found

    def _say(self, found: Reread, exchange: Exchange, side: Side, element: etree._Element) -> None:
        """Fills in what a message says that is no fault."""
        name, space = local(element.tag), namespace(element.tag)
        version = self.catalog.versions.get(exchange.version or "") or self.catalog.version_of(space)
        if version is None and space is not None:
            found.unreadable = f"the namespace {space[:200]} is that of no version."
            return
        version = version or self.catalog.newest
        service = version.central_system if exchange.direction == "in" else version.charge_point
        operation = _operation(service, exchange, side, name)
        if operation is None:
            found.unreadable = f"{name[:80]} is no {side} of the {service.name} of OCPP {service.version}."
            return
        type_ = (operation.input if side == "request" else operation.output).type
        notes = content.Notes(found.flags)
        said = content.read_body(element, content.Shape(type_, service.namespace), notes)
        reading = read(said, notes.understood or type_)
        found.payload, mapped = upgrade(service.version, operation.name, side, reading.payload)
        found.flags += reading.flags + mapped
        found.problems = reading.problems
        if (dialect := DIALECTS.get(service.version)) is not None:
            part = (dialect.requests if side == "request" else dialect.responses).get(operation.name, Part())
            found.renamed = list(dict.fromkeys(_renamed(part, reading.payload, "", self.catalog.newest.name)))


def _operation(service: Service, exchange: Exchange, side: Side, element: str) -> Operation | None:
    """The operation whose element this is; an answer may be named otherwise."""
    if side == "request":
        return service.by_request.get(element.lower())
    named = (op for op in service.operations.values() if op.output.element.lower() == element.lower())
    return next(named, service.operations.get(exchange.operation or ""))


def _renamed(part: Part, payload: Json, path: str, newest: str) -> Iterator[Flag]:
    """The fields that have another name, or another shape, in the newest version."""
    for name in dict.fromkeys((*part.names, *part.shapes, *part.inner)):
        older = part.names.get(name, name)
        if (value := payload.get(older)) is None:
            continue
        if name in part.names:
            yield Flag(path + older, None, f"{name}, as OCPP {newest} calls it")
        elif name in part.shapes:
            yield Flag(path + older, None, f"in the shape that OCPP {newest} gives it")
        if (inner := part.inner.get(name)) is not None:
            items = part.shapes[name].up(value, "") if name in part.shapes else (("", item) for item in value)
            for _, item in items:
                yield from _renamed(inner, item, f"{path}{older}.", newest)


def content_type(exchange: Exchange, side: Side) -> str | None:
    """The content type of what a station sent, where the flags tell of an encoding that it had to name."""
    sent = (exchange.direction, side) in (("in", "request"), ("out", "response"))
    latin = any((flag.get("path"), flag.get("assumed")) == ("Envelope", _LATIN) for flag in exchange.flags)
    return f"{SOAP_TYPE}; charset={_LATIN}" if sent and latin else None


def document(exchange: Exchange, side: Side) -> Document:
    """A message as it is spelled; raises `ProtocolError` when it is no SOAP message that can be parsed."""
    raw = (exchange.request if side == "request" else exchange.answer) or b""
    type_ = content_type(exchange, side)
    envelope.parse(raw, type_)
    return Document(raw, type_)


def missing(flags: Flags, found: Iterable[Flag]) -> Flags:
    """Those of the flags that reading a message did not bring up."""
    known = [flag.as_dict() for flag in found]
    return [flag for flag in flags if flag not in known]
