"""Commands from the queue to their outcome: order, deadlines, retries, the next contact, fencing; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from ocpp_soap.central import sending
from ocpp_soap.central.orders import Order, Turn
from ocpp_soap.central.pages import BatchFilter, CommandFilter, StationFilter
from ocpp_soap.central.ports import Store, Work
from ocpp_soap.central.records import STATES
from ocpp_soap.errors import Busy, Conflict, InvalidPayload, NotFound, Refused, Uncertain
from ocpp_soap.protocol import catalog
from ocpp_soap.store.queue import ABANDONED

from .conftest import Central
from .posting import ME, UNREACHABLE, Post

# What is the same on both databases is shown on one.
SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@pytest.fixture
def post(central: Central) -> Post:
    """The Central System with one charge point, CP1."""
    made = Post(central)
    made.registered("CP1")
    return made


def test_a_station_gets_its_commands_one_by_one_in_their_order(post: Post) -> None:
    """The next one is not claimed before the one before has its outcome; stations take turns."""
    post.registered("CP2")
    for what in ("a", "b", "c"):
        post.order(what)
    post.order("d", "CP2")
    numbers = post.numbers()
    post.meanwhile = lambda: busy.append(len(post.sender.claim(1, numbers[post.sent[-1][0]])))
    busy: list[int] = []
    while post.round():
        pass
    assert (["a", "b", "c"], [0, 0, 0, 0]) == ([what for who, what in post.sent if who == "CP1"], busy)
    assert ("CP2", "d") in post.sent[:2]
    with post.central.store.reading() as work:
        found = work.commands.page(CommandFilter("CP1", "answered"), 2).rows
    assert [(3, 1, ME, {"status": "Accepted"}), (2, 1, ME, {"status": "Accepted"})] == [
        (one.id, one.attempts, one.who, one.answer) for one in found
    ]


def test_a_station_that_was_silent_can_be_passed_over(post: Post) -> None:
    """Where places are rare: it waits for those that may answer, until it has answered itself."""
    post.registered("CP2")
    post.outcome = UNREACHABLE
    post.order("a")
    assert 1 == post.round()
    post.outcome = None
    post.order("b")
    post.order("c", "CP2")
    living, silent = post.sender.claim(9, silent_too=False), post.sender.claim(9)
    numbers = post.numbers()
    assert [(numbers["CP2"], False)] == [(turn.station_id, turn.silent) for turn in living]
    assert [(numbers["CP1"], True)] == [(turn.station_id, turn.silent) for turn in silent]
    post.sender.run(silent[0])
    post.order("d")
    assert [False] == [turn.silent for turn in post.sender.claim(9, silent_too=False)]


@SQLITE
def test_a_command_is_never_sent_after_its_deadline(post: Post) -> None:
    """Ten minutes, or a day where it waits for the station; or as the order says, thirty days at most."""
    soon, later = post.order("a"), post.order("b", when="next-contact")
    given = post.order("c", deadline=post.central.now + timedelta(days=30))
    post.central.later(minutes=10)
    assert (1, 1, ["c"]) == (post.sender.expire(), post.round(), [what for _, what in post.sent])
    post.central.later(hours=24)
    assert 1 == post.sender.expire()
    assert ["expired", "expired", "answered"] == [post.state(one) for one in (soon, later, given)]
    assert "deadline" in str(post.commands.find(soon.id).error)
    for days in (-1, 0, 31):
        with pytest.raises(Refused, match="a deadline lies in the future, by 30 days at most"):
            post.order("d", deadline=post.central.now + timedelta(days=days))


@SQLITE
def test_what_did_not_reach_its_station_is_tried_again_as_often_as_was_ordered(post: Post) -> None:
    """After a pause that doubles, while others are not kept waiting; what is uncertain is never sent again."""
    again = post.order(operation="ClearCache", retries=2)
    short = post.order(operation="GetConfiguration", retries=1, deadline=post.central.now + timedelta(seconds=2))
    post.outcome = UNREACHABLE
    assert [1, 1, 0] == [post.round() for _ in range(3)]
    assert ["queued", "not_transmitted"] == [post.state(one) for one in (again, short)]
    pauses = []
    for _ in range(2):
        waits = post.commands.find(again.id)
        assert waits.not_before is not None
        pauses.append((waits.not_before - post.central.now).total_seconds())
        post.central.now = waits.not_before
        assert 1 == post.round()
    assert ([True, True], "connection refused") == (
        [2.5 * 2**n <= pause <= 5 * 2**n for n, pause in enumerate(pauses)],
        waits.error,
    )
    ended = post.commands.find(again.id)
    assert ("not_transmitted", 3, "connection refused") == (ended.state, ended.attempts, ended.error)
    lost, post.outcome = post.order(operation="ClearCache", retries=5), Uncertain("no answer")
    assert ([1, 0], "uncertain") == ([post.round(), post.round()], post.state(lost))
    with pytest.raises(Refused, match="RemoteStartTransaction is not tried again by itself"):
        post.commands.submit("CP1", Order("RemoteStartTransaction", {"idTag": "A"}, retries=1), ME)


def test_a_command_for_the_next_contact_waits_until_the_station_has_its_answer(post: Post) -> None:
    """Any message of it will do, and only one of its own."""
    waiting, due = post.order("a", when="next-contact"), post.order("b")
    post.central.boot("CP2")
    assert [1, 0] == [post.round(), post.round()]
    assert (None, "answered") == (post.commands.find(waiting.id).not_before, post.state(due))
    post.central.say("Heartbeat")
    assert 0 == post.round()
    post.central.later(seconds=1)
    assert [1, 0] == [post.round(), post.round()]
    assert (["b", "a"], "answered") == ([what for _, what in post.sent], post.state(waiting))
    with post.central.store.reading() as work:
        assert [False] == [one.commands_waiting for one in work.charge_points.list() if one.identity == "CP1"]


@SQLITE
def test_only_what_is_queued_can_be_cancelled(post: Post) -> None:
    """What has left, or is done, can't; one that is cancelled is never sent."""
    sent, queued = post.order("a"), post.order("b")
    refused: list[str] = []

    def cancel_what_has_left() -> None:
        with pytest.raises(Conflict) as error:
            post.commands.cancel(sent.id, ME)
        refused.append(str(error.value))

    post.meanwhile = cancel_what_has_left
    cancelled = post.commands.cancel(queued.id, ME)
    assert ("cancelled", f"cancelled by {ME}", [1, 0]) == (
        cancelled.state,
        cancelled.error,
        [post.round(), post.round()],
    )
    assert [f"command {sent.id} is sending: only what is still queued can be cancelled"] == refused
    with pytest.raises(Conflict, match=f"command {queued.id} is cancelled: only what is still queued"):
        post.commands.cancel(queued.id, ME)
    with pytest.raises(NotFound, match="there is no command 99"):
        post.commands.cancel(99, ME)
    late = post.order("c")
    (turn,) = post.sender.claim()
    post.commands.cancel(late.id, ME)
    post.sender.run(turn)
    assert [("CP1", "a")] == post.sent


