"""JSON Schemas, rows for help texts, and Markdown tables made from what the WSDLs say.

Nothing here is typed by hand, so that documents can't drift from the contract. It knows no message and no command line;
`python -m ocpp_soap.protocol.export README.md` renews the tables between the markers of that file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .catalog import Catalog, load
from .reading import INT_RANGE
from .schema import ComplexType, Field, Service, SimpleType

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"

BEGIN, END = "<!-- operations:begin -->", "<!-- operations:end -->"

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "anyURI": {"type": "string", "format": "uri"},
    "int": {"type": "integer", "minimum": INT_RANGE.start, "maximum": INT_RANGE.stop - 1},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "dateTime": {"type": "string", "format": "date-time"},
}


def json_schema(type_: ComplexType) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a type; the complex types inside it are named under `$defs`."""
    definitions: dict[str, Any] = {}
    schema = {"$schema": JSON_SCHEMA, "title": type_.name, **_object(type_, definitions)}
    return {**schema, "$defs": definitions} if definitions else schema


def _object(type_: ComplexType, definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {field.name: _property(field, definitions) for field in type_.contents}
    required = [field.name for field in type_.contents if field.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return _described(schema, type_.documentation)


def _property(field: Field, definitions: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any]
    if isinstance(field.type, SimpleType):
        schema = _simple(field.type)
    else:
        schema = {"$ref": f"#/$defs/{field.type.name}"}
        if field.type.name not in definitions:
            definitions[field.type.name] = {}  # its place, so that the order is that of first mention
            definitions[field.type.name] = _object(field.type, definitions)
    if field.many:
        schema = {"type": "array", "items": schema, **({"minItems": 1} if field.required else {})}
    return _described(schema, field.documentation)


def _simple(type_: SimpleType) -> dict[str, Any]:
    schema = dict(_JSON_TYPES[type_.base])
    if type_.enumeration:
        schema["enum"] = list(type_.enumeration)
    if type_.max_length is not None:
        schema["maxLength"] = type_.max_length
    if type_.fraction_digits is not None:
        schema["multipleOf"] = float(f"1e-{type_.fraction_digits}")
    return schema


def _described(schema: dict[str, Any], documentation: str) -> dict[str, Any]:
    return {**schema, "description": documentation} if documentation else schema


def field_rows(type_: ComplexType, path: str = "") -> Iterator[tuple[str, str, bool, str]]:
    """Every field however deep: its path (`[]` after a list), what is expected, whether required, what it is for."""
    for field in type_.contents:
        here = f"{path}{field.name}" + ("[]" if field.many else "")
        if isinstance(field.type, SimpleType):
            yield here, field.type.expected, field.required, field.documentation
        else:
            yield here, f"object {field.type.name}", field.required, field.documentation
            yield from field_rows(field.type, here + ".")


def fields_table(type_: ComplexType) -> str:
    """A Markdown table of every field of a message."""
    rows = ((f"`{path}`", kind, "yes" if needed else "no", text) for path, kind, needed, text in field_rows(type_))
    return table(("Field", "What is expected", "Required", "What it is for"), rows)


def operations_table(service: Service) -> str:
    """A Markdown table of the service's operations, by name."""
    rows = ((f"`{name}`", operation.documentation) for name, operation in sorted(service.operations.items()))
    return table(("Operation", "What it is for"), rows)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def renew(document: str, catalog: Catalog) -> str:
    """The document with the operations of the newest version between its markers; ValueError when it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    newest = catalog.newest
    stations = operations_table(newest.central_system)
    commands = operations_table(newest.charge_point)
    tables = f"\n\nA station calls the gateway:\n\n{stations}\nThe gateway calls a station:\n\n{commands}\n"
    return before + BEGIN + tables + END + after


def main(paths: list[str]) -> None:
    """Renews the tables in these files."""
    catalog = load()
    for path in map(Path, paths):
        path.write_text(renew(path.read_text(encoding="utf-8"), catalog), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
