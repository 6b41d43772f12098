"""Faults: the table of codes and statuses, what their text tells, and faults of other people's software."""

from __future__ import annotations

import pytest
from lxml import etree

from ocpp_soap import errors
from ocpp_soap.soap import faults, ns

from .endpoint import CENTRAL, Tree, tree, versions

NAMESPACE = versions()[0].central_system.namespace


@pytest.mark.parametrize(
    ("fault", "code", "subcode", "status"),
    [
        (errors.SecurityError("x"), "Sender", "SecurityError", 400),
        (errors.IdentityMismatch("x"), "Sender", "IdentityMismatch", 400),
        (errors.ProtocolError("x"), "Sender", "ProtocolError", 400),
        (errors.ProtocolError("x", status=413), "Sender", "ProtocolError", 413),
        (errors.NotSupported("x"), "Receiver", "NotSupported", 500),
        (errors.InternalError("x"), "Receiver", "InternalError", 500),
        (errors.VersionMismatch("x"), "VersionMismatch", None, 500),
        (errors.MustUnderstand("x"), "MustUnderstand", None, 500),
        (errors.Fault("of no kind"), "Receiver", "InternalError", 500),
    ],
)
def test_each_fault_has_its_code_subcode_and_status(
    fault: errors.Fault, code: str, subcode: str | None, status: int
) -> None:
    """What is written is read again as the same code and subcode; the status is that of SOAP's HTTP binding."""
    written = faults.parse_fault(etree.fromstring(faults.write(fault, NAMESPACE, None, CENTRAL)))
    assert written is not None
    assert (code, subcode, status) == (written.code, written.subcode, faults.status_of(fault))


def test_a_forced_status_holds_for_all_but_what_http_itself_demands() -> None:
    """Firmware that reads the bodies of one status alone gets that one; 405, 404, 413 and 415 stay."""
    kinds = [errors.ProtocolError("x"), errors.NotSupported("x"), errors.ProtocolError("x", status=405)]
    assert [200, 200, 405] == [faults.status_of(fault, "200") for fault in kinds]
    assert [500, 500, 405] == [faults.status_of(fault, "500") for fault in kinds]


def test_a_fault_is_written_as_the_standard_wants_it() -> None:
    """Header blocks, code, qualified subcode, and an English reason: the standard's sentence, then ours."""
    written = faults.write(errors.ProtocolError("expected text", path="idTag"), NAMESPACE, "urn:uuid:9", CENTRAL)
    soap, wsa = f"{{{ns.SOAP12}}}", f"{{{ns.WSA}}}"
    reason = "Sender's message does not comply with protocol specification: idTag: expected text"
    header: list[Tree] = [
        (f"{wsa}Action", {}, "http://www.w3.org/2005/08/addressing/soap/fault", []),
        (f"{wsa}MessageID", {}, "", []),
        (f"{wsa}RelatesTo", {}, "urn:uuid:9", []),
        (f"{wsa}To", {}, "http://www.w3.org/2005/08/addressing/anonymous", []),
        (f"{wsa}From", {}, "", [(f"{wsa}Address", {}, CENTRAL, [])]),
    ]
    subcode: Tree = (f"{soap}Subcode", {}, "", [(f"{soap}Value", {}, "ocpp:ProtocolError", [])])
    fault: list[Tree] = [
        (f"{soap}Code", {}, "", [(f"{soap}Value", {}, "soap:Sender", []), subcode]),
        (f"{soap}Reason", {}, "", [(f"{soap}Text", {f"{{{ns.XML}}}lang": "en"}, reason, [])]),
    ]
    body: Tree = (f"{soap}Body", {}, "", [(f"{soap}Fault", {}, "", fault)])
    assert (f"{soap}Envelope", {}, "", [(f"{soap}Header", {}, "", header), body]) == tree(written)
    assert written.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    assert f'xmlns:ocpp="{NAMESPACE}"'.encode() in written


def test_an_internal_error_tells_nothing_but_the_standards_sentence() -> None:
    """Its text is for our log alone."""
    told = faults.reason_of(errors.InternalError("SELECT * FROM tag; /srv/secret.py", path="x"))
    assert "An internal error occurred and the receiver is not able to complete the operation." == told


def test_a_reason_holds_only_what_xml_can_hold_and_ends_somewhere() -> None:
    """A text that quotes a station's bytes can't break the envelope."""
    told = faults.reason_of(errors.ProtocolError("\x00\x1b\ud800<" + "x" * 5000))
    assert told.startswith("Sender's message does not comply with protocol specification: ???<xxx")
    assert 1000 == len(told)


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (
            '<f:Fault xmlns:f="http://www.w3.org/2003/05/soap-envelope"><f:Code><f:Value>f:Receiver</f:Value>'
            "<f:Subcode><f:Value>cp:NotSupported</f:Value></f:Subcode></f:Code>"
            '<f:Reason><f:Text xml:lang="en">No\n  such thing</f:Text></f:Reason></f:Fault>',
            ("Receiver", "NotSupported", "No such thing"),
        ),
        (
            "<Fault><Code><Value>Receiver</Value></Code><Reason><Text lang='en'>busy</Text></Reason></Fault>",
            ("Receiver", None, "busy"),
        ),
        (
            '<f:Fault xmlns:f="urn:f" xmlns:cs="urn:cs"><f:Code><f:Value>f:Sender</f:Value><cs:SubCode>'
            "<f:Value>cs:SecurityError</f:Value></cs:SubCode></f:Code><f:Detail><f:Text>who?</f:Text></f:Detail></f:Fault>",
            ("Sender", "SecurityError", "who?"),
        ),
        (
            '<f:Fault xmlns:f="urn:f"><f:Code><f:Value>f:Sender</f:Value></f:Code><reason>bad</reason></f:Fault>',
            ("Sender", None, "bad"),
        ),
        (
            '<f:Fault xmlns:f="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>f:Client.IdentityMismatch</faultcode>'
            "<faultstring>not me</faultstring></f:Fault>",
            ("Sender", "IdentityMismatch", "not me"),
        ),
        ("<Fault/>", ("", None, "")),
        ("<fault/>", None),
        ("<resetResponse/>", None),
    ],
    ids=["soap", "unqualified", "SubCode", "reason", "soap-1.1", "empty", "lower-case", "response"],
)
def test_faults_of_other_software_are_read_by_local_names(
    xml: str, expected: tuple[str, str | None, str] | None
) -> None:
    """Subcode or SubCode, qualified or not, in any SOAP version, alone or in an envelope (soap-binding C.7, 62)."""
    assert expected == faults.parse_fault(etree.fromstring(xml))
    envelope = f"<e:Envelope xmlns:e='urn:e'><e:Header/><e:Body>{xml}</e:Body></e:Envelope>"
    assert expected == faults.parse_fault(etree.fromstring(envelope))
