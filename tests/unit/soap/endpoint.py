"""What the tests of the SOAP endpoint share: golden messages, an endpoint without a server, and trees to compare."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from ocpp_soap.central.call import Call, Render, Reply
from ocpp_soap.errors import Fault
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.catalog import Version
from ocpp_soap.protocol.schema import Operation, Service
from ocpp_soap.protocol.validation import check
from ocpp_soap.soap import models
from ocpp_soap.soap.server import SoapEndpoint

WIRE = Path(__file__).resolve().parents[2] / "wire"
RECEIVED = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
CENTRAL = "https://central.example/ocpp"
POINT = "http://10.31.7.4:8085/ChargePointService"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
WSA = "{http://www.w3.org/2005/08/addressing}"
SOAP_TYPE = "application/soap+xml; charset=utf-8"

Tree = tuple[str, dict[str, str], str, list[Any]]


class Golden(NamedTuple):
    """One operation of one service with its messages and, in JSON, what they say in the words of `newest`.

    The JSON's "mapped" holds what is noted of words that only the older version has: path, word, what became of it.
    """

    service: Service
    operation: Operation
    newest: Operation
    request: bytes
    response: bytes
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.service.version}-{self.service.name}-{self.operation.name}"


@cache
def versions() -> list[Version]:
    """Every version of the catalog, newest first."""
    return list(catalog.load().versions.values())


def goldens() -> Iterator[Golden]:
    """The golden messages of every operation of every service; a missing file is an error."""
    for version in versions():
        newest = versions()[0]
        for folder, service, latest in (
            ("cs", version.central_system, newest.central_system),
            ("cp", version.charge_point, newest.charge_point),
        ):
            for operation in service.operations.values():
                file = WIRE / version.name / folder / operation.name
                request, response = (file.with_name(f"{file.name}.{kind}.xml") for kind in ("request", "response"))
                said = json.loads(file.with_name(f"{file.name}.json").read_text())
                same = latest.operations[operation.name]
                yield Golden(service, operation, same, request.read_bytes(), response.read_bytes(), said)


def odd(name: str, version: str | None = None) -> bytes:
    """A message of that version, the newest unless told, with an oddity."""
    return (WIRE / (version or versions()[0].name) / "odd" / f"{name}.xml").read_bytes()


@dataclass
class Station:
    """An endpoint together with what it received last; `answers` are typed payloads by operation, or faults."""

    answers: dict[str, Any] = field(default_factory=dict)
    call: Call = field(init=False)
    request: Any = None
    received: int = 0

    def receive(self, call: Call, request: dict[str, Any] | Fault, render: Render) -> Reply:
        """Answers with the fault that came, or with what stands ready."""
        self.call, self.request, self.received = call, request, self.received + 1
        return render(request if isinstance(request, Fault) else self.answers[call.operation])


class Answer(NamedTuple):
    """An HTTP answer."""

    status: str
    headers: dict[str, str]
    body: bytes


def endpoint(
    receive: Callable[[Call, Any, Render], Reply], services: list[Service], url: str | Callable[[], str], **more: Any
) -> SoapEndpoint:
    """An endpoint whose clock stands still, unless told otherwise."""
    return SoapEndpoint(services, receive, public_url=url, **{"clock": lambda: RECEIVED} | more)


def ask(app: SoapEndpoint, body: bytes = b"", method: str = "POST", path: str = "", **request: Any) -> Answer:
    """Calls the application as a WSGI server would; keywords go into the WSGI environment."""
    seen: list[Any] = []
    wsgi = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": SOAP_TYPE,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "10.31.7.4",
        "wsgi.input": io.BytesIO(body),
    }
    sent = b"".join(app(wsgi | request, lambda status, headers: seen.extend((status, dict(headers)))))
    return Answer(seen[0], seen[1], sent)


def ready_answers(service: Service) -> dict[str, Any]:
    """The golden responses of a service as typed payloads."""
    return {
        g.operation.name: check(g.said["response"], g.newest.output.type) for g in goldens() if g.service is service
    }


def tree(xml: bytes | etree._Element) -> Tree:
    """A message as nested tuples; prefixes, blanks between elements and a made-up MessageID don't count."""
    element = etree.fromstring(xml) if isinstance(xml, bytes) else xml
    children = [tree(child) for child in element if isinstance(child.tag, str)]
    text = "" if children or element.tag == f"{WSA}MessageID" else element.text or ""
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    return str(element.tag), attributes, text.strip() if children else text, children


def assert_valid(xml: bytes, service: Service) -> None:
    """The body of the message is as the WSDL's own schema wants it."""
    content = etree.fromstring(xml).find(f"{SOAP}Body")
    assert content is not None
    schema = models.schema(service)
    schema.assertValid(content[0])


def subcode(answer: Answer) -> str:
    """The subcode of the fault in an answer, "{namespace}name" in its own words."""
    value = etree.fromstring(answer.body).find(f".//{SOAP}Subcode/{SOAP}Value")
    assert value is not None, answer.body
    prefix, _, name = (value.text or "").partition(":")
    return f"{{{value.nsmap[prefix]}}}{name}"


def reason(answer: Answer) -> str:
    """The text of the fault in an answer."""
    return etree.fromstring(answer.body).findtext(f".//{SOAP}Reason/{SOAP}Text") or ""
