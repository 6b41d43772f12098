"""The SOAP endpoint as a WSGI application: a service of any version, its WSDL, and a word for people.

Serves the Central System's side and, in the simulator, the charge point's. It knows HTTP and nothing of OCPP's content.
"""

from __future__ import annotations

import gzip
import html
import logging
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from lxml import etree

from ..central.call import Reply
from ..central.profile import Profile
from ..errors import Fault, InternalError, ProtocolError
from ..logs import Seldom
from ..protocol.reading import Flag
from ..protocol.schema import Service
from . import credentials, faults, http, ns
from .exchange import Arrival, Receive, Reception

log = logging.getLogger(__name__)

# What may come again and again is logged once a minute for each address.
MISPLACED = Seldom()

SOAP_TYPE = "application/soap+xml; charset=utf-8"
XML_TYPE = "text/xml; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

RETRY_AFTER = "600"

Answer = tuple[int, dict[str, str], bytes]
"""HTTP status, headers and body."""

ABOUT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title></head>
<body><h1>{name}</h1>
<p>Messages of OCPP {versions} over SOAP come here, by HTTP POST. Enter this where a menu asks for the URL:</p>
<p><code>{url}</code></p>
<p>If a charge point has no field for its identity (chargeBoxIdentity), put the identity behind it:
<code>{url}/&lt;identity&gt;</code></p>
<p><a href="?wsdl">WSDL</a></p></body></html>
"""


def _spelled(reply: Reply, profile: Profile, headers: dict[str, str]) -> bytes:
    """The body as the station wants it on the wire; `headers` are told of it."""
    if profile.content_type_action and reply.action is not None:
        headers["Content-Type"] += f'; action="{reply.action}"'
    if profile.compression == "none":
        return reply.body
    headers["Content-Encoding"] = profile.compression
    return gzip.compress(reply.body) if profile.compression == "gzip" else zlib.compress(reply.body)


def utc_now() -> datetime:
    """The time now, aware UTC."""
    return datetime.now(UTC)


class SoapEndpoint:
    """A WSGI application that serves `services` (one service in its versions, newest first) by calling `receive`.

    `public_url` is this endpoint's address as stations see it, or gives it; `max_body` is in bytes; `fault_status` is
    "soap" or a forced HTTP status; `about` is the HTML page for a plain GET, or makes it. `other_namespaces` maps
    namespaces that are accepted though not a service's own to a version's name; `version_of_station` gives the version
    that an identity last spoke, for bodies without a namespace.
    """

    def __init__(
        self,
        services: Sequence[Service],
        receive: Receive,
        *,
        public_url: str | Callable[[], str],
        max_body: int = 1024 * 1024,
        fault_status: str = "soap",
        trusted_proxies: Sequence[http.Network] = (),
        clock: Callable[[], datetime] = utc_now,
        about: str | Callable[[], str] | None = None,
        other_namespaces: Mapping[str, str] | None = None,
        version_of_station: Callable[[str], str | None] | None = None,
    ) -> None:
        self._url = public_url if callable(public_url) else lambda: public_url
        self._max_body = max_body
        self._trusted = tuple(trusted_proxies)
        self._about = about
        self._reception = Reception(
            services,
            receive,
            public_url=self._url,
            fault_status=fault_status,
            clock=clock,
            other_namespaces=other_namespaces or {},
            version_of_station=version_of_station,
        )
        self._name = services[0].name
        self._wsdls = {s.version: etree.parse(str(s.path)) for s in services}

    def __call__(self, request: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request (PEP 3333)."""
        method = request["REQUEST_METHOD"]
        try:
            if method == "POST":
                status, headers, body = self._message(request)
            else:
                status, headers, body = self._page(method, request)
        except Fault as fault:
            status, headers, body = self._fault(fault)
        except Exception:
            log.exception("a %s failed", method)
            status, headers, body = self._fault(InternalError(""))
        headers["Content-Length"] = str(len(body))
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [b"" if method == "HEAD" else body]

    def _message(self, request: dict[str, Any]) -> Answer:
        arrival = Arrival(
            partial(http.read_body, request, self._max_body),
            request.get("CONTENT_TYPE"),
            partial(self._path, request),
            http.peer_of(request, self._trusted),
            lambda secret, flags: credentials.read(request, secret, self._trusted, flags),
        )
        reply, exchange = self._reception.answer(arrival)
        headers = {"Content-Type": XML_TYPE if exchange.soap == ns.SOAP11 else SOAP_TYPE}
        if reply.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Basic realm="ocpp", charset="UTF-8"'
        elif reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            headers["Retry-After"] = str(reply.retry_after or RETRY_AFTER)
        return reply.status, headers, _spelled(reply, exchange.call.profile, headers)

    def _path(self, request: dict[str, Any], flags: list[Flag]) -> tuple[str | None, str | None]:
        """The identity and the secret in the path; what can't be served is named in the log."""
        try:
            return http.identity_in(request, flags)
        except ProtocolError as fault:
            peer = http.peer_of(request, self._trusted)
            if MISPLACED.due(peer):
                log.warning("a message from %s for the path %r: %s", peer, http.shown_path(request), fault.text)
            raise

    def _fault(self, fault: Fault) -> Answer:
        """A fault that is no answer to a message of a station, and so is nobody's to decide on."""
        namespace = self._reception.contracts[0].service.namespace
        body = faults.write(fault, namespace, None, self._url())
        status = faults.status_of(fault, self._reception.fault_status)
        allow = {"Allow": "GET, HEAD, POST"} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        return status, {"Content-Type": SOAP_TYPE, **allow}, body

    def _page(self, method: str, request: dict[str, Any]) -> Answer:
        """What a browser or a tool gets: the WSDL, or the page for people."""
        if method not in ("GET", "HEAD"):
            http.discard(request)
            raise ProtocolError(f"Messages come by POST, not by {method[:20]}.", status=HTTPStatus.METHOD_NOT_ALLOWED)
        identity, secret = http.identity_in(request, [])
        if "websocket" in request.get("HTTP_UPGRADE", "").lower():
            return self._refuse_websocket(request, identity, secret)
        query = {k.lower(): v for k, v in parse_qsl(request.get("QUERY_STRING", ""), keep_blank_values=True)}
        if "wsdl" in query or "singlewsdl" in query:
            return HTTPStatus.OK, {"Content-Type": XML_TYPE}, self._wsdl(query.get("version"))
        if self._about is None:
            words = (self._name, ", ".join(self._wsdls), self._url())
            name, versions, url = map(html.escape, words)
            page = ABOUT.format(name=name, versions=versions, url=url)
        else:
            page = self._about() if callable(self._about) else self._about
        return HTTPStatus.OK, {"Content-Type": HTML_TYPE, "X-Content-Type-Options": "nosniff"}, page.encode()

    def _refuse_websocket(self, request: dict[str, Any], identity: str | None, secret: str | None) -> Answer:
        """A station that is set to OCPP-J is told, and so is the operator: by the log, the journal and the lists."""
        peer, subprotocol = http.peer_of(request, self._trusted), request.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "none")
        subprotocol = subprotocol[: http.MAX_HEADER]
        if MISPLACED.due((peer, identity)):
            words = "%s from %s wants a WebSocket (subprotocol %s); this is OCPP over SOAP: set it to OCPP-S"
            log.warning(words, repr(identity) if identity else "a charge point without identity", peer, subprotocol)
        fault = ProtocolError("This is OCPP over SOAP: there is no WebSocket here.")
        shown = credentials.read(request, secret, self._trusted, [])
        reply = self._reception.refuse(fault, identity or "", peer, f"WebSocket {subprotocol}", shown)
        return reply.status, {"Content-Type": SOAP_TYPE}, reply.body

    def _wsdl(self, version: str | None) -> bytes:
        document = self._wsdls.get(version or next(iter(self._wsdls)))
        if document is None:
            known = ", ".join(self._wsdls)
            raise ProtocolError(f"There is no WSDL of version {version!r:.40}; there is {known}.", status=404)
        filled = deepcopy(document)
        for address in filled.iter(f"{{{ns.WSDL_SOAP12}}}address"):
            address.set("location", self._url())
        return etree.tostring(filled, encoding="utf-8", xml_declaration=True)
