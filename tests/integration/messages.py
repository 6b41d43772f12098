"""Messages of stations, made from the WSDL: what one says, how it is spelled in bytes, and what must come back.

A leaf is made together with the value that it stands for, so that nothing here trusts the code under test to read it.
It must not know how messages are decided on or stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, cast

from hypothesis import strategies as st
from lxml import etree
from werkzeug.test import Client

from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.catalog import Version
from ocpp_soap.protocol.schema import ComplexType, Field, Operation, SimpleType

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
WSA = "{http://www.w3.org/2005/08/addressing}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
SOAP_TYPE = "application/soap+xml; charset=utf-8"

# Text of a vendor's own is not trimmed (soap-binding quirk 40).
KEPT_WHOLE = "data"
# The edges of the calendar, for times that have no UTC in it.
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

BLANKS = ("", " ", "\n\t ", "  ")


class Leaf(NamedTuple):
    """A text on the wire and the value that it stands for; None: as good as absent."""

    text: str
    value: Any


Said = dict[str, Any]
"""A message's fields: leaves, nested `Said`, and lists of either."""


@cache
def version() -> Version:
    """The newest version of the catalog."""
    return catalog.load().newest


def operations() -> Mapping[str, Operation]:
    """What a station may call."""
    return version().central_system.operations


@cache
def schema() -> etree.XMLSchema:
    """The schema in the WSDL, taken out by hand."""
    found = etree.parse(str(version().central_system.path)).find(f".//{XSD}schema")
    assert found is not None
    alone = etree.Element(found.tag, dict(found.attrib), nsmap=dict(found.nsmap))  # type: ignore[arg-type]
    alone.extend(deepcopy(list(found)))
    return etree.XMLSchema(alone)


# What XML 1.0 can hold, with a taste for what has a meaning in XML, in SQL and on terminals.
CHARACTERS = st.one_of(
    st.sampled_from("<>&\"';%\\`-_]#$\x7f\x85\x9b\u00a0\u2028\ufeff\ufffdäßİσς\U0001f50c"),
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\ufffe", "\uffff"]),
    st.sampled_from("\t\n\r "),
)


def texts(limit: int | None, required: bool) -> st.SearchStrategy[str]:
    """Texts of at most `limit` characters; those of a required field hold more than blanks."""
    found = st.text(CHARACTERS, max_size=limit or 200)
    words = st.sampled_from(["]]>", "<![CDATA[x]]>", "&amp;", "<b>1</b>", "'; DROP TABLE t;--", "%s%n", "{0}", "NULL"])
    found = st.one_of(found, words.map(lambda word: word[:limit]))
    return found.filter(lambda text: text.strip() != "") if required else found


@st.composite
def times(draw: st.DrawFn) -> Leaf:
    """Any xs:dateTime of the years 1 to 9999, with the moment that it is in UTC."""
    local = draw(st.datetimes())
    digits = draw(st.integers(0, 9))
    fraction = f"{local.microsecond:06}000"[:digits]
    moment = local.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    zone = draw(st.sampled_from(["", "Z", "-00:00", "+14:00", "-14:00", "+00:12", "+05:30", "-03:30", "+02:00"]))
    offset = timedelta()
    if len(zone) > 1:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    try:
        utc = moment.replace(tzinfo=UTC) - offset
    except OverflowError:
        utc = EARLIEST if moment.year == 1 else LATEST
    text = moment.strftime("%m-%dT%H:%M:%S")  # %Y has no leading zeros
    return Leaf(f"{moment.year:04}-{text}{'.' if digits else ''}{fraction}{zone}", utc)


def numbers() -> st.SearchStrategy[Leaf]:
    """Any xs:int, also as `+5` and `007`."""
    edges = st.sampled_from([-(2**31), -1, 0, 1, 2**31 - 1])
    number = st.one_of(edges, st.integers(-(2**31), 2**31 - 1))
    spelled = st.sampled_from([str, lambda n: f"{n:+}", lambda n: f"{n:012}"])
    return st.builds(lambda n, spell: Leaf(spell(n), n), number, spelled)


@cache
def leaves(field: Field, type_: SimpleType, strict: bool) -> st.SearchStrategy[Leaf]:
    """Texts of a type; those that are not strict have blanks around them."""
    if type_.base == "dateTime":
        found: st.SearchStrategy[Leaf] = times()
    elif type_.base == "int":
        found = numbers()
    elif type_.enumeration:
        found = st.sampled_from(type_.enumeration).map(lambda word: Leaf(word, word))
    else:
        assert type_.base == "string", type_
        said = texts(type_.max_length, field.required)
        if field.name == KEPT_WHOLE:
            return said.map(lambda text: Leaf(text, text or None))
        found = said.map(lambda text: Leaf(text, text.strip() or None))
    blank = st.just("") if strict else st.sampled_from(BLANKS)
    return st.builds(lambda a, leaf, b: Leaf(a + leaf.text + b, leaf.value), blank, found, blank)


