"""Tags as a CSV file, as spreadsheets make it: every line that is wrong is reported, and then nothing is imported."""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import InvalidPayload, Problem, Refused
from ..logs import UNPRINTABLE
from ..protocol.times import format_time, parse_time
from .records import Json, Tag

# Longer than the 20 of the standard's IdToken: some stations send such, and what they send is taken.
LONGEST_TAG = 255
# A parent goes out in idTagInfo, and what goes out keeps to the standard; so does whatever a file brings.
LONGEST_PARENT = 20
# The most transactions of a tag: what the store's integer holds.
MOST = 2**31 - 1
# Wrong lines that are reported; whoever mends those has found the reason for the others.
MOST_TOLD = 20

ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1250", "iso-8859-15")
LIKELY = "cp1252"

DUPLICATES = REFUSE, LAST = "refuse", "last"
"""What becomes of a tag that stands in several lines: nothing is imported, or its last line is taken."""

_LINE_END = re.compile("\r\n|\n|\r")
_SEPARATOR = re.compile(r'"?sep=(.)"?[;,\t]*', re.IGNORECASE)
# What a spreadsheet makes of a long number; the sign tells it from a tag in hexadecimal digits.
_SCIENTIFIC = re.compile(r"-?\d+(?:[.,]\d+)?E[+-]\d+", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
# A cell that a spreadsheet would take for a formula, whether it is neutralised by ' already or not.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
# Characters that show nothing, though they count as letters or marks.
_BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_TRUE = "true yes y 1 ja j oui si sí sì sim tak ano igen wahr vrai vero verdadero verdadeiro waar sant sann prawda"
_FALSE = "false no n 0 nein non não nao nee nej nei nie ne nem falsch faux falso onwaar falskt usann falsk fałsz"
_FLAGS = dict.fromkeys(_TRUE.split(), True) | dict.fromkeys(_FALSE.split(), False)


class EncodingUnclear(Refused):
    """The file is not UTF-8: whoever imports it has to name its encoding. `sample` is a line of it as `LIKELY`."""

    def __init__(self, line: int, sample: str) -> None:
        super().__init__(f"line {line} is not UTF-8; read as {LIKELY} it is {sample!r}")
        self.sample = sample


@dataclass(frozen=True, slots=True)
class TagRow:
    """One line: the fields of `Tag` for which it has a value."""

    line: int
    fields: Json


@dataclass(frozen=True, slots=True)
class TagFile:
    """What a file says, and what was made of it that somebody may want to know."""

    rows: Sequence[TagRow]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TagChange:
    """What a line of a file makes of a tag; `before` None: it is a new one."""

    line: int
    before: Tag | None
    after: Tag


@dataclass(frozen=True, slots=True)
class TagImport:
    """How many tags a file added, changed and left as they were; `changes` of a dry run."""

    added: int
    changed: int
    unchanged: int
    changes: Sequence[TagChange] = ()


def read_csv(data: bytes, encoding: str | None = None, duplicates: str = REFUSE) -> TagFile:
    """The rows of a file; raises `EncodingUnclear`, or `Refused` with every line that is wrong."""
    lines = _LINE_END.split(_decoded(data, encoding))
    number, delimiter, declared = 1, None, _SEPARATOR.fullmatch(lines[0])
    if declared:
        number, delimiter = 2, declared[1]
    head = lines[number - 1] if number <= len(lines) else ""
    delimiter = delimiter or max(",;\t", key=head.count)
    wrong: list[str] = []
    found: list[TagRow] = []
    try:
        names = _columns(_cells(head, delimiter), number)
    except ValueError as error:
        raise Refused(f"line {number}: {error}") from None
    for line, text in enumerate(lines[number:], number + 1):
        try:
            cells = _cells(text, delimiter)
            if any(cell.strip() for cell in cells):
                found.append(TagRow(line, _row(names, cells)))
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
    rows, repeated = _each_once(found)
    if duplicates != LAST:
        wrong += [f"line {lines[-1]}: idTag: {tag} stands in line {lines[0]} already" for tag, lines in repeated]
    if wrong:
        wrong.sort(key=lambda said: int(said[5 : said.index(":")]))
        more = [f"and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else []
        raise Refused("\n".join(["nothing was imported", *wrong[:MOST_TOLD], *more]))
    return TagFile(rows, [*_ignored(names), *_taken(repeated)])


def read_tag(text: str, longest: int = LONGEST_TAG, path: str = "idTag") -> str:
    """The tag without surrounding blanks; raises `InvalidPayload` for what no station can send."""
    tag = text.strip()
    if not tag or len(tag) > longest or UNPRINTABLE.search(tag):
        raise InvalidPayload([Problem(path, f"a tag of 1 to {longest} characters without controls", text)])
    return tag


def write_row(tag: Tag) -> list[str]:
    """A tag as `read_csv` reads it back, a cell for each of the COLUMNS; no cell is a formula to a spreadsheet."""
    expires, most = tag.expires, tag.max_transactions
    return [
        neutral(tag.id_tag),
        "" if expires is None else format_time(expires),
        neutral(tag.parent or ""),
        "" if most is None else str(most),
        "true" if tag.blocked else "false",
    ]


def _decoded(data: bytes, encoding: str | None) -> str:
    if encoding is None:
        marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if marked else "utf-8-sig"
    elif encoding not in ENCODINGS:
        raise Refused(f"the encoding is one of {', '.join(ENCODINGS)}, not {encoding[:40]!r}")
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise Refused(f"the file is not {encoding}: byte {error.start + 1} can't be read") from None
        line = data.count(b"\n", 0, error.start) + 1
        sample = data.split(b"\n")[line - 1].decode(LIKELY, "replace").strip()[:80]
        raise EncodingUnclear(line, sample) from None


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise ValueError("a cell has no closing quote: a cell can't hold a line break") from None
        raise ValueError(f"{error}") from None


def _columns(head: list[str], line: int) -> list[str]:
    known = {name.casefold(): name for name in CELLS}
    names = [known.get(name.strip().casefold(), name.strip()) for name in head]
    meant = [name for name in names if name in CELLS]
    if "idTag" not in meant or len(set(meant)) < len(meant):
        found = ", ".join(names)[:200] or "nothing"
        raise Refused(f"line {line}: expected idTag and any of {', '.join(list(CELLS)[1:])}, each once; found {found}")
    return names


def _row(names: list[str], cells: list[str]) -> Json:
    if len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
        raise ValueError(f"expected {len(names)} columns, found {len(cells)}")
    row: Json = {}
    for name, cell in zip(names, cells, strict=False):
        text = cell.strip(" \t")
        if name not in CELLS or (not text and name != "idTag"):
            continue  # an empty cell says nothing
        field, read = CELLS[name]
        try:
            row[field] = read(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if row.get("parent") and row["parent"].casefold() == row["id_tag"].casefold():
        raise ValueError("parentIdTag: a tag can't be its own parent")
    return row


def _each_once(found: Sequence[TagRow]) -> tuple[list[TagRow], list[tuple[str, list[int]]]]:
    """The last row of each tag, in the order of the file; and the tags that stand in several lines, with these."""
    rows = {row.fields["id_tag"].casefold(): row for row in found}
    lines: dict[str, list[int]] = {}
    for row in found:
        lines.setdefault(row.fields["id_tag"].casefold(), []).append(row.line)
    repeated = [(rows[key].fields["id_tag"], numbers) for key, numbers in lines.items() if len(numbers) > 1]
    return sorted(rows.values(), key=lambda row: row.line), repeated


def _ignored(names: list[str]) -> Iterator[str]:
    if other := [name for name in names if name and name not in CELLS]:
        yield f"ignored columns: {', '.join(other)[:200]}"


def _taken(repeated: list[tuple[str, list[int]]]) -> Iterator[str]:
    for tag, lines in repeated[:MOST_TOLD]:
        yield f"{tag} stands in lines {', '.join(map(str, lines))}: line {lines[-1]} is taken"
    if len(repeated) > MOST_TOLD:
        yield f"and {len(repeated) - MOST_TOLD} more tags stand in several lines"


def _tag(text: str) -> str:
    tag = text[1:] if text.startswith("'") and _FORMULA.match(text) else text
    if _SCIENTIFIC.fullmatch(tag):
        raise ValueError(f"{tag} is a number that a spreadsheet has shortened: format the column as text")
    if odd := next((char for char in tag if not char.isprintable() or _BLANK_LETTERS.match(char)), None):
        name = unicodedata.name(odd, "a control character")
        raise ValueError(f"it holds an invisible character, U+{ord(odd):04X} {name}")
    if " " in tag:
        raise ValueError(f"expected a tag without blanks, found {tag[:40]!r}")
    if not 1 <= len(tag) <= LONGEST_PARENT:
        raise ValueError(f"expected a tag of 1 to {LONGEST_PARENT} characters, found {tag[:40]!r}")
    return tag


def _time(text: str) -> datetime:
    """A time, or a date, at whose end (UTC) the tag expires."""
    try:
        if day := _DATE.fullmatch(text):
            year, month, date = filter(None, day.groups()) if day[1] else (day[6], day[5], day[4])
            return datetime(int(year), int(month), int(date), 23, 59, 59, tzinfo=UTC)
        moment, assumed = parse_time(text)
    except ValueError:
        assumed = "nothing"
    if assumed is not None:
        dates = "a date such as 2030-12-31 or 31.12.2030"
        raise ValueError(f"expected a time such as 2030-01-01T00:00:00Z or {dates}, found {text[:40]!r}")
    return moment


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MOST):
        raise ValueError(f"expected a whole number from 1 to {MOST}, found {text[:40]!r}")
    return int(text)


def _flag(text: str) -> bool:
    if text.casefold() not in _FLAGS:
        raise ValueError(f"expected true or false, found {text[:40]!r}")
    return _FLAGS[text.casefold()]


def neutral(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


# The columns: the field of the record that each fills, and how it is read.
CELLS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "idTag": ("id_tag", _tag),
    "expires": ("expires", _time),
    "parentIdTag": ("parent", _tag),
    "maxTransactions": ("max_transactions", _number),
    "blocked": ("blocked", _flag),
}
COLUMNS = tuple(CELLS)
