"""Characters that XML can't hold: dropped wherever they stand, noted once, and nothing else of the message changes."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_soap.errors import ProtocolError
from ocpp_soap.protocol.reading import Flag
from ocpp_soap.soap import envelope
from ocpp_soap.soap.markup import Document

from .endpoint import CENTRAL, Station, ask, endpoint, odd, ready_answers, versions

SERVICE = versions()[0].central_system
MESSAGE = odd("children-in-alphabetical-order")
TAG = b"04A37B12C9"
QUIRK = "forbidden-characters"
ALONE = "dropped, since XML can't hold it"
BEHIND = "dropped with what follows the envelope, since XML can't hold it"


def served(message: bytes) -> tuple[Any, list[Flag]]:
    """What the station is understood to say, and the flags that this module is about."""
    station = Station(ready_answers(SERVICE))
    answer = ask(endpoint(station.receive, [SERVICE], CENTRAL), message)
    assert "200 OK" == answer.status, answer.body
    return station.request, [flag for flag in station.call.flags if flag.quirk == QUIRK]


def tagged(text: bytes) -> bytes:
    """The message with that text behind its idTag."""
    assert TAG in MESSAGE
    return MESSAGE.replace(TAG, TAG + text)


@pytest.mark.parametrize(
    ("message", "raw", "assumed"),
    [
        (MESSAGE + b"\0", "U+0000", BEHIND),
        (MESSAGE + b"\r\n" + b"\0" * 8, "U+0000 (8 in all)", BEHIND),
        (MESSAGE + b"\0</Body></Envelope>", "U+0000", BEHIND),
        (MESSAGE.rstrip() + b"\x1a\x03", "U+001A, U+0003 (2 in all)", ALONE),
        (b"\0" + MESSAGE, "U+0000", ALONE),
        (tagged(b"\0\0\0"), "U+0000 (3 in all)", ALONE),
        (tagged(b"\xc0\x80"), "U+0000", ALONE),
        (tagged(b"&#0;"), "&#x0;", ALONE),
        (tagged(b"&#x1;&#01;&#xD83D;"), "&#x1;, &#xD83D; (3 in all)", ALONE),
        (tagged(b"&#" + b"9" * 5000 + b";"), "&#…;", ALONE),
        (tagged(b"\x07\xef\xbf\xbf\xed\xa0\x80"), "U+0007, U+FFFF, U+D800 (3 in all)", ALONE),
        (tagged(b"\1\2\3\4\5\6\7"), "U+0001, U+0002, U+0003, U+0004, U+0005, … (7 in all)", ALONE),
        (MESSAGE.decode().replace('encoding="UTF-8"', "").encode("utf-16-le") + b"\0", "U+0000", ALONE),
        (tagged(b"\0").decode().replace('encoding="UTF-8"', "").encode("utf-16-be"), "U+0000", ALONE),
    ],
    ids=ascii,
)
def test_what_xml_can_not_hold_is_dropped_and_noted(message: bytes, raw: str, assumed: str) -> None:
    """The message says what it says without it; one flag tells what stood there, and how often."""
    expected, none = served(MESSAGE)
    assert [] == none
    assert (expected, [Flag("Envelope", raw, assumed, QUIRK)]) == served(message)


def test_attributes_and_header_blocks_are_read_without_it() -> None:
    """Identity and message id, and values of attributes."""
    flags: list[Flag] = []
    text = b"<Envelope><Header><a>CP&#0;-1\x01</a></Header><Body><b unit='W\x02h&#x3;'/></Body></Envelope>"
    message = envelope.parse(text, None, flags)
    assert message.content is not None
    assert ("CP-1", "Wh") == (message.blocks[0].text, message.content.get("unit"))


def test_a_reference_in_a_cdata_section_is_text() -> None:
    """It is no character there, and stays as it is."""
    message = envelope.parse(b"<Envelope><Body><b><![CDATA[&#0;\x01]]>&#1;</b></Body></Envelope>")
    assert message.content is not None
    assert "&#0;" == message.content.text


@pytest.mark.parametrize("inside", [b"\0", b"\x01", b"&#0;"])
def test_nothing_that_is_refused_hides_behind_it(inside: bytes) -> None:
    """The rules hold for the message as it is read."""
    hidden = b"<!DOC" + inside + b"TYPE a [<!ENTITY b 'c'>]><Envelope><Body>&b;</Body></Envelope>"
    with pytest.raises(ProtocolError, match="document type declaration"):
        envelope.parse(hidden)
    long = b"<Envelope xml" + inside + b"ns:a='" + b"u" * 501 + b"'><Body/></Envelope>"
    with pytest.raises(ProtocolError, match="a namespace of more than"):
        envelope.parse(long)


def test_it_is_dropped_once() -> None:
    """What only then becomes a forbidden reference is refused: a message is not read over and over."""
    with pytest.raises(ProtocolError, match="not well-formed"):
        envelope.parse(b"<Envelope><Body>&#&#0;0;</Body></Envelope>")


def test_nulls_alone_are_an_empty_message() -> None:
    """A buffer that was never filled."""
    with pytest.raises(ProtocolError, match="The message is empty"):
        envelope.parse(b"\0" * 64)


def test_a_view_of_the_message_shows_what_was_read() -> None:
    """What is shown, or redacted, is the text that the parser had."""
    document = Document(b"<Envelope><Body><id\x01Tag>A\0B&#2;</idTag></Body></Envelope>\0secret")
    assert "<Envelope><Body><idTag>AB</idTag></Body></Envelope>" == str(document)