@st.composite
def fields(draw: st.DrawFn, type_: ComplexType, strict: bool) -> Said:
    """The fields of a type; what is optional may be absent or, when not strict, empty."""
    said: Said = {}
    for field in type_.fields:
        nested = isinstance(field.type, ComplexType)
        one = fields(field.type, strict) if isinstance(field.type, ComplexType) else leaves(field, field.type, strict)
        if field.many:
            said[field.name] = draw(st.lists(one, min_size=int(field.required), max_size=3))
        elif field.required:
            said[field.name] = draw(one)
        else:
            empty = [st.just(Leaf("", None))] if not (strict or nested) else []
            found = draw(st.one_of(st.none(), one, *empty))
            said.update({} if found is None else {field.name: found})
    return said


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a station writes its envelope: prefix of its namespace, characters beyond ASCII as they are or by number."""

    prefix: str | None = "cs"
    encoding: str = "utf-8"


def spellings() -> st.SearchStrategy[Spelling]:
    """The ways to write the same message."""
    return st.builds(Spelling, st.sampled_from(["cs", None, "ns0"]), st.sampled_from(["utf-8", "us-ascii", "utf-16"]))


def texts_of(said: Any) -> Any:
    """The texts of a message alone."""
    if isinstance(said, dict):
        return {name: texts_of(part) for name, part in said.items()}
    return [texts_of(part) for part in said] if isinstance(said, list) else said.text


def values_of(said: Any) -> Any:
    """What the message says, in canonical form: nothing that is empty, and no empty list."""
    if isinstance(said, dict):
        found = {name: values_of(part) for name, part in said.items()}
        return {name: value for name, value in found.items() if value not in (None, [], {})}
    if isinstance(said, list):
        return [values_of(part) for part in said]
    return said.value


def envelope(
    operation: str,
    identity: str,
    fields: Mapping[str, Any],
    spelling: Spelling = Spelling(),
    header: Mapping[str, str] | None = None,
) -> bytes:
    """A request with these texts; `header` has those of WS-Addressing blocks (MessageID, From, …)."""
    service = version().central_system
    space = f"{{{service.namespace}}}"
    root = etree.Element(f"{SOAP}Envelope", nsmap={"soap": SOAP[1:-1], "wsa": WSA[1:-1]})
    head = etree.SubElement(root, f"{SOAP}Header")
    etree.SubElement(head, space + service.header).text = identity
    for name, text in {
        "Action": f"/{operation}",
        "MessageID": "urn:uuid:1",
        "To": "http://c/ocpp",
        **(header or {}),
    }.items():
        block = etree.SubElement(head, WSA + name)
        (etree.SubElement(block, f"{WSA}Address") if name in ("From", "ReplyTo") else block).text = text
    request = service.operations[operation].input
    nsmap: Any = {spelling.prefix: service.namespace}
    content = etree.SubElement(etree.SubElement(root, f"{SOAP}Body"), space + request.element, nsmap=nsmap)
    _write(content, fields, space)
    return cast(bytes, etree.tostring(root, encoding=spelling.encoding, xml_declaration=True))


def _write(parent: etree._Element, fields: Mapping[str, Any], space: str) -> None:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            child = etree.SubElement(parent, space + name)
            if isinstance(item, Mapping):
                _write(child, item, space)
            else:
                child.text = str(item)


def content(message: bytes) -> etree._Element:
    """The first element of a message's body."""
    found = etree.fromstring(message).find(f"{SOAP}Body")
    assert found is not None, message
    return found[0]


def answer_fields(element: etree._Element) -> dict[str, Any]:
    """The texts of an answer by name."""
    return {etree.QName(child).localname: answer_fields(child) if len(child) else child.text or "" for child in element}


class Answer(NamedTuple):
    """An answer in HTTP and in the words of the message."""

    status: int
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        """The texts of the confirmation; a fault fails the test."""
        assert 200 == self.status, self.body
        return answer_fields(content(self.body))


@dataclass
class Station:
    """A station at a WSGI application."""

    application: Any
    identity: str

    def send(self, body: bytes) -> Answer:
        """Posts a message; whatever is no fault has to be what the schema wants."""
        response = Client(self.application).post("/ocpp", data=body, content_type="application/soap+xml")
        answer = Answer(response.status_code, response.data)
        if answer.status == 200:
            schema().assertValid(content(answer.body))
        return answer

    def say(self, operation: str, **said: Any) -> dict[str, Any]:
        """Says something in plain text and gives the fields of the confirmation."""
        return self.send(envelope(operation, self.identity, said)).fields
