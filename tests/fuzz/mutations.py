"""Messages that went wrong: real ones with their bytes and their elements changed.

Each change is a function of what there is and two numbers, so that hypothesis can leave changes out of a failure. It
must not know what a message means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st
from lxml import etree

from tests.conftest import PROJECT

WIRE = PROJECT / "tests" / "wire"
CORPUS = PROJECT.parent / "shared" / "corpus"

Change = Callable[[bytes, int, int], bytes]

# What has a meaning somewhere on the way.
TOKENS = [
    b"\0", b"<", b">", b"&", b'"', b"'", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?a?>", b"<!DOCTYPE x>", b"&#0;",
    b"&#xD800;", b"&b;", b"&lt;", b"xmlns:x='u'", b"xmlns=''", b"=", b"/", b"\xff", b"\xc3\x28", b"\xed\xa0\x80",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b[2J", b"\r\n", b"\n", b" ", b"\t", b"-1", b"1e400", b"NaN", b"9" * 400,
    b"2147483648", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59.9999999-14:00", b"<a>" * 70, b"a" * 5000,
    "\u202e\u2028\ufeff\U0001f50c".encode(), b"'; DROP TABLE tags;--", b"<script>", b"%s%n{0}${x}", b"true", b"xsi:nil",
]  # fmt: skip
TEXTS = [token.decode("utf-8", "ignore").replace("\0", "").replace("\x1b", "") for token in TOKENS]
NAMES = [
    "a",
    "Envelope",
    "Header",
    "Body",
    "Fault",
    "heartbeatRequest",
    "idTag",
    "IDTAG",
    "value",
    "connectorId",
    "From",
]
SPACES = ["", "urn:x", "urn://Ocpp/Cs/2015/10/", "urn://Ocpp/Cs/2012/06/", "urn://Ocpp/Cs/2010/08/"]
SPACES += ["urn://Ocpp/Cp/2015/10/", "urn://Ocpp/Cs/2015/10", "http://www.w3.org/2005/08/addressing"]
SPACES += ["http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"]
MOST = 200_000


def messages() -> list[bytes]:
    """The golden and odd messages of the tests, and the corpus where there is one."""
    return [file.read_bytes() for folder in (WIRE, CORPUS) for file in sorted(folder.rglob("*.xml"))]


def _flip(body: bytes, a: int, b: int) -> bytes:
    at = a % max(1, len(body))
    return body[:at] + bytes([b % 256]) + body[at + 1 :]


def _cut_out(body: bytes, a: int, b: int) -> bytes:
    at = a % max(1, len(body))
    return body[:at] + body[at + 1 + b % 200 :]


def _cut_off(body: bytes, a: int, _: int) -> bytes:
    return body[: a % max(1, len(body))]


def _repeat(body: bytes, a: int, b: int) -> bytes:
    at = a % max(1, len(body))
    part = body[at : at + 1 + b % 400]
    return (body[:at] + part * (2 + b % 30) + body[at:])[:MOST]


def _insert(body: bytes, a: int, b: int) -> bytes:
    at = a % max(1, len(body))
    return body[:at] + TOKENS[b % len(TOKENS)] + body[at:]


def _insert_between(body: bytes, a: int, b: int) -> bytes:
    """Like `_insert`, but where a tag begins or ends."""
    places = [at for at, byte in enumerate(body) if byte in b"<>"]
    return _insert(body, places[a % len(places)] + b % 2, b // 2) if places else body


def _swap(body: bytes, a: int, b: int) -> bytes:
    low, high = sorted((a % max(1, len(body)), b % max(1, len(body))))
    return body[high:] + body[low:high] + body[:low]


def _recode(body: bytes, a: int, _: int) -> bytes:
    coding = ("utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-8-sig", "utf-7", "utf-32")[a % 7]
    return body.decode("utf-8", "replace").encode(coding, "replace")


BYTES: list[Change] = [_flip, _cut_out, _cut_off, _repeat, _insert, _insert_between, _insert_between, _swap, _recode]


def _in_tree(change: Callable[[list[etree._Element], int, int], None]) -> Change:
    def changed(body: bytes, a: int, b: int) -> bytes:
        try:
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
            elements = [element for element in root.iter() if isinstance(element.tag, str)]
            change(elements, a, b)
        except (etree.LxmlError, ValueError):  # it is no XML any more, or would be none
            return body
        return etree.tostring(root)[:MOST]

    return changed


def _some(elements: Sequence[etree._Element], number: int) -> etree._Element:
    """One of them, but for the root where there is another."""
    return elements[1 + number % (len(elements) - 1)] if len(elements) > 1 else elements[0]


def _remove(elements: list[etree._Element], a: int, _: int) -> None:
    element = _some(elements, a)
    if (parent := element.getparent()) is not None:
        parent.remove(element)


def _double(elements: list[etree._Element], a: int, b: int) -> None:
    element = _some(elements, a)
    if (parent := element.getparent()) is not None:
        for _ in range(1 + b % 40):
            parent.append(etree.fromstring(etree.tostring(element, with_tail=False)))


def _move(elements: list[etree._Element], a: int, b: int) -> None:
    element, place = _some(elements, a), _some(elements, b)
    if element not in place.iterancestors() and element is not place:
        place.append(element)


def _rename(elements: list[etree._Element], a: int, b: int) -> None:
    element = elements[a % len(elements)]
    names = [*NAMES, etree.QName(element).localname.swapcase(), etree.QName(_some(elements, b)).localname]
    space = etree.QName(element).namespace
    element.tag = f"{{{space}}}{names[b % len(names)]}" if space else names[b % len(names)]


def _requalify(elements: list[etree._Element], a: int, b: int) -> None:
    space = SPACES[b % len(SPACES)]
    chosen = elements if a % 3 == 0 else [elements[a % len(elements)]]
    for element in chosen:
        name = etree.QName(element).localname
        element.tag = f"{{{space}}}{name}" if space else name


def _say(elements: list[etree._Element], a: int, b: int) -> None:
    leaves = [element for element in elements if not len(element)]
    element = _some(leaves if b % 4 and leaves else elements, a)
    element.text = TEXTS[b // 4 % len(TEXTS)]


def _attribute(elements: list[etree._Element], a: int, b: int) -> None:
    names = ["{http://www.w3.org/2001/XMLSchema-instance}nil", "mustUnderstand", "Address", "unit", "measurand", "id"]
    elements[a % len(elements)].set(names[b % len(names)], TEXTS[b // len(names) % len(TEXTS)])


def _wrap(elements: list[etree._Element], a: int, b: int) -> None:
    element = _some(elements, a)
    parent = element.getparent()
    if parent is not None:
        place = parent.index(element)
        for _ in range(1 + b % 70):
            outer = etree.Element(NAMES[b % len(NAMES)])
            outer.append(element)
            element = outer
        parent.insert(place, element)


TREES = [_in_tree(c) for c in (_remove, _double, _move, _rename, _requalify, _say, _say, _say, _attribute, _wrap)]

NUMBERS = st.integers(0, 1_000_000)


@st.composite
def mutated(draw: st.DrawFn, sources: Sequence[bytes], least: int = 0) -> bytes:
    """One of the messages after a few changes."""
    body = draw(st.sampled_from(sources))
    changes = st.tuples(st.sampled_from(TREES * 2 + BYTES), NUMBERS, NUMBERS)
    for change, a, b in draw(st.lists(changes, min_size=least, max_size=5)):
        body = change(body, a, b)
    return body
