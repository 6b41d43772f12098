"""Tags as a CSV file: every line that is wrong is told, and then none is taken."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..errors import InvalidPayload, Problem, Refused
from ..logs import UNPRINTABLE
from ..protocol.times import format_time, parse_time
from .records import Json, Tag

# Longer than the 20 of the standard's IdToken: some stations send such, and what they send is taken.
LONGEST_TAG = 255
# A parent goes out in idTagInfo, and what goes out keeps to the standard.
LONGEST_PARENT = 20
# The most transactions of a tag: what the store's integer holds.
MOST = 2**31 - 1
# Wrong lines that are told; whoever mends those has found the reason for the others.
MOST_TOLD = 20


def read_csv(data: bytes) -> list[Json]:
    """The rows as fields of `Tag`, for the columns that there are; raises `Refused` with every line that is wrong."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Refused(f"the file is not UTF-8: byte {error.start} is {data[error.start]:#04x}") from None
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[Json] = []
    wrong: list[str] = []
    first_line: dict[str, int] = {}
    try:
        columns = _columns(next(reader, []))
        for cells in filter(any, reader):
            try:
                row = _row(columns, cells)
                earlier = first_line.setdefault(row["id_tag"].casefold(), reader.line_num)
                if earlier != reader.line_num:
                    raise ValueError(f"idTag: {row['id_tag']} stands in line {earlier} already")
                rows.append(row)
            except ValueError as error:
                wrong.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        wrong.append(f"line {reader.line_num}: {error}")
    if wrong:
        more = [f"and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else []
        raise Refused("\n".join(["nothing was imported", *wrong[:MOST_TOLD], *more]))
    return rows


def read_tag(text: str, longest: int = LONGEST_TAG, path: str = "idTag") -> str:
    """The tag without surrounding blanks; raises `InvalidPayload` for what no station can send."""
    try:
        return _tag(text, longest)
    except ValueError:
        raise InvalidPayload([Problem(path, f"a tag of 1 to {longest} characters without controls", text)]) from None


def write_row(tag: Tag) -> list[str]:
    """A tag as `read_csv` reads it back: a cell for each of the COLUMNS."""
    expires, most = tag.expires, tag.max_transactions
    return [
        tag.id_tag,
        "" if expires is None else format_time(expires),
        tag.parent or "",
        "" if most is None else str(most),
        "true" if tag.blocked else "false",
    ]


def _columns(head: list[str]) -> list[str]:
    known = {name.casefold(): name for name in CELLS}
    names = [known.get(name.strip().casefold(), name.strip()) for name in head]
    odd = [name for name in names if name not in CELLS]
    if odd or "idTag" not in names or len(set(names)) < len(names):
        found = ", ".join(names)[:200] or "nothing"
        raise Refused(f"line 1: expected idTag and any of {', '.join(list(CELLS)[1:])}, each once; found {found}")
    return names


def _row(columns: list[str], cells: list[str]) -> Json:
    if len(cells) != len(columns):
        raise ValueError(f"expected {len(columns)} columns, found {len(cells)}")
    row = {}
    for name, text in zip(columns, cells, strict=True):
        field, read = CELLS[name]
        try:
            row[field] = read(text.strip())
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if row.get("parent") and row["parent"].casefold() == row["id_tag"].casefold():
        raise ValueError("parentIdTag: a tag can't be its own parent")
    return row


def _tag(text: str, longest: int = LONGEST_TAG) -> str:
    tag = text.strip()
    if not tag or len(tag) > longest or UNPRINTABLE.search(tag):
        raise ValueError(f"expected a tag of 1 to {longest} characters, found {text[:40]!r}")
    return tag


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment, assumed = parse_time(text)
    except ValueError:
        assumed = "nothing"
    if assumed is not None:
        raise ValueError(f"expected a time such as 2030-01-01T00:00:00Z, found {text[:40]!r}")
    return moment


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MOST):
        raise ValueError(f"expected a whole number from 1 to {MOST}, found {text[:40]!r}")
    return int(text)


def _flag(text: str) -> bool:
    words = {"": False, "false": False, "no": False, "0": False, "true": True, "yes": True, "1": True}
    if text.casefold() not in words:
        raise ValueError(f"expected true or false, found {text[:40]!r}")
    return words[text.casefold()]


# The columns: the field of the record that each fills, and how it is read.
CELLS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "idTag": ("id_tag", _tag),
    "expires": ("expires", _time),
    "parentIdTag": ("parent", lambda text: _tag(text, LONGEST_PARENT) if text else None),
    "maxTransactions": ("max_transactions", _number),
    "blocked": ("blocked", _flag),
}
COLUMNS = tuple(CELLS)
