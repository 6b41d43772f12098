"""The agenda: what is due, in which order, and time that is let pass at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Condition, Event

import pytest

from ocpp_soap.simulator.agenda import Agenda
from ocpp_soap.simulator.clock import Clock

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still at noon."""
    return Clock(speed=0, begin=NOON)


@pytest.fixture
def agenda(clock: Clock) -> Iterator[Agenda]:
    """A working agenda."""
    made = Agenda(clock, Condition(), "test")
    made.start()
    yield made
    made.stop()


def test_jobs_run_at_their_times_and_in_order(agenda: Agenda, clock: Clock) -> None:
    """Each sees its own time, however much is let pass at once."""
    seen: list[tuple[str, int]] = []

    def job(name: str) -> None:
        seen.append((name, (clock.now() - NOON).seconds))

    agenda.after(20, lambda: job("late"))
    agenda.after(10, lambda: job("first"))
    agenda.after(10, lambda: job("second"))
    agenda.after(31, lambda: job("never"))
    agenda.tick(30)
    assert [("first", 10), ("second", 10), ("late", 20)] == seen
    assert NOON + timedelta(seconds=30) == clock.now()


def test_a_job_that_plans_itself_anew_runs_in_every_interval(agenda: Agenda, clock: Clock) -> None:
    """As heartbeats do."""
    seen: list[int] = []

    def beat() -> None:
        seen.append((clock.now() - NOON).seconds)
        agenda.after(60, beat)

    agenda.after(60, beat)
    agenda.tick(200)
    assert [60, 120, 180] == seen


def test_a_job_of_the_same_key_replaces_the_other(agenda: Agenda) -> None:
    """And can be cancelled by it."""
    seen: list[str] = []
    agenda.after(1, lambda: seen.append("old"), "key")
    agenda.after(2, lambda: seen.append("new"), "key")
    agenda.after(3, lambda: seen.append("cancelled"), "other")
    agenda.cancel("other")
    agenda.tick(10)
    assert ["new"] == seen


def test_a_job_that_fails_does_not_end_the_others(agenda: Agenda, caplog: pytest.LogCaptureFixture) -> None:
    """It is told to the log."""
    seen: list[str] = []
    agenda.soon(lambda: 1 / 0)
    agenda.soon(lambda: seen.append("next"))
    agenda.tick(0)
    assert (["next"], "test agenda: a job failed") == (seen, caplog.messages[0])


def test_ticking_waits_for_what_runs_apart(agenda: Agenda) -> None:
    """And for what that plans in turn."""
    go, seen = Event(), list[str]()

    def work() -> None:
        go.wait(60)
        agenda.soon(lambda: seen.append("after"))

    agenda.apart(work)
    agenda.after(1, go.set)
    agenda.soon(go.set)
    agenda.tick(0)
    assert ["after"] == seen


def test_ticking_that_takes_too_long_says_so(agenda: Agenda) -> None:
    """Whatever is held elsewhere."""
    agenda.hold()
    with pytest.raises(TimeoutError, match="still at work"):
        agenda.tick(1, timeout=0.01)
    agenda.release()


def test_nothing_is_taken_on_after_the_end(agenda: Agenda) -> None:
    """Neither jobs nor threads."""
    agenda.stop()
    seen: list[str] = []
    agenda.soon(lambda: seen.append("late"))
    agenda.apart(lambda: seen.append("apart"))
    assert [] == seen


def test_a_fast_clock_reaches_a_far_job_soon() -> None:
    """A day in well under a second of ours."""
    clock, changed, done = Clock(speed=1_000_000), Condition(), Event()
    agenda = Agenda(clock, changed, "fast")
    agenda.start()
    agenda.after(86400, done.set)
    assert done.wait(60)
    agenda.stop()


def test_ticking_does_what_fell_due_on_a_clock_that_others_moved() -> None:
    """An agenda that sleeps until a far job wakes up for it, though somebody else let the time pass."""
    clock, changed, far = Clock(speed=1), Condition(), Event()
    agenda = Agenda(clock, changed, "SIM-0001")
    agenda.start()
    agenda.after(3600, far.set)
    agenda.tick(0)
    clock.skip_to(clock.now() + timedelta(hours=2))
    agenda.tick(0, timeout=60)
    assert far.is_set()
    agenda.stop()
