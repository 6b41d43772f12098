"""The WSDL's messages to charge points as parts of the OpenAPI document; nothing here is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...protocol.catalog import Catalog
from ...protocol.export import JSON_SCHEMA, json_schema
from ...protocol.schema import ComplexType, Operation
from .answers import Schema, ref


def operations(catalog: Catalog) -> list[Operation]:
    """What can be sent to charge points, by name."""
    return [operation for _, operation in sorted(catalog.newest.charge_point.operations.items())]


def components(catalog: Catalog) -> dict[str, Schema]:
    """The requests and confirmations, and the types inside them, by their names in the WSDL."""
    types = [message.type for operation in operations(catalog) for message in (operation.input, operation.output)]
    return {name: schema for type_ in types for name, schema in _parts(type_)}


def finished(operation: Operation) -> Schema:
    """A command with that operation's confirmation."""
    answer = {"anyOf": [ref(operation.output.type.name), {"type": "null"}]}
    return {"allOf": [ref("Command"), {"properties": {"answer": answer}}]}


def request_body(operation: Operation) -> Schema:
    """How the request is sent."""
    return {
        "required": any(field.required for field in operation.input.type.contents),
        "content": {"application/json": {"schema": ref(operation.input.type.name)}},
    }


def _parts(type_: ComplexType) -> Iterator[tuple[str, Schema]]:
    schema = json_schema(type_)
    inner = schema.pop("$defs", {})
    assert schema.pop("$schema") == JSON_SCHEMA, "OpenAPI 3.1 has the same dialect"
    for name, part in {type_.name: schema, **inner}.items():
        yield name, _moved(part)


def _moved(schema: Any) -> Any:
    """The schema with its references to where the document has them."""
    if isinstance(schema, dict):
        # By the arithmetic of most programs, 6.1 is no multiple of 0.1.
        moved = {name: _moved(value) for name, value in schema.items() if name != "multipleOf"}
        if isinstance(reference := schema.get("$ref"), str):
            moved["$ref"] = reference.replace("#/$defs/", "#/components/schemas/")
        return moved
    return [_moved(item) for item in schema] if isinstance(schema, list) else schema
