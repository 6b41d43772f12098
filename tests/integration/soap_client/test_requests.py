"""What leaves: the bytes on the wire, for every operation of the WSDL."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.central.callback import CallbackGuard
from ocpp_soap.central.ports import Link
from ocpp_soap.central.profile import EVERYBODYS, Profile
from ocpp_soap.errors import NotTransmitted
from ocpp_soap.protocol import catalog, validation
from ocpp_soap.protocol.schema import ComplexType, Field, Service, SimpleType
from ocpp_soap.soap.client import SoapCaller, ZeepLink
from ocpp_soap.soap.ns import ANONYMOUS, SOAP12, WSA
from tests.integration.soap_client.stations import Station, answer, confirmation, schema

CATALOG = catalog.load()
OPERATIONS = [(v, o) for v in CATALOG.versions for o in CATALOG.versions[v].charge_point.operations]
ACCEPTED = "<c:status>Accepted</c:status>"
SAMPLES = {
    "string": "é <&> \"'",
    "int": -7,
    "decimal": Decimal("1E+1"),
    "boolean": False,
    "dateTime": datetime(2024, 1, 31, 12, 0, 0, 5000, UTC),
    "anyURI": "ftp://user:pass@example.org/a%20b?c=d&e",
}


def filled(type_: ComplexType, whole: bool) -> dict[str, Any]:
    """A payload with every field of the type, or with the required ones alone."""
    return {f.name: value(f, whole) for f in type_.fields if whole or f.required}


def value(field: Field, whole: bool) -> Any:
    """A value of the field's type; two where there may be many."""
    one = filled(field.type, whole) if isinstance(field.type, ComplexType) else leaf(field.type)
    return [one, one] if field.many else one


def leaf(type_: SimpleType) -> Any:
    """A value that is easily written wrongly."""
    return type_.enumeration[-1] if type_.enumeration else SAMPLES[type_.base]


def as_texts(element: etree._Element) -> Any:
    """The element's content: its text, or its children in order."""
    return [(etree.QName(c).localname, as_texts(c)) for c in element] if len(element) else element.text or ""


def expected_texts(payload: Any) -> Any:
    """What `as_texts` gives for a payload, in the order of the payload."""
    if not isinstance(payload, dict):
        written = {False: "false", SAMPLES["decimal"]: "10", SAMPLES["dateTime"]: "2024-01-31T12:00:00.005Z"}
        return written.get(payload, str(payload))
    pairs = [(k, i) for k, v in payload.items() for i in (v if isinstance(v, list) else [v])]
    return [(k, expected_texts(i)) for k, i in pairs] or ""


@pytest.mark.parametrize("whole", [True, False], ids=["every field", "required fields"])
@pytest.mark.parametrize(("version", "operation"), OPERATIONS)
def test_every_request_fits_the_schema_and_holds_the_payload(
    station: Station, version: str, operation: str, whole: bool
) -> None:
    """The body is valid against the WSDL's own schema, in its order, and says what the payload says."""
    service = CATALOG.versions[version].charge_point
    described = service.operations[operation]
    payload = validation.check(filled(described.input.type, whole), described.input.type)
    station.act = answer(confirmation(service, operation, f"{ACCEPTED}<c:listVersion>1</c:listVersion>"))
    SoapCaller(service).call(station.url, "CP", operation, payload, from_address="http://cs.example/ocpp")
    body = etree.fromstring(station.requests[0].body).find(f"{{{SOAP12}}}Body")
    assert body is not None
    schema(service).assertValid(body[0])
    assert f"{{{service.namespace}}}{described.input.element}" == body[0].tag
    assert expected_texts(payload) == as_texts(body[0])


