"""Reads one WSDL document into a `Service`.

It understands the constructs that the OCPP WSDLs use and no more: a construct it does not know is a `WsdlError`,
never a silent loss. It must not know what any operation is for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from ..errors import WsdlError
from .schema import ComplexType, Field, Message, Operation, Service, SimpleType

XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
WSAW = "{http://www.w3.org/2006/05/addressing/wsdl}"

# lxml's types make every look-up optional; here a part that is missing ends as the WsdlError of `read`.
Node = Any

BUILT_IN = ("string", "int", "decimal", "boolean", "dateTime", "anyURI")


def read(path: Path, version: str) -> Service:
    """The service that the document at `path` describes; raises `WsdlError` when it can't be read."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.parse(str(path), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise WsdlError(f"can't read the WSDL {path}: {error}") from error
    try:
        return _service(root, path, version)
    except (KeyError, AttributeError, ValueError, IndexError) as error:
        raise WsdlError(f"{path} is not a WSDL of an OCPP service: {error!r}") from error


def _service(root: Node, path: Path, version: str) -> Service:
    types = _Types(root.find(f"{WSDL}types/{XSD}schema"))
    parts = {
        m.get("name"): {p.get("name"): _local(p.get("element")) for p in m.findall(f"{WSDL}part")}
        for m in root.findall(f"{WSDL}message")
    }
    binding = root.find(f"{WSDL}binding")
    port_type = root.find(f"{WSDL}portType")
    bound = {op.get("name"): op for op in binding.findall(f"{WSDL}operation")}
    header = next(binding.iter(f"{SOAP12}header"))
    operations = {
        op.get("name"): _operation(op, bound[op.get("name")], parts, types)
        for op in port_type.findall(f"{WSDL}operation")
    }
    service = root.find(f"{WSDL}service")
    return Service(
        name=service.get("name"),
        version=version,
        namespace=root.get("targetNamespace"),
        header=parts[_local(header.get("message"))][header.get("part")],
        port=service.find(f"{WSDL}port").get("name"),
        binding=binding.get("name"),
        path=path,
        operations=operations,
    )


def _operation(op: Node, bound: Node, parts: dict[str, dict[str, str]], types: _Types) -> Operation:
    name, action = op.get("name"), bound.find(f"{SOAP12}operation").get("soapAction")

    def message(tag: str, default_action: str) -> Message:
        node = op.find(WSDL + tag)
        (element,) = parts[_local(node.get("message"))].values()
        return Message(element, types.of_element(element), node.get(f"{WSAW}Action", default_action))

    # The 1.2 WSDL declares no Action for answers; the specification's rule is the request's plus "Response" (§3.4).
    output = message("output", f"{action}Response")
    return Operation(name, message("input", action), output, _documentation(op))


class _Types:
    """The types of one schema, each built once."""

    def __init__(self, schema: Node) -> None:
        known = {"simpleType", "complexType", "element", "annotation"}
        for node in schema:
            if etree.QName(node).localname not in known:
                raise WsdlError(f"unknown construct {node.tag} in a schema")
        self._simple = {n.get("name"): n for n in schema.findall(f"{XSD}simpleType")}
        self._complex = {n.get("name"): n for n in schema.findall(f"{XSD}complexType")}
        self._elements = {n.get("name"): n for n in schema.findall(f"{XSD}element")}
        self._built: dict[str, SimpleType | ComplexType] = {}

    def of_element(self, name: str) -> ComplexType:
        built = self._type(_local(self._elements[name].get("type")))
        if not isinstance(built, ComplexType):
            raise WsdlError(f"the body element {name} has a simple type")
        return built

    def _type(self, name: str) -> SimpleType | ComplexType:
        if name not in self._built:
            if name in self._simple:
                self._built[name] = _simple_type(name, self._simple[name])
            elif name in self._complex:
                self._built[name] = self._complex_type(name, self._complex[name])
            elif name in BUILT_IN:
                self._built[name] = SimpleType(name, name)
            else:
                raise WsdlError(f"unknown type {name}")
        return self._built[name]

    def _complex_type(self, name: str, node: Node) -> ComplexType:
        fields: list[Field] = []
        text = None
        for child in node:
            if child.tag == f"{XSD}sequence":
                fields += [self._field(name, e) for e in child]
            elif child.tag == f"{XSD}simpleContent":
                extension = child.find(f"{XSD}extension")
                text = self._type(_local(extension.get("base")))
                fields += [self._attribute(a) for a in extension]
            elif child.tag != f"{XSD}annotation":
                raise WsdlError(f"unknown construct {child.tag} in type {name}")
        if isinstance(text, ComplexType):
            raise WsdlError(f"the simple content of {name} has a complex type")
        return ComplexType(name, tuple(fields), text, _documentation(node))

    def _field(self, owner: str, node: Node) -> Field:
        if node.tag != f"{XSD}element" or node.get("name") is None:
            raise WsdlError(f"unknown construct {node.tag} in the sequence of {owner}")
        if node.get("type"):
            type_ = self._type(_local(node.get("type")))
        else:
            anonymous = f"{owner}.{node.get('name')}"
            type_ = self._complex_type(anonymous, node.find(f"{XSD}complexType"))
        maximum = node.get("maxOccurs", "1")
        return Field(
            name=node.get("name"),
            type=type_,
            required=node.get("minOccurs", "1") != "0",
            many=maximum == "unbounded" or int(maximum) > 1,
            documentation=_documentation(node),
        )

    def _attribute(self, node: Node) -> Field:
        if node.tag != f"{XSD}attribute":
            raise WsdlError(f"unknown construct {node.tag} in an extension")
        type_ = self._type(_local(node.get("type")))
        return Field(node.get("name"), type_, node.get("use") == "required", False, True, _documentation(node))


def _simple_type(name: str, node: Node) -> SimpleType:
    restriction = node.find(f"{XSD}restriction")
    base = _local(restriction.get("base"))
    if base not in BUILT_IN:
        raise WsdlError(f"unknown base {base} of type {name}")
    facets = [(etree.QName(f).localname, f.get("value")) for f in restriction if f.tag != f"{XSD}annotation"]
    known = dict(facets)
    if unknown := known.keys() - {"maxLength", "fractionDigits", "enumeration"}:
        raise WsdlError(f"unknown facets {sorted(unknown)} of type {name}")
    return SimpleType(
        name=name,
        base=base,
        max_length=int(known["maxLength"]) if "maxLength" in known else None,
        fraction_digits=int(known["fractionDigits"]) if "fractionDigits" in known else None,
        enumeration=tuple(value for facet, value in facets if facet == "enumeration"),
        documentation=_documentation(node),
    )


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]


def _documentation(node: Node) -> str:
    found = node.find(f"{XSD}annotation/{XSD}documentation")
    if found is None:
        found = node.find(f"{WSDL}documentation")
    return " ".join("".join(found.itertext()).split()) if found is not None else ""
