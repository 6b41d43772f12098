"""From charging profiles to limits and composite schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpp_soap.simulator.charging import (
    UNLIMITED,
    Installed,
    Session,
    composite,
    segments,
    session_limit,
    station_limit,
    watts_at,
)

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
SESSION = Session(1, NOON, 42)


def seconds(count: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=count)


def profile(
    *periods: tuple[int, float],
    purpose: str = "TxDefaultProfile",
    kind: str = "Relative",
    level: int = 0,
    **fields: Any,
) -> dict[str, Any]:
    """A profile in watts; fields of the schedule are told by their names."""
    schedule = {"duration", "startSchedule", "chargingRateUnit", "numberPhases"} & fields.keys()
    phases = {"numberPhases": fields.pop("numberPhases")} if "numberPhases" in schedule else {}
    return {
        "chargingProfileId": 1,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": s, "limit": Decimal(str(li)), **phases} for s, li in periods],
            **{name: fields.pop(name) for name in schedule - {"numberPhases"}},
        },
        **fields,
    }


def test_a_relative_profile_counts_from_the_start_of_the_transaction() -> None:
    """Each period holds from its start to the next one's."""
    stepped = profile((0, 1000), (60, 500))
    limits = [watts_at(stepped, NOON + seconds(s), SESSION) for s in (0, 59, 60, 86400)]
    assert [1000, 1000, 500, 500] == limits


def test_a_relative_profile_ignores_a_startschedule() -> None:
    """Only Absolute and Recurring ones have an origin of their own (§3.13)."""
    assert watts_at(profile((0, 1000), startSchedule=NOON + seconds(100)), NOON, SESSION) == 1000


def test_an_absolute_profile_counts_from_its_startschedule() -> None:
    """Before that it says nothing."""
    later = profile((0, 1000), kind="Absolute", startSchedule=NOON + seconds(60))
    assert [None, 1000] == [watts_at(later, NOON + seconds(s), SESSION) for s in (59, 60)]


def test_a_schedule_says_nothing_after_its_duration() -> None:
    """The end is not part of it."""
    short = profile((0, 1000), duration=60)
    assert [1000, None] == [watts_at(short, NOON + seconds(s), SESSION) for s in (59, 60)]


@pytest.mark.parametrize(("recurrency", "cycle"), [("Daily", 86400), ("Weekly", 7 * 86400)])
def test_a_recurring_profile_begins_anew_with_each_cycle(recurrency: str, cycle: int) -> None:
    """Between its duration and the next cycle it says nothing."""
    kind: dict[str, Any] = {"kind": "Recurring", "recurrencyKind": recurrency, "startSchedule": NOON, "duration": 3600}
    nightly = profile((0, 1000), (1800, 500), **kind)
    moments = (-1, 0, 1800, 3600, cycle, cycle + 1800, 5 * cycle + 3599)
    expected = [None, 1000, 500, None, 1000, 500, 500]
    assert expected == [watts_at(nightly, NOON + seconds(s), SESSION) for s in moments]


def test_a_profile_says_nothing_outside_of_its_validity() -> None:
    """validFrom is part of it, validTo is not."""
    bound = profile((0, 1000), validFrom=NOON + seconds(10), validTo=NOON + seconds(20))
    assert [None, 1000, 1000, None] == [watts_at(bound, NOON + seconds(s), SESSION) for s in (9, 10, 19, 20)]


@pytest.mark.parametrize(("phases", "expected"), [({}, 16 * 230 * 3), ({"numberPhases": 1}, 16 * 230)])
def test_amperes_are_per_phase(phases: dict[str, Any], expected: int) -> None:
    """Three phases unless the period says otherwise (ChargingSchedulePeriod)."""
    assert expected == watts_at(profile((0, 16), chargingRateUnit="A", **phases), NOON, SESSION)


def test_the_highest_stack_level_leads_while_it_says_something() -> None:
    """When it ends, the next one below takes over."""
    stack = [Installed(1, profile((0, 5000), level=0)), Installed(1, profile((0, 9000), level=3, duration=60))]
    assert [9000, 5000] == [session_limit(stack, NOON + seconds(s), SESSION) for s in (0, 60)]


def test_a_txprofile_leads_over_the_default() -> None:
    """Whatever their stack levels (§3.13)."""
    both = [Installed(1, profile((0, 5000), level=9)), Installed(1, profile((0, 9000), purpose="TxProfile"))]
    assert session_limit(both, NOON, SESSION) == 9000