def test_the_headers_are_the_specifications_and_no_others(station: Station, service: Service) -> None:
    """Identity, Action, MessageID, From, ReplyTo and To, each once (soap-binding decision 3)."""
    station.act = answer(confirmation(service, "Reset"))
    link: Link = ZeepLink(CATALOG, public_url="https://cs.example/ocpp", guard=CallbackGuard(development=True))
    answered = link.call(station.url, " Säule/1 ", service.version, "Reset", {"type": "Hard"}, EVERYBODYS)
    assert station.requests[0].body == answered.request
    header = etree.fromstring(answered.request).find(f"{{{SOAP12}}}Header")
    assert header is not None
    message_id = header.findtext(f"{{{WSA}}}MessageID")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", message_id or "")
    assert {
        f"{{{service.namespace}}}chargeBoxIdentity": " Säule/1 ",
        f"{{{WSA}}}Action": "/Reset",
        f"{{{WSA}}}MessageID": message_id,
        f"{{{WSA}}}From": [("Address", "https://cs.example/ocpp")],
        f"{{{WSA}}}ReplyTo": [("Address", ANONYMOUS)],
        f"{{{WSA}}}To": station.url,
    } == {block.tag: as_texts(block) for block in header}
    assert 6 == len(header)


@pytest.mark.parametrize(
    ("headers", "blocks"),
    [
        ("full", {"chargeBoxIdentity", "Action", "MessageID", "From", "ReplyTo", "To"}),
        ("classic", {"chargeBoxIdentity", "Action", "MessageID", "ReplyTo", "To"}),
        ("bare", {"chargeBoxIdentity"}),
    ],
)
@pytest.mark.parametrize("version", CATALOG.versions)
def test_a_profile_chooses_the_header_blocks(station: Station, version: str, headers: str, blocks: set[str]) -> None:
    """Those of the specification, those that most central systems send, or the identity alone; the answer counts."""
    service = CATALOG.versions[version].charge_point
    station.act = answer(confirmation(service, "ClearCache"))
    link = ZeepLink(CATALOG, public_url="https://cs.example/ocpp", guard=CallbackGuard(development=True))
    answered = link.call(station.url, "CP", version, "ClearCache", {}, Profile(headers=headers))
    header = etree.fromstring(answered.request).find(f"{{{SOAP12}}}Header")
    assert header is not None
    assert ({"status": "Accepted"}, blocks) == (answered.payload, {etree.QName(block).localname for block in header})
    assert len(blocks) == len(header)
    assert ("full" == headers) is (b"https://cs.example/ocpp" in answered.request)


def test_a_profile_puts_the_action_into_the_content_type(station: Station, caller: SoapCaller) -> None:
    """As SOAP 1.2 allows it (RFC 3902), with the action of the WSDL."""
    station.act = answer(confirmation(caller.service, "Reset"))
    profile = Profile(content_type_action=True)
    caller.call(station.url, "CP", "Reset", {"type": "Soft"}, from_address=None, profile=profile)
    expected = 'application/soap+xml; charset=utf-8; action="/Reset"'
    assert expected == dict(station.requests[0].headers)["Content-Type"]


def test_the_message_begins_with_the_declaration_of_the_specification(station: Station, caller: SoapCaller) -> None:
    """Double quotes and capitals, as OCPP-S 1.6 §3.1 prints it."""
    station.act = answer(confirmation(caller.service, "ClearCache"))
    caller.call(station.url, "CP", "ClearCache", {}, from_address="http://cs.example/")
    assert b'<?xml version="1.0" encoding="UTF-8"?>' == station.requests[0].body.split(b"\n", 1)[0]


def test_the_http_headers_are_these_and_no_others(station: Station, caller: SoapCaller) -> None:
    """No SOAPAction, no Accept-Encoding, no chunks, no keep-alive."""
    station.act = answer(confirmation(caller.service, "ClearCache"))
    caller.call(station.url, "CP", "ClearCache", {}, from_address="http://cs.example/")
    request = station.requests[0]
    assert "POST /station HTTP/1.1" == request.line
    assert [
        ("Connection", "close"),
        ("Content-Length", str(len(request.body))),
        ("Content-Type", "application/soap+xml; charset=utf-8"),
        ("Host", f"127.0.0.1:{station.port}"),
        ("User-Agent", "ocpp-soap"),
    ] == sorted(request.headers)


