"""Turns payloads from an older version's words into the newest one's and back, by the tables of `dialects_tables`.

Pure functions of plain dicts. Every word that is changed, and whatever is left out, is noted with the reason. It knows
no XML, no store, and of an operation nothing but its row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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

    Nothing is required of it: what is missing stays missing, and a word that no version knows stays as it is. A note's
    path is the one in the words that came.
    """
    if version not in DIALECTS:
        return payload, []
    notes = _Notes()
    for dialect in _steps(version)[::-1]:
        if (part := _part(dialect, operation, side)) is not None:
            payload = _Translation(dialect, notes).up(part, payload, "")
    return payload, notes.flags


def downgrade(version: str, operation: str, side: Side, payload: Payload) -> tuple[Payload, list[Flag]]:
    """A valid payload in the newest version's words as a valid one of `version`, with the notes.

    Raises `InvalidPayload` when it can't be said there at all: each message has its stated policy.
    """
    if version not in DIALECTS:
        return payload, []
    notes = _Notes()
    for dialect in _steps(version):
        if (part := _part(dialect, operation, side)) is not None:
            try:
                payload = _Translation(dialect, notes).down(part, payload, "")
            except _Unsayable as unsaid:
                expected = f"something else, since {unsaid.why}"
                raise InvalidPayload([Problem(unsaid.path, expected, unsaid.raw)]) from None
    return payload, notes.flags


def unsayable(version: str, operation: str) -> frozenset[str]:
    """The fields of a request for which `version` has no words, and which are refused rather than left out."""
    parts = [_part(dialect, operation, "request") for dialect in _steps(version)]
    return frozenset(name for part in parts if part is not None for name in part.refused)


def _steps(version: str) -> list[Dialect]:
    """The dialects between the newest version and this one, newest first."""
    steps: list[Dialect] = []
    while (dialect := DIALECTS.get(version)) is not None:
        steps.insert(0, dialect)
        version = dialect.newer
    return steps


def _part(dialect: Dialect, operation: str, side: Side) -> Part | None:
    return (dialect.requests if side == "request" else dialect.responses).get(operation)


class _Unsayable(Exception):
    """Something that the older version has no words for, and without which the rest would be another statement."""

    def __init__(self, path: str, value: Any, why: str) -> None:
        super().__init__(why)
        self.path, self.raw, self.why = path, _shown(value), why


@dataclass(slots=True)
class _Notes:
    """The notes of one message; what holds for many fields alike is noted once."""

    flags: list[Flag] = field(default_factory=list)
    said: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, path: str, value: Any, assumed: str) -> None:
        raw = _shown(value)
        key = (_INDEX.sub("", path), raw, assumed)
        if key not in self.said:
            self.said.add(key)
            self.flags.append(Flag(path, raw, assumed))


@dataclass(frozen=True, slots=True)
class _Translation:
    """One step between two versions that follow each other."""

    dialect: Dialect
    notes: _Notes

    def up(self, part: Part, payload: Payload, path: str) -> Payload:
        """From the older to the newer."""
        result: Payload = {}
        newer = {older: name for name, older in part.names.items()}
        for older, value in payload.items():
            here, name = path + older, newer.get(older, older)
            if value is None:
                continue
            if (why := part.retired.get(older)) is not None:
                self.notes.add(here, value, f"left out, since {why}")
                continue
            if (words := part.words.get(name)) is not None:
                value = self._raised(words, value, here)
            if (inner := part.inner.get(name)) is not None:
                value = [self.up(inner, item, f"{here}[{i}].") for i, item in enumerate(value)]
            if (shape := part.shapes.get(name)) is not None:
                value = shape.up(value)
            result[name] = value
        return result

    def down(self, part: Part, payload: Payload, path: str) -> Payload:
        """From the newer to the older; raises `_Unsayable`."""
        result: Payload = {}
        for name, value in payload.items():
            here = path + name
            if value is None:
                continue
            if (why := part.lost.get(name)) is not None:
                self.notes.add(here, value, f"left out, since {why}")
                continue
            if (why := part.refused.get(name)) is not None:
                raise _Unsayable(here, value, why)
            if (words := part.words.get(name)) is not None:
                value = self._lowered(words, value, here)
            if (shape := part.shapes.get(name)) is not None:
                value = shape.down(value, here, self.notes.add)
            if (inner := part.inner.get(name)) is not None:
                value = self._sayable(inner, value, here)
            if value != []:
                result[part.names.get(name, name)] = value
        return result

    def _sayable(self, inner: Part, items: list[Payload], path: str) -> list[Payload]:
        """The items of a list that can be said; those that are said whole or not at all are noted."""
        result = []
        for i, item in enumerate(items):
            try:
                said = self.down(inner, item, f"{path}[{i}].")
            except _Unsayable as unsaid:
                if not inner.whole:
                    raise
                self.notes.add(unsaid.path, unsaid.raw, f"left out with the value it belongs to, since {unsaid.why}")
            else:
                result += [said] if said else []
        if inner.needed and not result:
            raise _Unsayable(path, items, "nothing of it can be said")
        return result

    def _raised(self, words: Words, value: Any, path: str) -> Any:
        newer = {older: name for name, older in words.renamed.items()}
        if value in newer:
            self.notes.add(path, value, f"{newer[value]}, as OCPP {self.dialect.newer} calls it")
            return newer[value]
        if value in words.raised:
            self.notes.add(path, value, f"{words.raised[value]}, since {words.why}")
            return words.raised[value]
        return value

    def _lowered(self, words: Words, value: Any, path: str) -> Any:
        if value in words.renamed:
            self.notes.add(path, value, f"{words.renamed[value]}, as OCPP {self.dialect.version} calls it")
            return words.renamed[value]
        if value in words.unsayable:
            raise _Unsayable(path, value, words.why)
        if value in words.lowered:
            self.notes.add(path, value, f"{words.lowered[value]}, since {words.why}")
            return words.lowered[value]
        return value


def _shown(value: Any) -> str:
    """A value as a note shows it."""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(to_json(value), ensure_ascii=False)
    shown: str = to_text(value)
    return shown
