"""Turns payloads from an older version's words into the newest one's and back, by the tables of `dialects_tables`.

Pure functions of plain dicts. Every word that is changed, and whatever is left out, is noted with the reason and with
its path in the words that came. It knows no XML, no store, and of an operation nothing but its row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import InvalidPayload, Problem
from .dialects_tables import DIALECTS, Dialect, Part, Words
from .reading import Flag
from .writing import to_json, to_text

Payload = dict[str, Any]
Side = Literal["request", "response"]

_INDEX = re.compile(r"\[\d+\]")


def upgrade(version: str, operation: str, side: Side, payload: Payload) -> tuple[Payload, list[Flag]]:
    """The payload of a message in `version`, as `reading` gives it, in the newest version's words, with the notes.

    Nothing is required of it: what is missing stays missing, and a word that no version knows stays as it is.
    """
    if (part := _part(version, operation, side)) is None:
        return payload, []
    translation = _Translation(DIALECTS[version])
    return translation.up(part, payload, ""), translation.flags


def downgrade(version: str, operation: str, side: Side, payload: Payload) -> tuple[Payload, list[Flag]]:
    """A valid payload in the newest version's words as a valid one of `version`, with the notes.

    Raises `InvalidPayload` when it can't be said there at all: each message has its stated policy.
    """
    if (part := _part(version, operation, side)) is None:
        return payload, []
    translation = _Translation(DIALECTS[version])
    try:
        return translation.down(part, payload, ""), translation.flags
    except _Unsayable as unsaid:
        expected = f"something else, since OCPP {version} {unsaid.why}"
        raise InvalidPayload([Problem(unsaid.path, expected, unsaid.raw)]) from None


def unsayable(version: str, operation: str) -> frozenset[str]:
    """The fields of a request for which `version` has no words, and which are refused rather than left out."""
    part = _part(version, operation, "request")
    return frozenset(part.refused if part is not None else ())


def lacking(version: str, operation: str) -> frozenset[str]:
    """The fields of the newest version's request without which `version` says the same message."""
    part = _part(version, operation, "request")
    return frozenset(part.lost if part is not None else ())


def _part(version: str, operation: str, side: Side) -> Part | None:
    """The row of a message; None for one that is the same as in the newest version."""
    dialect = DIALECTS.get(version)
    if dialect is None:
        return None
    return (dialect.requests if side == "request" else dialect.responses).get(operation)


class _Unsayable(Exception):
    """Something that the older version has no words for, and without which the rest would be another statement."""

    def __init__(self, path: str, value: Any, why: str) -> None:
        super().__init__(why)
        self.path, self.raw, self.why = path, _shown(value), why


@dataclass(frozen=True, slots=True)
class _Translation:
    """One message on its way between a version and the newest one; what holds for many fields alike is noted once."""

    dialect: Dialect
    flags: list[Flag] = field(default_factory=list)
    said: set[tuple[str, str, str]] = field(default_factory=set)

    def up(self, part: Part, payload: Payload, path: str) -> Payload:
        """From the older words to the newest."""
        result: Payload = {}
        newer = {older: name for name, older in part.names.items()}
        for older, value in payload.items():
            here, name = path + older, newer.get(older, older)
            if value is None:
                continue
            if (why := part.retired.get(older)) is not None:
                self._note(here, value, f"left out, since OCPP {self.dialect.newest} {why}")
                continue
            if (words := part.words.get(name)) is not None:
                value = self._raised(words, value, here)
            if name in part.inner or name in part.shapes:
                items = part.shapes[name].up if name in part.shapes else _items
                value = [self.up(part.inner.get(name, Part()), item, f"{at}.") for at, item in items(value, here)]
            result[name] = value
        return result

    def down(self, part: Part, payload: Payload, path: str) -> Payload:
        """From the newest words to the older; raises `_Unsayable`."""
        result: Payload = {}
        for name, value in payload.items():
            here = path + name
            if value is None:
                continue
            if (why := part.lost.get(name)) is not None:
                self._leave_out(here, value, why)
                continue
            if (why := part.refused.get(name)) is not None:
                raise _Unsayable(here, value, why)
            if (words := part.words.get(name)) is not None:
                value = self._lowered(words, value, here)
            if (inner := part.inner.get(name)) is not None:
                value = self._sayable(inner, value, here)
            if (shape := part.shapes.get(name)) is not None:
                value = shape.down(value, here, self._leave_out)
            if value != []:
                result[part.names.get(name, name)] = value
        return result

    def _sayable(self, inner: Part, items: list[Payload], path: str) -> list[Payload]:
        """The items of a list that can be said; those that are said whole or not at all are noted."""
        result = []
        for at, item in _items(items, path):
            try:
                said = self.down(inner, item, f"{at}.")
            except _Unsayable as unsaid:
                if not inner.whole:
                    raise
                because = f"since OCPP {self.dialect.version} {unsaid.why}"
                self._note(unsaid.path, unsaid.raw, f"left out with the value it belongs to, {because}")
            else:
                result += [said] if said else []
        if inner.needed and not result:
            raise _Unsayable(path, items, "has no word for any of them")
        return result

    def _raised(self, words: Words, value: Any, path: str) -> Any:
        for newer, older in words.renamed.items():
            if value == older:  # the version's own word for the very same thing: nothing to note
                return newer
        if value in words.raised:
            self._note(path, value, f"{words.raised[value]}, since OCPP {self.dialect.newest} {words.why}")
            return words.raised[value]
        return value

    def _lowered(self, words: Words, value: Any, path: str) -> Any:
        if value in words.renamed:
            self._note(path, value, f"{words.renamed[value]}, as OCPP {self.dialect.version} calls it")
            return words.renamed[value]
        if value in words.unsayable:
            raise _Unsayable(path, value, words.why)
        if value in words.lowered:
            self._note(path, value, f"{words.lowered[value]}, since OCPP {self.dialect.version} {words.why}")
            return words.lowered[value]
        return value

    def _leave_out(self, path: str, value: Any, why: str) -> None:
        self._note(path, value, f"left out, since OCPP {self.dialect.version} {why}")

    def _note(self, path: str, value: Any, assumed: str) -> None:
        raw = _shown(value)
        key = (_INDEX.sub("", path), raw, assumed)
        if key not in self.said:
            self.said.add(key)
            self.flags.append(Flag(path, raw, assumed))


def _items(items: list[Any], path: str) -> Iterator[tuple[str, Any]]:
    """The items of a list with their paths."""
    return ((f"{path}[{i}]", item) for i, item in enumerate(items))


def _shown(value: Any) -> str:
    """A value as a note shows it."""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(to_json(value), ensure_ascii=False)
    shown: str = to_text(value)
    return shown
