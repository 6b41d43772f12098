"""Calls a service that a WSDL describes: stations by the Central System, the Central System by a simulated station.

zeep makes the message from the WSDL; `transport` sends it and `answers` reads what comes back. It decides nothing about
what an operation means, and stores nothing.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.wsdl import Document

from ..errors import CallFailed, NotTransmitted, StationFault
from ..protocol.catalog import Catalog
from ..protocol.dialects import downgrade
from ..protocol.schema import ComplexType, Operation, Service
from ..protocol.writing import to_text
from . import answers
from .connection import Guard, Limits, tls_context
from .ns import ANONYMOUS, WSA
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
    without one, all may. TLS trusts the system's authorities, or those in `ca_file` alone. May be shared by threads and
    taken into a fork: every call has a connection of its own.
    """

    def __init__(
        self,
        service: Service,
        *,
        guard: Guard | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 25.0,
        max_answer: int = 1_048_576,
        ca_file: Path | None = None,
    ) -> None:
        self.service = service
        self.guard = guard
        self.limits = Limits(connect_timeout, read_timeout, connect_timeout + read_timeout, max_answer)
        self.ca_file = ca_file
        self._settings = zeep.Settings(raw_response=True, forbid_external=True)

    def call(
        self, address: str, identity: str, operation: str, payload: Mapping[str, Any], *, from_address: str | None
    ) -> Answered:
        """Sends one request and waits for its confirmation.

        `payload` holds what `protocol.validation.check` returns for the newest version, as the confirmation's does;
        `from_address` is where we are called in turn (None: without wsa:From). Raises `NotTransmitted`, `Uncertain` or
        `StationFault`, each with the bytes that went over the wire, or `InvalidPayload` where the service's version has
        no words for it.
        """
        started = time.monotonic()
        target, outcome = None, "failed"
        said, notes = downgrade(self.service.version, operation, "request", dict(payload))
        try:
            target = Target.parse(address)
            described = self._operation(operation)
            exchange = self._send(target, described, said, identity, from_address)
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

    def _header(self, identity: str, from_address: str | None) -> list[etree._Element]:
        """The header blocks that zeep does not add itself (it adds Action, MessageID and To)."""
        station = etree.Element(etree.QName(self.service.namespace, self.service.header))
        station.text = identity
        blocks = [station]
        for name, address in (("From", from_address), ("ReplyTo", ANONYMOUS)):
            if address is None:
                continue
            block = etree.Element(etree.QName(WSA, name), nsmap={"wsa": WSA})
            etree.SubElement(block, etree.QName(WSA, "Address")).text = address
            blocks.append(block)
        return blocks

    def _send(
        self, target: Target, operation: Operation, payload: Mapping[str, Any], identity: str, from_address: str | None
    ) -> Exchange:
        transport = Transport(target, self.limits, self.guard, lambda: self._tls)
        try:
            header = self._header(identity, from_address)
            client: Any = zeep.Client(self._document, transport=transport, settings=self._settings)  # type: ignore[no-untyped-call]
            port = client.create_service(f"{{{self.service.namespace}}}{self.service.binding}", target.url)
            values = _for_zeep(to_text(payload), operation.input.type)
            exchange: Exchange = port[operation.name](**values, _soapheaders=header)
        except (ZeepError, TypeError, ValueError) as error:
            # Before anything was sent: what the transport raises is a CallFailed.
            raise NotTransmitted(f"the request can't be written: {error}") from error
        return exchange

    # Both are dear and made by the first call: nothing is loaded at import, nothing open crosses a fork.
    @cached_property
    def _document(self) -> Document:
        documents: Any = Documents()
        return Document(str(self.service.path), documents, settings=self._settings)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context(self.ca_file)


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
    ) -> None:
        self.public_url = public_url
        self.callers = {
            name: SoapCaller(
                version.charge_point,
                guard=guard,
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_answer=max_answer,
            )
            for name, version in catalog.versions.items()
        }

    def call(self, address: str, identity: str, version: str, operation: str, payload: dict[str, Any]) -> Answered:
        """Calls the station once and waits. Raises as `SoapCaller.call` does."""
        if version not in self.callers:
            raise NotTransmitted(f"there is no OCPP version {version!r} here")
        return self.callers[version].call(address, identity, operation, payload, from_address=self.public_url)
