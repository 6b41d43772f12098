"""Odd envelopes and headers: each is understood or refused as soap-binding.md decides, and every tolerance is noted."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_soap.errors import Fault

from .endpoint import CENTRAL, WSA, Answer, Station, ask, endpoint, odd, ready_answers, reason, subcode, tree, versions

NEWEST = versions()[0]
CS = NEWEST.central_system.namespace
CP = NEWEST.charge_point.namespace
FROM = "http://10.31.7.4:8085/"
READ_AS = [(name, f"read as {name}") for name in ("chargeBoxIdentity", "Action", "MessageID", "From", "To")]
ADDRESS_ITSELF = "its address, though it has no element Address"


def send(name: str, **more: Any) -> tuple[Station, Answer]:
    """Sends an odd message to a Central System's endpoint that also knows the charge point's namespaces."""
    station = Station(ready_answers(NEWEST.central_system))
    others = {v.charge_point.namespace: v.name for v in versions()}
    app = endpoint(station.receive, [v.central_system for v in versions()], CENTRAL, other_namespaces=others)
    return station, ask(app, odd(name), **more)


def flags(station: Station) -> list[tuple[str | None, ...]]:
    """The flags of the last call as tuples."""
    return [(f.path, f.raw, f.assumed) for f in station.call.flags]


NO_FROM = ("From", None, "the address known before")
BLANK = "surrounding blanks taken away"
UNDERSTOOD: dict[str, list[tuple[str, str | None, str]]] = {
    "header-with-identity-alone": [("Header", None, "without Action, MessageID, To"), NO_FROM],
    "identity-padded": [("chargeBoxIdentity", "\n      00:1B:C5:04:91:26\n    ", BLANK)],
    "identity-in-the-addressing-namespace": [
        ("chargeBoxIdentity", f"{WSA}chargeBoxIdentity", "read as chargeBoxIdentity")
    ],
    "identity-in-the-charge-point-namespace": [
        ("chargeBoxIdentity", f"{{{CP}}}chargeBoxIdentity", "read as chargeBoxIdentity")
    ],
    "identity-in-capitals": [("chargeBoxIdentity", f"{{{CS}}}ChargeBoxIdentity", "read as chargeBoxIdentity")],
    "identity-twice-and-different": [("chargeBoxIdentity", "CP-2042", "CP-2041, the first of several")],
    "headers-without-a-namespace": [(name, name, f"{assumed}, of no namespace") for name, assumed in READ_AS],
    "headers-in-the-charge-point-namespace": [(name, f"{{{CP}}}{name}", assumed) for name, assumed in READ_AS],
    "header-names-in-another-case": [
        ("MessageID", f"{WSA}MessageId", "read as MessageID"),
        ("From", f"{WSA}from", "read as From"),
    ],
    "message-id-missing": [("Header", None, "without MessageID")],
    "message-id-padded": [("MessageID", "01c9-4417\n    ", BLANK)],
    "message-id-with-markup-signs": [],
    "message-id-empty-then-given": [
        ("MessageID", "", "absent"),
        ("MessageID", "urn:uuid:77", "urn:uuid:77, the first of several"),
    ],
    "action-of-another-operation": [("Action", "/StopTransaction", "/Heartbeat")],
    "from-without-address": [("From", FROM, ADDRESS_ITSELF)],
    "from-with-address-attribute": [("From", FROM, ADDRESS_ITSELF)],
    "from-with-reference-parameters": [],
    "from-without-a-host": [],
    "from-that-is-a-word": [],
    "fault-to": [],
    "to-the-station-itself": [],
    "identity-that-must-be-understood": [],
    "from-empty": [("From", "", "absent")],
    "from-missing": [NO_FROM],
    "reply-to-elsewhere": [("ReplyTo", "http://10.31.7.4:9999/answers", "answered on this connection")],
    "unknown-header-that-must-be-understood": [("Sequence", "1", "ignored, since it is not understood")],
    "declaration-missing": [],
    "declaration-with-single-quotes": [],
    "byte-order-mark": [("Envelope", None, "without its byte order mark")],
    "blanks-before-the-declaration": [("Envelope", None, "without the blanks before its declaration")],
    "encoding-that-nobody-knows": [("Envelope", "UTF8-NORDLYS", "utf-8")],
    "envelope-without-a-namespace": [("Envelope", None, "http://www.w3.org/2003/05/soap-envelope")],
    "body-with-two-requests": [("Body", "authorizeRequest", "only the first element of the body is read")],
    "heartbeat-with-blanks-and-children": [("uptime", "12", "dropped, since HeartbeatRequest has no such field")],
}
"""Heartbeats that are answered, with the flags that they leave."""

OTHER_CONTEXT: dict[str, tuple[str, str | None, str | None]] = {
    "header-with-identity-alone": ("CP-2041", None, None),
    "identity-padded": ("00:1B:C5:04:91:26", FROM, "urn:uuid:77"),
    "message-id-missing": ("CP-2041", FROM, None),
    "message-id-padded": ("CP-2041", FROM, "01c9-4417"),
    "message-id-with-markup-signs": ("CP-2041", FROM, '<a> & "b"'),
    "from-empty": ("CP-2041", "", "urn:uuid:77"),
    "from-without-a-host": ("CP-2041", "http://:8085/", "urn:uuid:77"),
    "from-that-is-a-word": ("CP-2041", "anonymous", "urn:uuid:77"),
    "from-missing": ("CP-2041", None, "urn:uuid:77"),
}
"""Identity, callback and message id where they are not those of the other files."""

REFUSED: dict[str, tuple[str, str, str]] = {
    # name: subcode, identity as far as known, what the text says
    "header-missing": ("ProtocolError", "", "chargeBoxIdentity is missing or empty"),
    "identity-missing": ("ProtocolError", "", "chargeBoxIdentity is missing or empty"),
    "identity-empty": ("ProtocolError", "", "chargeBoxIdentity is missing or empty"),
    "identity-with-a-line-break-inside": ("ProtocolError", "", "holds control characters"),
    "body-missing": ("ProtocolError", "", "no Body"),
    "body-empty": ("ProtocolError", "CP-2041", "Body is empty"),
    "not-an-envelope": ("ProtocolError", "", "found the element heartbeatRequest"),
    "truncated": ("ProtocolError", "", "not well-formed XML"),
    "undeclared-entity": ("ProtocolError", "", "Entity 'identity' not defined"),
    "doctype": ("ProtocolError", "", "must not have a document type declaration"),
    "billion-laughs": ("ProtocolError", "", "must not have a document type declaration"),
    "external-entity": ("ProtocolError", "", "must not have a document type declaration"),
    "html-login-page": ("ProtocolError", "", "This is HTML, not SOAP."),
    "xhtml-page": ("ProtocolError", "", "This is HTML, not SOAP."),
    "nested-too-deeply": ("ProtocolError", "", "nested deeper than 64 elements"),
    "iso-8859-1-undeclared": ("ProtocolError", "", "not valid UTF-8"),
    "namespace-of-nobody": ("ProtocolError", "CP-2041", f"known are {CS}"),
    "operation-of-nobody": ("NotSupported", "CP-2041", "authoriseRequest is no request"),
    "response-instead-of-a-request": ("NotSupported", "CP-2041", "heartbeatResponse is no request"),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_an_odd_header_is_understood_and_noted(name: str) -> None:
    """The Heartbeat is answered, the header's content is known, and each tolerance is a flag."""
    station, answer = send(name)
    call = station.call
    assert ("200 OK", "Heartbeat") == (answer.status, call.operation)
    expected = OTHER_CONTEXT.get(name, ("CP-2041", FROM, "urn:uuid:77"))
    assert expected == (call.identity, call.callback, call.message_id)
    assert UNDERSTOOD[name] == flags(station)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_gets_a_fault_and_is_received_as_one(name: str) -> None:
    """The fault names what is wrong, in the newest version's namespace, and goes through the receiver."""
    station, answer = send(name)
    expected, identity, words = REFUSED[name]
    assert f"{{{CS}}}{expected}" == subcode(answer)
    assert words in reason(answer)
    assert isinstance(station.request, Fault)
    assert (expected, identity, 1) == (station.request.subcode, station.call.identity, station.received)
    assert ("400" if expected == "ProtocolError" else "500") == answer.status[:3]