@pytest.mark.parametrize(
    ("path", "requested", "to"),
    [
        ("", "/", ""),
        ("?cp=1&token=a", "/?cp=1&token=a", "?cp=1&token=a"),
        ("/Charge Point/ü?x=a b#part", "/Charge%20Point/%C3%BC?x=a%20b", "/Charge%20Point/%C3%BC?x=a%20b"),
        ("//a/./b/../c;d=1/%2f", "//a/./b/../c;d=1/%2f", "//a/./b/../c;d=1/%2f"),
    ],
)
def test_an_odd_path_is_called_verbatim(
    station: Station, caller: SoapCaller, path: str, requested: str, to: str
) -> None:
    """Only what a URL can't hold is encoded (soap-binding C.5, 52)."""
    station.act = answer(confirmation(caller.service, "ClearCache"))
    place = f"http://127.0.0.1:{station.port}"
    answered = caller.call(place + path, "CP", "ClearCache", {}, from_address="http://cs.example/")
    assert f"POST {requested} HTTP/1.1" == station.requests[0].line
    assert place + to == etree.fromstring(answered.request).findtext(f".//{{{WSA}}}To")


def test_a_user_and_password_go_into_the_authorization_alone(
    station: Station, caller: SoapCaller, caplog: pytest.LogCaptureFixture
) -> None:
    """They are neither in the message nor in the log, and neither is the query."""
    caplog.set_level("DEBUG")
    station.act = answer(confirmation(caller.service, "ClearCache"))
    address = f"http://operator:s%40fe@127.0.0.1:{station.port}/station?token=hidden"
    caller.call(address, "CP", "ClearCache", {}, from_address="http://cs.example/")
    assert ("Authorization", "Basic b3BlcmF0b3I6c0BmZQ==") in station.requests[0].headers
    assert b"operator" not in station.requests[0].body
    assert [] == [word for word in ("operator", "s%40fe", "s@fe", "hidden") if word in caplog.text]


def test_each_call_has_a_connection_of_its_own(station: Station, caller: SoapCaller) -> None:
    """A stale connection can't be told from an uncertain call, so none is kept."""
    station.act = answer(confirmation(caller.service, "ClearCache"), Connection="keep-alive")
    for _ in range(3):
        caller.call(station.url, "CP", "ClearCache", {}, from_address="http://cs.example/")
    assert 3 == station.connections


def test_the_proxies_and_passwords_of_the_environment_are_not_asked(
    station: Station, caller: SoapCaller, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Neither http_proxy nor ~/.netrc changes a call."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    station.act = answer(confirmation(caller.service, "ClearCache"))
    caller.call(station.url, "CP", "ClearCache", {}, from_address="http://cs.example/")
    assert "Authorization" not in dict(station.requests[0].headers)


def test_a_call_is_one_line_in_the_log_without_the_payload(
    station: Station, caller: SoapCaller, caplog: pytest.LogCaptureFixture
) -> None:
    """Operation, identity, address, outcome and time; no idTag."""
    caplog.set_level("INFO")
    station.act = answer(confirmation(caller.service, "RemoteStartTransaction"))
    caller.call(station.url, "CP", "RemoteStartTransaction", {"idTag": "DEADBEEF"}, from_address="http://cs.example/")
    (line,) = caplog.messages
    assert line.startswith(f"RemoteStartTransaction of CP at {station.url}: answered in ")
    assert "DEADBEEF" not in line


def test_a_caller_may_keep_its_own_address_to_itself(station: Station, caller: SoapCaller) -> None:
    """Without an address of one's own there is no wsa:From, as with many a real station (soap-binding C.1, 1)."""
    station.act = answer(confirmation(caller.service, "ClearCache"))
    caller.call(station.url, "CP", "ClearCache", {}, from_address=None)
    assert b"From" not in station.requests[0].body


def test_a_version_that_is_not_served_is_not_transmitted(station: Station) -> None:
    """A link has a caller for each version of the catalog."""
    link = ZeepLink(CATALOG, public_url="http://cs.example/", guard=CallbackGuard(development=True))
    with pytest.raises(NotTransmitted, match="there is no OCPP version 'next' here"):
        link.call(station.url, "CP", "next", "ClearCache", {}, EVERYBODYS)
    assert 0 == station.connections
