"""What the tests of `probe` share: things that are no charge point, and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.soap_client.stations import Act, Station

from .conftest import Terminal


@contextmanager
def odd(act: Act, **how: Any) -> Iterator[Station]:
    """Something that is no charge point and does that."""
    made = Station(act, **how)
    yield made
    made.close()


def probed(terminal: Terminal, status: int, *words: str, **settings: Any) -> dict[str, Any]:
    """The report on CP-1 with the exit status that was expected."""
    settings = {"CONNECT_TIMEOUT": "3", **settings}
    done = terminal.run("charge-points", "probe", "CP-1", *words, "--json", **settings)
    assert (status, "") == (done.exit_code, done.stderr)
    report: dict[str, Any] = json.loads(done.stdout)
    assert {0: "inUse", 3: "elsewhere", 4: "nowhere"}[status] == report["reachable"]
    return report


def called_at(terminal: Terminal, url: str) -> None:
    """Registers CP-1, to be called there."""
    terminal.says("charge-points", "add", "CP-1", "--callback", url)
