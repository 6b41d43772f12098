"""A message on its way out, as quirks respell it: its tree by the WSDL's fields, its bytes, its HTTP.

It knows no quirk. Between the tree that the gateway's own code made and the wire nothing else is changed.
"""

from __future__ import annotations

import gzip
import select
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lxml import etree
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection

from ..protocol.schema import ComplexType, Field, Operation, Service, SimpleType
from ..soap import ns
from ..soap.connection import Progress
from ..soap.server import SOAP_TYPE
from ..soap.transport import Exchange, Transport

Spell = Callable[[str, Field], str]
"""The text of a field as it shall stand there."""

COMPRESSED: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@dataclass(slots=True)
class Letter:
    """A request, or a confirmation where `answers`, to be changed before it leaves.

    `payload` holds a request in the newest words, `turn` tells messages apart. The other fields say how it is written:
    what stands `before` and `after` it, its encoding and the one that it `declares`, the `coding` of its body, one
    Content-Type for each of `types`, other header `fields`; `undeclared` leaves the prefix xsi undeclared. A
    confirmation has its HTTP `status`, and so many bytes `missing`.
    """

    envelope: etree._Element
    service: Service
    operation: Operation
    identity: str
    turn: int
    answers: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)
    before: bytes = b""
    after: bytes = b""
    encoding: str = "UTF-8"
    declares: str = "UTF-8"
    undeclared: bool = False
    coding: str | None = None
    types: tuple[str, ...] = (SOAP_TYPE,)
    fields: dict[str, str] = field(default_factory=dict)
    old: bool = False
    status: str = "200 OK"
    missing: int = 0

    @property
    def content(self) -> etree._Element:
        """The body's element."""
        return self._part("Body")[0]

    @property
    def header(self) -> etree._Element:
        """The envelope's header."""
        return self._part("Header")

    def _part(self, name: str) -> etree._Element:
        return next(part for part in self.envelope if ns.local(part.tag) == name)

    @property
    def type(self) -> ComplexType:
        """The type of the body's element."""
        return (self.operation.output if self.answers else self.operation.input).type

    def block(self, name: str) -> etree._Element | None:
        """The header block of that name."""
        return next((block for block in self.header if ns.local(block.tag) == name), None)

    def blocks(self, *names: str) -> list[etree._Element]:
        """Those header blocks that there are."""
        return [block for block in map(self.block, names) if block is not None]

    def complexes(self) -> Iterator[tuple[etree._Element, ComplexType]]:
        """The body's element and every element that has fields, with their types."""
        found = [(self.content, self.type)]
        for element, type_ in found:
            yield element, type_
            for child in element:
                inner = type_.by_name.get(ns.local(child.tag))
                if inner is not None and isinstance(inner.type, ComplexType):
                    found.append((child, inner.type))

    def rewrite(self, spell: Spell) -> None:
        """Puts `spell(text, field)` in place of every text that there is."""
        for element, type_ in self.complexes():
            known = type_.by_name
            for name, text in element.attrib.items():
                if str(name) in known:
                    element.set(name, spell(str(text), known[str(name)]))
            leaves = [(child, known.get(ns.local(child.tag))) for child in element]
            for leaf, one in [*leaves, (element, known.get("value") if type_.text else None)]:
                if leaf.text and one is not None and isinstance(one.type, SimpleType):
                    leaf.text = spell(leaf.text, one)

    def absent(self) -> list[Field]:
        """The optional fields that it has not."""
        there = {ns.local(child.tag) for child in self.content}
        return [one for one in self.type.fields if not (one.required or one.attribute or one.name in there)]

    def add(self, name: str, text: str) -> etree._Element:
        """A further field, at its place; at the end where the version has no such field."""
        order = list(self.type.by_name)
        child = etree.Element(f"{{{self.service.namespace}}}{name}")
        child.text = text
        after = order[order.index(name) :] if name in order else []
        following = next((other for other in self.content if ns.local(other.tag) in after), None)
        if following is None:
            self.content.append(child)
        else:
            following.addprevious(child)
        return child

    def written(self) -> bytes:
        """The bytes of the body."""
        text = f'<?xml version="1.0" encoding="{self.declares}"?>\n' + etree.tostring(self.envelope, encoding="unicode")
        if self.undeclared:
            text = text.replace(f' xmlns:xsi="{ns.XSI}"', "")
        raw = self.before + text.encode(self.encoding, "xmlcharrefreplace") + self.after
        return COMPRESSED[self.coding](raw) if self.coding else raw

    def head(self) -> list[tuple[str, str]]:
        """The header fields that it has of its own."""
        coding = {"Content-Encoding": self.coding} if self.coding else {}
        return [*(("Content-Type", type_) for type_ in self.types), *{**coding, **self.fields}.items()]


class LetterPost(Transport):
    """Posts what `write` makes of zeep's message."""

    def __init__(self, write: Callable[[etree._Element], Letter], *rest: Any) -> None:
        super().__init__(*rest)
        self._write = write
        self._letter: Letter | None = None

    def post_xml(self, _address: str, envelope: etree._Element, _headers: dict[str, str]) -> Exchange:
        """Posts the letter."""
        letter = self._letter = self._write(envelope)
        request, head = letter.written(), HTTPHeaderDict()
        for name, value in letter.head():
            head.add(name, value)
        return self._attempt(request, partial(self._exchange, "POST", request, head))

    def _connection(self, progress: Progress, *, anybody: bool = False) -> HTTPConnection:
        wire, letter = super()._connection(progress, anybody=anybody), self._letter
        assert letter is not None
        if letter.old:
            wire._http_vsn, wire._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
        if "Expect" in letter.fields:
            wire.endheaders = partial(_wait_to_be_told, wire, self.limits.read)  # type: ignore[method-assign]
        return wire


def _wait_to_be_told(wire: HTTPConnection, seconds: float, *said: Any, **named: Any) -> None:
    """Ends the head of a request, and waits for a word before the body follows."""
    type(wire).endheaders(wire, *said, **named)
    select.select([wire.sock], [], [], seconds)
