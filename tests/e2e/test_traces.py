"""A trace of a real gateway: redacted, and played again by another process with the same outcome."""

from __future__ import annotations

import json
from pathlib import Path

from .stations import UNKNOWN, Case

TAG = "CERT-TAG-1"


def test_a_life_is_exported_and_played_again(case: Case, tmp_path: Path) -> None:
    """A session, a refused tag and a command: nothing of the station is in the trace, and all answers are the same."""
    identity, gateway = case.station.identity, case.central.gateway
    case.station.run_session(TAG, 1, 120)
    case.station.authorize(UNKNOWN)
    case.type_in("ChangeAvailability", connectorId=1, type="Inoperative")
    case.station.settle()
    file = tmp_path / "trace.jsonl"
    told = gateway.json("journal", "export", "--charge-point", identity, "-o", str(file))
    rows = case.central.journal(identity, "in")
    assert (len(rows) + 1, 0) == (told["exchanges"], told["leftOut"])
    text = file.read_text()
    assert [] == [secret for secret in (identity, TAG, UNKNOWN) if secret.lower() in text.lower()]
    assert [row.at for row in rows][::-1] == sorted(row.at for row in rows)
    again = json.loads(gateway.run("journal", "replay", str(file), "--json").stdout)
    assert (len(rows), [], {"commands to stations": 1}) == tuple(
        again[name] for name in ("played", "differences", "passedOver")
    )


def test_a_row_is_shown_by_its_number(case: Case) -> None:
    """XML beside JSON, on both databases."""
    case.station.heartbeat()
    row = case.central.journal(case.station.identity, "in")[0]
    shown = case.central.gateway.json("journal", "show", str(row.id))
    assert ("Heartbeat", {}) == (shown["operation"], shown["messages"]["request"]["payload"])
    assert ["currentTime"] == list(shown["messages"]["answer"]["payload"])
