"""Takes out of a message what must not leave the house, and nothing else: names, order, blanks and prefixes stay.

Whatever the WSDLs do not know is taken out too. What a text is follows from its place in the message; what it becomes
is up to the pseudonyms. It knows no file and no store.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from copy import copy
from dataclasses import replace
from functools import cached_property

from ..central.confidential import HIDDEN, SPEAK_OF_SECRETS
from ..central.pseudonyms import KINDS, Pseudonyms, kind_of_value, masked
from ..central.records import Exchange
from ..errors import ProtocolError
from ..protocol.catalog import Catalog
from ..protocol.dialects import Side
from ..protocol.schema import ComplexType, Field, SimpleType
from .markup import Document, Element
from .rereading import document

# A kind of text beside those of `pseudonyms.KINDS`: a word of the standard's; a text of the peer's; a sentence; a
# configuration value, which its key explains.
_EXACT, _TEXT, _PROSE, _VALUE = "exact", "text", "prose", "value"

_HEADER = {
    "chargeboxidentity": "identity",
    "from": "addresses",
    "to": "addresses",
    "replyto": "addresses",
    "faultto": "addresses",
    "action": _TEXT,
    "messageid": _TEXT,
    "relatesto": _TEXT,
    "upgrade": _EXACT,
}
_FAULT = {
    "code": _TEXT,
    "faultcode": _TEXT,
    "reason": _PROSE,
    "faultstring": _PROSE,
    "node": "addresses",
    "role": "addresses",
    "faultactor": "addresses",
}
_FIELDS = {"data": "data", "info": "info", "filename": "info", "iccid": "serials", "imsi": "serials"}
_ATTRIBUTES = {"address": "addresses"}
_ATTRIBUTES |= dict.fromkeys(("mustunderstand", "encodingstyle", "relay", "actor", "role", "relationshiptype"), _TEXT)
_ATTRIBUTES |= dict.fromkeys(("type", "nil", "lang", "qname", "isreferenceparameter"), _TEXT)
_ATTRIBUTES |= dict.fromkeys(("context", "format", "measurand", "location", "unit", "phase"), _TEXT)
_PLAIN = re.compile(r"[\s\d.:TZ+-]*|true|false", re.ASCII)
_SETTING = re.compile(r"\s*(?:\d{1,6}|true|false)\s*", re.ASCII | re.IGNORECASE)
_USER = re.compile(rb"(?<=://)[^/?#\s\"'<>]*@")
_LOOSE = re.compile(r"(<!--|<\?\S*)(.*)(-->|\?>)", re.DOTALL)

Place = tuple[str, list[int], Element]
"""What kind of text stands in which tokens of which element."""


class Redactor:
    """Redacts the messages of one trace; `kept` are the kinds that stay as they are."""

    def __init__(self, catalog: Catalog, kept: Collection[str] = ()) -> None:
        self._catalog = catalog
        self._kept = frozenset(kept)
        self._words = Pseudonyms()
        # What has a pseudonym may stand inside of other texts too: that of this exchange, and that of its station.
        self._found: set[str] = set()
        self._lasting: set[str] = set()
        self._of_station: dict[str, set[str]] = {}

    def prepared(self) -> Redactor:
        """This one, with what it has to know of the catalog already read."""
        _ = self._standard, self._id_tags
        return self

    def fresh(self) -> Redactor:
        """One with what this one has read of the catalog, and none of its pseudonyms."""
        other = copy(self)
        other._words, other._found, other._lasting, other._of_station = Pseudonyms(), set(), set(), {}
        return other

    def begin(self, identity: str | None) -> str | None:
        """Begins the next exchange; gives what its identity is called."""
        self._found = set()
        self._lasting = self._of_station.setdefault((identity or "").casefold(), set())
        if identity and "identity" in self._kept:
            self._words.keep(identity)
        return self._become("identity", identity) if identity else identity

    def peer(self, peer: str | None) -> str | None:
        """What the address of a peer is called."""
        return peer if peer is None or "addresses" in self._kept else self._words.host(peer)

    def sentence(self, text: str) -> str:
        """A sentence about the message without its words."""
        return self._become(_PROSE, text)

    def message(self, exchange: Exchange, side: Side) -> bytes:
        """The message without what is redacted; raises `ProtocolError` when it can't be parsed."""
        message = document(exchange, side)
        places = list(self._places(message.root, exchange.version))
        # What has a place of its own first: it may stand inside of others.
        for kind, tokens, element in sorted(places, key=lambda place: place[0] in (_EXACT, _TEXT, _PROSE, _VALUE)):
            self._put(message, kind, tokens, element)
        for element in _elements(message.root):
            self._put_attributes(message, element)
        for token in message.loose:
            if not message.tokens[token].startswith("<?xml "):
                message.tokens[token] = _LOOSE.sub(self._loose, message.tokens[token])
        return message.encoded()

    def _put(self, message: Document, kind: str, tokens: list[int], element: Element) -> None:
        old = message.text(tokens)
        if not old.strip():
            return
        if kind == _VALUE:
            key = element.find("key")
            known = message.text(key.all_texts()) if key is not None else ""
            kind = (kind_of_value(known) or _PROSE) if known else "secrets"
            if kind == "addresses" and _SETTING.fullmatch(old):
                return
        new = self._become(kind, old)
        if new != old:
            message.put_text(tokens, new)

    def _put_attributes(self, message: Document, element: Element) -> None:
        attributes = message.attributes(element)
        values = [self._attribute(name, value) for name, value in attributes]
        if values != [value for _, value in attributes]:
            message.put_attributes(element, values)

    def _loose(self, found: re.Match[str]) -> str:
        return found[1] + self._become("unknown", found[2]) + found[3]

    def _attribute(self, name: str, value: str) -> str:
        prefix, _, local = name.lower().rpartition(":")
        if "xmlns" in (prefix, local):
            return value
        return self._become(_ATTRIBUTES.get(local) or self._id_tags.get(local, "unknown"), value)

    def _become(self, kind: str, text: str) -> str:
        """What a text of that kind becomes."""
        if kind in (_EXACT, _TEXT) and (text.strip() in self._standard or (kind == _EXACT and _PLAIN.fullmatch(text))):
            return text
        if kind in self._kept or kind in (_EXACT, _TEXT, _PROSE):
            text = self._without_found(text)
            hosts = kind in (_PROSE, "data", "info", "unknown") and "addresses" not in self._kept
            return self._words.prose(text) if hosts else text
        if kind == "addresses":
            return self._words.address(text)
        if kind in ("tags", "identity", "serials", "secrets"):
            (self._lasting if kind in ("identity", "serials") else self._found).add(text.strip())
            return self._words.word(text)
        return masked(text)

    def _without_found(self, text: str) -> str:
        """The text with whatever of this exchange has a pseudonym replaced in it."""
        folded = text.casefold()
        known = self._found | self._lasting
        inside = sorted((word for word in known if word.casefold() in folded), key=len, reverse=True)
        if not inside:
            return text
        pattern = rf"(?<![^\W_])(?:{'|'.join(map(re.escape, inside))})(?![^\W_])"
        return re.sub(pattern, lambda found: self._words.word(found[0]), text, flags=re.IGNORECASE)

    def _places(self, root: Element, version: str | None) -> Iterator[Place]:
        yield "unknown", root.texts, root
        for part in root.children:
            if part.name not in ("header", "body"):
                yield "unknown", part.all_texts(), part
                continue
            yield "unknown", part.texts, part
            for element in part.children:
                if part.name == "header":
                    yield from _block(element)
                elif element.name == "fault":
                    yield from _fault(element, "unknown")
                else:
                    yield from self._fields(element, self._type(element.name, version))

    def _fields(self, element: Element, type_: ComplexType | None) -> Iterator[Place]:
        if type_ is None:
            yield "unknown", element.all_texts(), element
            return
        type_ = type_.mixture.wide if type_.mixture is not None else type_
        fields = {f.name.lower(): f for f in (*type_.later, *type_.contents)}
        yield _EXACT if type_.text else "unknown", element.texts, element
        for child in element.children:
            known = fields.get(child.name)
            if known is not None and isinstance(known.type, ComplexType):
                yield from self._fields(child, known.type)
            elif known is not None and isinstance(known.type, SimpleType):
                yield self._kind(known, known.type, "key" in fields), child.all_texts(), element
            else:
                yield "unknown", child.all_texts(), child

    def _kind(self, known: Field, type_: SimpleType, has_key: bool) -> str:
        name = known.name.lower()
        special = self._id_tags.get(name) or _FIELDS.get(name)
        if special or name.endswith("serialnumber"):
            return special or "serials"
        if type_.base == "anyURI":
            return "addresses"
        if name == "value":
            return _VALUE if has_key else _EXACT
        return _TEXT if type_.base == "string" and not type_.enumeration else _EXACT

    def _type(self, element: str, version: str | None) -> ComplexType | None:
        """The type of the body's element, in its version or else the newest that has it."""
        return self._types.get((version or "", element)) or self._types.get(("", element))

    @cached_property
    def _types(self) -> dict[tuple[str, str], ComplexType]:
        found: dict[tuple[str, str], ComplexType] = {}
        for version in self._catalog.versions.values():
            for service in (version.central_system, version.charge_point):
                for operation in service.operations.values():
                    for side in (operation.input, operation.output):
                        found[version.name, side.element.lower()] = side.type
                        found.setdefault(("", side.element.lower()), side.type)
        return found

    @cached_property
    def _standard(self) -> frozenset[str]:
        """The words of the standard's enumerations: a station may have such a name."""
        every = (f.type for type_ in self._types.values() for f in _leaves(type_) if isinstance(f.type, SimpleType))
        return frozenset(word for simple in every for word in simple.enumeration)

    @cached_property
    def _id_tags(self) -> dict[str, str]:
        """The fields that hold an idTag, as the newest version types them."""
        authorize = self._catalog.newest.central_system.operations["Authorize"]
        token = authorize.input.type.fields[0].type
        every = (f for type_ in self._types.values() for f in _leaves(type_))
        return {f.name.lower(): "tags" for f in every if f.type == token}


