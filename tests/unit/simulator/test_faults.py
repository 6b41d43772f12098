"""Switches for faults, and answers that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ocpp_soap.errors import InternalError
from ocpp_soap.simulator.faults import Answering, Answers, Faults

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (None, NOON),
        (timedelta(hours=-2), datetime(2024, 1, 31, 10, tzinfo=UTC)),
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 1, tzinfo=UTC)),
    ],
)
def test_a_clock_can_be_off_or_never_set(clock: timedelta | datetime | None, expected: datetime) -> None:
    """One that was never set counts from its boot, here a minute ago."""
    assert expected == Faults(clock=clock).time(NOON, NOON - timedelta(minutes=1))


def test_an_answer_holds_until_it_is_deleted() -> None:
    """For that operation alone."""
    answers = Answers()
    answers["Reset"] = {"status": "Rejected"}
    assert [Answering({"status": "Rejected"})] * 2 == [answers.take("Reset", {}) for _ in range(2)]
    del answers["Reset"]
    assert [Answering()] * 2 == [answers.take("Reset", {}), answers.take("ClearCache", {})]


def test_answers_for_once_go_first_and_in_order() -> None:
    """Then the one that holds comes back."""
    answers, fault = Answers(), InternalError("no")
    answers["Reset"] = {"status": "Rejected"}
    answers.once("Reset", fault)
    answers.once("Reset", lambda request: {"status": request["type"]})
    taken = [answers.take("Reset", {"type": "Hard"}).answer for _ in range(3)]
    assert [fault, {"status": "Hard"}, {"status": "Rejected"}] == taken


def test_how_a_command_is_answered_may_depend_on_the_request() -> None:
    """None leaves it to the charge point."""
    answers = Answers()
    answers["Reset"] = lambda request: Answering(delay=5) if request["type"] == "Hard" else None
    taken = [answers.take("Reset", {"type": type_}) for type_ in ("Hard", "Soft")]
    assert [Answering(None, 5), Answering()] == taken


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Answering({}), ""),
        (Answering(delay=0.5), "after 0.5 s"),
        (Answering(drop="answer"), "dropped: answer"),
        (Answering({}, 5, "silence"), "dropped: silence"),
    ],
)
def test_what_is_odd_is_said_in_words(how: Answering, expected: str) -> None:
    """Nothing where the answer leaves at once."""
    assert expected == str(how)
