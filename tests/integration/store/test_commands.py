"""Calls to stations: one at a time, outcomes kept, remote starts and stops linked to what came of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ocpp_soap.central.orders import Turn
from ocpp_soap.central.records import Command
from ocpp_soap.store.queue import ABANDONED
from ocpp_soap.store.work import SqlStore
from tests.integration.queueing import DAY, order, put_on_the_wire

from .conftest import NOON, a_start, after, register, start


def _add(store: SqlStore, station: int, operation: str, **request: Any) -> int:
    with store.writing() as work:
        return order(work, station, operation, NOON, **request)


def _send(store: SqlStore, command_id: int, at: datetime = NOON) -> Turn:
    station = _find(store, command_id).charge_point_id
    with store.writing() as work:
        return put_on_the_wire(work, station, command_id, at)


def _find(store: SqlStore, command_id: int) -> Command:
    with store.reading() as work:
        found = work.commands.find(command_id)
    assert found is not None
    return found


def test_a_command_keeps_its_outcome(store: SqlStore, station: int) -> None:
    """Queued, sending, and one of the outcomes with answer, fault or reason."""
    queued = Command(
        _add(store, station, "Reset", type="Hard"),
        station,
        "CP1",
        "Reset",
        {"type": "Hard"},
        "queued",
        None,
        None,
        None,
        None,
        NOON,
        None,
        None,
        deadline=NOON + DAY,
        not_before=NOON,
    )
    assert queued == _find(store, queued.id)
    turn = _send(store, queued.id, after(seconds=1))
    sending = replace(queued, state="sending", address="http://a/", sent=after(seconds=1), attempts=1)
    assert sending == _find(store, queued.id)
    # Once it is answered that stands, while one that is uncertain may still be.
    for changes, outcome in (
        (True, {"state": "uncertain", "error": "no answer"}),
        (True, {"state": "answered", "answer": {"status": "Accepted", "x": [1, {"y": None}]}}),
        (False, {"state": "uncertain"}),
    ):
        before = _find(store, queued.id)
        with store.writing() as work:
            assert changes == work.queue.finish(turn, at=after(seconds=2), **outcome)
        expected = replace(sending, finished=after(seconds=2), **outcome) if changes else before
        assert expected == _find(store, queued.id)


def test_commands_are_listed_newest_first(store: SqlStore, station: int) -> None:
    """Of one station or of all, as many as are asked for."""
    other = register(store, "CP2")
    ids = [_add(store, charge_point, "ClearCache") for charge_point in (station, other, station)]
    with store.reading() as work:
        assert ids[::-1] == [command.id for command in work.commands.list()]
        assert [ids[2]] == [command.id for command in work.commands.list("cp1", limit=1)]
        assert [ids[2], ids[1]] == [command.id for command in work.commands.list(limit=2)]
        assert None is work.commands.find(ids[2] + 1)


def _lease(store: SqlStore, station: int, holder: str, now: datetime, until: datetime) -> bool:
    with store.writing() as work:
        return work.queue.lease(station, holder, now, until)


def test_one_holder_at_a_time_has_a_stations_lease(store: SqlStore, station: int) -> None:
    """Until it gives it back or its time is over; each station has its own."""
    assert _lease(store, station, "a", NOON, after(seconds=60))
    assert not _lease(store, station, "b", after(seconds=59), after(seconds=120))
    assert not _lease(store, station, "a", after(seconds=59), after(seconds=120))
    assert _lease(store, register(store, "CP2"), "b", NOON, after(seconds=60))
    with store.writing() as work:
        work.queue.release(station, "b", NOON)
    assert not _lease(store, station, "b", after(seconds=59), after(seconds=120))
    with store.writing() as work:
        work.queue.release(station, "a", NOON)
    assert _lease(store, station, "b", after(seconds=59), after(seconds=120))
    assert _lease(store, station, "a", after(seconds=120), after(seconds=180))


def test_what_a_lost_holder_was_sending_becomes_uncertain(store: SqlStore, station: int) -> None:
    """The next holder can't know whether the station did it; queued commands and other stations' stay."""
    other = register(store, "CP2")
    lost, queued, elsewhere = (_add(store, charge_point, "Reset") for charge_point in (station, station, other))
    assert _lease(store, station, "a", NOON, after(seconds=60))
    turn = Turn(station, lost, "a")
    with store.writing() as work:
        assert work.queue.sending(turn, "http://a/", NOON, after(seconds=60))
    _send(store, elsewhere)
    assert not _lease(store, station, "b", after(seconds=59), after(seconds=120))
    assert "sending" == _find(store, lost).state
    assert _lease(store, station, "b", after(seconds=61), after(seconds=120))
    found = _find(store, lost)
    assert ("uncertain", after(seconds=61), ABANDONED) == (found.state, found.finished, found.error)
    assert ["queued", "sending"] == [_find(store, command).state for command in (queued, elsewhere)]
    with store.writing() as work:
        assert not work.queue.sending(Turn(station, queued, "a"), "http://a/", after(seconds=62), after(seconds=99))
        assert not work.queue.put_back(turn, after(seconds=70), "it was not sent")
        assert work.queue.finish(turn, "answered", after(seconds=63), answer={})
        assert work.queue.sending(Turn(station, queued, "b"), "http://a/", after(seconds=64), after(seconds=120))
    assert ["answered", "sending"] == [_find(store, command).state for command in (lost, queued)]


# SQLite has one writer at a time anyway.
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_what_another_is_changing_holds_up_no_deadline(store: SqlStore, station: int) -> None:
    """A process that stands still in its transaction keeps nobody from ending the others' commands."""
    held, other = _add(store, station, "Reset"), _add(store, station, "ClearCache")
    with store.writing() as still:
        assert still.commands.cancel(held, NOON, "cancelled")
        with store.writing() as work:
            assert 1 == work.queue.expire(NOON + DAY)
    assert ["cancelled", "expired"] == [_find(store, command).state for command in (held, other)]


