"""The corpus of other people's messages: where it lies, and the table of what became of each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.schema import Service

Note = Callable[..., None]
"""Notes version, operation, outcome, flags, and why where that has to be said."""

HEAD = ("file", "version", "operation", "outcome", "flags", "why")
PROPERTY = "corpus"


@pytest.fixture
def corpus(shared: Path) -> Path:
    """The folder of the corpus; not everybody has it."""
    return shared / "corpus"


@pytest.fixture
def note(record_property: Callable[[str, object], None], name: str) -> Note:
    """Notes what became of the message `name`."""

    def noted(version: str, operation: str, outcome: str, flags: Iterable[str], why: str = "") -> None:
        said = ", ".join(dict.fromkeys(flags))
        record_property(PROPERTY, [name, version or "?", operation or "?", outcome, said, why])

    return noted


def message(corpus: Path, name: str) -> bytes:
    """A file of the corpus."""
    return (corpus / f"{name}.xml").read_bytes()


def version_of(name: str) -> str:
    """The version of a message, by its place in the corpus."""
    return name.removeprefix("quirks/")[:3]


def service_of(name: str, service: str) -> Service:
    """A service ("central_system" or "charge_point") of the version of a message."""
    found: Service = getattr(catalog.load().versions[version_of(name)], service)
    return found


def table(properties: Iterable[tuple[str, object]]) -> Iterator[str]:
    """The lines of the table, made of the properties of every test's report."""
    rows = sorted({tuple(map(str, value)) for name, value in properties if name == PROPERTY})  # type: ignore[call-overload]
    if rows:
        widths = [max(len(row[i]) for row in (HEAD, *rows)) for i in range(4)]
        for row in (HEAD, *rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            yield "  ".join([*cells, *filter(None, row[4:])]).rstrip()
