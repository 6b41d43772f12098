"""Envelopes by the WSDLs of every version, with everything that real stations and hostile ones do to them.

What it makes is text: much of it is no XML, or no SOAP, on purpose.
"""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.catalog import Catalog
from ocpp_soap.protocol.schema import ComplexType, Field, Operation, Service, SimpleType

from .luck import Luck, lucky
from .mutations import SPACES, TEXTS

SOAP12, SOAP11 = "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


@cache
def versions() -> Catalog:
    """The services of every version."""
    return catalog.load()


# Of the values that a field may have, many are of other types.
ODD = st.one_of(
    st.sampled_from(TEXTS).map(escape),
    st.sampled_from(TEXTS).map(escape),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=400).map(escape),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.sampled_from(
        ["", " ", "\n", "<a/>", "<a><b>1</b></a>", "<cs:value>x</cs:value>", "<![CDATA[<b>]]>", "<!--x-->"]
    ),
)
# The edges of the types, and other spellings.
NUMBERS = ["2147483647", "-2147483648", "2147483648", "-2147483649", "+5", "007", "1.0", "1e2", "-0", "0x1", "1_0", "١"]
TIMES = ["2024-01-31T12:00:00Z", "1700000000", "1700000000123", "2024-01-31 12:00:00", "2024-02-30T00:00:00Z", "12:00"]
TIMES += [
    "2024-01-31T24:00:00",
    "2024-12-31T23:59:60Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.9999999-14:00",
]
TIMES += [
    "20240131T120000Z",
    "2024-01-31T12:00:00.123456789+05:30",
    "2024-01-31T12:00:00+25:00",
    "-1",
    "99999-01-01T00:00:00Z",
]
VALUES: dict[str, st.SearchStrategy[str]] = {
    "int": st.one_of(st.integers(-2, 12).map(str), st.integers(-(2**31), 2**31 - 1).map(str), st.sampled_from(NUMBERS)),
    "string": st.one_of(st.sampled_from(["TAG", "tag", "x"]), st.text("abc é1.-<", max_size=30).map(escape)),
    "dateTime": st.one_of(
        st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
        st.sampled_from(TIMES),
    ),
    "boolean": st.sampled_from(["true", "0", "TRUE"]),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False).map(str),
    "anyURI": st.sampled_from(["ftp://h/p", "x"]),
}


@st.composite
def values(draw: st.DrawFn, type_: SimpleType, luck: Luck) -> str:
    """A text of the type, in another case, padded, or of no type at all."""
    way = luck.of(*[""] * 15, "odd", "odd", "case", "blanks", "nothing")
    if way == "odd":
        return draw(ODD)
    value = draw(st.sampled_from(type_.enumeration) if type_.enumeration else VALUES[type_.base])
    return {"": value, "case": value.swapcase(), "blanks": f"\n {value}\t", "nothing": ""}[way]


@st.composite
def content(draw: st.DrawFn, type_: ComplexType, prefix: str, luck: Luck) -> str:
    """The children of an element of that type, some left out, repeated, renamed or in another order."""
    found: list[str] = []
    for field in type_.fields:
        own = draw(lucky())
        if field.attribute or own.once_in(20 if field.required else 3):
            continue
        found += [draw(element(field, prefix, own)) for _ in range(3 if own.once_in(3 if field.many else 30) else 1)]
    if luck.once_in(20):
        found.append(draw(st.one_of(ODD, st.sampled_from(TEXTS))))
    if luck.once_in(10):
        found = draw(st.permutations(found))
    text = draw(values(type_.text, luck)) if type_.text is not None else ""
    return text + luck.of("", "", "\n  ").join(found)


@st.composite
def element(draw: st.DrawFn, field: Field, prefix: str, luck: Luck) -> str:
    """One field as an element."""
    name = prefix + luck.mostly(field.name, field.name.lower(), field.name.upper(), "odd")
    if isinstance(field.type, SimpleType):
        return f"<{name}>{draw(values(field.type, luck))}</{name}>"
    attributes = "".join(
        f' {part.name}="{draw(values(part.type, luck))}"'
        for part in field.type.fields
        if part.attribute and isinstance(part.type, SimpleType) and luck.once_in(2)
    )
    return f"<{name}{attributes}>{draw(content(field.type, prefix, luck))}</{name}>"


