"""Which quirks a station has shown, and when: pure bookkeeping over flags."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ..protocol.times import format_time
from .records import Json

# A quirk that is shown all the time is written down again after this time.
REFRESH = timedelta(hours=1)

# Characters of the latest example.
KEPT = 200


def seen(known: Json | None, operation: str, flags: Iterable[dict[str, str | None]], at: datetime) -> Json | None:
    """The station's quirks with those of a message's flags: {name: {first, last, operation, raw}}; None: as before."""
    shown = {str(flag["quirk"]): flag for flag in flags if "quirk" in flag}
    if not shown:
        return None
    known, now, stale = known or {}, format_time(at), format_time(at - REFRESH)
    fresh = {
        name: {
            "first": known.get(name, {}).get("first", now),
            "last": now,
            "operation": operation,
            "raw": (flag["raw"] or "")[:KEPT],
        }
        for name, flag in shown.items()
        if name not in known or known[name]["last"] < stale
    }
    return {**known, **fresh} if fresh else None
