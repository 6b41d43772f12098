"""Redaction: nothing of people, sites and secrets stays in a message, and everything else does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import pytest
from lxml import etree

from ocpp_soap.central.records import Exchange
from ocpp_soap.errors import ProtocolError
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.catalog import Catalog
from ocpp_soap.soap.redaction import Redactor
from ocpp_soap.soap.rereading import Rereader

from .endpoint import WIRE, goldens, odd, versions

NEWEST = versions()[0]
AT = datetime(2026, 3, 2, tzinfo=UTC)

# The types of fields and header blocks that a golden message may show to anybody.
SECRET_FIELDS = re.compile(
    r"(?:idTag|parentIdTag|chargeBoxIdentity|\w+SerialNumber|iccid|imsi|info|data|fileName|location|Address|To)"
)
HARMLESS = {"Outlet", "Body", "Inlet", "EV", "Cable", "http://www.w3.org/2005/08/addressing/anonymous"}


@cache
def services() -> Catalog:
    """The catalog, read once."""
    return catalog.load()


def exchange(request: bytes, direction: str = "in", **fields: Any) -> Exchange:
    """A row of the journal."""
    base = Exchange(AT, direction, "CP-2041", None, NEWEST.name, "10.31.7.4", 0.1, "answered", request, None)
    return replace(base, **fields)


def redact(request: bytes, kept: Collection[str] = (), direction: str = "in") -> bytes:
    """A request as a trace has it."""
    redactor = Redactor(services(), kept)
    redactor.begin("CP-2041")
    return redactor.message(exchange(request, direction), "request")


def message(header: str = "", body: str = "<cs:heartbeatRequest/>", service: str = "central_system") -> bytes:
    """An envelope with these blocks and this body."""
    space = getattr(NEWEST, service).namespace
    return (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:cs="{space}" '
        f'xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def leaves(raw: bytes) -> Iterator[tuple[str, str]]:
    """Local names and texts of the elements that hold a text."""
    for element in etree.fromstring(raw).iter("{*}*"):
        if (element.text or "").strip():
            yield etree.QName(element).localname, (element.text or "").strip()


def names(raw: bytes) -> list[Any]:
    """What a message is made of without its texts."""
    parser = etree.XMLParser(recover=True)
    return [(e.tag, e.prefix, sorted(e.attrib), len(e)) for e in etree.fromstring(raw, parser).iter("*")]


@pytest.mark.parametrize("golden", list(goldens()), ids=str)
def test_nothing_that_tells_of_people_or_sites_is_left_of_any_operation(golden: Any) -> None:
    """Of both directions and all versions; all other texts are as they were."""
    direction = "in" if golden.service.name.startswith("Central") else "out"
    row = exchange(golden.request, direction, answer=golden.response, version=golden.service.version)
    redactor = Redactor(services())
    redactor.begin("CP-2041")
    for side, raw in (("request", golden.request), ("response", golden.response)):
        made = redactor.message(row, cast(Any, side))
        assert names(raw) == names(made)
        for (name, old), (_, new) in zip(leaves(raw), leaves(made), strict=True):
            secret = SECRET_FIELDS.fullmatch(name) and old not in HARMLESS
            config = name == "value" and "Configuration" in golden.operation.name
            assert config or bool(secret) == (old != new), (name, old, new)


@pytest.mark.parametrize("file", sorted((WIRE / NEWEST.name / "odd").glob("*.xml")), ids=lambda file: file.stem)
def test_every_oddity_survives(file: Any) -> None:
    """A redacted message is read with the same tolerances as before; one that can't be parsed is refused."""
    raw = file.read_bytes()
    rereader = Rereader(services())
    before = rereader.read(exchange(raw), "request")
    assert before is not None
    if before.element is None:
        with pytest.raises(ProtocolError, match=re.escape(before.unreadable or "")):
            redact(raw)
        return
    made = redact(raw)
    after = rereader.read(exchange(made), "request")
    assert after is not None
    assert [(f.path, f.quirk) for f in before.flags] == [(f.path, f.quirk) for f in after.flags]
    # One message holds a line break in its identity; another is UTF-16.
    text = made.decode("utf-16" if "utf-16" in file.stem else "latin-1")
    assert [] == re.findall(r"(?i)CP-?\s*2041|04A37B12C9|7B12C9|10\.31\.7\.4|central\.example", text)


KEY = "<cs:{0}><cs:key>{1}</cs:key><cs:value>{2}</cs:value></cs:{0}>"


@pytest.mark.parametrize(
    ("key", "value", "pattern"),
    [
        ("AuthorizationKey", "hunter2", r"[a-z]{6}\d"),
        ("HeartbeatInterval", "300", "300"),
        ("Note", "see ftp://bob:pw@files.acme.com/x", r"see ftp://[a-z]{3}:[a-z]{2}@host-\d\.example/[a-z]"),
        ("Gateway", "10.1.2.3", r"198\.18\.0\.\d"),
        ("OcppServer", "ocpp.acme.com:80", r"host-\d\.example:80"),
        ("ServerTimeout", "30", "30"),
        ("Modem", "10.1.2.3", r"198\.18\.0\.\d"),
        ("", "hunter2", r"[a-z]{6}\d"),
    ],
)
def test_a_configuration_value_is_judged_by_its_key(key: str, value: str, pattern: str) -> None:
    """A value whose key is not said is taken for a secret."""
    body = KEY.format("changeConfigurationRequest", key, value)
    made = redact(message(body=body, service="charge_point"), direction="out").decode()
    assert re.search(f"<cs:key>{key}</cs:key><cs:value>{pattern}</cs:value>", made), made


