"""Calls a service that a WSDL describes: stations by the Central System, the Central System by a simulated station.

zeep makes the message from the WSDL; `transport` sends it and `answers` reads what comes back. It decides nothing about
what an operation means, and stores nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.wsdl import Document

from ..central.profile import EVERYBODYS, Profile
from ..errors import CallFailed, NotTransmitted, StationFault
from ..protocol.catalog import Catalog
from ..protocol.dialects import downgrade
from ..protocol.schema import ComplexType, Operation, Service
from ..protocol.writing import to_text
from . import answers
from .connection import Guard, Limits, Trace
from .ns import ANONYMOUS, WSA
from .tls import Contexts
from .transport import Documents, Exchange, Target, Transport

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Answered:
    """A confirmation: typed values, tolerances as JSON, and both messages as bytes (`central.ports.Answered`)."""

    payload: dict[str, Any]
    flags: list[dict[str, str | None]]
    request: bytes
    answer: bytes


class SoapCaller:
    """Calls the operations of one service, at an address given with each call.

    Times in seconds: `connect_timeout` for the connection, `read_timeout` for each wait, the sum of both for all of it.
    `max_answer` bounds an answer's bytes, also after inflation. `guard` decides which resolved addresses may be called;
    without one, all may. `tls` trusts the system's authorities by default, and may be shared by callers. May be shared
    by threads and taken into a fork: every call has a connection of its own.
    """

    def __init__(
        self,
        service: Service,
        *,
        guard: Guard | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 25.0,
        max_answer: int = 1_048_576,
        tls: Contexts | None = None,
    ) -> None:
        self.service = service
        self.guard = guard
        self.limits = Limits(connect_timeout, read_timeout, connect_timeout + read_timeout, max_answer)
        self.tls = tls or Contexts()
        self._settings = zeep.Settings(raw_response=True, forbid_external=True)

    def call(
        self,
        address: str,
        identity: str,
        operation: str,
        payload: Mapping[str, Any],
        *,
        from_address: str | None,
        profile: Profile = EVERYBODYS,
        trace: Trace | None = None,
        transport: Callable[..., Transport] = Transport,
        message_id: str | None = None,
    ) -> Answered:
        """Sends one request, as the peer's `profile` wants it, and waits for its confirmation.

        `payload` holds what `protocol.validation.check` returns for the newest version, as the confirmation's does;
        `from_address` is where we are called in turn (None: without wsa:From); `trace` is filled on the way;
        `transport` makes what posts it; `message_id` replaces zeep's. Raises `NotTransmitted`, `Uncertain` or
        `StationFault`, each with the bytes that went over the wire, or `InvalidPayload` where the version has no words.
        """
        started = time.monotonic()
        target, outcome = None, "failed"
        said, notes = downgrade(self.service.version, operation, "request", dict(payload))
        try:
            target = Target.parse(address)
            described = self._operation(operation)
            action = described.input.action
            way = transport(target, self.limits, self.guard, self.tls, profile, action, trace)
            exchange = self._send(way, described, said, identity, from_address, message_id)
            found = answers.read(exchange, self.service, described, identity)
            outcome = "answered"
            flags = [flag.as_dict() for flag in notes + found.flags]
            return Answered(found.payload, flags, exchange.request, exchange.body)
        except CallFailed as failed:
            outcome = "answered with a fault" if isinstance(failed, StationFault) else failed.outcome
            raise
        finally:
            # No text of the failure: it may hold values of the payload.
            seconds = time.monotonic() - started
            logger.info("%s of %s at %s: %s in %.3f s", operation, identity, target or "?", outcome, seconds)

    def _operation(self, name: str) -> Operation:
        if name not in self.service.operations:
            raise NotTransmitted(f"OCPP {self.service.version} has no operation {name} in {self.service.name}")
        return self.service.operations[name]

    def _header(self, identity: str, from_address: str | None, blocks: str) -> list[etree._Element]:
        """The header blocks that zeep does not add itself (it adds Action, MessageID and To)."""
        station = etree.Element(etree.QName(self.service.namespace, self.service.header))
        station.text = identity
        said = [station]
        addresses = {"From": from_address if blocks == "full" else None, "ReplyTo": ANONYMOUS}
        for name, address in addresses.items() if blocks != "bare" else ():
            if address is None:
                continue
            block = etree.Element(etree.QName(WSA, name), nsmap={"wsa": WSA})
            etree.SubElement(block, etree.QName(WSA, "Address")).text = address
            said.append(block)
        return said

    def _send(
        self,
        transport: Transport,
        operation: Operation,
        payload: Mapping[str, Any],
        identity: str,
        from_address: str | None,
        message_id: str | None,
    ) -> Exchange:
        blocks = transport.profile.headers
        plugins = [_Unaddressed()] if blocks == "bare" else [_Identified(message_id)] if message_id else []
        try:
            header = self._header(identity, from_address, blocks)
            client: Any = zeep.Client(  # type: ignore[no-untyped-call]
                self._document, transport=transport, settings=self._settings, plugins=plugins
            )
            port = client.create_service(f"{{{self.service.namespace}}}{self.service.binding}", transport.target.url)
            values = _for_zeep(to_text(payload), operation.input.type)
            exchange: Exchange = port[operation.name](**values, _soapheaders=header)
        except (ZeepError, TypeError, ValueError) as error:
            # Before anything was sent: what the transport raises is a CallFailed.
            raise NotTransmitted(f"the request can't be written: {error}") from error
        return exchange

    # Dear, and made by the first call: nothing is loaded at import, nothing open crosses a fork.
    @cached_property
    def _document(self) -> Document:
        documents: Any = Documents()
        return Document(str(self.service.path), documents, settings=self._settings)


class _Unaddressed(zeep.Plugin):
    """Takes away the blocks of WS-Addressing that zeep adds by itself."""

    def egress(self, envelope: etree._Element, http_headers: Any, _operation: Any, _options: Any) -> Any:
        """What leaves in place of the envelope."""
        for header in envelope.iterchildren("{*}Header"):
            for block in header.findall(f"{{{WSA}}}*"):
                header.remove(block)
        return envelope, http_headers


class _Identified(zeep.Plugin):
    """Puts a MessageID in place of zeep's own."""

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id

    def egress(self, envelope: etree._Element, http_headers: Any, _operation: Any, _options: Any) -> Any:
        """What leaves in place of the envelope."""
        for block in envelope.iterfind(f"{{*}}Header/{{{WSA}}}MessageID"):
            block.text = self.message_id
        return envelope, http_headers


