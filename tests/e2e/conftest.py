"""A gateway on each database, as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import corpus as messages
from .corpus import corpus as corpus
from .corpus import note as note
from .gateway import Gateway, running
from .programs import process as process
from .programs import token as token
from .stations import case as case
from .stations import central as central


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """With -rA or -s: what became of each message of the corpus."""
    if terminalreporter.hasopt("P") or terminalreporter.config.option.capture == "no":
        reports = [report for kind in terminalreporter.stats.values() for report in kind]
        properties = [one for report in reports for one in getattr(report, "user_properties", ())]
        lines = list(messages.table(properties))
        if lines:
            terminalreporter.section(f"the corpus: {len(lines) - 1} messages")
            terminalreporter.write_line("\n".join(lines))


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A running gateway on a fresh database: the test runs once on SQLite and once on PostgreSQL."""
    with running(tmp_path / "gateway", database_url) as started:
        yield started