def test_one_holder_at_a_time_has_a_jobs_lease(store: SqlStore) -> None:
    """It may prolong it; others get it when it is given back or has run out."""

    def lease(holder: str, minute: int, job: str = "retention") -> bool:
        with store.writing() as work:
            return work.jobs.lease(job, holder, after(minutes=minute), after(minutes=minute + 5))

    def release(holder: str) -> None:
        with store.writing() as work:
            work.jobs.release("retention", holder)

    assert [True, False, True] == [lease("a", 0), lease("b", 1), lease("b", 1, "other")]
    assert [True, False] == [lease("a", 4), lease("b", 6)]
    release("b")
    assert [False, True] == [lease("b", 8), lease("b", 9)]
    release("b")
    assert lease("a", 9)


def _link_start(store: SqlStore, station: int, transaction_id: int, at: datetime = NOON) -> int | None:
    with store.writing() as work:
        return work.commands.link_start(station, transaction_id, at)


def test_a_remote_start_is_linked_to_the_transaction_that_it_caused(store: SqlStore, station: int) -> None:
    """The latest one that fits, each once: also while its answer is still awaited."""
    first = _add(store, station, "RemoteStartTransaction", idTag="TAG1", connectorId=1)
    second = _add(store, station, "RemoteStartTransaction", idTag="tag1")
    _add(store, station, "RemoteStartTransaction", idTag="Tag1", connectorId=2)
    _add(store, station, "RemoteStartTransaction", idTag="Other")
    elsewhere = _add(store, register(store, "CP2"), "RemoteStartTransaction", idTag="Tag1")
    for command in range(first, elsewhere + 1):
        _send(store, command)
    transaction_id = start(store, a_start(station))
    linked = [_link_start(store, station, transaction_id, after(minutes=m)) for m in (10, 10, 10)]
    assert [second, first, None] == linked
    assert [transaction_id, None] == [_find(store, command).transaction_id for command in (first, elsewhere)]


