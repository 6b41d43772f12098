"""The journal: raw messages as they were, newest first, removed oldest first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ocpp_soap.central.records import Chosen, Exchange
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, after


def _exchange(**fields: Any) -> Exchange:
    base = Exchange(
        NOON, "in", "CP1", "Heartbeat", "new", "10.0.0.1", 0.25, "answered", b"\x00<a/>\xff", b"", [{"path": "x"}]
    )
    return replace(base, **fields)


def test_an_exchange_is_read_as_it_was_written(store: SqlStore) -> None:
    """All fields, both messages byte by byte; what is not known stays unknown."""
    whole = _exchange()
    bare = _exchange(identity=None, operation=None, version=None, peer=None, answer=None, flags=[])
    with store.writing() as work:
        work.journal.add(whole)
        work.journal.add(bare)
    with store.reading() as work:
        newest, oldest = work.journal.list()
        assert [bare, whole] == [replace(newest, id=None), replace(oldest, id=None)]
        assert oldest == work.journal.get(oldest.id or 0)
        assert None is work.journal.get(0)


def test_the_journal_lists_one_station_or_all_newest_first(store: SqlStore) -> None:
    """As many as are asked for."""
    with store.writing() as work:
        for n, identity in enumerate(("A", "B", "A", "B", "A")):
            work.journal.add(_exchange(identity=identity, at=after(seconds=n)))
    with store.reading() as work:
        assert [4, 2] == [(e.at - NOON).seconds for e in work.journal.list("A", limit=2)]
        assert [4, 3, 2] == [(e.at - NOON).seconds for e in work.journal.list(limit=3)]
        assert [] == work.journal.list("a")


def test_a_part_of_the_journal_is_read_oldest_first(store: SqlStore) -> None:
    """The newest so many of those that are meant, a few at a time; what comes later is not among them."""
    with store.writing() as work:
        for n, identity in enumerate("ABABAB"):
            work.journal.add(_exchange(identity=identity, operation=str(n % 3), at=after(seconds=n)))

    def read(chosen: Chosen, limit: int | None = None, rows: int = 100) -> list[int]:
        with store.reading() as work:
            first, last, count = work.journal.extent(chosen, limit)
            found = [(e.at - NOON).seconds for e in work.journal.between(chosen, first, last, rows)]
            assert rows < 100 or count == len(found)
            return found

    assert [0, 1, 2, 3, 4, 5] == read(Chosen())
    assert [0, 1] == read(Chosen(), rows=2)
    assert [2, 4] == read(Chosen("A"), limit=2)
    assert [1, 4] == read(Chosen(operation="1"))
    assert [2, 3] == read(Chosen(since=after(seconds=2), until=after(seconds=4)))
    assert [] == read(Chosen("nobody"))
    with store.reading() as work:
        assert (0, 0, 0) == work.journal.extent(Chosen("nobody"))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param("a\x00b", "a�b", id="null byte"),
        pytest.param("a\ud800b", "a?b", id="half a surrogate pair"),
        pytest.param("ü" * 100_000, "ü" * 255, id="too long"),
    ],
)
def test_a_refused_identity_does_not_keep_its_message_out_of_the_journal(store: SqlStore, said: str, kept: str) -> None:
    """The database would refuse it, and the message that came with it should be seen."""
    with store.writing() as work:
        work.journal.add(_exchange(identity=said, operation=said))
        (exchange,) = work.journal.list(said)
    assert (kept, kept) == (exchange.identity, exchange.operation)


def test_old_rows_are_removed_in_batches_oldest_first(store: SqlStore) -> None:
    """Never more than a batch at a time, never one that is not old enough."""
    with store.writing() as work:
        for n in (3, 1, 0, 2, 4):
            work.journal.add(_exchange(at=after(seconds=n)))
    removed, left = [], []
    for _ in range(3):
        with store.writing() as work:
            removed.append(work.journal.remove_before(after(seconds=3), batch=2))
            left.append({(exchange.at - NOON).seconds for exchange in work.journal.list()})
    assert [2, 1, 0] == removed
    assert [{2, 3, 4}, {3, 4}, {3, 4}] == left
