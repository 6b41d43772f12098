"""Spyne's models and services, made from a description: names, simple content with attributes, both ways."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.protocol.reading import Flag
from ocpp_soap.protocol.schema import ComplexType, Field, Message, Operation, Service, SimpleType
from ocpp_soap.soap import content, models

from .endpoint import SOAP, Tree, tree, versions

SPACE = "urn:example:meter"
TEXT, UNIT = SimpleType("string", "string"), SimpleType("Unit", "string", enumeration=("Wh", "A"))
VALUE = ComplexType(
    "MeterValue.value",
    (Field("unit", UNIT, required=False, attribute=True), Field("phase", TEXT, required=False, attribute=True)),
    TEXT,
)
REPORT = ComplexType(
    "Report",
    (Field("at", TEXT, required=True), Field("value", VALUE, required=True, many=True)),
    documentation="A report.",
)
OPERATION = Operation("Report", Message("reportRequest", REPORT, "/R"), Message("reportResponse", REPORT, "/RR"), "/R")
SERVICE = Service("Meter", "0", SPACE, "chargeBoxIdentity", "p", "b", Path(), {"Report": OPERATION})

SENT = f"""<m:reportRequest xmlns:m="{SPACE}"><m:at>noon</m:at>
<m:value unit="Wh" phase="L1">120</m:value><m:value>7</m:value><m:value m:Unit="A"/></m:reportRequest>"""
READ = {
    "at": "noon",
    "value": [{"value": "120", "unit": "Wh", "phase": "L1"}, {"value": "7"}, {"value": "", "unit": "A"}],
}


class Exchange:
    """What Spyne's context carries: flags, and here what the service method was called with."""

    def __init__(self) -> None:
        self.flags: list[Flag] = []
        self.notes = content.Notes(self.flags)
        self.request: Any = None
        self.answer: etree._Element | None = None


def echo(context: Any, request: dict[str, Any]) -> None:
    """A service method that answers with what it was asked."""
    context.udc.request = request
    context.udc.answer = server().serialize(context, [request["at"], request["value"]])


@cache
def server() -> models.Server:
    """The service that echoes."""
    return models.Server(SERVICE, echo)


def test_simple_content_and_attributes_are_read_and_written() -> None:
    """A value with attributes (OCPP 1.5's meter values) is a dict with its own text as `value`, both ways."""
    exchange = Exchange()
    server().call(OPERATION, etree.fromstring(SENT), exchange)
    assert (READ, []) == (exchange.request, exchange.flags)
    assert exchange.answer is not None
    body = exchange.answer.find(f"{SOAP}Body/*")
    assert body is not None
    written: list[Tree] = [
        (f"{{{SPACE}}}value", {"unit": "Wh", "phase": "L1"}, "120", []),
        (f"{{{SPACE}}}value", {}, "7", []),
    ]
    assert (f"{{{SPACE}}}reportResponse", {}, "") == tree(body)[:3]
    assert [(f"{{{SPACE}}}at", {}, "noon", []), *written] == tree(body)[3][:3]


def test_attributes_that_came_as_elements_are_read_and_noted() -> None:
    """Some stations send a value's attributes as children, and its text as one too (soap-binding C.4, 44)."""
    sent = f'<v xmlns="{SPACE}"><value>120</value><unit>Wh</unit></v>'
    flags: list[Flag] = []
    found = content.read(etree.fromstring(sent), content.Shape(VALUE, SPACE), content.Notes(flags))
    assert {"value": "120", "unit": "Wh"} == found
    assert [("value", "120"), ("unit", "Wh")] == [(f.path, f.raw) for f in flags]


@pytest.mark.parametrize("side", ["central_system", "charge_point"])
def test_every_operation_is_a_method_of_the_spyne_service(side: str) -> None:
    """Its messages are named and qualified as in the WSDL, and its fields are the WSDL's in their order."""
    for version in versions():
        service: Service = getattr(version, side)
        app = models.Server(service, echo).app
        found = {name: (d.in_message, d.out_message) for name, d in app.services[0].public_methods.items()}
        assert set(service.operations) == set(found)
        for operation in service.operations.values():
            for message, model in zip((operation.input, operation.output), found[operation.name], strict=True):
                assert (message.element, service.namespace) == (model.get_type_name(), model.get_namespace())
                assert list(message.type.by_name) == list(model.get_flat_type_info(model))
