"""Turns the text that a station sent into typed values, tolerating what can be understood (soap-binding decision 2).

Every tolerance is a `Flag`; a required field that is missing or unreadable is a `Problem`, and the caller decides what
that means. It knows no XML and no operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ..errors import Problem
from .schema import ComplexType, Field, SimpleType
from .times import SPELLINGS, parse_time

INT_RANGE = range(-(2**31), 2**31)

# Characters that are kept of a text that should be shorter.
LONGEST_TEXT = 255

# Words of other versions and misspellings from the field, by type and folded text; never by resemblance (decision 2).
ALIASES = {"UnitOfMeasure": {"celcius": "Celsius", "a": "A", "amp": "A", "v": "V", "volt": "V"}}


@dataclass(frozen=True, slots=True)
class Flag:
    """One tolerance: the field's path, the text as it came, what was assumed, and its name in `quirks`, if any."""

    path: str
    raw: str | None
    assumed: str
    quirk: str = ""

    def as_dict(self) -> dict[str, str | None]:
        """The flag as JSON keeps it."""
        named = {"quirk": self.quirk} if self.quirk else {}
        return {"path": self.path, "raw": self.raw, "assumed": self.assumed, **named}


@dataclass(slots=True)
class Reading:
    """A payload in typed values with its flags and problems."""

    payload: dict[str, Any] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(raw: Mapping[str, Any], type_: ComplexType) -> Reading:
    """Reads nested dicts and lists of text (None or empty: absent) as `type_` says.

    Values come back as text, int, Decimal, bool and aware UTC datetime. Unknown words of an enumeration and texts that
    are too long are kept as sent, up to some hundred characters; a number outside its type stays in the flag or problem
    only, as raw text.
    """
    reading = Reading()
    reading.payload = _complex(raw, type_, "", reading)
    return reading


def _complex(raw: Mapping[str, Any], type_: ComplexType, path: str, reading: Reading) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for f in type_.contents + type_.later:
        here = f"{path}.{f.name}" if path else f.name
        value = raw.get(f.name)
        if f.many:
            items = value if isinstance(value, list) else [] if value is None else [value]
            read_items = [_one(item, f, f"{here}[{i}]", reading) for i, item in enumerate(items)]
            kept = [item for item in read_items if item is not None]
            if kept:
                result[f.name] = kept
            elif f.required:
                reading.problems.append(Problem(here, "at least one " + f.type.name))
        elif (read_value := _one(value, f, here, reading)) is not None:
            result[f.name] = read_value
    return result


def _one(value: Any, f: Field, path: str, reading: Reading) -> Any:
    """The value of one field, or None when it is absent or unreadable (then a flag or a problem tells)."""
    if isinstance(f.type, ComplexType):
        if isinstance(value, Mapping) and any(v not in (None, "", []) for v in value.values()):
            return _complex(value, f.type, path, reading)
        if value is not None and not f.required:
            reading.flags.append(Flag(path, value if isinstance(value, str) else "", "absent", "empty-element"))
        elif f.required:
            reading.problems.append(Problem(path, "an element with the fields of " + f.type.name))
        return None
    if value is None:
        if f.required:
            reading.problems.append(Problem(path, f.type.expected))
        return None
    return _text(str(value), f, f.type, path, reading)


def _text(raw: str, f: Field, type_: SimpleType, path: str, reading: Reading) -> Any:
    # `data` of DataTransfer belongs to the vendors: not a blank of it is ours to take.
    keep_blanks = f.name == "data"
    text = raw if keep_blanks else raw.strip()
    if not text:
        if f.required:
            reading.problems.append(Problem(path, type_.expected, raw))
        elif not keep_blanks:
            reading.flags.append(Flag(path, raw, "absent", "empty-element"))
        return None
    try:
        value, assumed = READERS[type_.base](text)
    except (ValueError, InvalidOperation, OverflowError):
        quirk = UNREADABLE[type_.base]
        if f.required:
            reading.problems.append(Problem(path, type_.expected, raw, quirk))
        else:
            reading.flags.append(Flag(path, raw, f"absent, since it is not {type_.expected}", quirk))
        return None
    quirk = "" if assumed is None else SPELLINGS.get(assumed) or ODD_SPELLING[type_.base]
    if type_.enumeration and value not in type_.enumeration:
        value, assumed, quirk = _word(value, type_)
    if type_.max_length is not None and len(value) > type_.max_length:
        # What is this long was not written by hand, and would be stored, listed and compared over and over.
        longest = max(LONGEST_TEXT, 2 * type_.max_length)
        kept = "kept whole" if len(value) <= longest else f"its first {longest} characters are kept"
        value = value[:longest]
        assumed, quirk = f"{kept}, though longer than {type_.max_length} characters", "overlong-text"
    if assumed is None and len(text) != len(raw):
        assumed, quirk = "surrounding blanks taken away", "padded-value"
    if assumed is not None:
        reading.flags.append(Flag(path, raw, assumed, quirk))
    return value


def _word(value: str, type_: SimpleType) -> tuple[str, str, str]:
    folded = value.casefold()
    for word in type_.enumeration:
        if word.casefold() == folded:
            return word, word, "word-in-another-case"
    if (alias := ALIASES.get(type_.name, {}).get(folded)) is not None:
        return alias, alias, "word-of-another-version"
    return value, "kept as sent, though not a word of " + type_.name, "unknown-word"


def _int(text: str) -> tuple[int, str | None]:
    if not text.isascii() or "_" in text:
        raise ValueError(text[:40])
    try:
        number = int(text)
    except ValueError:  # 12.0 and 1.2E1 are read, 99999999999999999999E99 is not worth the memory
        exact = Decimal(text)
        if abs(exact.adjusted()) > 12:
            raise
        number = int(exact.to_integral_value())
    if number not in INT_RANGE:
        raise ValueError(text[:40])
    return number, None if text.lstrip("-").isdigit() else str(number)


def _decimal(text: str) -> tuple[Decimal, str | None]:
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(text[:40])
    return number, None


def _boolean(text: str) -> tuple[bool, str | None]:
    word = text.lower()
    if word in ("true", "false", "1", "0"):
        value = word in ("true", "1")
        return value, None if text in ("true", "false") else str(value).lower()
    raise ValueError(text[:40])


def _as_is(text: str) -> tuple[str, None]:
    return text, None


ODD_SPELLING = {"int": "number-spelling", "boolean": "boolean-spelling", "dateTime": "time-spelling"}
UNREADABLE = dict.fromkeys(("int", "decimal"), "number-unreadable") | {
    "boolean": "boolean-unreadable",
    "dateTime": "time-impossible",
}

READERS: dict[str, Callable[[str], tuple[Any, str | None]]] = {
    "string": _as_is,
    "anyURI": _as_is,
    "int": _int,
    "decimal": _decimal,
    "boolean": _boolean,
    "dateTime": parse_time,
}