BLOCKS = ["Action", "MessageID", "From", "ReplyTo", "FaultTo", "To", "RelatesTo", "messageid", "Security"]
ADDRESSES = ["http://10.0.0.1:8080/", "http://:8082/", "anonymous", "", "http://[::1]/", "http://[::1", "h:1"]
ADDRESSES += ["http://www.w3.org/2005/08/addressing/anonymous", "file:///etc/passwd", "http://h:99999/", "//\u212a/"]
ADDRESSES += ["http://10.0.0.1:8080/&#10;x", "http://user:pw@h/", f"http://{'h' * 300}", "http://\u0130.example/\u2028"]
# A station of which everything is asked that the specification asks.
STRICT = "CP-STRICT"
IDENTITIES = (STRICT, STRICT, STRICT, "cp-2041", "", " CP 1 ", "CP&#10;1", "x" * 300, "\u0130\u00df", "a/b")


@st.composite
def header(draw: st.DrawFn, service: Service, prefix: str, luck: Luck) -> str:
    """The blocks of a header."""
    identity = f"<{prefix}{service.header}>{luck.mostly('CP-2041', *IDENTITIES)}</{prefix}{service.header}>"
    blocks = [identity] * int(luck.mostly("1", "0", "2"))
    for name in draw(st.lists(st.sampled_from(BLOCKS), max_size=5)):
        own = draw(lucky())
        said = draw(ODD) if own.once_in(3) else draw(st.sampled_from(ADDRESSES))
        if name in ("From", "ReplyTo", "FaultTo") and not own.once_in(5):
            said = f"<w:Address>{said}</w:Address>"
        must = own.mostly("", ' s:mustUnderstand="true"', ' mustUnderstand="1"', ' Address="x"')
        spelled = own.mostly("w:", "", prefix, "undeclared:") + name
        blocks.append(f"<{spelled}{must}>{said}</{spelled}>")
    return "".join(blocks[::-1] if luck.once_in(2) else blocks)


@st.composite
def envelopes(draw: st.DrawFn, answers_of: Operation | None = None) -> bytes:
    """A message to a Central System; or one to us, as the answer to that operation of a charge point."""
    version = draw(st.sampled_from(list(versions().versions.values())))
    service, other = version.central_system, version.charge_point
    luck, inner, outer = draw(lucky()), draw(lucky()), draw(lucky())
    if answers_of is None:
        operation = draw(st.sampled_from([*service.operations.values()] * 5 + [*other.operations.values()]))
        message = operation.output if luck.once_in(20) else operation.input
    else:
        service, other, message = other, service, answers_of.output
    space = luck.mostly(service.namespace, other.namespace, *SPACES)
    prefix = luck.of("cs:", "cs:", "ns1:", "")
    name = prefix + luck.mostly(message.element, message.element.upper(), "odd", "Fault")
    body = f"<{name}>{draw(content(message.type, prefix, inner))}</{name}>" * int(inner.mostly("1", "0", "2"))
    soap = outer.mostly(SOAP12, SOAP11, "", "urn:x")
    root, part = (f's:Envelope xmlns:s="{soap}"', "s:") if soap else ("Envelope", "")
    text = "".join(
        [
            outer.mostly("", "\ufeff", "\r\n", DECLARATION, "<?xml version='1.1'?>", "<!DOCTYPE x>"),
            f'<{root} xmlns:w="{WSA}" xmlns{":" if prefix else ""}{prefix[:-1]}="{space}">',
            f"<{part}Header>{draw(header(service, prefix, draw(lucky())))}</{part}Header>",
            outer.mostly("", "<!--x-->", "<?x y?>", "text"),
            f"<{part}Body>{body}</{part}Body></{part}Envelope>",
        ]
    )
    coding = outer.mostly("utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "us-ascii")
    return text.encode(coding, "xmlcharrefreplace")
