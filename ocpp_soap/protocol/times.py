"""Reads and writes the standard's times: tolerant in, strict out.

What stations send: fractions of any length, offsets, no zone, epoch numbers, one-digit hours (OCPP 1.6 §3.14, §3.15).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(T| +)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:(Z|z)|([+-])(\d\d):?(\d\d)?)?", re.ASCII
)
_EPOCH = re.compile(r"\d{9,10}|\d{12,13}", re.ASCII)
_STRICT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


NO_ZONE = "UTC, since no zone is given"
SPELLINGS = {NO_ZONE: "time-without-zone", "epoch seconds": "time-as-epoch", "epoch milliseconds": "time-as-epoch"}
"""What is assumed of these spellings, and the quirk's name; everything else that is assumed is a `time-spelling`."""


def parse_time(text: str) -> tuple[datetime, str | None]:
    """The time in `text` as aware UTC, and what had to be assumed to read it (None: as the standard wants it).

    Raises ValueError for what is no time at all (`2013-12-12T24:23:23`, `yesterday`).
    """
    if _STRICT.fullmatch(text) and text[11:13] != "24":
        return _to_utc(datetime.fromisoformat(text))
    if _EPOCH.fullmatch(text):
        seconds, millis = divmod(int(text), 1000) if len(text) > 10 else (int(text), 0)
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, milliseconds=millis)
        return moment, "epoch " + ("milliseconds" if len(text) > 10 else "seconds")
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"not a time: {text[:40]!r}")
    year, month, day, _, hour, minute, second, fraction, zulu, sign, zone_hours, zone_minutes = found.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    zone = UTC
    if sign:
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes or 0))
        zone = timezone(offset if sign == "+" else -offset)
    # 24:00:00 is a time of XML Schema, the end of its day; 24:23:23 is none.
    midnight = int(hour) == 24 and not any(map(int, (minute, second or 0, fraction or 0)))
    hours = 0 if midnight else int(hour)
    moment = datetime(int(year), int(month), int(day), hours, int(minute), int(second or 0), micros, zone)
    utc, assumed = _to_utc(moment + timedelta(days=midnight))
    if not (zulu or sign):
        return utc, NO_ZONE
    return utc, assumed or ("as many digits as microseconds have" if len(fraction or "") > 6 else "nearly ISO 8601")


def _to_utc(moment: datetime) -> tuple[datetime, str | None]:
    try:
        return moment.astimezone(UTC), None
    except OverflowError:  # 0001-01-01T00:00:00+14:00 and 9999-12-31T23:59:59-01:00 have no UTC in datetime
        edge = datetime.min.replace(tzinfo=UTC) if moment.year == 1 else datetime.max.replace(tzinfo=UTC)
        return edge, "the nearest time that can be kept"


def format_time(moment: datetime) -> str:
    """An aware time as `2024-01-31T12:00:00Z`, with milli- or microseconds only where there are any."""
    utc = moment.astimezone(UTC)
    spec = "seconds" if not utc.microsecond else "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return utc.replace(tzinfo=None).isoformat(timespec=spec) + "Z"