def test_relates_to_repeats_the_message_id_as_text() -> None:
    """A MessageID with markup signs comes back as the same text, and breaks nothing."""
    _, answer = send("message-id-with-markup-signs")
    header = tree(answer.body)[3][0]
    assert [(f"{WSA}RelatesTo", {}, '<a> & "b"', [])] == [block for block in header[3] if "RelatesTo" in block[0]]


def test_without_a_message_id_the_answer_relates_to_the_unspecified_message() -> None:
    """RelatesTo holds WS-Addressing's own URI for a message without a MessageID."""
    _, answer = send("message-id-missing")
    assert [("http://www.w3.org/2005/08/addressing/unspecified")] == [
        block[2] for block in tree(answer.body)[3][0][3] if "RelatesTo" in block[0]
    ]


def test_an_identity_in_the_path_stands_in_for_a_missing_header() -> None:
    """The station is known by its path, percent-decoded already, with or without a slash at the end."""
    for path in ("/CP-2041", "/CP-2041/"):
        station, answer = send("identity-missing", path=path)
        assert ("200 OK", "CP-2041") == (answer.status, station.call.identity)
        assert [("chargeBoxIdentity", None, "CP-2041, from the path")] == flags(station)


def test_an_identity_in_the_path_may_be_any_utf_8() -> None:
    """A WSGI server hands the path over as Latin-1; the identity is UTF-8."""
    station, _ = send("identity-missing", path="/" + "Säule 7".encode().decode("latin-1"))
    assert "Säule 7" == station.call.identity


