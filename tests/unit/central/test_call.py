"""What is kept of a message's flags."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ocpp_soap.central.call import Call


@pytest.mark.parametrize(("proven", "most"), [(True, 200_000), (False, 12_000)])
def test_flags_take_no_more_room_than_they_are_worth(proven: bool, most: int) -> None:
    """However many there are and whatever they hold; the first ones are kept best."""
    call = Call("CP1", "1.6", "Heartbeat", datetime.now(UTC), proven=proven)
    for number in range(201):
        call.flag(f"path{number}" + "p" * 5000, "raw" * 1000, "assumed" * 1000)
    kept = call.flags_as_json()
    size = len(json.dumps(kept))
    assert size < most
    assert kept[0]["path"].startswith("path0p")  # type: ignore[union-attr]


def test_an_ordinary_flag_is_kept_as_it_is() -> None:
    """With no raw text too."""
    call = Call("CP1", "1.6", "Heartbeat", datetime.now(UTC))
    call.flag("From", None, "the address known before", "from-missing")
    assert [
        {"path": "From", "raw": None, "assumed": "the address known before", "quirk": "from-missing"}
    ] == call.flags_as_json()
