"""What no station should send, with the answer it has to get: a table, and how such requests are written in HTTP.

Whether the answer comes is test_bad_input's matter.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.integration.messages import SOAP_TYPE, envelope, version

# What the gateways of the test are told as OCPP_SOAP_MAX_BODY.
MAX_BODY = 64 * 1024

SENDER, RECEIVER = 400, 500
TIME = "2024-01-31T12:00:00Z"
HEARTBEAT = envelope("Heartbeat", "CP1", {})
START = {"connectorId": 1, "idTag": "TAG", "timestamp": TIME, "meterStart": 1}
STOP = {"transactionId": 4711, "timestamp": TIME, "meterStop": 2}
STATUS = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
METER = {"connectorId": 1, "meterValue": [{"timestamp": TIME, "sampledValue": [{"value": "1"}]}]}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
HOSTILE = """<script>alert("1")</script>'; DROP TABLE tags;--[red]${jndi:x}%s{0}\u009b31m\u202e"""


class Case(NamedTuple):
    """A request and its answer: HTTP status, subcode ("" for a confirmation); `journaled` unless it is no message."""

    name: str
    request: bytes
    status: int
    subcode: str
    journaled: bool = True


def http(body: bytes, path: str = "/ocpp", method: str = "POST", version: str = "1.1", **headers: str) -> bytes:
    """A request; keywords are headers, `_` for `-`, and an empty one leaves a usual one out."""
    usual = {"Host": "c", "Content-Type": SOAP_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    chosen = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in chosen.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(body: bytes, size: int = 50) -> bytes:
    """A chunked request."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
    return http(b"", Transfer_Encoding="chunked", Content_Length="") + chunks + b"0\r\n\r\n"


def say(operation: str, said: Mapping[str, Any], identity: str = "CP1", **header: str) -> bytes:
    """A request with these texts."""
    return http(envelope(operation, identity, said, header=header))


def swapped(old: str, new: str, body: bytes = HEARTBEAT) -> bytes:
    """A heartbeat in which something else stands in place of something."""
    assert old.encode() in body, old
    return http(body.replace(old.encode(), new.encode("utf-8", "surrogatepass")))


def unreadable() -> Iterator[Case]:
    """What is no SOAP message at all, or one that is cut off, mislabelled or built to hurt."""
    doctype = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    plain = HEARTBEAT.partition(b"?>\n")[2] if HEARTBEAT.startswith(b"<?xml") else HEARTBEAT
    bomb = gzip.compress(b"<a>" + b" " * 20_000_000)
    deep = "<a>" * 5000 + "</a>" * 5000
    bodies: dict[str, tuple[bytes, int]] = {
        "empty": (http(b""), 400),
        "blank": (http(b" \r\n "), 400),
        "text": (http(b"hello"), 400),
        "json": (http(b'[2,"1","Heartbeat",{}]'), 400),
        "html": (http(b"<!DOCTYPE html><html><body>Login</body></html>"), 400),
        "another-document": (http(b"<note/>"), 400),
        "no-body-element": (http(b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>'), 400),
        "utf-8-labelled-utf-16": (http(HEARTBEAT, Content_Type="text/xml; charset=utf-16"), 400),
        "truncated": (http(HEARTBEAT[:100], Content_Length=str(len(HEARTBEAT))), 400),
        "cut-off": (http(HEARTBEAT[:-20]), 400),
        "invalid-utf-8": (http(HEARTBEAT.replace(b"CP1", b"CP\xc3\x28")), 400),
        # What XML can't hold is dropped.
        "null-byte": (swapped("CP1", "CP1\0"), 200),
        "null-character": (swapped("CP1", "CP1&#0;"), 200),
        "surrogate-character": (swapped("CP1", "CP1&#xD800;"), 200),
        "control-character": (swapped("CP1", "CP&#7;1"), 200),
        "unknown-entity": (swapped("CP1", "&nbsp;"), 400),
        "doctype": (http(doctype.encode() + plain), 400),
        "entity": (http(doctype.encode() + plain.replace(b"CP1", b"&b;")), 400),
        "external-entity": (http(doctype.encode() + plain.replace(b"CP1", b"&f;")), 400),
        "deep": (swapped("CP1", deep), 400),
        "oversized": (http(b"x" * (MAX_BODY + 1)), 413),
        "much-too-large": (http(HEARTBEAT.replace(b"CP1", b"C" * 4_000_000)), 413),
        "oversized-chunked": (chunked(b"x" * (MAX_BODY + 1), 1000), 413),
        "gzip-bomb": (http(bomb, Content_Encoding="gzip"), 413),
        "no-gzip": (http(b"x" * 50, Content_Encoding="gzip"), 400),
        "cut-off-gzip": (http(gzip.compress(HEARTBEAT)[:-9], Content_Encoding="gzip"), 400),
        "unknown-coding": (http(HEARTBEAT, Content_Encoding="br"), 415),
    }
    for name, (request, status) in bodies.items():
        yield Case(name, request, status, "" if status == 200 else "ProtocolError")


def misaddressed() -> Iterator[Case]:
    """Messages that nobody, or somebody else, is meant with; and what is no message."""
    yield Case("unknown-operation", swapped("heartbeatRequest", "flyRequest"), RECEIVER, "NotSupported")
    yield Case("hostile-operation", swapped("heartbeatRequest", "DROP.TABLE-tags"), RECEIVER, "NotSupported")
    yield Case(
        "unknown-namespace",
        swapped(version().central_system.namespace, "urn://Ocpp/Cs/2099/01/"),
        SENDER,
        "ProtocolError",
    )
    no_operation = re.sub(rb"<cs:heartbeatRequest[^>]*>", b"", HEARTBEAT)
    yield Case("no-operation", http(no_operation), SENDER, "ProtocolError")
    yield Case("no-identity", say("Heartbeat", {}, identity=""), SENDER, "ProtocolError")
    yield Case("long-identity", say("Heartbeat", {}, identity="C" * 256), SENDER, "ProtocolError")
    yield Case("control-identity", say("Heartbeat", {}, identity="C\x85P"), SENDER, "ProtocolError")
    yield Case("two-identities", http(HEARTBEAT, path="/ocpp/CP2"), SENDER, "IdentityMismatch")
    yield Case("no-utf-8-in-path", http(HEARTBEAT, path="/ocpp/%ff"), SENDER, "ProtocolError")
    old = "http://schemas.xmlsoap.org/soap/envelope/"
    yield Case("older-soap", swapped("http://www.w3.org/2003/05/soap-envelope", old), RECEIVER, "")
    yield Case("deeper-path", http(HEARTBEAT, path="/ocpp/CP1/x/y"), 404, "ProtocolError")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        yield Case(method, http(HEARTBEAT, method=method), 405, "ProtocolError", journaled=False)
    yield Case("GET-deeper", http(b"", method="GET", path="/ocpp/a/b/c"), 404, "ProtocolError", journaled=False)


def tolerated() -> Iterator[Case]:
    """What is odd, or hostile, and is a message all the same."""
    yield Case("trailing-slash", http(HEARTBEAT, path="/ocpp/"), 200, "")
    yield Case("identity-and-slash", http(HEARTBEAT, path="/ocpp/CP1/"), 200, "")
    yield Case("chunked", chunked(HEARTBEAT), 200, "")
    yield Case("gzip", http(gzip.compress(HEARTBEAT), Content_Encoding="gzip"), 200, "")
    yield Case("deflate", http(zlib.compress(HEARTBEAT), Content_Encoding="deflate"), 200, "")
    yield Case("old-http", http(HEARTBEAT, version="1.0"), 200, "")
    yield Case("expectant", http(HEARTBEAT, Expect="100-continue"), 200, "")
    yield Case("no-content-type", http(HEARTBEAT, Content_Type=""), 200, "")
    crlf = "1\r\nX-Injected: 1\r\n\r\n<html>"
    yield Case("injected-message-id", say("Heartbeat", {}, MessageID=crlf), 200, "")
    yield Case("injected-from", say("Heartbeat", {}, From="http://10.0.0.1/" + crlf), 200, "")
    yield Case("script-from", say("Heartbeat", {}, From="javascript:alert(1)//10.0.0.1"), 200, "")
    yield Case("long-from", say("Heartbeat", {}, From="http://10.0.0.1/" + "a" * 9000), 200, "")
    yield Case("hostile-identity", say("Heartbeat", {}, identity="<script>' OR 1=1;--${x}%s"), 200, "")
    long = "t" * 50_000
    yield Case("long-tag", say("Authorize", {"idTag": long}), 200, "")
    yield Case("long-start", say("StartTransaction", {**START, "idTag": long}), 200, "")
    yield Case("long-words", say("StatusNotification", {**STATUS, "status": long, "vendorId": "v"}), 200, "")
    yield Case("long-boot", say("BootNotification", dict.fromkeys(BOOT, "b" * 30_000)), 200, "")


NUMBERS = (
    "2147483648",
    "-2147483649",
    "99999999999999999999",
    "1e400",
    "1E99999999999",
    "NaN",
    "0x10",
    "٣",
    "1_000",
    "-",
)
MOMENTS = ("yesterday", "0000-00-00T00:00:00Z", "10000-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "-1", "9" * 400)


def numbers() -> Iterator[Case]:
    """Numbers and times outside of their types: kept raw where a confirmation is due, else the fault names them."""
    for number in NUMBERS:
        wrong = {"connectorId": number, "meterStart": number, "reservationId": number}
        yield Case(f"start-{number}", say("StartTransaction", {**START, **wrong}), 200, "")
        yield Case(
            f"stop-{number}", say("StopTransaction", {**STOP, "transactionId": number, "meterStop": number}), 200, ""
        )
        yield Case(
            f"meter-{number}", say("MeterValues", {**METER, "connectorId": number, "transactionId": number}), 200, ""
        )
        yield Case(
            f"status-{number}", say("StatusNotification", {**STATUS, "connectorId": number}), SENDER, "ProtocolError"
        )
    for number in ("-2147483648", "-1", "0", "2147483647"):
        yield Case(f"known-{number}", say("StatusNotification", {**STATUS, "connectorId": number}), 200, "")
        yield Case(f"stop-{number}", say("StopTransaction", {**STOP, "transactionId": number}), 200, "")
    for moment in (*MOMENTS, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999-14:00"):
        yield Case(f"start-{moment[:30]}", say("StartTransaction", {**START, "timestamp": moment}), 200, "")
        yield Case(f"status-{moment[:30]}", say("StatusNotification", {**STATUS, "timestamp": moment}), 200, "")


@cache
def cases() -> dict[str, Case]:
    """All of them by name."""
    return {case.name: case for table in (unreadable, misaddressed, tolerated, numbers) for case in table()}
