"""Answers that are CSV, written a few rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

CSV = "text/csv; charset=utf-8"

# Characters that are sent at once.
CHUNK = 16 * 1024


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file in parts, its first line the columns."""
    line = StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(row)
        if line.tell() > CHUNK:
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()
