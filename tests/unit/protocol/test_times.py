"""Times: tolerant in, strict out."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpp_soap.protocol.times import format_time, parse_time

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
YEAR_2 = datetime(2, 1, 1)  # noqa: DTZ001 as hypothesis wants its bounds


@pytest.mark.parametrize(
    ("text", "expected", "tolerated"),
    [
        ("2024-01-31T12:00:00Z", NOON, False),
        ("2024-01-31T12:00:00.351Z", NOON.replace(microsecond=351000), False),
        ("2024-01-31T12:00:00.768108Z", NOON.replace(microsecond=768108), False),
        ("2024-01-31T14:00:00+02:00", NOON, False),
        ("2024-01-30T24:00:00Z", NOON.replace(hour=0), True),
        ("2024-01-31T12:00:00", NOON, True),
        ("2024-01-31 12:00:00Z", NOON, True),
        ("2024-01-31T12:00:00.1234567Z", NOON.replace(microsecond=123456), True),
        ("2024-01-31T9:00:00.000Z", NOON.replace(hour=9), True),
        ("2024-01-31T12:00:00+0012", NOON - timedelta(minutes=12), True),
        ("1706702400000", NOON, True),
        ("1706702400", NOON, True),
        ("0001-01-01T00:00:00+14:00", EARLIEST, True),
        ("9999-12-31T23:59:59-01:00", LATEST, True),
    ],
)
def test_times_of_the_field_are_read(text: str, expected: datetime, tolerated: bool) -> None:
    """Each spelling that was seen gives its moment, and says whether it had to be tolerated."""
    moment, assumed = parse_time(text)
    assert (expected, tolerated) == (moment, assumed is not None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-13-01T00:00:00Z",
        "2013-12-12T24:23:23",
        "2024-01-31",
        "12:00",
        "1" * 5000,
        "２０２４-01-31T12:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """An impossible time is a ValueError, not a guess."""
    with pytest.raises(ValueError):  # noqa: PT011 its text is ours or datetime's
        parse_time(text)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))]), min_value=YEAR_2))
def test_written_times_read_back_equal(moment: datetime) -> None:
    """What is written is UTC with Z, conforming, and the same moment to the microsecond."""
    text = format_time(moment)
    assert text.endswith("Z")
    assert (moment, None) == parse_time(text)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is sent gives a time or a ValueError."""
    with suppress(ValueError):
        parse_time(text)
