"""Hostile messages as data: documents that are built to hurt, and a hostile text in any field of any version's WSDL.

What has to become of them is the tests' matter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.schema import ComplexType, Field, Operation, Service, SimpleType
from tests.integration.messages import version

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
MEBIBYTE = 1024 * 1024
# What a gateway takes by default, and room for the rest of the message.
LARGE = MEBIBYTE - 4096

MARK = "-mark-"
PLAIN = {"string": "text", "int": "1", "dateTime": "2024-01-31T12:00:00Z"}

# Each ends with a letter, since blanks at the end are not kept.
TEXTS = {
    "html": """<script>alert("1")</script><img src=x onerror='alert(1)'>&lt;b&gt;z""",
    "sql": """'); DROP TABLE transactions;-- " OR 1=1 /* \\' ; z""",
    "formats": "%s%n{0}{{7*7}}${jndi:ldap://127.0.0.1/a}%00\\x00\\u0000\\z",
    "terminal": "a\x9b31m\u202e\u2028\ufeff\u200b\x7fz",
    "cdata": "]]><!DOCTYPE x SYSTEM 'x'><![CDATA[z",
    # Too long for an index of PostgreSQL, and not to be compressed.
    "long": "".join(random.Random(1).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", k=10_000)),
    "wide": "".join(map(chr, random.Random(2).choices(range(0x4E00, 0x9FA5), k=3000))) + "\U0001f50cz",
}

# No XML, whatever field it stands in.
# Characters that XML can't hold are dropped, in whatever way they are written.
FORBIDDEN = {
    "null byte": b"\0",
    "null reference": b"&#0;",
    "escape": b"\x1b",
    "surrogate": b"\xed\xa0\x80",
    "no character": b"&#xFFFE;",
    "half a pair": b"&#xD83D;&#xDE00;",
}
# What is no character at all is refused.
BROKEN = {
    "overlong": b"\xc0\xaf",
    "lone": b"\x80",
    "beyond": b"\xf5\x80\x80\x80",
    "cut": b"\xf0\x9f\x98",
    "entity": b"&b;",
}


class Place(NamedTuple):
    """A field of text in a request of one version."""

    service: Service
    operation: Operation
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.service.version} {self.operation.name} {'.'.join(self.path)}"

    def message(self, text: str | bytes, identity: str = "CP1") -> bytes:
        """The request with this text in that place and something plain in all others; bytes stand there as they are."""
        raw = text if isinstance(text, bytes) else escape(text, {'"': "&quot;"}).encode()
        return request(self.service, self.operation, identity, self.path).replace(MARK.encode(), raw)


def request(service: Service, operation: Operation, identity: str, marked: tuple[str, ...] = ()) -> bytes:
    """A request with every field of the WSDL, and the mark in one of them."""
    space = f"{{{service.namespace}}}"
    root = etree.Element(f"{{{SOAP12}}}Envelope", nsmap={"s": SOAP12, "w": WSA, "cs": service.namespace})
    head = etree.SubElement(root, f"{{{SOAP12}}}Header")
    etree.SubElement(head, space + service.header).text = identity
    for name, text in (("Action", operation.input.action), ("MessageID", "urn:uuid:1"), ("To", "http://c/ocpp")):
        etree.SubElement(head, f"{{{WSA}}}{name}").text = text
    body = etree.SubElement(root, f"{{{SOAP12}}}Body")
    _fill(etree.SubElement(body, space + operation.input.element), operation.input.type, space, marked)
    return etree.tostring(root)


def _fill(parent: etree._Element, type_: ComplexType, space: str, marked: tuple[str, ...]) -> None:
    for field in type_.contents:
        name, here = field.name, marked[1:] if marked[:1] == (field.name,) else None
        if isinstance(field.type, ComplexType):
            _fill(etree.SubElement(parent, space + name), field.type, space, here or ())
            continue
        text = MARK if here == () else field.type.enumeration[0] if field.type.enumeration else PLAIN[field.type.base]
        if field.attribute:
            parent.set(name, text)
        elif name == "value" and type_.text is not None:
            parent.text = text
        else:
            etree.SubElement(parent, space + name).text = text


def places() -> Iterator[Place]:
    """Every field of text in every request to a Central System, of every version."""
    for each in catalog.load().versions.values():
        for operation in each.central_system.operations.values():
            for path in _texts(operation.input.type.contents):
                yield Place(each.central_system, operation, path)


def _texts(fields: tuple[Field, ...]) -> Iterator[tuple[str, ...]]:
    for field in fields:
        if isinstance(field.type, SimpleType):
            yield from [(field.name,)] * (field.type.base == "string")
        else:
            yield from ((field.name, *rest) for rest in _texts(field.type.contents))


def heartbeat(content: str = "", header: str = "", attributes: str = "", before: str = "") -> bytes:
    """A Heartbeat with something in its element, its header, its root, or before all of it."""
    namespace = version().central_system.namespace
    return (
        f'{before}<s:Envelope xmlns:s="{SOAP12}" xmlns:w="{WSA}" xmlns:cs="{namespace}"{attributes}><s:Header>'
        f"<cs:chargeBoxIdentity>CP1</cs:chargeBoxIdentity>{header}</s:Header><s:Body>"
        f"<cs:heartbeatRequest>{content}</cs:heartbeatRequest></s:Body></s:Envelope>"
    ).encode()


def data(content: str, attributes: str = "") -> bytes:
    """A DataTransfer whose data holds this markup."""
    message = heartbeat(f"<cs:vendorId>V</cs:vendorId><cs:data>{content}</cs:data>", attributes=attributes)
    return message.replace(b"heartbeatRequest", b"dataTransferRequest")


def documents(url: str) -> dict[str, tuple[bytes, int]]:
    """Documents that would read a file or call `url` at a reader that lets them, and the status of their answer."""
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    identity = b"CP1<", b"&a9;<"
    utf16 = heartbeat(before='<!DOCTYPE x SYSTEM "file:///etc/passwd">').decode().encode("utf-16")
    included = '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="%s" parse="text"/>'
    passwd, remote = included % "file:///etc/passwd", included % url
    style = f'<?xml-stylesheet type="text/xsl" href="{url}"?>'
    schema = f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {url}"'
    return {
        "laughs": (heartbeat(before=f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>').replace(*identity), 400),
        "quadratic": (heartbeat("&a;" * 9000, before=f'<!DOCTYPE x [<!ENTITY a "{"a" * 90_000}">]>'), 400),
        "external entity": (heartbeat("&a;", before='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), 400),
        "remote entity": (heartbeat("&a;", before=f'<!DOCTYPE x [<!ENTITY a SYSTEM "{url}">]>'), 400),
        "parameter entity": (heartbeat(before=f'<!DOCTYPE x [<!ENTITY % a SYSTEM "{url}"> %a;]>'), 400),
        "remote definition": (heartbeat(before=f'<!DOCTYPE x SYSTEM "{url}">'), 400),
        "public definition": (heartbeat(before=f'<!DOCTYPE x PUBLIC "-//x" "{url}">'), 400),
        "defaulted attribute": (heartbeat(before='<!DOCTYPE x [<!ATTLIST x a CDATA "b">]>'), 400),
        "empty definition": (heartbeat(before="<?a?><!-- <!DOCTYPE y> --> <!DOCTYPE x>"), 400),
        "definition in the body": (heartbeat("<!DOCTYPE x>"), 400),
        "definition in UTF-16": (utf16, 400),
        "undefined entity": (heartbeat("&a;"), 400),
        "included file": (data(passwd), 200),
        "included page": (data(remote), 200),
        "include as a field": (heartbeat(remote), 200),
        "include as a header": (heartbeat(header=passwd + remote), 200),
        "style sheet": (heartbeat(before=style), 200),
        "instructions": (heartbeat(f"{style}<?php system('id') ?>", header=style), 200),
        "schema location": (heartbeat(attributes=schema), 200),
    }


def heavy() -> dict[str, tuple[bytes, int]]:
    """Messages of a mebibyte that cost a careless reader minutes or gigabytes, and the status of their answer."""
    names = "".join(f' xmlns:a{n}="u"' for n in range(20_000))
    attributes = "".join(f' a{n}=""' for n in range(90_000))
    long = f' xmlns:x="{"n" * (LARGE // 2)}"'
    return {
        "deep": (heartbeat("<a>" * 90_000 + "</a>" * 90_000), 400),
        "long attribute": (heartbeat(f'<a b="{"c" * LARGE}"/>'), 200),
        "many attributes": (heartbeat(f"<a{attributes}/>"), 200),
        "many elements": (heartbeat(_filled("<a/>", 4 * 190_000)), 200),
        "too many elements": (heartbeat(_filled("<a/>")), 413),
        "many namespaces": (heartbeat(_filled("<a><b/></a>", LARGE - len(names)), attributes=names), 200),
        "a namespace each": (heartbeat("".join(f'<a xmlns="u{n}"/>' for n in range(48_000))), 200),
        "long namespace in the header": (heartbeat(header=_filled("<x:From/>", LARGE // 2), attributes=long), 400),
        "long namespace in the body": (heartbeat(_filled("<x:a/>", LARGE // 2), attributes=long), 400),
        "long namespace in data": (data(_filled("<x:a/>", LARGE // 2), long), 400),
        "markup in data": (data(_filled("<x:a/>"), ' xmlns:x="urn:x"'), 200),
        "many headers": (heartbeat(header=_filled("<From/>")), 413),
        "undeclared prefixes": (heartbeat("".join(f"<a{n}:b/>" for n in range(80_000))), 400),
        "long prolog": (heartbeat("<![CDATA[<!DOCTYPE]]>", before=_filled("<!---->")), 200),
        "instructions": (heartbeat(_filled("<?a?>", 5 * 190_000)), 200),
        "character references": (data(_filled("&#65;")), 200),
        "sections": (data(_filled("<![CDATA[a]]>", 13 * 70_000)), 200),
        "long name": (heartbeat(f"<{'a' * LARGE}/>"), 400),
        "long digits": (data("").replace(b"<cs:vendorId>V", b"<cs:vendorId>" + b"9" * LARGE), 200),
        "long identity": (heartbeat().replace(b"CP1", b"C" * LARGE), 400),
        "long message id": (heartbeat(header=f"<w:MessageID>{'>' * LARGE}</w:MessageID>"), 200),
    }


def honest() -> bytes:
    """A message of a mebibyte as a station might send it after weeks without a connection."""
    value = "<cs:sampledValue><cs:value>1</cs:value></cs:sampledValue>"
    time = "<cs:timestamp>2024-01-31T12:00:00Z</cs:timestamp>"
    meter = f"<cs:connectorId>1</cs:connectorId><cs:meterValue>{time}{_filled(value)}</cs:meterValue>"
    return heartbeat(meter).replace(b"heartbeatRequest", b"meterValuesRequest")


def _filled(unit: str, length: int = LARGE) -> str:
    return unit * (length // len(unit))
