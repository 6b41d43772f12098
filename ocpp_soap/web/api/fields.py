"""The fields of questions: what a parameter or a field of a body may be, checked strictly and told in plain words.

A query brings text and a body brings values of JSON; a schema with `from_text` reads the former. The library makes the
OpenAPI document of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from ...protocol.reading import INT_RANGE
from ...protocol.times import parse_time

MOST_ROWS, USUAL_ROWS = 500, 100
LONGEST_CURSOR, LONGEST_TEXT = 2000, 255

ABSENT: dict[str, Any] = {"required": "it is missing", "null": "it can't be null"}

_DIGITS = re.compile(r"-?[0-9]{1,19}")


class _Strict(fields.Field[Any]):
    """What they have in common: nothing is converted that JSON or a query spells otherwise."""

    default_error_messages = {  # noqa: RUF012 marshmallow's way
        **ABSENT,
        "invalid": "expected {expected}, found {found:.80}",
    }
    expected = ""
    kind: type = str

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return self.read(self.in_text(value) if getattr(self.root, "from_text", False) else value)
        except (TypeError, ValueError):
            raise self.make_error("invalid", expected=self.expected, found=repr(value)) from None

    def in_text(self, text: str) -> Any:
        """The value of JSON that a text in a query stands for; ValueError for none."""
        return text

    def read(self, value: Any) -> Any:
        """What a value of JSON means; TypeError or ValueError when it is none of these."""
        return value if type(value) is self.kind else _no()


class Text(_Strict, fields.String):
    """A text."""

    expected = "a text"


class Whole(_Strict, fields.Integer):
    """A whole number."""

    expected = "a whole number"
    kind = int

    def in_text(self, text: str) -> int:
        """Digits."""
        return int(text) if _DIGITS.fullmatch(text) else _no()


class Flag(_Strict, fields.Boolean):
    """True or false."""

    expected = "true or false"
    kind = bool

    def in_text(self, text: str) -> bool:
        """Either word."""
        return text == "true" if text in ("true", "false") else _no()


class Moment(_Strict, fields.AwareDateTime):
    """A time, RFC 3339."""

    expected = "a time such as 2024-01-31T12:00:00Z"

    def read(self, value: Any) -> Any:
        """The time, aware UTC."""
        time, assumed = parse_time(value)
        return time if assumed is None else _no()


class Mapped(_Strict, fields.Dict):
    """An object whose fields somebody else checks."""

    expected = "an object"
    kind = dict


def _no() -> Any:
    raise ValueError


class Question(Schema):
    """The fields of a body."""

    error_messages = {"unknown": "there is no such field", "type": "expected an object"}  # noqa: RUF012

    class Meta:
        """A field that nobody knows is a mistake of the caller."""

        unknown = RAISE


class Query(Question):
    """The parameters of a query."""

    from_text = True
    error_messages = {"unknown": "there is no such parameter"}  # noqa: RUF012


def text(about: str, longest: int = LONGEST_TEXT, shortest: int = 1, **more: Any) -> Text:
    """A text of so many characters."""
    words = f"expected a text of {shortest} to {longest} characters"
    return Text(validate=validate.Length(shortest, longest, error=words), **_said(about, more))


def choice(about: str, words: Iterable[str], **more: Any) -> Text:
    """One of these words."""
    return Text(validate=validate.OneOf(tuple(words), error="expected one of {choices}"), **_said(about, more))


def whole(about: str, low: int = INT_RANGE.start, high: int = INT_RANGE.stop - 1, **more: Any) -> Whole:
    """A whole number in that range."""
    words = f"expected a whole number from {low} to {high}"
    return Whole(validate=validate.Range(low, high, error=words), **_said(about, more))


def flag(about: str, **more: Any) -> Flag:
    """True or false."""
    return Flag(**_said(about, more))


def moment(about: str, **more: Any) -> Moment:
    """A time."""
    return Moment(**_said(about, more))


def texts(about: str, most: int, **more: Any) -> fields.List[Any]:
    """A list of up to so many texts."""
    words = f"expected 1 to {most} of them"
    return fields.List(
        text("", required=True),
        validate=validate.Length(1, most, error=words),
        error_messages={**ABSENT, "invalid": "expected a list"},
        **_said(about, more),
    )


def mapped(about: str, **more: Any) -> Mapped:
    """An object whose fields somebody else checks."""
    return Mapped(**_said(about, more))


def part(schema: type[Question], about: str, **more: Any) -> fields.Nested:
    """An object inside of a body."""
    return fields.Nested(schema, error_messages={**ABSENT, "type": "expected an object"}, **_said(about, more))


def _said(about: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"description": about} if about else {}, **more}


class Paged(Query):
    """The parameters of a list in pages."""

    limit = whole("How many rows a page has at most.", 1, MOST_ROWS, load_default=USUAL_ROWS)
    cursor = text("Where the page begins: `next` of the page before, with the same parameters.", LONGEST_CURSOR)
