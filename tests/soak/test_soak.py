"""A short soak in which each thing happens once; the long one is `make soak`."""

from __future__ import annotations

from pathlib import Path

import psycopg

from .campaign import soak
from .plant import plant


def test_nothing_is_lost_or_doubled_whatever_is_killed_or_restarted(tmp_path: Path) -> None:
    """Each answered message is stored once, each replay got the first answer; and one that is gone is missed."""
    with plant(tmp_path, "postgresql") as made:
        report = soak(made, 0, seed=12, tell=lambda _: None, loiterers=0)
        assert report.well, (report.lost, report.doubled, report.ledger.wrong)
        assert set(made.events) == set(report.events)
        assert 0 < report.ledger.notes["replays"]
        with psycopg.connect(made.database_url) as connection:
            connection.execute("DELETE FROM meter_values WHERE message_id = (SELECT max(message_id) FROM meter_values)")
        report.compare(made.database_url)
        # The message without its reading is one that nobody sent.
        assert (1, 1) == (len(report.lost), len(report.doubled))