def test_an_order_that_comes_again_with_its_key_is_carried_out_once(post: Post) -> None:
    """Also when it comes twice at the same time; a key is its owner's, and for one order alone."""
    order = Order("ClearCache", {})
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: post.commands.submit("CP1", order, ME, "k"), range(8)))
    assert ({made[0][0].id}, 1) == ({command.id for command, _ in made}, [replay for _, replay in made].count(False))
    assert not post.commands.submit("CP1", order, "token:other", "k")[1]
    for changed in (("CP1", Order("ClearCache", {}, retries=1)), ("CP2", order)):
        with pytest.raises(Refused, match="this key came with another order before"):
            post.commands.submit(*changed, ME, "k")
    batch, _ = post.commands.submit_batch(StationFilter(), order, ME, "b")
    assert (batch, True) == post.commands.submit_batch(StationFilter(), order, ME, "b")
    with post.central.store.writing() as work:
        assert 3 == work.keys.remove_before(post.central.now + timedelta(seconds=1))
    assert not post.commands.submit("CP1", order, ME, "k")[1]


def test_a_batch_is_a_command_to_each_station_that_is_meant(post: Post) -> None:
    """A station whose version can't say it has one that is not transmitted; progress is counted by state."""
    post.registered("CP2", "CP3")
    post.registered("OLD", version=catalog.VERSIONS[-1])
    order = Order("ClearChargingProfile", {}, retries=1)
    batch, _ = post.commands.submit_batch(StationFilter(identity_prefix="CP"), order, ME)
    assert (3, 3, False) == (batch.total, batch.states["queued"], batch.is_finished)
    everywhere, _ = post.commands.submit_batch(StationFilter(), order, ME)
    with post.central.store.reading() as work:
        refused = work.commands.page(CommandFilter(batch_id=everywhere.id, state="not_transmitted"), 9).rows
    assert [("OLD", True)] == [(one.identity, "which has no ClearChargingProfile" in str(one.error)) for one in refused]
    assert 3 == post.round()
    cancelled = post.commands.cancel_batch(everywhere.id, ME)
    counted = dict.fromkeys(STATES, 0) | {"cancelled": 3, "not_transmitted": 1}
    assert (counted, True, 4) == (cancelled.states, cancelled.is_finished, cancelled.total)
    with post.central.store.reading() as work:
        pages = [work.batches.page(BatchFilter(who), 1) for who in (ME, "token:other")]
    assert [[everywhere.id], []] == [[one.id for one in page.rows] for page in pages]
    with pytest.raises(Conflict, match="nothing of batch"):
        post.commands.cancel_batch(everywhere.id, ME)
    for chosen, odd, wrong in (
        (StationFilter(identity_prefix="X"), order, Refused),
        (StationFilter(identity_prefix="OLD"), order, Refused),
        (StationFilter(), Order("Reset", {}), InvalidPayload),
    ):
        with pytest.raises(wrong):
            post.commands.submit_batch(chosen, odd, ME)


