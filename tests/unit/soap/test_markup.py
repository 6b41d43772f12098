"""A message as it is spelled: taken apart and put together again it is the same, and only what is changed changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ocpp_soap.errors import ProtocolError
from ocpp_soap.soap import envelope
from ocpp_soap.soap.markup import Document, Element

from .endpoint import WIRE, odd

# What an XML document can hold and a parser leaves as it is.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("<>&'\"]"),
    min_size=1,
)


def readable() -> list[Path]:
    """Every message of the project that can be parsed."""

    def parses(file: Path) -> bool:
        try:
            return bool(envelope.parse(file.read_bytes()))
        except ProtocolError:
            return False

    return [file for file in sorted(WIRE.rglob("*.xml")) if parses(file)]


def elements(element: Element) -> list[Element]:
    """An element and all below it."""
    return [element, *(one for child in element.children for one in elements(child))]


@pytest.mark.parametrize("file", readable(), ids=lambda file: file.relative_to(WIRE).as_posix())
def test_a_message_that_is_not_changed_stays_the_same_byte_by_byte(file: Path) -> None:
    """Also when each text and each attribute is replaced by itself."""
    raw = file.read_bytes()
    document = Document(raw)
    for element in elements(document.root):
        if element.texts:
            document.put_text(element.texts, document.text(element.texts))
        document.put_attributes(element, [value for _, value in document.attributes(element)])
    assert raw == document.encoded()


@given(text=TEXTS, value=TEXTS)
def test_a_new_text_is_read_as_it_was_put(text: str, value: str) -> None:
    """Whatever signs of XML are in it."""
    document = Document(b"<a x='1'>old &lt; &#65;</a>")
    document.put_text(document.root.texts, text)
    document.put_attributes(document.root, [value])
    read = etree.fromstring(document.encoded())
    assert (text, value) == (read.text, read.get("x"))


def test_a_text_in_parts_stays_in_parts() -> None:
    """A comment and a CDATA section inside of a text stay where they are; entities that still fit stay spelled."""
    document = Document(b"<a>04<!-- here -->A1<![CDATA[B2]]> &#x26;&amp;C</a>")
    assert "04A1B2 &&C" == document.text(document.root.texts)
    document.put_text(document.root.texts, "15X9Y8 &&Z1")
    assert b"<a>15<!-- here -->X9<![CDATA[Y8]]> &#x26;&amp;Z1</a>" == document.encoded()


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"), ("utf-8", b"\xef\xbb\xbf")]
)
def test_the_encoding_and_its_mark_survive(encoding: str, mark: bytes) -> None:
    """What is put into a message is written as the message is."""
    document = Document(mark + "<a>é</a>".encode(encoding))
    document.put_text(document.root.texts, "ü")
    assert mark + "<a>ü</a>".encode(encoding) == document.encoded()


def test_latin_text_stays_latin() -> None:
    """A character that it does not have is written by its number; blanks around the message stay."""
    document = Document("\n <?xml version='1.0' encoding='ISO-8859-1'?><a>é</a> ".encode("iso8859-1"))
    document.put_text(document.root.texts, "ü☃")
    assert "\n <?xml version='1.0' encoding='ISO-8859-1'?><a>ü&#9731;</a> ".encode("iso8859-1") == document.encoded()


def test_the_lines_show_a_message_by_its_depth() -> None:
    """What holds no element stays on one line, spelled as it was sent."""
    lines = Document(odd("comments-and-instructions")).lines()
    assert '<?xml version="1.0"?>' == lines[0]
    assert "    <cs:authorizeRequest>" == lines[-6]
    assert "      <cs:idTag>04A3<!-- here -->7B12C9</cs:idTag>" == lines[-4]
    assert "</soap:Envelope>" == lines[-1]