def _for_zeep(payload: Mapping[str, Any], type_: ComplexType) -> dict[str, Any]:
    """The payload with the text of an element that has attributes under the name that zeep has for it."""
    values = {}
    for name, value in payload.items():
        inner = type_.by_name[name].type if name in type_.by_name else None
        if isinstance(inner, ComplexType):
            value = [_for_zeep(v, inner) for v in value] if isinstance(value, list) else _for_zeep(value, inner)
        values["_value_1" if type_.text is not None and name == "value" else name] = value
    return values


class ZeepLink:
    """The way to stations (`central.ports.Link`): a caller for each version's ChargePointService."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        public_url: str,
        guard: Guard,
        connect_timeout: float = 5.0,
        read_timeout: float = 25.0,
        max_answer: int = 1_048_576,
        tls: Contexts | None = None,
    ) -> None:
        self.public_url = public_url
        tls = tls or Contexts()
        self.callers = {
            name: SoapCaller(
                version.charge_point,
                guard=guard,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_answer=max_answer,
                tls=tls,
            )
            for name, version in catalog.versions.items()
        }

    def call(
        self,
        address: str,
        identity: str,
        version: str,
        operation: str,
        payload: dict[str, Any],
        profile: Profile,
        trace: Trace | None = None,
    ) -> Answered:
        """Calls the station once, as its profile wants it, and waits. Raises as `SoapCaller.call` does."""
        if version not in self.callers:
            raise NotTransmitted(f"there is no OCPP version {version!r} here")
        return self.callers[version].call(
            address, identity, operation, payload, from_address=self.public_url, profile=profile, trace=trace
        )