def test_an_identity_that_differs_from_the_path_in_case_is_the_headers() -> None:
    """Equal but for case is the same charge point, and is noted."""
    station, _ = send("declaration-missing", path="/cp-2041")
    assert "CP-2041" == station.call.identity
    assert [("chargeBoxIdentity", "cp-2041", "CP-2041, equal but for case")] == flags(station)


def test_two_identities_that_disagree_are_a_mismatch() -> None:
    """A header that names another charge point than the path is refused, and the journal learns what it said."""
    station, answer = send("declaration-missing", path="/CP-9")
    assert (f"{{{CS}}}IdentityMismatch", "CP-2041") == (subcode(answer), station.call.identity)


def test_an_identity_may_have_255_characters_and_no_more() -> None:
    """The limit holds for the path as for the header."""
    station, answer = send("identity-missing", path="/" + "x" * 255)
    assert ("200 OK", "x" * 255) == (answer.status, station.call.identity)
    station, answer = send("identity-missing", path="/" + "x" * 256)
    assert (f"{{{CS}}}ProtocolError", "") == (subcode(answer), station.call.identity)


@pytest.mark.parametrize(("name", "outcome"), [("utf-16-declared", "Maksopus A.Ş. – sähkö")])
def test_utf_16_is_read_where_it_says_so(name: str, outcome: str) -> None:
    """A message in UTF-16 with its byte order mark and declaration arrives whole."""
    two = "application/soap+xml; charset=UTF-16, application/xml; charset=UTF-16"
    for content_type in ("application/soap+xml", two):
        station, _ = send(name, CONTENT_TYPE=content_type)
        assert outcome == station.request["data"]


def test_a_message_id_that_no_answer_should_repeat_is_absent() -> None:
    """A request of a megabyte must not get an answer of four."""
    body = odd("identity-padded").replace(b"urn:uuid:77", b"&gt;" * 2001)
    station = Station(ready_answers(NEWEST.central_system))
    answer = ask(endpoint(station.receive, [NEWEST.central_system], CENTRAL), body)
    assert (None, True) == (station.call.message_id, len(answer.body) < 2000)
    assert ("MessageID", ">" * 2000, "absent, since no answer should repeat that") in flags(station)


def test_utf_16_that_is_labelled_utf_8_is_read_as_what_it_is() -> None:
    """Bytes and label disagree: the bytes are right, and the flag says so."""
    station, _ = send("utf-16-declared", CONTENT_TYPE="application/soap+xml; charset=UTF-8")
    assert "Maksopus A.Ş. – sähkö" == station.request["data"]
    assert ("Envelope", "labelled utf-8", "utf-16") in flags(station)


def test_latin_1_is_read_where_it_is_declared() -> None:
    """ISO-8859-1 is read by its declaration, also when the content type claims UTF-8."""
    for content_type in ("text/xml", "application/soap+xml; charset=utf-8", 'text/xml; charset="iso-8859-1"'):
        station, _ = send("iso-8859-1-declared", CONTENT_TYPE=content_type)
        assert "Maksopus A.S. - sähkö" == station.request["data"]


def test_a_document_type_inside_cdata_is_only_text() -> None:
    """A vendor may send HTML as data."""
    station, _ = send("doctype-inside-cdata")
    assert "<!DOCTYPE html><p>hi</p>" == station.request["data"]


def test_soap_1_1_is_told_which_version_is_spoken_in_its_own() -> None:
    """The fault is a SOAP 1.1 fault with status 500, typed text/xml, and names the SOAP 1.2 envelope."""
    station, answer = send("soap-1.1")
    old = "{http://schemas.xmlsoap.org/soap/envelope/}"
    assert ("500 Internal Server Error", "text/xml; charset=utf-8") == (answer.status, answer.headers["Content-Type"])
    name, _, _, (header, body) = tree(answer.body)
    assert f"{old}Envelope" == name
    assert "soap12:Envelope" == header[3][0][3][0][1]["qname"]
    assert "soap:VersionMismatch" == body[3][0][3][0][2]
    assert "VersionMismatch" == station.request.subcode


def test_an_envelope_of_an_unknown_soap_is_a_version_mismatch() -> None:
    """It is answered in SOAP 1.2, with a code of its own and no OCPP subcode."""
    station, answer = send("envelope-of-an-unknown-soap")
    assert b"<soap:Value>soap:VersionMismatch</soap:Value>" in answer.body
    assert b"Subcode" not in answer.body
    assert "VersionMismatch" == station.request.subcode
