"""Starts of stations without a clock: what is the same message again, and what is a new transaction."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Central


@pytest.mark.parametrize(
    ("timestamp", "transactions"),
    [
        ("1970-01-01T00:00:10Z", 2),
        ("", 2),
        ("31/12/2024 24:99", 1),
        ("2024-01-31T11:00:00Z", 1),
        ("9999-12-31T23:59:59Z", 1),
    ],
)
def test_only_a_clock_that_was_never_set_starts_anew(central: Central, timestamp: str, transactions: int) -> None:
    """After its stop the same start is a new one only without any time, or with one before OCPP."""
    start: dict[str, Any] = {"connectorId": 1, "idTag": "TAG", "timestamp": timestamp, "meterStart": 0}
    first = central.say("StartTransaction", **start)["transactionId"]
    assert first == central.say("StartTransaction", **start)["transactionId"]
    central.stop(first)
    central.later(hours=1)
    central.say("StartTransaction", **start)
    assert transactions == len(central.transactions())
