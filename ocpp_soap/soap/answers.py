"""What a peer answered: from an HTTP exchange to typed values, flags, or the exception that says how it went.

Tolerant (soap-binding decisions 2 and 7, quirks C.5 and C.7): an answer belongs to its request because it came on the
same connection, whatever its headers say. It must not know how the request was made or sent.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from lxml import etree

from ..errors import ProtocolError, StationFault, Uncertain
from ..protocol import reading
from ..protocol.dialects import upgrade
from ..protocol.reading import Flag, Reading
from ..protocol.schema import ComplexType, Operation, Service
from . import addressing, content, envelope
from .faults import parse_fault
from .ns import local
from .transport import SENT, Exchange, kept

# Flags are stored with the command; a hostile answer could make one of each of its elements.
_MOST_FLAGS = 100

# What may be unreadable: whether a key is read-only, the one boolean of any answer, says nothing of its value.
_FORGIVEN = {"boolean-unreadable"}

# Nor does one unreadable item of a list, such as a key, say anything of the others.
_INSIDE = re.compile(r"\w+\[\d+\]")

_HINTS = {
    401: ("wants-password", "; the peer asks for a user and password"),
    403: ("forbidden", "; the peer forbids it"),
    404: ("no-path", "; is the path of its address right?"),
    405: ("no-path", "; is the path of its address right?"),
    501: ("no-path", "; is the path of its address right?"),
    502: ("gateway", "; a proxy does not reach what is behind it"),
    503: ("gateway", "; what is behind a proxy can't be reached, or is busy"),
    504: ("gateway", "; a proxy does not reach what is behind it"),
}

# How nginx, Apache and Go answer plain HTTP on a port of HTTPS.
_SENT_TO_TLS = (b"sent to https port", b"plain http to an ssl-enabled", b"an http request to an https server")


def read(exchange: Exchange, service: Service, operation: Operation, identity: str) -> Reading:
    """The confirmation in that exchange, in the newest version's words.

    Raises `StationFault`, or `Uncertain` when it can't be read as one.
    """
    flags: list[Flag] = []
    try:
        message = envelope.parse(exchange.body, exchange.content_type, flags)
    except ProtocolError as error:
        trouble, words = trouble_in(exchange, error.text)
        raise _uncertain(exchange, words, trouble) from error
    element = message.content
    if element is None:
        raise _uncertain(exchange, f"the answer ({_status(exchange)}) has an empty Body")
    if (fault := parse_fault(element)) is not None:
        raise StationFault(fault.code, fault.subcode, fault.text, request=exchange.request, answer=exchange.body)
    _compare_identity(message.blocks, service, identity, flags)
    _flag_transport(exchange, flags)
    expected = etree.QName(service.namespace, operation.output.element)
    if element.tag != expected.text:
        flags.append(Flag("Body", str(element.tag), f"read as {expected.localname}", "answer-named-otherwise"))
    shape = content.Shape(operation.output.type, service.namespace)
    found = reading.read(content.read(element, shape, content.Notes(flags)), operation.output.type)
    missed = [p for p in found.problems if p.quirk not in _FORGIVEN and not _INSIDE.match(p.path)]
    if missed:
        problems = "; ".join(map(str, missed))
        raise _uncertain(exchange, f"the answer {local(element.tag)[:80]} lacks what it must hold: {problems}")
    if not found.payload and local(element.tag).lower() != expected.localname.lower():
        raise _uncertain(exchange, f"the answer is {local(element.tag)[:80]}, not {expected.localname}")
    flags += [
        Flag(p.path, p.raw, f"absent, since it is not {p.expected}", p.quirk or "field-missing") for p in found.problems
    ]
    _drop_unnamed(found.payload, operation.output.type)
    found.payload, notes = upgrade(service.version, operation.name, "response", found.payload)
    found.flags[:] = (flags + found.flags + notes)[:_MOST_FLAGS]
    return found


def _drop_unnamed(payload: dict[str, Any], type_: ComplexType) -> None:
    """Drops the items of lists that lack what they must hold, but for a boolean; the flags tell of each."""
    for field in type_.fields:
        if field.many and isinstance(field.type, ComplexType) and (items := payload.get(field.name)):
            needed = {f.name for f in field.type.contents if f.required and f.type.name != "boolean"}
            if kept := [item for item in items if needed <= item.keys()]:
                payload[field.name] = kept
            else:
                del payload[field.name]


def _compare_identity(blocks: list[etree._Element], service: Service, identity: str, flags: list[Flag]) -> None:
    own = {f"{{{service.namespace}}}{service.header}"}
    said = addressing.read(blocks, own, []).identity
    if said is not None and said.casefold() != identity.casefold():
        flags.append(Flag(service.header, said, identity, "answer-of-another-identity"))


def _flag_transport(exchange: Exchange, flags: list[Flag]) -> None:
    if not 200 <= exchange.status < 300:
        flags.append(Flag("HTTP status", _status(exchange), "a confirmation all the same", "answer-with-odd-status"))
    if exchange.broken is not None:
        flags.append(Flag("HTTP body", exchange.broken, "complete, since the envelope is", "answer-cut-off"))


def trouble_in(exchange: Exchange, otherwise: str) -> tuple[str, str]:
    """Why there is no SOAP to read in an answer: the trouble's name, and words; `otherwise` what the parser says."""
    said = _status(exchange)
    start = exchange.body[:1000].lower()
    if 300 <= exchange.status < 400:
        place = f" to {''.join(filter(str.isprintable, exchange.location))[:200]}" if exchange.location else ""
        words = f"the answer is a redirect{place} ({said}), which is not followed; correct the peer's address"
        return "redirect", words
    if exchange.status == HTTPStatus.BAD_REQUEST and any(words in start for words in _SENT_TO_TLS):
        return "needs-tls", f"the answer ({said}) says that this port wants https"
    if exchange.status in _HINTS:
        trouble, hint = _HINTS[exchange.status]
        return trouble, f"the answer is {said} without SOAP{hint}"
    if b"<html" in start or b"<!doctype html" in start:
        words = f"the answer is an HTML page ({said}), probably a proxy's or a router's, such as for a login"
        return "html", words
    if exchange.broken is not None:
        return "closed", f"the answer ({said}) is incomplete: {exchange.broken}"
    if not exchange.body.strip():
        return "no-soap", f"the answer ({said}) is empty"
    return "no-soap", f"the answer ({said}) can't be read: {otherwise}"


def _status(exchange: Exchange) -> str:
    return f"HTTP {exchange.status} {exchange.reason}".strip()


def _uncertain(exchange: Exchange, words: str, trouble: str = "no-confirmation") -> Uncertain:
    return Uncertain(SENT + words, request=exchange.request, answer=kept_of(exchange), trouble=trouble)


def kept_of(exchange: Exchange) -> bytes:
    """What the journal keeps of an answer without a confirmation."""
    type_ = (exchange.content_type or "no type")[:100]
    return kept(exchange.body, f"{_status(exchange)[:100]}, {type_}, {len(exchange.body)} bytes")
