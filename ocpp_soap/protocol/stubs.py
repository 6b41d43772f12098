"""Writes the typed operations of the client from the WSDLs of a version: a method each, in the standard's words.

`python -m ocpp_soap.protocol.stubs ocpp_soap/client` renews the files there; a test tells when they are not current. It
knows Python's syntax and no message.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from .catalog import Version, load
from .schema import ComplexType, Field, Operation, SimpleType

WIDTH, INDENT = 120, 4
PURPOSE = "Sent by the Central System to "
"""How the documentation of an operation begins."""

# Python's types for what is given, and for what the JSON of an answer holds.
_GIVEN = {"int": "int", "decimal": "words.Number", "boolean": "bool", "dateTime": "words.Time"}
_ANSWERED = {"int": "int", "decimal": "float", "boolean": "bool"}

_MODULE = '''"""{}

Written by `python -m ocpp_soap.protocol.stubs ocpp_soap/client` from the WSDLs.
"""

from __future__ import annotations

{}
'''

_WORDS = (
    _MODULE.format(
        "The words of the standard: every value that is one of a few, as a type.",
        "from datetime import datetime\nfrom decimal import Decimal\nfrom typing import Literal",
    )
    + '''
Time = datetime | str
"""A time that is sent: an aware datetime, or text such as 2024-01-31T12:00:00Z. In answers it is such a text."""

Number = int | float | Decimal
"""A decimal number that is sent."""

'''
)

_TYPES = _MODULE.format(
    "What is sent to stations and has fields of its own.",
    "from collections.abc import Sequence\nfrom typing import NotRequired, TypedDict\n\nfrom . import words",
)

_ANSWERS = _MODULE.format(
    "What stations answer, as it stands in JSON.", "from typing import NotRequired, TypedDict\n\nfrom . import words"
)

_CLASS = '''

class {}({}):
    """What a station can be told; each method sends one command, and `options`, always the first, say how."""
'''

# A module may not be longer than 300 lines, so that half of them stand in each.
_MORE, _ALL = ("MoreOperations", "Sending"), ("Operations", "MoreOperations")


def files(version: Version) -> dict[str, str]:
    """The text of each file, by its name."""
    operations = [operation for _, operation in sorted(version.charge_point.operations.items())]
    requests = [operation.input.type for operation in operations]
    given = _complex(requests)
    answered = _complex(operation.output.type for operation in operations)
    # A time that is answered is text: what is given and answered has two types.
    again = {name: f"{name}Answered" for name in answered if name in given}
    sent = [_typed_dict(name, type_, {}, _GIVEN) for name, type_ in given.items() if type_ not in requests]
    answers = [_typed_dict(again.get(name, name), type_, again, _ANSWERED) for name, type_ in answered.items()]
    half, more = len(operations) // 2, "from .more_operations import MoreOperations"
    return {
        "words.py": _WORDS + "\n".join(_words(operations, version.central_system.operations.values())),
        "types.py": _TYPES + "".join(sent),
        "answers.py": _ANSWERS + "".join(answers),
        "more_operations.py": _operations(operations[half:], _MORE, "from .commands import Command, Options, Sending"),
        "operations.py": _operations(operations[:half], _ALL, f"from .commands import Command, Options\n{more}"),
    }


def _operations(operations: Iterable[Operation], names: tuple[str, str], imports: str) -> str:
    methods = "".join(f"\n{_indented(_method(operation))}\n" for operation in operations)
    modules = ", ".join(name for name in ("answers", "types", "words") if f"{name}." in methods)
    sequence = "from collections.abc import Sequence\n\n" if "Sequence[" in methods else ""
    title = "The operations of a charge point as methods."
    return _MODULE.format(title, f"{sequence}from . import {modules}\n{imports}") + _CLASS.format(*names) + methods


def method_name(operation: str) -> str:
    """The operation as Python names a method: RemoteStartTransaction is remote_start_transaction."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()


def _complex(types: Iterable[ComplexType]) -> dict[str, ComplexType]:
    """The types and those inside them, however deep, by their names."""
    found: dict[str, ComplexType] = {}
    for type_ in types:
        found |= {type_.name: type_, **_complex(f.type for f in type_.contents if isinstance(f.type, ComplexType))}
    return dict(sorted(found.items()))


def _words(operations: Collection[Operation], others: Iterable[Operation]) -> Iterator[str]:
    yield _literal("Operation", [operation.name for operation in operations], "What a station can be told.")
    messages = [message for one in (*operations, *others) for message in (one.input, one.output)]
    types = _complex(message.type for message in messages).values()
    simple = {f.type.name: f.type for type_ in types for f in type_.contents if isinstance(f.type, SimpleType)}
    for name, type_ in sorted(simple.items()):
        if type_.enumeration:
            yield _literal(name, type_.enumeration, type_.documentation)