@pytest.mark.parametrize(
    ("outcome", "linked"),
    [
        pytest.param({"state": "answered", "answer": {"status": "Accepted"}}, True, id="accepted"),
        pytest.param({"state": "uncertain"}, True, id="perhaps received"),
        pytest.param({"state": "answered", "answer": {"status": "Rejected"}}, False, id="rejected"),
        pytest.param({"state": "answered", "fault": {"code": "Receiver"}}, False, id="answered by a fault"),
        pytest.param({"state": "not_transmitted"}, False, id="never sent"),
    ],
)
def test_a_refused_remote_start_or_stop_caused_nothing(
    store: SqlStore, station: int, outcome: dict[str, Any], linked: bool
) -> None:
    """What the station refused, or never got, is not linked."""
    transaction_id = start(store, a_start(station))
    remote_start = _add(store, station, "RemoteStartTransaction", idTag="Tag1")
    remote_stop = _add(store, station, "RemoteStopTransaction", transactionId=transaction_id)
    for command in (remote_start, remote_stop):
        turn = _send(store, command)
        with store.writing() as work:
            work.queue.finish(turn, at=NOON, **outcome)
    with store.writing() as work:
        assert (remote_start if linked else None) == work.commands.link_start(station, transaction_id, NOON)
        assert (remote_stop if linked else None) == work.commands.link_stop(station, transaction_id)


def test_a_remote_start_of_long_ago_caused_nothing(store: SqlStore, station: int) -> None:
    """Ten minutes after it was sent, a start is somebody's own."""
    _send(store, _add(store, station, "RemoteStartTransaction", idTag="Tag1"))
    transaction_id = start(store, a_start(station))
    assert None is _link_start(store, station, transaction_id, after(minutes=10, seconds=1))


def test_a_remote_stop_is_linked_to_the_transaction_that_it_ended(store: SqlStore, station: int) -> None:
    """The latest one that asked for this transaction."""
    transaction_id = start(store, a_start(station))
    ids = [_add(store, station, "RemoteStopTransaction", transactionId=transaction_id + n) for n in (0, 0, 1)]
    for command in ids:
        _send(store, command)
    with store.writing() as work:
        assert ids[1] == work.commands.link_stop(station, transaction_id)


def test_a_station_is_reachable_or_not_by_how_its_commands_went(store: SqlStore, station: int) -> None:
    """Any answer is one, but for another station's; since when is told of the row that went the same way."""
    answers: list[tuple[dict[str, Any], bool, int, str | None]] = [
        ({"state": "answered", "answer": {}}, True, 0, None),
        ({"state": "answered", "fault": {"subcode": "NotSupported", "text": "no"}}, True, 0, None),
        ({"state": "not_transmitted", "error": "refused"}, False, 2, "refused"),
        ({"state": "uncertain", "error": "silent"}, False, 2, "silent"),
        ({"state": "answered", "fault": {"subcode": "IdentityMismatch", "text": "not me"}}, False, 2, "not me"),
        ({"state": "answered", "fault": {"subcode": None, "text": "oh"}}, True, 5, None),
    ]
    nothing = {"reachable": None, "since": None, "lastTried": None, "error": None}

    def reachability() -> dict[str, Any]:
        with store.reading() as work:
            return work.commands.reachability(station)

    elsewhere = _add(store, register(store, "CP2"), "Reset")
    turn = _send(store, elsewhere)
    never_sent = _add(store, station, "Reset")
    with store.writing() as work:
        work.queue.finish(turn, "answered", NOON, answer={})
        work.queue.give_up(never_sent, NOON, "no address")
    assert nothing == reachability()
    for minute, (outcome, reachable, since, error) in enumerate(answers):
        command = _add(store, station, "Reset")
        before = reachability()
        turn = _send(store, command, after(minutes=minute))
        assert before == reachability()
        with store.writing() as work:
            work.queue.finish(turn, at=after(hours=1), **outcome)
        expected = (reachable, after(minutes=since), after(minutes=minute), error)
        assert expected == tuple(reachability()[name] for name in nothing)
