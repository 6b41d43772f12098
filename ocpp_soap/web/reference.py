"""The page that people read of the API, made from its OpenAPI document: endpoints, parameters, fields, examples.

It knows JSON Schema as far as our document uses it, and no endpoint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape

Schema = dict[str, Any]

_CODE = re.compile("`([^`]+)`")

# How deep the fields of an object are told.
DEEPEST = 6

SAMPLES = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "date-time": "2030-01-31T12:00:00Z",
    "uri": "ftp://example.com/",
}
NAMES: dict[str, Any] = {
    **dict.fromkeys(("chargeBoxIdentity", "identity"), "CP1"),
    **dict.fromkeys(("idTag", "id_tag"), "04A1B2C3"),
    **dict.fromkeys(("url", "callback"), "http://10.0.0.7:8080/ocpp"),
    **dict.fromkeys(("name", "token"), "tests"),
    "chargePoints": {"prefix": "OSLO-"},
    "operation": "ClearCache",
}


class Reference:
    """What the template asks for."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._schemas: dict[str, Schema] = document["components"]["schemas"]

    def groups(self) -> Iterator[Schema]:
        """The resources: {name, description, operations}."""
        for tag in self.document["tags"]:
            yield {**tag, "operations": [one for one in self._operations() if tag["name"] in one["tags"]]}

    def _operations(self) -> Iterator[Schema]:
        for path, methods in self.document["paths"].items():
            shared = methods.get("parameters", [])
            for method, operation in methods.items():
                if method != "parameters":
                    parameters = [self._resolved(one) for one in (*shared, *operation.get("parameters", []))]
                    yield {**operation, "path": path, "method": method.upper(), "parameters": parameters}

    def parameters(self, operation: Schema) -> Iterator[tuple[str, str, bool, str]]:
        """Those of the path, the query and the headers, as `fields` tells fields."""
        for one in operation["parameters"]:
            name = (
                one["name"] if one["in"] == "path" else f"?{one['name']}" if one["in"] == "query" else one["name"] + ":"
            )
            yield name, self.words(one["schema"]), one.get("required", False), one.get("description", "")

    def fields(self, schema: Schema, path: str = "", depth: int = 0) -> Iterator[tuple[str, str, bool, str]]:
        """Every field of an object: its path, what it is, whether it must be there, what it is for."""
        schema = self._resolved(schema)
        for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
            yield from self.fields(part, path, depth)
        for name, field in schema.get("properties", {}).items():
            field = {**self._resolved(field), **{k: v for k, v in field.items() if k == "description"}}
            many = "array" in _types(field)
            items = self._resolved(field["items"]) if many else field
            here = f"{path}{name}" + ("[]" if many else "")
            yield here, self.words(items), name in schema.get("required", ()), field.get("description", "")
            if depth < DEEPEST:
                yield from self.fields(items, here + ".", depth + 1)

    def words(self, schema: Schema) -> str:
        """What a value may be."""
        schema = self._resolved(schema)
        if "enum" in schema:
            return "one of " + ", ".join("null" if word is None else str(word) for word in schema["enum"])
        if "anyOf" in schema:
            return " or ".join(self.words(part) for part in schema["anyOf"])
        kinds = [schema["format"] if kind == "string" and "format" in schema else kind for kind in _types(schema)]
        bounds = [f"{word} {schema[key]}" for key, word in LIMITS.items() if key in schema]
        return ", ".join([" or ".join(kinds) or "object", *bounds])

    def example(self, schema: Schema, name: str = "") -> Any:
        """A value that fits."""
        schema = self._resolved(schema)
        if "allOf" in schema:
            return {k: v for part in schema["allOf"] for k, v in self.example(part).items()}
        if "anyOf" in schema:
            return self.example(schema["anyOf"][0], name)
        kind = next(iter(_types(schema)), "object")
        if kind == "object":
            return NAMES.get(name) or {
                key: self.example(value, key) for key, value in schema.get("properties", {}).items()
            }
        if kind == "array":
            return [self.example(schema["items"], name)]
        sample = schema["enum"][0] if "enum" in schema else NAMES.get(name) or SAMPLES[schema.get("format", kind)]
        return max(sample, schema.get("minimum", sample)) if kind == "integer" else sample

    def shown(self, schema: Schema) -> str:
        """An example as text."""
        return json.dumps(self.example(schema), indent=2)

    def question(self, schema: Schema) -> Any:
        """A body that can be sent: with what has to be said or, if that is nothing, with its first field."""
        fields = self._resolved(schema)["properties"]
        names = self._resolved(schema).get("required") or list(fields)[:1]
        return {name: self.example(fields[name], name) for name in names}

    def request(self, operation: Schema) -> str:
        """A call of it on the command line."""
        path = operation["path"]
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                sample = str(NAMES.get(parameter["name"], 1))
                path = path.replace("{" + parameter["name"] + "}", sample)
        lines = [f'curl -X {operation["method"]} "$GATEWAY{path}"', '-H "Authorization: Bearer $TOKEN"']
        names = {parameter["name"] for parameter in operation["parameters"]}
        if "If-Match" in names and "If-None-Match" not in names:
            lines.append("-H 'If-Match: *'")
        for type_, content in operation.get("requestBody", {}).get("content", {}).items():
            body = content.get("example") or json.dumps(self.question(content["schema"]))
            lines += [f"-H 'Content-Type: {type_}'", f"--data-binary '{body}'"]
        return " \\\n    ".join(lines)

    def answers(self, operation: Schema) -> Iterator[tuple[str, str, Schema]]:
        """Status, words and schema of each answer that is no error."""
        for status, answer in operation["responses"].items():
            if status < "300":
                content: Schema = next(iter(answer.get("content", {}).values()), {})
                yield status, answer["description"], content.get("schema", {})

    def errors(self, operation: Schema) -> str:
        """The statuses of its errors, each with its words."""
        found = sorted((s, self._resolved(answer)["description"]) for s, answer in operation["responses"].items())
        return ", ".join(f"{status} {words}" for status, words in found if status >= "300")

    def _resolved(self, schema: Schema) -> Schema:
        place = schema.get("$ref")
        if place is None:
            return schema
        found: Any = self.document
        for step in place.removeprefix("#/").split("/"):
            found = found[step]
        resolved: Schema = found
        return resolved


def marked(text: str) -> Markup:
    """Text for the page, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 it is escaped


LIMITS = {
    "minLength": "at least",
    "maxLength": "at most",
    "minimum": "from",
    "maximum": "to",
    "minItems": "at least",
    "maxItems": "at most",
}


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]
