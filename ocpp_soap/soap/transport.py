"""One HTTP POST on a connection of its own: what leaves, what came back, and how it ended.

Knows HTTP and no SOAP; zeep hands it the message. It raises `NotTransmitted` only while not one byte of the request has
been given to a connection, and `Uncertain` from then on. Nothing is retried, redirected, pooled or kept alive.
"""

from __future__ import annotations

import http.client
import ssl
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from lxml import etree
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse
from urllib3.util import SKIP_HEADER

from ..errors import CallFailed, NotTransmitted, ProtocolError, Uncertain
from .connection import Guard, Limits, Progress, connection
from .faults import DECLARATION
from .http import inflate

# What may stand in a path and a query as it is; the percent sign, since what is encoded already stays so.
_VERBATIM = "/%:=&~+!$,;'@()*[]|?"

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: `path` goes into the request line, `url` is all of it but user, password and fragment."""

    scheme: str
    host: str
    port: int
    path: str
    url: str
    authorization: str | None = None

    @classmethod
    def parse(cls, address: str) -> Target:
        """Reads an http or https URL; its path is kept verbatim (soap-binding C.5, 52), but for what no URL can hold.

        Raises `NotTransmitted`.
        """
        try:
            parts = urlsplit(address.strip())
            scheme, port = parts.scheme.lower(), parts.port
            if scheme not in ("http", "https") or not parts.hostname or " " in parts.hostname:
                raise ValueError
            user, _, place = parts.netloc.rpartition("@")
            path = quote(parts.path, safe=_VERBATIM)
            query = "?" + quote(parts.query, safe=_VERBATIM) if parts.query else ""
            authorization = "Basic " + b64encode(unquote(user).encode()).decode() if user else None
        except ValueError:
            # Not in Python's words: they may hold the address with its password.
            raise NotTransmitted("the address can't be called: expected an http or https URL") from None
        default = 443 if scheme == "https" else 80
        whole = f"{scheme}://{place}{path}{query}"
        return cls(
            scheme, parts.hostname, default if port is None else port, (path or "/") + query, whole, authorization
        )

    def __str__(self) -> str:
        """For people and logs: without the query, which may hold a token."""
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its HTTP answer, the body without its content encoding.

    `broken` says in words how the answer ended before its end; None when it is whole.
    """

    request: bytes
    status: int
    reason: str
    content_type: str | None
    location: str | None
    body: bytes
    broken: str | None


class Transport:
    """What zeep needs of a transport, for one call: it posts the message. Its WSDLs it finds with `Documents`."""

    def __init__(self, target: Target, limits: Limits, guard: Guard | None, tls: Callable[[], ssl.SSLContext]) -> None:
        self.target = target
        self.limits = limits
        self.guard = guard
        self.tls = tls

    def post_xml(self, _address: str, envelope: etree._Element, _headers: dict[str, str]) -> Exchange:
        """Posts the message (zeep's address and headers are left aside). Raises `NotTransmitted` or `Uncertain`."""
        request = DECLARATION + etree.tostring(envelope, encoding="UTF-8", xml_declaration=False)
        progress = Progress(self.limits)
        try:
            return self._exchange(request, progress)
        except CallFailed as failed:
            failed.request = request
            raise
        except Exception as error:
            # Whatever it is: what decides is whether anything has left.
            words = _words(error, progress)
            if progress.written:
                raise Uncertain(f"the request was sent, but {words}", request=request) from error
            raise NotTransmitted(f"no connection to {self.target}: {words}", request=request) from error

    def _exchange(self, request: bytes, progress: Progress) -> Exchange:
        target = self.target
        tls = self.tls() if target.scheme == "https" else None
        wire = connection(target.scheme, target.host, target.port, guard=self.guard, progress=progress, tls=tls)
        try:
            wire.connect()
            try:
                wire.request("POST", target.path, request, self._headers(), preload_content=False, decode_content=False)
            except (BrokenPipeError, ConnectionResetError):
                # A station may refuse the rest of a request and still say why.
                if not progress.written:
                    raise
            with closing(wire.getresponse()) as response:
                body, broken = _body(response, progress)
        finally:
            wire.close()
        return Exchange(
            request=request,
            status=response.status,
            reason=response.reason or http.client.responses.get(response.status, ""),
            content_type=response.headers.get("Content-Type"),
            location=response.headers.get("Location"),
            body=_inflated(body, response.headers.get("Content-Encoding", ""), self.limits.answer),
            broken=broken,
        )

    def _headers(self) -> dict[str, str]:
        """All headers but Host and Content-Length, which the connection adds."""
        headers = {
            "Content-Type": "application/soap+xml; charset=utf-8",
            "User-Agent": "ocpp-soap",
            "Connection": "close",
            "Accept-Encoding": SKIP_HEADER,  # stations compress badly (soap-binding C.6, 56 and 57)
        }
        if self.target.authorization:
            headers["Authorization"] = self.target.authorization
        return headers


class Documents:
    """What zeep needs to load a WSDL, from the disk alone."""

    def load(self, url: str) -> bytes:
        """The bytes of the file."""
        return Path(url).read_bytes()


def _body(response: HTTPResponse, progress: Progress) -> tuple[bytes, str | None]:
    """The bytes of the body as sent, and in words why it ended early."""
    body = bytearray()
    try:
        while chunk := response.read1(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > progress.limits.answer:
                raise _too_large(bytes(body), progress.limits.answer)
    except (HTTPError, http.client.HTTPException, OSError) as error:
        return bytes(body), _words(error, progress)
    return bytes(body), None


def _inflated(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding; one that can't be undone stays, for whoever reads it to say so."""
    try:
        return inflate(body, encoding, limit, [])
    except ProtocolError as error:
        if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise _too_large(body, limit) from None
        return body


def _too_large(body: bytes, limit: int) -> Uncertain:
    return Uncertain(f"the request was sent, but the answer is longer than {limit} bytes", answer=body[:limit])


def _words(error: BaseException, progress: Progress) -> str:
    """What went wrong, for people."""
    while isinstance(error, HTTPError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, TimeoutError):
        if progress.over:
            return f"it took longer than {progress.limits.total:g} s in all"
        return f"nothing came for {progress.limits.read:g} s" if progress.written else "the time for connecting ran out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer is cut off"
    if isinstance(error, http.client.HTTPException):
        return f"what came back is not HTTP: {_printable(error)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return _printable(error)


def _printable(value: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value))[:120]
