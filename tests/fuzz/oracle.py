"""What every answer has to be, whatever was sent: a reply that the version's schema allows, or a fault of the table.

It knows the standard and nothing of how the gateway came to its answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from lxml import etree

from .grammar import SOAP11, SOAP12, versions

XSD = "{http://www.w3.org/2001/XMLSchema}"
SENDER = {"SecurityError", "IdentityMismatch", "ProtocolError"}
RECEIVER = {"InternalError", "NotSupported"}
# What HTTP itself asks for, by the subcode that comes with it.
STATUSES = {"ProtocolError": {400, 404, 405, 411, 413, 415}, "SecurityError": {400, 401, 403, 429}}

INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|SELECT |INSERT |sqlite|sqlalchemy|spyne|lxml|root:|/work/|/tmp/"
)
# What the gateway takes, and gives: a MessageID comes back, and each of its characters may be a reference.
MAX_BODY = 256 * 1024
MAX_ANSWER = 64 * 1024 + 6 * MAX_BODY


class Violation(AssertionError):
    """Something that must not happen, in words."""


@cache
def _schemas() -> dict[str, etree.XMLSchema]:
    """The schema of the messages to a Central System, by namespace."""
    found = {}
    for version in versions().versions.values():
        document = etree.parse(version.central_system.path)
        types = etree.fromstring(etree.tostring(next(document.iter(f"{XSD}schema"))))
        found[version.central_system.namespace] = etree.XMLSchema(types)
    return found


def judge(status: int, headers: Mapping[str, str], body: bytes, request: bytes) -> str:
    """The outcome of a POST: "reply", or the fault's subcode; raises `Violation`."""
    if len(body) > MAX_ANSWER:
        raise Violation(f"the answer has {len(body)} bytes")
    try:
        root = etree.fromstring(body)
    except etree.XMLSyntaxError as error:
        raise Violation(f"the answer with status {status} is no XML: {error}; it is {body[:200]!r}") from None
    space = etree.QName(root).namespace
    if etree.QName(root).localname != "Envelope" or space not in (SOAP12, SOAP11):
        raise Violation(f"the answer is no envelope but {root.tag}")
    expected = "application/soap+xml" if space == SOAP12 else "text/xml"
    if headers.get("content-type", "").split(";")[0] != expected:
        raise Violation(f"the content type is {headers.get('content-type')}")
    content = root.find(f"{{{space}}}Body")
    if content is None or len(content) != 1:
        raise Violation("the answer's Body does not hold one element")
    if content[0].tag != f"{{{space}}}Fault":
        return _reply(status, space, content[0])
    text = " ".join(map(str, content.itertext()))
    if told := [found for found in INSIDE.findall(text) if found.encode() not in request]:
        raise Violation(f"the fault tells of our insides: {told} in {text}")
    return _fault(status, content[0]) if space == SOAP12 else _old_fault(status, content[0])


def _reply(status: int, space: str, element: etree._Element) -> str:
    if status != 200 or space != SOAP12:
        raise Violation(f"a reply with status {status} in {space}")
    schema = _schemas().get(etree.QName(element).namespace or "")
    if schema is None or not schema.validate(element):
        raise Violation(f"the reply is not valid: {schema and schema.error_log}; {etree.tostring(element)!r}")
    return "reply"


def _fault(status: int, fault: etree._Element) -> str:
    values = [element.text or "" for element in fault.iter(f"{{{SOAP12}}}Value")]
    reason = fault.findtext(f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text")
    code, *subcodes = (_resolved(value, fault) for value in values)
    if code[0] != SOAP12 or not reason or len(reason) > 1000:
        raise Violation(f"the fault has the code {code} and says {reason}")
    if code[1] in ("VersionMismatch", "MustUnderstand") and not subcodes and status == 500:
        return code[1]
    space, subcode = subcodes[0] if len(subcodes) == 1 else ("", "")
    known = {"Sender": SENDER, "Receiver": RECEIVER}.get(code[1], set())
    if subcode not in known or space not in _schemas():
        raise Violation(f"the fault's code and subcodes are {values}")
    if status not in STATUSES.get(subcode, {400} if subcode in SENDER else {500}):
        raise Violation(f"the status of {subcode} is {status}")
    if subcode == "InternalError":
        raise Violation("an internal error")
    return subcode


def _resolved(name: str, element: etree._Element) -> tuple[str, str]:
    prefix, _, local = name.rpartition(":")
    return element.nsmap.get(prefix or None, ""), local


def _old_fault(status: int, fault: etree._Element) -> str:
    code, words = fault.findtext("faultcode") or "", fault.findtext("faultstring")
    if _resolved(code, fault) != (SOAP11, "VersionMismatch") or not words or status != 500:
        raise Violation(f"the fault of SOAP 1.1 has the code {code} and status {status}")
    return "VersionMismatch"
