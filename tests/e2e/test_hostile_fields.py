"""SQL, HTML, terminal codes, null bytes and invalid UTF-8 in every text field of every version, on both databases."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy
from lxml import etree

from ocpp_soap.soap.addressing import MAX_MESSAGE_ID
from ocpp_soap.soap.ns import NO_MESSAGE
from ocpp_soap.store.columns import metadata
from ocpp_soap.store.engines import make_engine, read_url
from tests.integration.messages import SOAP_TYPE

from .attacks import BROKEN, FORBIDDEN, TEXTS, heartbeat, places
from .gateway import Gateway, running
from .stations import SOAP, content, header, schema
from .wire import SECONDS, Answer, fresh_database, read_answer

HEADERS = ("MessageID", "Action", "From", "ReplyTo", "FaultTo", "To", "RelatesTo")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def gateway(
    request: pytest.FixtureRequest, postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway on each database."""
    folder = tmp_path_factory.mktemp("fields")
    url = fresh_database(request.param, postgresql_url, folder, "fields")
    with running(folder / request.param, url) as started:
        yield started
        assert "Traceback" not in started.log()


@contextmanager
def connection(gateway: Gateway) -> Iterator[http.client.HTTPConnection]:
    """A connection that stays open."""
    parts = urlsplit(gateway.url)
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=SECONDS)) as made:
        yield made


def ask(wire: http.client.HTTPConnection, body: bytes, path: str = "/ocpp") -> Answer:
    """One message."""
    wire.request("POST", path, body, {"Content-Type": SOAP_TYPE})
    return read_answer(wire.getresponse())


def stored(gateway: Gateway) -> set[str]:
    """Every text in every table: columns, and whatever JSON holds."""
    found: set[str] = set()
    engine = make_engine(read_url(gateway.environment["OCPP_SOAP_DATABASE_URL"]), pool_size=1, read_only=True)
    with engine.connect() as reading:
        for table in metadata.sorted_tables:
            for row in reading.execute(sqlalchemy.select(table)):
                for value in row:
                    found.update(texts_in(value))
    engine.dispose()
    return found


def texts_in(value: Any) -> Iterator[str]:
    """The texts in nested lists and objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


def test_any_text_is_stored_as_it_is_in_every_field(gateway: Gateway) -> None:
    """Each field of each request takes each text: the answer is valid, and the store has the text literally."""
    said = {}
    with connection(gateway) as wire:
        for number, place in enumerate(places()):
            for kind, text in TEXTS.items():
                said[f"{place}: {kind}"] = f"{number} {text}"
                answer = ask(wire, place.message(f"{number} {text}", identity=f"CP-{number}-{kind}"))
                assert 200 == answer.status, (str(place), kind, answer.body)
                schema("central_system", place.service.version).assertValid(content(answer.body))
    kept = stored(gateway)
    # A flag holds the beginning of a text, which is where the number stands.
    beginnings = {text[:2000] for text in kept}
    assert [] == [name for name, text in said.items() if text not in kept and text[:2000] not in beginnings]


def test_any_text_in_any_header_is_only_text(gateway: Gateway) -> None:
    """WS-Addressing headers and identity take it, or refuse it with a fault; a MessageID comes back as it was."""
    with connection(gateway) as wire:
        for kind, text in TEXTS.items():
            element = etree.Element("x")
            element.text = text
            escaped = etree.tostring(element, encoding="unicode")[3:-4]
            for name in HEADERS:
                block = f"<w:Address>{escaped}</w:Address>" if name in ("From", "ReplyTo", "FaultTo") else escaped
                answer = ask(wire, heartbeat(header=f"<w:{name}>{block}</w:{name}>"))
                assert (name, kind, 200) == (name, kind, answer.status)
                if name == "MessageID":
                    repeated = header(answer.body, "RelatesTo")
                    assert (text if len(text) <= MAX_MESSAGE_ID else NO_MESSAGE) == repeated
            answer = ask(wire, heartbeat().replace(b"CP1", escaped.encode()))
            refused = len(text) > 255 or re.search("[\x7f-\x9f\u2028]", text) is not None
            assert (kind, 400 if refused else 200) == (kind, answer.status)


def test_what_is_no_xml_is_refused_in_every_field(gateway: Gateway) -> None:
    """Invalid UTF-8 and entities: a ProtocolError, and nothing stored."""
    with connection(gateway) as wire:
        for place in places():
            for kind, raw in BROKEN.items():
                answer = ask(wire, place.message(b"a" + raw + b"b", identity="BROKEN"))
                assert (str(place), kind, 400) == (str(place), kind, answer.status)
                assert b":ProtocolError<" in answer.body
    assert "BROKEN" not in stored(gateway)


def test_what_xml_can_not_hold_is_dropped_in_every_field(gateway: Gateway) -> None:
    """Null bytes, controls, half surrogates: answered as the message without them, and none is stored."""
    with connection(gateway) as wire:
        for place in places():
            plain = ask(wire, place.message(b"ab", identity="FORBIDDEN"))
            for kind, raw in FORBIDDEN.items():
                answer = ask(wire, place.message(b"a" + raw + b"b", identity="FORBIDDEN"))
                assert (str(place), kind, plain.status) == (str(place), kind, answer.status)
    texts = stored(gateway)
    assert "FORBIDDEN" in texts
    assert [] == [text for text in texts if re.search("[\0\x1b\ufffe\ud800-\udfff]", text)]


@pytest.mark.parametrize(
    "path", ["%00", "CP1%00", "CP1%0d%0aX:1", "%ff", "%c0%af", "%ed%a0%80", "C" * 3000, "CP%e2%80%a81"]
)
def test_what_is_no_identity_is_refused_in_the_path(gateway: Gateway, path: str) -> None:
    """Whether the message is one or not: a ProtocolError, that the journal takes."""
    nameless = heartbeat().replace(b"CP1", b"")
    with connection(gateway) as wire:
        for body in (nameless, heartbeat(), nameless[:50], b"", b"\0", nameless.replace(b"heartbeat", b"brew")):
            answer = ask(wire, body, f"/ocpp/{path}")
            subcode = etree.fromstring(answer.body).findtext(f".//{SOAP}Subcode/{SOAP}Value")
            assert (400, "ocpp:ProtocolError") == (answer.status, subcode)
