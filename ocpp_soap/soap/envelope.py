"""Takes a SOAP message apart: hardened parsing, the envelope, its header blocks and its body.

Serves requests of stations and answers to our calls alike, so it decides nothing about SOAP or OCPP versions and
raises only `ProtocolError`. It knows no HTTP.
"""

from __future__ import annotations

import re
import threading
from itertools import islice
from typing import NamedTuple

from lxml import etree

from ..errors import ProtocolError
from ..protocol.reading import Flag
from . import ns
from .charset import to_utf8, without_forbidden

MAX_DEPTH = 64
MAX_MARKUP = 200_000
"""How many `<` and how many `=` a message may hold: bounds elements and attributes before memory is spent on them."""
MAX_BLOCKS = 1000
MAX_NAMESPACE = 500
"""How many header blocks are read, and how long a namespace may be: each element that is looked at repeats its own."""

_DEEPER = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_UNDECLARED = re.compile(r"Namespace prefix (\S+) (?:for|on|is) ")
_NO_SUCH_PREFIX = etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE
_DECLARED_NOWHERE = "urn:undeclared:"
_START_TAG = re.compile(rb"<[^\s/>!?]+")
_LONG_VALUE = re.compile(rb"=\s*(?:\"[^\"]{%d}|'[^']{%d})" % (MAX_NAMESPACE + 1, MAX_NAMESPACE + 1))
_ASIDE = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_per_thread = threading.local()
_parsed = 0


class Message(NamedTuple):
    """A SOAP message: `soap` is the envelope's namespace (None when it has none), `blocks` the header's children,
    `content` the body's first child (None when the body is empty)."""

    soap: str | None
    blocks: list[etree._Element]
    content: etree._Element | None


def parse(raw: bytes, content_type: str | None = None, flags: list[Flag] | None = None) -> Message:
    """The message in `raw`; tolerances go to `flags`. Raises `ProtocolError`, in words for whoever sent it.

    Any envelope namespace is accepted; whether it will do is the caller's decision.
    """
    noted: list[Flag] = [] if flags is None else flags
    return _message(_root(to_utf8(raw, content_type, noted), noted), noted)


def parsed() -> int:
    """How many bytes of messages this process has parsed, about."""
    return _parsed


def _root(text: bytes, flags: list[Flag], *, again: bool = False) -> etree._Element:
    """The message's element; a text that is no XML is read `again`, and judged anew, without what XML can't hold."""
    markup = text.count(b"<")
    if markup > MAX_MARKUP or text.count(b"=") > MAX_MARKUP:
        raise ProtocolError("The message holds more elements or attributes than any OCPP message needs.", status=413)
    if b"<!DOCTYPE" in text:
        _refuse_doctype(text)
    _refuse_long_namespaces(text)
    global _parsed
    _parsed += len(text)
    try:
        root = etree.fromstring(text, _parser())
    except etree.XMLSyntaxError as error:
        if not again and (bare := without_forbidden(text, flags)) != text:
            return _root(bare, flags, again=True)
        root = _declared(text, error, flags)
    if markup > 2 * MAX_DEPTH and _DEEPER(root):
        raise ProtocolError(f"The message is nested deeper than {MAX_DEPTH} elements.")
    return root