class Concealer:
    """Takes the secrets of commands out of rows of the journal, and nothing else."""

    def __init__(self, catalog: Catalog) -> None:
        self._redactor = Redactor(catalog, KINDS.keys() - {"secrets"}).prepared()

    def __call__(self, exchange: Exchange) -> Exchange:
        """The row as it may be shown to anybody; a message that can't be read is hidden as a whole."""
        if exchange.direction != "out" or exchange.operation not in SPEAK_OF_SECRETS:
            return exchange
        # One for each: threads share this, and no pseudonym is to be compared with another.
        redactor = self._redactor.fresh()
        request, answer = _without(redactor, exchange, "request"), _without(redactor, exchange, "response")
        return replace(exchange, request=request or b"", answer=answer)


def _without(redactor: Redactor, exchange: Exchange, side: Side) -> bytes | None:
    raw = exchange.request if side == "request" else exchange.answer
    if not raw:
        return raw
    try:
        return _USER.sub(rb"***@", redactor.message(exchange, side))
    except ProtocolError:
        return HIDDEN.encode()


def _leaves(type_: ComplexType) -> Iterator[Field]:
    for f in type_.contents:
        if isinstance(f.type, ComplexType):
            yield from _leaves(f.type)
        else:
            yield f


def _elements(element: Element) -> Iterator[Element]:
    yield element
    for child in element.children:
        yield from _elements(child)


def _block(element: Element) -> Iterator[Place]:
    """The texts of a header block; in one that is an endpoint, what is no address is not known."""
    kind = _HEADER.get(element.name, "unknown")
    if kind != "addresses":
        yield kind, element.all_texts(), element
        return
    yield kind, element.texts, element
    for child in element.children:
        yield kind if child.name == "address" else "unknown", child.all_texts(), child


def _fault(element: Element, kind: str) -> Iterator[Place]:
    yield kind, element.texts, element
    for child in element.children:
        yield from _fault(child, _FAULT.get(child.name, kind))
