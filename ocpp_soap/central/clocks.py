"""What a station's times are worth: whether its clock was ever set, and how far it is off.

Pure judgements about times, and one note in the store when the offset has changed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .call import Call
from .ports import Work
from .records import Json

# The last floor: OCPP over SOAP is not older than this.
FLOOR = datetime(2010, 1, 1, tzinfo=UTC)

# No queue reaches back further than this from the station's first message: its clock has begun at a default.
LONGEST_QUEUE = timedelta(days=5 * 365)

# A clock may be this much ahead before its times count as lying in the future.
AHEAD = timedelta(minutes=1)

# Offsets are refreshed after this time, since queued messages only make a clock look older than it is.
OFFSET_AGE = timedelta(minutes=15)


def clock_restarted(moment: datetime, call: Call) -> bool:
    """Whether a time lies so long before the station was first seen that its clock must have begun at a default."""
    known_since = call.station.first_seen or call.received
    return moment < FLOOR or known_since - moment > LONGEST_QUEUE


def plausible(moment: datetime, call: Call) -> bool:
    """Whether a time can be what it says: a clock that was set, and nothing from the future."""
    return not clock_restarted(moment, call) and moment <= call.received + AHEAD


def judge_time(path: str, moment: datetime, call: Call) -> None:
    """Flags a time of a clock that was never set, or one that lies in the future."""
    if clock_restarted(moment, call):
        call.flag(path, moment.isoformat(), "kept, though the station's clock was never set", "clock-never-set")
    elif moment > call.received + AHEAD:
        call.flag(path, moment.isoformat(), "kept, though it lies in the future", "time-in-future")


def note_clock(request: Json, call: Call, work: Work) -> None:
    """Keeps the largest offset (sent minus received, in seconds) of recent messages (soap-binding decision 9)."""
    sent = request.get("timestamp")
    if sent is None or clock_restarted(sent, call):
        return
    offset = (sent - call.received).total_seconds()
    known, known_at = call.station.clock_offset, call.station.clock_offset_at
    if known is None or known_at is None or offset > known + 1 or call.received - known_at > OFFSET_AGE:
        work.charge_points.change(call.station.id, clock_offset=offset, clock_offset_at=call.received)
