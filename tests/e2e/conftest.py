"""A gateway on each database, as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .gateway import Gateway, running
from .stations import case as case
from .stations import central as central


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A running gateway on a fresh database: the test runs once on SQLite and once on PostgreSQL."""
    with running(tmp_path / "gateway", database_url) as started:
        yield started