def test_a_value_before_its_key_is_judged_by_it_too() -> None:
    """Stations send fields in an order of their own."""
    fields = "<cs:value>s3cret</cs:value><cs:key>Password</cs:key>"
    body = f"<cs:changeConfigurationRequest>{fields}</cs:changeConfigurationRequest>"
    assert b"s3cret" not in redact(message(body=body, service="charge_point"), direction="out")


UNKNOWN = [
    ("a block", message('<x:Token xmlns:x="urn:x"><x:User>bob</x:User></x:Token>')),
    ("a field", message(body="<cs:heartbeatRequest><cs:driver>bob</cs:driver></cs:heartbeatRequest>")),
    ("an attribute", message(body='<cs:heartbeatRequest driver="bob"/>')),
    ("a comment", message(body="<cs:heartbeatRequest/><!-- bob -->")),
    ("an instruction", message(body="<?driver bob?><cs:heartbeatRequest/>")),
    ("an operation", message(body="<cs:driveRequest><cs:idTag>bob</cs:idTag></cs:driveRequest>")),
    ("beside the header", message().replace(b"<s:Body>", b"<s:Driver>bob</s:Driver><s:Body>")),
    ("loose text", message().replace(b"</s:Header>", b"bob</s:Header>")),
    ("a parameter", message("<a:From><a:ReferenceParameters>bob</a:ReferenceParameters></a:From>")),
]


@pytest.mark.parametrize(("where", "raw"), UNKNOWN, ids=[where for where, _ in UNKNOWN])
def test_what_the_standard_does_not_have_is_masked(where: str, raw: bytes) -> None:
    """Unless it is kept on purpose."""
    assert (False, True) == (b"bob" in redact(raw), b"bob" in redact(raw, ["unknown"]))
    assert raw.replace(b"bob", b"xxx") == redact(raw)


def test_a_name_is_replaced_where_it_stands_inside_of_other_texts() -> None:
    """In a MessageID, a fault's reason, a path; as a whole word, and not in words of the standard."""
    header = (
        "<cs:chargeBoxIdentity>CP7</cs:chargeBoxIdentity><a:MessageID>cp7-17</a:MessageID><a:To>http://h/CP7</a:To>"
    )
    made = redact(message(header)).decode()
    name = re.search("chargeBoxIdentity>([^<]*)<", made)
    assert name is not None
    assert f"<a:MessageID>{name[1].lower()}-17</a:MessageID>" in made
    assert f"<a:To>http://host-1/{name[1]}</a:To>" in made
    fault = "<s:Fault><s:Reason><s:Text>CP7 at 10.0.0.9 is no XCP7</s:Text></s:Reason></s:Fault>"
    made = redact(message(header, fault)).decode()
    assert re.search(r"<s:Text>[A-Z]{2}\d at 198\.18\.0\.\d is no XCP7</s:Text>", made), made
    assert "CP7 at" not in made


def test_a_station_that_is_named_like_a_word_of_the_standard_spoils_no_message() -> None:
    """A unit, a status, a number."""
    for name in ("A", "Accepted", "1"):
        said = "<cs:connectorId>1</cs:connectorId><cs:status>Accepted</cs:status><cs:errorCode>A</cs:errorCode>"
        body = f"<cs:statusNotificationRequest>{said}</cs:statusNotificationRequest>"
        raw = message(f"<cs:chargeBoxIdentity>{name}</cs:chargeBoxIdentity>", body)
        assert said.encode() in redact(raw)


def test_what_is_known_of_a_station_is_found_in_its_later_messages() -> None:
    """A serial number that was said at boot, in a MessageID; an idTag is looked for in its own exchange alone."""
    boot = "<cs:bootNotificationRequest><cs:meterSerialNumber>M5512</cs:meterSerialNumber></cs:bootNotificationRequest>"
    redactor = Redactor(services())
    for body, header in ((boot, ""), ("<cs:heartbeatRequest/>", "<a:MessageID>M5512.9</a:MessageID>")):
        redactor.begin("CP-1")
        assert b"M5512" not in redactor.message(exchange(message(header, body)), "request")


@pytest.mark.parametrize(
    ("kept", "said"),
    [("identity", b"CP-2041"), ("tags", b"04A37B12C9"), ("addresses", b"http://10.31.7.4:8085/")],
)
def test_what_is_kept_stays(kept: str, said: bytes) -> None:
    """And only that."""
    made = redact(odd("children-unqualified"), [kept])
    secrets = {b"CP-2041", b"04A37B12C9", b"http://10.31.7.4:8085/"}
    assert {said} == {secret for secret in secrets if secret in made}


def test_a_data_transfer_keeps_the_form_of_its_data() -> None:
    """Markup inside of it stays, its texts and values do not; kept data loses the names that are known."""
    raw = odd("nested-xml-in-data")
    assert b'>xxxxx: <loop number="0"><x:on xmlns:x="urn:example:x"/></loop> xxx<' in redact(raw)
    kept = redact(raw.replace(b"state:", b"CP-2041:"), ["data"])
    assert b"CP-2041" not in kept
    assert b" end<" in kept


def test_readings_in_another_versions_structure_keep_their_numbers() -> None:
    """They are known; what stands beside them is not."""
    reading = '<cs:timestamp>2026-03-02T07:35:00Z</cs:timestamp><cs:value unit="Wh">1210</cs:value>'
    body = "<cs:meterValuesRequest><cs:values>{}</cs:values></cs:meterValuesRequest>"
    made = redact(message(body=body.format(reading + "<cs:driver>bob</cs:driver>")))
    assert reading.encode() in made
    assert b"bob" not in made
