"""The way of a message over HTTP, and what can go wrong on it: content types, codings, paths, headers."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

from .cases import APPLICATION, SOAP_TYPE, Case
from .luck import Luck


def raw_deflate(body: bytes) -> bytes:
    """Deflate without zlib's frame, as some send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "identity": bytes,
    "gzip, deflate": lambda body: zlib.compress(gzip.compress(body)),
    "gzip,gzip,gzip,gzip,gzip": lambda body: gzip.compress(gzip.compress(body)),
    "br": bytes,
    "gzip;q=1": gzip.compress,
    "deflate, ": zlib.compress,
}
TYPES = ["text/xml", "", "text/xml; charset=utf-16", 'application/soap+xml; action="/X"; charset="iso-8859-1"', ";;;"]
TYPES += ["text/xml; charset=", "text/xml; charset=no-such", "multipart/related; boundary=x", "application/json"]
TYPES += ["text/xml; charset*=utf-8''x", "a/b; charset=\xff", "text/xml; charset=utf8, text/html"]
PATHS = ["/ocpp/", "/ocpp/CP-2041", "/ocpp/cp-2041/", "/ocpp/a/b", "/ocpp/a/b/c", "/ocpp/\xff", "/ocpp/\0", "/"]
PATHS += ["/ocpp/" + "x" * 300, "/ocpp?wsdl", "/ocpp?wsdl&version=9", "/other", "/ocpp/ ", "/ocpp/\xc3\xa4", "//ocpp"]
HEADERS = {
    "X-Forwarded-For": ("1.2.3.4", "::1, [::1]:8, x", "", ",,,", "1.2.3.4:5"),
    "Authorization": ("Basic x", "Basic Og==", "Basic /w==", "Bearer x", "basic"),
    "X-SSL-Client-Cert": ("x", "%00", "-----BEGIN%20CERTIFICATE-----%0Ax"),
    "X-SSL-Client-Verify": ("SUCCESS", "FAILED:x"),
    "Upgrade": ("websocket", "h2c"),
    "Content-Length": ("", "-1", "x", "99999999999999999999", "0", "10"),
    "Expect": ("100-continue", "x"),
}


def request(body: bytes, luck: Luck, more: Luck) -> Case:
    """The message as it goes over HTTP, mostly in a proper way."""
    headers = {"Content-Type": luck.mostly(SOAP_TYPE, *TYPES)}
    if luck.once_in(5):
        headers["Content-Encoding"] = coding = luck.of(*PACKERS)
        body = PACKERS[coding](body)
        if luck.once_in(4):
            body = (
                body[: -len(body) // 3] if luck.once_in(2) else body[: len(body) // 2] + b"x" + body[len(body) // 2 :]
            )
    if more.once_in(8):
        name = more.of(*HEADERS)
        headers[name] = more.of(*HEADERS[name])
    path = more.mostly("/ocpp", *PATHS)
    return Case(APPLICATION, body, headers, path, more.mostly("POST", "GET", "PUT", "HEAD", "OPTIONS"), more.once_in(9))
