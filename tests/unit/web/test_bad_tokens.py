"""What is logged of bad tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_soap.web.api.problems import Trouble
from ocpp_soap.web.auth import Doorkeeper


class NoTokens:
    """Knows none."""

    def verify(self, _: str) -> None:
        """Not one."""


def test_bad_tokens_are_logged_once_a_minute_for_each_network(caplog: pytest.LogCaptureFixture) -> None:
    """Without a character of them; addresses of one IPv6 network are counted together."""
    tokens: Any = NoTokens()
    door = Doorkeeper(tokens, 3, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    statuses = []
    for number in range(5):
        with pytest.raises(Trouble) as refused:
            door.admit("Bearer ocs_0123", f"2001:db8::{number}")
        statuses.append(refused.value.status)
    assert [401, 401, 401, 429, 429] == statuses
    assert ["a bad token came from 2001:db8::/64 (1 since the last line)"] == [r.getMessage() for r in caplog.records]