def _literal(name: str, values: Collection[str], documentation: str) -> str:
    quoted = [f'"{value}"' for value in values]
    line = f"{name} = Literal[{', '.join(quoted)}]\n"
    if len(line) > WIDTH:
        line = f"{name} = Literal[\n" + "".join(f"    {value},\n" for value in quoted) + "]\n"
    return line + (_docstring(documentation, indent=0) + "\n" if documentation else "")


def _typed_dict(name: str, type_: ComplexType, names: Mapping[str, str], words: Mapping[str, str]) -> str:
    lines = ["", "", f"class {name}(TypedDict):"]
    if documentation := _docstring(type_.documentation, type_.contents):
        lines += [_indented(documentation), ""] if type_.contents else [_indented(documentation)]
    for field in type_.contents:
        kind = _kind(field, names, words)
        lines.append(f"    {field.name}: {kind if field.required else f'NotRequired[{kind}]'}")
    return "\n".join(lines) + "\n"


def _kind(field: Field, names: Mapping[str, str], words: Mapping[str, str], module: str = "") -> str:
    """The type of a field as an annotation; `module` stands before the names of types.py."""
    if isinstance(field.type, ComplexType):
        kind = module + names.get(field.type.name, field.type.name)
    else:
        kind = f"words.{field.type.name}" if field.type.enumeration else words.get(field.type.base, "str")
    if field.many:
        return f"{'Sequence' if words is _GIVEN else 'list'}[{kind}]"
    return kind


def _method(operation: Operation) -> str:
    fields = operation.input.type.contents
    # It is given by its place, so that its name is nobody's business and can make room for a field's.
    options = "options_" if "options" in operation.input.type.by_name else "options"
    taken = [f"{options}: Options | None = None", "/", *(["*"] if fields else [])]
    for field in fields:
        kind = _kind(field, {}, _GIVEN, "types.")
        taken.append(f"{field.name}: {kind}" if field.required else f"{field.name}: {kind} | None = None")
    purpose = operation.documentation.removeprefix(PURPOSE)
    payload = ", ".join(f'"{field.name}": {field.name}' for field in fields)
    return "\n".join(
        [
            _signature(f"def {method_name(operation.name)}", taken, f"Command[answers.{operation.output.type.name}]"),
            _indented(_docstring(purpose[:1].upper() + purpose[1:], fields)),
            _indented(_call(f'"{operation.name}"', payload, options)),
        ]
    )


def _signature(start: str, taken: Iterable[str], result: str) -> str:
    """As the formatter has it: in one line, or what is taken in one line, or a line for each."""
    taken = ["self", *taken]
    whole, inner = f"{start}({', '.join(taken)}) -> {result}:", f"    {', '.join(taken)}"
    if len(whole) + INDENT <= WIDTH:
        return whole
    lines = [inner] if len(inner) + INDENT <= WIDTH else [f"    {one}," for one in taken]
    return "\n".join([f"{start}(", *lines, f") -> {result}:"])


def _call(name: str, payload: str, options: str) -> str:
    whole = f"return self.send({name}, {{{payload}}}, {options})"
    if len(whole) + 2 * INDENT <= WIDTH:
        return whole
    lines = "".join(f"    {one},\n" for one in payload.split(", "))
    written = f"{{{payload}}}" if len(payload) + 2 * INDENT + 12 <= WIDTH else f"{{\n{lines}}}"
    return f"payload = {written}\nreturn self.send({name}, payload, {options})"


def _docstring(text: str, fields: Collection[Field] = (), indent: int = 2 * INDENT) -> str:
    """What the WSDL says of something, and of its fields."""
    lines = textwrap.wrap(text, WIDTH - indent - len('"""' * 2))
    about = [line for field in fields if field.documentation for line in _about(field)]
    if len(lines) == 1 and not about:
        return f'"""{text}"""'
    return "\n".join([f'"""{lines[0]}', *lines[1:], *(["", *about] if about else []), '"""']) if lines else ""


def _about(field: Field) -> list[str]:
    return textwrap.wrap(f"{field.name}: {field.documentation}", WIDTH - 2 * INDENT, subsequent_indent="    ")


def _indented(text: str) -> str:
    return "\n".join(f"{'':{INDENT}}{line}".rstrip() for line in text.splitlines())


def main(folders: list[str]) -> None:
    """Renews the files in these folders."""
    for name, text in files(load().newest).items():
        for folder in folders:
            (Path(folder) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
