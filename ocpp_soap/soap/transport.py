"""One HTTP POST on a connection of its own: what leaves, what came back, and how it ended.

Knows HTTP and no SOAP; zeep hands it the message. It raises `NotTransmitted` only while not one byte of the request has
been given to a connection, and `Uncertain` from then on. Nothing is retried, redirected, pooled or kept alive.
"""

from __future__ import annotations

import http.client
import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

from lxml import etree
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse
from urllib3.util import SKIP_HEADER

from ..central.profile import EVERYBODYS, Profile
from ..errors import CallFailed, NotTransmitted, ProtocolError, Uncertain
from .connection import Guard, Limits, Progress, Trace, connection
from .faults import DECLARATION
from .http import inflate
from .tls import Contexts
from .troubles import trouble_of

# What may stand in a path and a query as it is; the percent sign, since what is encoded already stays so.
_VERBATIM = "/%:=&~+!$,;'@()*[]|?"

_CHUNK = 65536

SENT = "the request was sent, but "
"""How the text of each `Uncertain` begins."""

T = TypeVar("T")


# How a SOAP message begins, whatever follows.
_SOAP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>)?\s*(?:<!--.{0,1000}?-->\s*)?<(?:[\w.-]{1,100}:)?envelope[\s/>]",
    re.IGNORECASE | re.DOTALL,
)


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
            words = "the address can't be called: expected an http or https URL"
            raise NotTransmitted(words, trouble="no-url") from None
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
    """What zeep needs of a transport, for one call: it posts the message. Its WSDLs it finds with `Documents`.

    `action` goes into the Content-Type where the profile wants it there; `trace` is filled on the way.
    """

    def __init__(
        self,
        target: Target,
        limits: Limits,
        guard: Guard | None,
        tls: Contexts,
        profile: Profile = EVERYBODYS,
        action: str = "",
        trace: Trace | None = None,
    ) -> None:
        self.target = target
        self.limits = limits
        self.guard = guard
        self.tls = tls
        self.profile = profile
        self.action = action
        self.trace = trace

    def post_xml(self, _address: str, envelope: etree._Element, _headers: dict[str, str]) -> Exchange:
        """Posts the message (zeep's address and headers are left aside). Raises `NotTransmitted` or `Uncertain`."""
        type_ = "application/soap+xml; charset=utf-8"
        if self.profile.content_type_action:
            type_ += f'; action="{self.action}"'
        return self.post(DECLARATION + etree.tostring(envelope, encoding="UTF-8", xml_declaration=False), type_)

    def post(self, request: bytes, content_type: str) -> Exchange:
        """Posts what is written already. Raises as `post_xml`."""
        return self._attempt(request, partial(self._exchange, "POST", request, {"Content-Type": content_type}))

    def get(self) -> Exchange:
        """Asks for the address as a browser does. Raises as `post_xml`."""
        return self._attempt(f"GET {self.target.path}".encode(), partial(self._exchange, "GET", None, {}))

    def greet(self) -> Trace:
        """Connects to whoever is there, with whatever certificate, and sends nothing. Raises `NotTransmitted`."""
        return self._attempt(b"", self._greet)

    def _attempt(self, request: bytes, act: Callable[[Progress], T]) -> T:
        progress = Progress(self.limits, self.trace)
        try:
            return act(progress)
        except CallFailed as failed:
            failed.request = request
            raise
        except Exception as error:
            # Whatever it is: what decides is whether anything has left.
            trouble, words = trouble_of(error, progress)
            if progress.written:
                raise Uncertain(SENT + words, request=request, trouble=trouble) from error
            words = f"no connection to {self.target}: {words}"
            raise NotTransmitted(words, request=request, trouble=trouble) from error

    def _connection(self, progress: Progress, *, anybody: bool = False) -> HTTPConnection:
        target, pin = self.target, None if anybody else self.profile.tls_pin
        secure = target.scheme == "https"
        tls = self.tls.of(self.profile.tls_minimum, anybody or pin is not None) if secure else None
        return connection(
            target.scheme, target.host, target.port, guard=self.guard, progress=progress, tls=tls, pin=pin
        )

    def _greet(self, progress: Progress) -> Trace:
        with closing(self._connection(progress, anybody=True)) as wire:
            wire.connect()
        return progress.trace

    def _exchange(
        self, method: str, body: bytes | None, headers: dict[str, str] | HTTPHeaderDict, progress: Progress
    ) -> Exchange:
        target, trace = self.target, progress.trace
        wire = self._connection(progress)
        head = self._headers() | headers
        try:
            wire.connect()
            try:
                wire.request(method, target.path, body, head, preload_content=False, decode_content=False)
            except (BrokenPipeError, ConnectionResetError):
                # A station may refuse the rest of a request and still say why.
                if not progress.written:
                    raise
            with closing(wire.getresponse()) as response:
                reason = response.reason or http.client.responses.get(response.status, "")
                location = response.headers.get("Location")
                trace.status, trace.location = f"HTTP {response.status} {reason}".strip(), location
                answer, broken = _body(response, progress)
        finally:
            wire.close()
        return Exchange(
            request=body or b"",
            status=response.status,
            reason=reason,
            content_type=response.headers.get("Content-Type"),
            location=location,
            body=_inflated(answer, response.headers.get("Content-Encoding", ""), self.limits.answer),
            broken=broken,
        )

    def _headers(self) -> dict[str, str]:
        """All headers but Host, Content-Type and Content-Length."""
        headers = {
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
        return bytes(body), trouble_of(error, progress)[1]
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
    words = f"{SENT}the answer is longer than {limit} bytes"
    return Uncertain(words, answer=kept(body[:limit], f"more than {limit} bytes"), trouble="no-soap")


def kept(body: bytes, said: str) -> bytes:
    """What the journal keeps of an answer that can't be read: of what is no SOAP only what is `said` of it.

    Whoever may move a station's address would else read by it whatever the gateway can reach.
    """
    return body if _SOAP.match(body) else f"(not SOAP, so not kept: {said})".encode()
