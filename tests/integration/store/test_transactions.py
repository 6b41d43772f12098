"""Transactions and stops: each message once, what is open, what supersedes what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import text

from ocpp_soap.central.pages import TransactionFilter
from ocpp_soap.central.records import Transaction
from ocpp_soap.errors import NotFound
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_start, a_stop, after, register, start


def _find(store: SqlStore, transaction_id: int) -> Transaction:
    with store.reading() as work:
        found = work.transactions.find(transaction_id)
    assert found is not None
    return found


def test_what_an_older_process_writes_is_a_change(store: SqlStore, station: int) -> None:
    """One that knows nothing of `changed` starts a transaction, and stops one: who follows changes finds both."""
    ours = start(store, a_start(station))
    known = "charge_point_id, start_timestamp, received, ordered_at, id_tag_info, start_flags, stop_flags"
    for statement in (
        f"INSERT INTO transactions (key, {known}) SELECT 'k2', {known} FROM transactions WHERE id = :id",  # noqa: S608
        "UPDATE transactions SET closed_by = 'station', meter_stop = 7000 WHERE id = :id",
    ):
        before = datetime.now(UTC) - timedelta(seconds=1)
        with store.writer.begin() as connection:
            connection.execute(text(statement), {"id": ours})
        with store.reading() as work:
            (found,) = work.transactions.page(TransactionFilter(changed_since=before), 9).rows[-1:]
            assert (found.id == ours) is statement.startswith("UPDATE")
        assert abs(found.changed - before) < timedelta(minutes=1)
    with store.writing() as work:
        work.transactions.correct(ours, NOON, {})
    assert NOON == _find(store, ours).changed, "who says when is believed"


def test_a_start_is_read_as_it_was_written(store: SqlStore, station: int) -> None:
    """By its id, by its key, in the list; open until it is stopped."""
    flag: dict[str, str | None] = {"path": "timestamp", "raw": "0", "assumed": "x"}
    new = a_start(station, reservation_id=7, flags=[flag], start_timestamp=after(hours=-1))
    transaction_id = start(store, new)
    expected = Transaction(
        id=transaction_id,
        charge_point_id=station,
        identity="CP1",
        connector_id=1,
        id_tag="Tag1",
        start_timestamp=after(hours=-1),
        meter_start=100,
        reservation_id=7,
        id_tag_info={"status": "Accepted"},
        start_flags=[flag],
        stop_timestamp=None,
        meter_stop=None,
        stop_id_tag=None,
        reason=None,
        stop_flags=[],
        closed_by=None,
        superseded_by=None,
        start_received=new.received,
        stop_received=None,
        changed=new.received,
    )
    with store.writing() as work:
        found = [
            work.transactions.find(transaction_id),
            work.transactions.find(transaction_id, lock=True),
            work.transactions.by_start("k1"),
            *work.transactions.list(),
        ]
        assert [expected] * 4 == found
        assert [None, None] == [work.transactions.find(transaction_id + 1), work.transactions.by_start("k2")]


def test_the_same_start_is_stored_once(store: SqlStore, station: int) -> None:
    """Its key decides, whatever else the second delivery says."""
    transaction_id = start(store, a_start(station))
    with store.writing() as work:
        assert None is work.transactions.start(a_start(station, meter_start=999))
        assert [transaction_id] == [transaction.id for transaction in work.transactions.list()]
    assert 100 == _find(store, transaction_id).meter_start


def test_transaction_ids_are_positive_and_never_given_again(store: SqlStore, station: int) -> None:
    """Not even that of a start that was rolled back, or of the last row when it is removed by hand."""
    first = start(store, a_start(station))
    with store.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM transactions")
    second = start(store, a_start(station))
    assert 0 < first < second < 2**31


def test_a_start_may_lack_whatever_could_not_be_read(store: SqlStore, station: int) -> None:
    """Connector, idTag, meter: it supersedes nothing then, and counts for nobody."""
    other = start(store, a_start(station, "k0"))
    bare = start(store, a_start(station, connector_id=None, id_tag=None, meter_start=None))
    with store.writing() as work:
        work.transactions.supersede(bare)
        assert 1 == work.transactions.open_for_tag("TAG1")
    assert (None, None) == (_find(store, bare).superseded_by, _find(store, other).superseded_by)


@pytest.mark.parametrize("order", [*permutations((1, 2, 3))])
def test_the_latest_start_is_the_only_one_that_is_not_superseded(
    store: SqlStore, station: int, order: tuple[int, ...]
) -> None:
    """In whatever order they come; each by a later one on the same connector."""
    ids = {}
    for hour in order:
        ids[hour] = start(store, a_start(station, f"k{hour}", ordered_at=after(hours=hour)))
        with store.writing() as work:
            work.transactions.supersede(ids[hour])
    by = {hour: _find(store, ids[hour]).superseded_by for hour in ids}
    assert (True, True, False) == (by[1] in (ids[2], ids[3]), by[2] == ids[3], by[3] is not None)
    with store.reading() as work:
        assert 1 == work.transactions.open_for_tag("tag1")


def test_only_open_transactions_on_the_same_connector_are_superseded(store: SqlStore, station: int) -> None:
    """Not those that have ended, on other connectors, or of other charge points."""
    ended = start(store, a_start(station, "ended"))
    with store.writing() as work:
        work.transactions.stop(a_stop(station, ended))
    beside = start(store, a_start(station, "beside", connector_id=2))
    elsewhere = start(store, a_start(register(store, "CP2"), "elsewhere"))
    older = start(store, a_start(station, "older"))
    new = start(store, a_start(station, "new", ordered_at=NOON))
    with store.writing() as work:
        work.transactions.supersede(new)
    superseded = {i: _find(store, i).superseded_by for i in (ended, beside, elsewhere, older, new)}
    assert {ended: None, beside: None, elsewhere: None, older: new, new: None} == superseded


def test_open_transactions_are_counted_per_tag_and_listed_per_connector(store: SqlStore, station: int) -> None:
    """Tags regardless of case; newest first."""
    ids = [start(store, a_start(station, f"k{n}", connector_id=n, id_tag=tag)) for n, tag in enumerate(("A", "a", "B"))]
    other = start(store, a_start(register(store, "CP2"), "k9", id_tag="A"))
    with store.writing() as work:
        work.transactions.stop(a_stop(station, ids[0]))
        assert [2, 1, 0] == [work.transactions.open_for_tag(tag) for tag in ("A", "b", "c")]
        assert [ids[2], ids[1]] == [transaction.id for transaction in work.transactions.open_on(station)]
        assert [ids[1]] == [transaction.id for transaction in work.transactions.open_on(station, 1)]
        assert [] == work.transactions.open_on(station, 0)
    with store.reading() as work:
        transactions = work.transactions

        def listed(**chosen: object) -> list[int]:
            return [transaction.id for transaction in transactions.list(**chosen)]  # type: ignore[arg-type]

        assert [other, *reversed(ids)] == listed()
        assert [*reversed(ids)] == listed(identity="cp1")
        assert [other, ids[1], ids[0]] == listed(id_tag="a")
        assert [other, ids[2], ids[1]] == listed(open_only=True)
        assert [ids[1]] == listed(identity="CP1", id_tag="A", open_only=True)
        assert [other, ids[2]] == listed(limit=2)
        assert [] == listed(identity="nobody")


def test_a_stop_ends_its_transaction_and_keeps_its_answer(store: SqlStore, station: int) -> None:
    """All that it says is in the transaction; the same stop again changes nothing."""
    transaction_id = start(store, a_start(station))
    flag = {"path": "reason", "raw": None, "assumed": "Local"}
    stop = a_stop(station, transaction_id, id_tag="tag1", flags=[flag])
    with store.writing() as work:
        assert None is work.transactions.answer_of_stop("s1")
        assert [True, False] == [
            work.transactions.stop(stop),
            work.transactions.stop(replace(stop, meter_stop=999, answer={})),
        ]
        assert stop.answer == work.transactions.answer_of_stop("s1")
        assert [] == work.transactions.orphan_stops(station)
    ended = _find(store, transaction_id)
    assert (after(hours=1), 200, "tag1", "Local", [flag], "station") == (
        ended.stop_timestamp,
        ended.meter_stop,
        ended.stop_id_tag,
        ended.reason,
        ended.stop_flags,
        ended.closed_by,
    )


def test_a_stop_that_ends_nothing_is_kept_apart(store: SqlStore, station: int) -> None:
    """Also when it names no transaction, or one that is none; newest first."""
    transaction_id = start(store, a_start(station))
    flag = {"path": "transactionId", "raw": "7", "assumed": "kept apart"}
    with store.writing() as work:
        for key, said in (("s1", transaction_id), ("s2", 2**31 - 1), ("s3", None)):
            assert work.transactions.stop(a_stop(station, said, key, effective=False, flags=[flag], answer={}))
        assert {} == work.transactions.answer_of_stop("s3")
        orphans = work.transactions.orphan_stops(station)
    expected = {
        "timestamp": after(hours=1),
        "meterStop": 200,
        "idTag": "Tag1",
        "reason": "Local",
        "received": after(hours=1),
        "flags": [flag],
    }
    assert [{**expected, "transactionId": said} for said in (None, 2**31 - 1, transaction_id)] == orphans
    assert None is _find(store, transaction_id).stop_timestamp


def test_an_operator_closes_a_dead_transaction_once(store: SqlStore, station: int) -> None:
    """It is recorded as theirs, with their note; the station's own stop may still take its place."""
    transaction_id = start(store, a_start(station))
    with store.writing() as work:
        work.transactions.close(transaction_id, after(days=1), None, None, "the station was stolen")
    closed = _find(store, transaction_id)
    note = [{"path": "", "raw": None, "assumed": "the station was stolen"}]
    assert (after(days=1), None, "operator", note) == (
        closed.stop_timestamp,
        closed.meter_stop,
        closed.closed_by,
        closed.stop_flags,
    )
    for unknown in (transaction_id, transaction_id + 1):
        with pytest.raises(NotFound, match=f"no open transaction {unknown}"), store.writing() as work:
            work.transactions.close(unknown, NOON, 1, "Other", "")
    with store.writing() as work:
        work.transactions.stop(a_stop(station, transaction_id))
    assert "station" == _find(store, transaction_id).closed_by