def _message(root: etree._Element, flags: list[Flag]) -> Message:
    tag = root.tag
    soap = ns.namespace(tag)
    if ns.local(tag) != "Envelope":
        if ns.local(tag).lower() == "html":
            raise ProtocolError("This is HTML, not SOAP.")
        raise ProtocolError(f"Expected a SOAP 1.2 envelope, found the element {ns.local(tag)[:80]}.")
    if soap is None:
        flags.append(Flag("Envelope", None, ns.SOAP12, "envelope-without-namespace"))
    blocks: list[etree._Element] = []
    body = None
    for part in root:
        name = ns.local(part.tag)
        if name == "Header" and not blocks:
            if len(part) > MAX_BLOCKS:
                raise ProtocolError(f"The header of the message holds more than {MAX_BLOCKS} blocks.", status=413)
            blocks = list(part)
        elif name == "Body" and body is None:
            body = part
    if body is None:
        raise ProtocolError("The SOAP envelope has no Body.")
    if (parts := [ns.local(part.tag) for part in islice(root, 3)]) not in (["Header", "Body"], ["Body"]):
        flags.append(Flag("Envelope", ", ".join(parts)[:200], "its header and its body", "envelope-disorder"))
    if len(body) > 1:
        assumed = "only the first element of the body is read"
        flags.append(Flag("Body", ns.local(body[1].tag), assumed, "body-with-more"))
    return Message(soap, blocks, body[0] if len(body) else None)


def _parser() -> etree.XMLParser:
    """This thread's parser: a shared one would make threads wait for each other."""
    parser: etree.XMLParser | None = getattr(_per_thread, "parser", None)
    if parser is None:
        parser = _per_thread.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
    return parser


def _prolog(text: bytes) -> int:
    """Where the first thing stands that is neither a declaration, an instruction, a comment nor a blank."""
    at = 0
    while found := _ASIDE.match(text, at):
        at = found.end()
    return at


def _refuse_doctype(text: bytes) -> None:
    """Raises when the message has a document type declaration; the words may stand in a CDATA section."""
    at = _prolog(text)
    if text[at : at + 14].lower() == b"<!doctype html":
        raise ProtocolError("This is HTML, not SOAP.")
    if text.startswith(b"<!DOCTYPE", at):
        raise ProtocolError("A SOAP message must not have a document type declaration (SOAP 1.2 part 1 §5).")


def _refuse_long_namespaces(text: bytes) -> None:
    """Raises when a namespace is longer than anybody's; whatever follows an `xmlns` counts as one."""
    at = 0
    while (at := text.find(b"xmlns", at)) >= 0 and (at := text.find(b"=", at)) >= 0:
        if _LONG_VALUE.match(text, at):
            raise ProtocolError(f"The message names a namespace of more than {MAX_NAMESPACE} characters.")


def _declared(text: bytes, error: etree.XMLSyntaxError, flags: list[Flag]) -> etree._Element:
    """The message with its undeclared prefixes declared, when nothing else is wrong with it (soap-binding C.3, 27)."""
    # The parser's own log: the one of the exception holds what this thread met before, too.
    entries = [(entry.type, _UNDECLARED.match(entry.message)) for entry in _parser().error_log]
    prefixes = sorted({found[1] for _, found in entries if found})
    start = _START_TAG.match(text, _prolog(text))
    if not prefixes or start is None or any(type_ != _NO_SUCH_PREFIX for type_, _ in entries):
        raise _unreadable(text, error)
    known = {"xsi": ns.XSI, "xsd": ns.XSD}
    declarations = "".join(f' xmlns:{p}="{known.get(p, _DECLARED_NOWHERE + p)}"' for p in prefixes)
    flags.extend(Flag("Envelope", prefix, "declared, since it is not", "undeclared-prefix") for prefix in prefixes)
    try:
        return etree.fromstring(text[: start.end()] + declarations.encode() + text[start.end() :], _parser())
    except etree.XMLSyntaxError:
        raise _unreadable(text, error) from None


def _unreadable(text: bytes, error: etree.XMLSyntaxError) -> ProtocolError:
    at = _prolog(text)
    if text[at : at + 5].lower() == b"<html" or text[at : at + 14].lower() == b"<!doctype html":
        return ProtocolError("This is HTML, not SOAP.")
    try:
        text.decode()
    except UnicodeDecodeError as broken:
        return ProtocolError(f"The message is not valid UTF-8 (at byte {broken.start}).")
    words = "".join(c for c in (error.msg or "") if c.isprintable())[:160]
    return ProtocolError(f"The message is not well-formed XML: {words or 'it ends too early'}.")
