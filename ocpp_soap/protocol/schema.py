"""What a WSDL says, as frozen data: services, operations, messages, types, fields.

Knows nothing of XML or of how the data came to be (`wsdl` reads it) and does no parsing. Everything that handles
messages (Spyne models, zeep calls, validation, JSON Schemas, help) is derived from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A text with a meaning: `base` is one of string, int, decimal, boolean, dateTime, anyURI."""

    name: str
    base: str
    max_length: int | None = None
    fraction_digits: int | None = None
    enumeration: tuple[str, ...] = ()
    documentation: str = ""

    @property
    def expected(self) -> str:
        """What a value must be, in words for a fault or an error message."""
        if self.enumeration:
            return "one of " + ", ".join(self.enumeration)
        if self.max_length:
            return f"text of at most {self.max_length} characters"
        return {
            "int": "a whole number of 32 bits",
            "decimal": "a decimal number",
            "boolean": "true or false",
            "dateTime": "a time such as 2024-01-31T12:00:00Z",
            "anyURI": "a URI",
        }.get(self.base, "text")


@dataclass(frozen=True, slots=True)
class Field:
    """One named part of a complex type: an element, or an attribute when `attribute` is set."""

    name: str
    type: SimpleType | ComplexType
    required: bool
    many: bool = False
    attribute: bool = False
    documentation: str = ""


class Mixture(NamedTuple):
    """How a request is read that has another version's structure.

    `wide` has that of all versions. What it holds is put together as `understood` has it, which differs from the own
    type in the one list `readings`. `samples` are the fields of one value, in lower case.
    """

    wide: ComplexType
    understood: ComplexType
    readings: str
    samples: frozenset[str]


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A sequence of fields; `text` is the type of its own text when it has simple content (1.5 meter values).

    `later` are fields of a later version that are understood all the same; nothing is ever written with them, nor with
    what is in `mixture`.
    """

    name: str
    fields: tuple[Field, ...]
    text: SimpleType | None = None
    documentation: str = ""
    later: tuple[Field, ...] = ()
    mixture: Mixture | None = field(default=None, repr=False, compare=False)
    contents: tuple[Field, ...] = field(init=False, repr=False, compare=False)
    """What a payload holds: the fields, and the text under the name `value`."""
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # An element that has both text and attributes: its text is the field `value` everywhere in this package.
        own = (Field("value", self.text, required=True, documentation=self.documentation),) if self.text else ()
        object.__setattr__(self, "contents", self.fields + own)
        object.__setattr__(self, "by_name", {f.name: f for f in self.contents})


@dataclass(frozen=True, slots=True)
class Message:
    """One direction of an operation: the body's element, its type, and the WS-Addressing Action."""

    element: str
    type: ComplexType
    action: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A request and its response, named as in the WSDL."""

    name: str
    input: Message
    output: Message
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One WSDL: `version` is the catalog's name of the OCPP version, `header` the identity's element name."""

    name: str
    version: str
    namespace: str
    header: str
    port: str
    binding: str
    path: Path
    operations: Mapping[str, Operation]
    by_request: Mapping[str, Operation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        requests = {op.input.element.lower(): op for op in self.operations.values()}
        object.__setattr__(self, "by_request", requests)