def test_a_txprofile_of_another_transaction_says_nothing() -> None:
    """Nor does one on another connector."""
    other = profile((0, 5000), purpose="TxProfile", transactionId=43)
    elsewhere = profile((0, 5000), purpose="TxProfile")
    assert session_limit([Installed(1, other), Installed(2, elsewhere)], NOON, SESSION) == UNLIMITED


def test_a_default_on_connector_0_is_for_all_and_yields_to_the_connectors_own() -> None:
    """At the same stack level."""
    station = Installed(0, profile((0, 5000)))
    assert session_limit([station], NOON, SESSION) == 5000
    assert session_limit([station, Installed(1, profile((0, 7000)))], NOON, SESSION) == 7000


def test_chargepointmaxprofile_limits_the_station_alone() -> None:
    """It is no limit of a session."""
    maximum = [Installed(0, profile((0, 5000), purpose="ChargePointMaxProfile", kind="Absolute", startSchedule=NOON))]
    assert (5000, UNLIMITED) == (station_limit(maximum, NOON), session_limit(maximum, NOON, SESSION))


def test_segments_join_neighbours_of_the_same_limit() -> None:
    """A mark that changes nothing is no border."""
    installed = [Installed(1, profile((0, 1000), (10, 1000), (20, 500)))]
    found = segments(lambda m: session_limit(installed, m, SESSION), installed, [SESSION], NOON, NOON + seconds(30))
    assert [(0, 20, 1000), (20, 30, 500)] == [
        ((s.begin - NOON).seconds, (s.end - NOON).seconds, s.watts) for s in found
    ]


def periods(schedule: dict[str, Any]) -> list[tuple[int, str]]:
    """The periods of a schedule as (start, limit)."""
    return [(p["startPeriod"], str(p["limit"])) for p in schedule["chargingSchedulePeriod"]]


def test_a_composite_schedule_is_the_least_of_session_station_and_hardware() -> None:
    """Each change of any of them is a period."""
    maximum: dict[str, Any] = {"purpose": "ChargePointMaxProfile", "kind": "Absolute", "startSchedule": NOON}
    installed = [
        Installed(1, profile((0, 11000), (120, 30000))),
        Installed(0, profile((0, 7000), duration=60, **maximum)),
    ]
    schedule = composite(installed, [SESSION], NOON, 600, "W", 22000)
    assert [(0, "7000.0"), (60, "11000.0"), (120, "22000.0")] == periods(schedule)
    assert (600, NOON, "W") == (schedule["duration"], schedule["startSchedule"], schedule["chargingRateUnit"])


def test_a_composite_schedule_can_be_in_amperes() -> None:
    """Cut to one digit, since more is not allowed."""
    assert [(0, "15.9")] == periods(composite([Installed(1, profile((0, 11000)))], [SESSION], NOON, 600, "A", 22000))


def test_the_composite_schedule_of_the_station_adds_its_connectors() -> None:
    """And is bounded by the station's own limit."""
    sessions = [Session(1, NOON), Session(2, NOON)]
    installed = [Installed(1, profile((0, 10000), (60, 20000)))]
    assert [(0, "32000.0"), (60, "42000.0")] == periods(composite(installed, sessions, NOON, 600, "W", 22000))
    maximum = Installed(0, profile((0, 35000), purpose="ChargePointMaxProfile", kind="Absolute", startSchedule=NOON))
    bounded = composite([*installed, maximum], sessions, NOON, 600, "W", 22000)
    assert [(0, "32000.0"), (60, "35000.0")] == periods(bounded)


def test_a_recurring_profile_appears_in_a_composite_schedule_in_each_cycle() -> None:
    """Also when it began long ago."""
    kind: dict[str, Any] = {
        "kind": "Recurring",
        "recurrencyKind": "Daily",
        "startSchedule": NOON - timedelta(days=9, hours=1),
    }
    schedule = composite(
        [Installed(1, profile((0, 1000), duration=7200, **kind))], [SESSION], NOON, 2 * 86400, "W", 2000
    )
    day = 86400
    assert [
        (0, "1000.0"),
        (3600, "2000.0"),
        (day - 3600, "1000.0"),
        (day + 3600, "2000.0"),
        (2 * day - 3600, "1000.0"),
    ] == periods(schedule)
