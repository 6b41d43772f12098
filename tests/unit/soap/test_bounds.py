"""Bounds on what a message may cost: namespaces, header blocks, markup in text, names of encodings."""

from __future__ import annotations

import encodings

import pytest

from ocpp_soap.errors import ProtocolError
from ocpp_soap.protocol.reading import Flag
from ocpp_soap.soap import envelope
from ocpp_soap.soap.content import MAX_WRITTEN

from .endpoint import CENTRAL, Station, ask, endpoint, odd, ready_answers, versions

SERVICE = versions()[0].central_system
LOOP, TAG = odd("nested-xml-in-data"), odd("declaration-missing")


def send(message: bytes) -> Station:
    """Sends a message that has to be confirmed."""
    station = Station(ready_answers(SERVICE))
    answer = ask(endpoint(station.receive, [SERVICE], CENTRAL), message)
    assert "200 OK" == answer.status, answer.body
    return station


@pytest.mark.parametrize("declared", ['xmlns:n="{}"', "xmlns='{}'", 'xmlns:n = \n "{}"', "b='1' xmlns:n='{}' c=''"])
def test_a_namespace_may_have_500_characters_and_no_more(declared: str) -> None:
    """Every element that is looked at repeats its own: a longer one is refused, however it is declared."""
    message = "<Envelope><Body><a {}>xmlns = 'x'</a></Body></Envelope>"
    for length in (1, 500):
        assert envelope.parse(message.format(declared.format("u" * length)).encode()).content is not None
    with pytest.raises(ProtocolError, match="a namespace of more than 500 characters"):
        envelope.parse(message.format(declared.format("u" * 501)).encode())


def test_a_long_value_is_no_namespace() -> None:
    """Other attributes may be as long as they like."""
    message = f"<Envelope xmlns:n='u' a='{'v' * 5000}'><Body b='{'v' * 5000}'/></Envelope>"
    assert envelope.parse(message.encode()).content is None


def test_a_header_may_have_1000_blocks_and_no_more() -> None:
    """More are refused with the status of what is too large."""
    message = "<Envelope><Header>{}</Header><Body/></Envelope>"
    assert 1000 == len(envelope.parse(message.format("<a/>" * 1000).encode()).blocks)
    with pytest.raises(ProtocolError, match="more than 1000 blocks") as refused:
        envelope.parse(message.format("<a/>" * 1001).encode())
    assert 413 == refused.value.status


def test_much_markup_in_data_does_not_repeat_its_namespaces() -> None:
    """With a thousand elements and more the text is what stood there; with few each could stand by itself."""
    start, end = LOOP.index(b"<cs:data>") + 9, LOOP.index(b"</cs:data>")
    for number, expected in ((2, '<x:a xmlns:x="urn:x"/>' * 2), (MAX_WRITTEN + 1, "<x:a/>" * (MAX_WRITTEN + 1))):
        many = LOOP[:start] + b"<x:a/>" * number + LOOP[end:]
        station = send(many.replace(b"<cs:data>", b'<cs:data xmlns:x="urn:x">'))
        assert expected == station.request["data"]


def test_an_encoding_that_nobody_knows_leaves_no_trace() -> None:
    """Python's own look-up would keep each name that it does not find, for ever."""
    kept = len(encodings._cache)
    for number in range(20):
        flags: list[Flag] = []
        envelope.parse(b"<Envelope><Body/></Envelope>", f"text/xml; charset=no-such-{number}", flags)
        assert [f"no-such-{number}"] == [flag.raw for flag in flags if flag.quirk == "encoding-unknown"]
    assert kept == len(encodings._cache)


def test_a_long_prolog_is_passed_over() -> None:
    """Comments and instructions before the envelope, in any number, hide no document type."""
    prolog = b"<?a?> <!-- <!DOCTYPE b> -->\n" * 500
    assert envelope.parse(prolog + TAG).content is not None
    with pytest.raises(ProtocolError, match="document type declaration"):
        envelope.parse(prolog + b"<!DOCTYPE b>" + TAG)