def test_whoever_lost_a_station_sends_nothing_further_to_it(post: Post) -> None:
    """A lease that ran out is the next one's: what was being sent is uncertain, until its answer comes after all."""
    first, second = post.order("a"), post.order("b")
    (stale,) = post.sender.claim()
    post.central.later(minutes=2)
    taken: list[Turn] = []

    def lose_it() -> None:
        post.central.later(minutes=2)
        taken.extend(post.sender.claim())

    post.meanwhile = lose_it
    assert 1 == post.round()
    post.sender.run(stale)
    assert [("CP1", "a")] == post.sent
    found = post.commands.find(first.id)
    # Its answer came after the next one had taken the station, and called it uncertain.
    assert ("answered", 1, [second.id]) == (found.state, found.attempts, [turn.command_id for turn in taken])
    post.meanwhile = lambda: None
    post.sender.run(taken[0])
    assert "answered" == post.state(second)


@SQLITE
def test_a_process_that_was_held_up_sends_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease might end before the call does: the command goes back into the queue as if it had not left."""
    command = post.order("a")
    monkeypatch.setattr(sending, "LATE", -1)
    assert (1, "queued", []) == (post.round(), post.state(command), post.sent)
    held_up = post.commands.find(command.id)
    assert (0, None, None) == (held_up.attempts, held_up.sent, held_up.address)
    monkeypatch.undo()
    assert (1, "answered") == (post.round(), post.state(command))


def test_what_a_dead_process_was_sending_is_noticed_though_nothing_else_is_sent(post: Post) -> None:
    """By whoever looks next; it does not become free before its lease has run out."""
    command = post.order("a")
    (turn,) = post.sender.claim()
    with post.central.store.writing() as work:
        until = post.central.now + timedelta(seconds=60)
        assert work.queue.sending(turn, "http://a/", post.central.now, until)
    assert (0, (until, None)) == (post.round(), post.sender.agenda())
    post.central.later(seconds=60)
    assert (0, (None, None)) == (post.round(), post.sender.agenda())
    lost = post.commands.find(command.id)
    assert ("uncertain", ABANDONED, []) == (lost.state, lost.error, post.sent)


class Forgetful:
    """A store whose transactions are done, while the news of it gets lost, each first time."""

    def __init__(self, store: Store) -> None:
        self.reading = store.reading
        self.store, self.lost = store, 0

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """A transaction that is believed to have failed every other time."""
        with self.store.writing() as work:
            yield work
        self.lost += 1
        if self.lost % 2:
            raise Busy("the connection is lost")


def test_a_transaction_whose_end_got_lost_is_not_done_twice(post: Post) -> None:
    """It is run again, and finds what it has done: one command, sent once, with one row in the journal."""
    forgetful = Forgetful(post.central.store)
    sender = replace(post.sender, store=forgetful)
    commands = replace(post.commands, store=forgetful, sender=lambda: sender, books=lambda _: forgetful)
    sent = commands.deliver("CP1", Order("ClearCache", {}), ME)
    assert ("answered", 1, [("CP1", "ClearCache")]) == (sent.state, sent.attempts, post.sent)
    batch, _ = commands.submit_batch(StationFilter(), Order("ClearCache", {}), ME)
    with post.central.store.reading() as work:
        assert [2, 1] == [command.id for command in work.commands.list()]
        assert 1 == len([row for row in work.journal.list("CP1") if row.direction == "out"])
    post.outcome = UNREACHABLE
    (turn,) = post.sender.claim()
    sender.run(turn)
    assert {"not_transmitted": 1} == {state: n for state, n in commands.find_batch(batch.id).states.items() if n}
    assert (None, None) == sender.agenda()
