"""What to know before stations move here from another central system: its tags, and which answers will be otherwise."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ocpp_soap.testing import Replayed, Trace


@dataclass(frozen=True)
class Meant:
    """A difference that is meant: of which operation, what was otherwise, what it was and is, and why that is right."""

    operation: str
    what: str
    there: str
    here: str
    why: str


def known_tags(trace: Trace) -> str:
    """The tags that the old one knew as it answered them first, as CSV for an import."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["idTag", "blocked", "parentIdTag"])
    for tag, info in trace.id_tags.items():
        if info["status"] != "Invalid":
            rows.writerow([tag, str(info["status"] == "Blocked").lower(), info.get("parentIdTag", "")])
    return written.getvalue()


def surprises(replayed: Replayed, meant: Iterable[Meant] = ()) -> Iterator[str]:
    """The differences that nobody meant, in words."""
    expected = {(one.operation, one.what, one.there, one.here) for one in meant}
    for one in replayed.differences:
        if (one.operation, one.what, one.there, one.here) not in expected:
            yield str(one)


if __name__ == "__main__":
    print(known_tags(Trace.read(sys.argv[1])), end="")
