"""SOAP faults: the table from our exceptions to codes, reasons and statuses; written strictly, read tolerantly.

OCPP-S 1.6 §4, the same five subcodes in every version; soap-binding A.3, decision 5 and quirk 62. It must not know
why a fault is raised.
"""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from .. import errors
from ..protocol.writing import NOT_XML
from . import addressing, ns

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
MAX_TEXT = 1000

SENTENCES: dict[type[errors.Fault], str] = {
    errors.SecurityError: "Sender failed authentication or is not authorized to use the requested operation.",
    errors.IdentityMismatch: "Sender sent the wrong identity value.",
    errors.ProtocolError: "Sender's message does not comply with protocol specification.",
    errors.InternalError: "An internal error occurred and the receiver is not able to complete the operation.",
    errors.NotSupported: "The receiver does not support the requested operation.",
    errors.VersionMismatch: "The envelope is not one of SOAP 1.2.",
    errors.MustUnderstand: "A mandatory header block is not understood.",
}
"""The standard's own sentence for each subcode (OCPP-S 1.6 §4), and SOAP's two faults that have no OCPP subcode."""

_OF_SOAP = (errors.VersionMismatch, errors.MustUnderstand)
_OLD_CODES = {"Client": "Sender", "Server": "Receiver"}


class Fault(NamedTuple):
    """A fault that came in: code and subcode as local names (SOAP 1.1's Client and Server as Sender and Receiver)."""

    code: str
    subcode: str | None
    text: str


def code_of(fault: errors.Fault) -> str:
    """The SOAP fault code: Sender, Receiver, VersionMismatch or MustUnderstand."""
    return subcode_of(fault) if isinstance(fault, _OF_SOAP) else "Sender" if _kind(fault).sender else "Receiver"


def status_of(fault: errors.Fault, setting: str = "soap") -> int:
    """The HTTP status: the fault's own, else the forced one, else that of SOAP 1.2 (part 2 §7.5.2.2)."""
    if fault.status is not None:
        return fault.status
    if setting != "soap":
        return int(setting)
    return 400 if code_of(fault) == "Sender" else 500


def subcode_of(fault: errors.Fault) -> str:
    """The OCPP subcode, one of the table whatever the exception's class: the answer's outcome in the journal too."""
    return _kind(fault).__name__


def _kind(fault: errors.Fault) -> type[errors.Fault]:
    return next((kind for kind in SENTENCES if isinstance(fault, kind)), errors.InternalError)


def reason_of(fault: errors.Fault) -> str:
    """The standard's sentence, then what is special about this fault; an internal error tells nothing but the first."""
    kind = _kind(fault)
    sentence = SENTENCES[kind]
    if kind is errors.InternalError or not fault.text:
        return sentence
    special = fault.text if not fault.path or fault.path in fault.text else f"{fault.path}: {fault.text}"
    return NOT_XML.sub("?", f"{sentence.removesuffix('.')}: {special}")[:MAX_TEXT]


def write(
    fault: errors.Fault,
    namespace: str,
    relates_to: str | None,
    address: str,
    soap: str | None = None,
    headers: str = "full",
) -> bytes:
    """The envelope of a fault, its subcode qualified in `namespace`; in SOAP 1.1 where `soap` says so.

    `relates_to` is the request's MessageID, `address` our public URL, `headers` those of the station's profile.
    """
    if soap == ns.SOAP11:
        return _write_old(fault)
    envelope = etree.Element(_soap("Envelope"), nsmap={"soap": ns.SOAP12, "wsa": ns.WSA, "ocpp": namespace})
    if (header := addressing.header(ns.FAULT_ACTION, relates_to, address, headers)) is not None:
        envelope.append(header)
    body = etree.SubElement(etree.SubElement(envelope, _soap("Body")), _soap("Fault"))
    code = etree.SubElement(body, _soap("Code"))
    etree.SubElement(code, _soap("Value")).text = "soap:" + code_of(fault)
    if not isinstance(fault, _OF_SOAP):
        etree.SubElement(etree.SubElement(code, _soap("Subcode")), _soap("Value")).text = "ocpp:" + subcode_of(fault)
    text = etree.SubElement(etree.SubElement(body, _soap("Reason")), _soap("Text"))
    text.set(f"{{{ns.XML}}}lang", "en")
    text.text = reason_of(fault)
    return DECLARATION + etree.tostring(envelope, encoding="utf-8", xml_declaration=False)


def _write_old(fault: errors.Fault) -> bytes:
    """A SOAP 1.1 fault that names the envelope we understand (SOAP 1.2 part 1, appendix A)."""
    old = f"{{{ns.SOAP11}}}"
    envelope = etree.Element(old + "Envelope", nsmap={"soap": ns.SOAP11, "soap12": ns.SOAP12})
    upgrade = etree.SubElement(etree.SubElement(envelope, old + "Header"), _soap("Upgrade"))
    etree.SubElement(upgrade, _soap("SupportedEnvelope")).set("qname", "soap12:Envelope")
    body = etree.SubElement(etree.SubElement(envelope, old + "Body"), old + "Fault")
    etree.SubElement(body, "faultcode").text = "soap:" + code_of(fault)
    etree.SubElement(body, "faultstring").text = reason_of(fault)
    return DECLARATION + etree.tostring(envelope, encoding="utf-8", xml_declaration=False)


def _soap(name: str) -> str:
    return f"{{{ns.SOAP12}}}{name}"


def parse_fault(root: etree._Element) -> Fault | None:
    """The fault in a message (its root, or the body's content), None when it holds none.

    By local names in any SOAP version: SubCode for Subcode, texts in Detail, faultcode and faultstring are all read.
    """
    fault = root if ns.local(root.tag) == "Fault" else root.find("./{*}Body/{*}Fault")
    if fault is None:
        return None
    texts: dict[str, str] = {}
    for element in fault.iter():
        text = " ".join((element.text or "").split())
        if text and isinstance(element.tag, str):
            texts.setdefault(_part(element, fault), text)
    code, _, dotted = _unqualified(texts.get("code", "")).partition(".")
    subcode = _unqualified(texts["subcode"]) if "subcode" in texts else dotted or None
    return Fault(_OLD_CODES.get(code, code), subcode, texts.get("reason") or texts.get("detail") or "")


def _part(element: etree._Element, fault: etree._Element) -> str:
    """Which part of the fault an element's text belongs to: the nearest that says so, going outwards."""
    while element is not fault:
        name = ns.local(element.tag).lower().removeprefix("fault")
        part = {"string": "reason"}.get(name, name)
        if part in ("subcode", "code", "reason", "detail"):
            return part
        element = element.getparent()  # type: ignore[assignment]
    return ""


def _unqualified(name: str) -> str:
    return name.rpartition(":")[2]
