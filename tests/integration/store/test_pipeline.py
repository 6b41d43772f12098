"""Statements that wait for others on PostgreSQL, and what becomes of them when something fails. SQLite does so, too."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from ocpp_soap.central.records import Exchange
from ocpp_soap.errors import Busy, StoreError
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_notice, a_sample, a_start, start

EXCHANGE = Exchange(NOON, "in", "CP1", "Heartbeat", "new", None, 0.1, "answered", b"<a/>", b"<b/>")
NOBODY = 999


def kept(store: SqlStore) -> tuple[int, int]:
    """How many connectors CP1 has, and how many rows the journal."""
    with store.reading() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        return len(work.charge_points.connectors(station.id)), len(work.journal.list())


def test_a_statement_that_fails_last_undoes_those_before_it(store: SqlStore, station: int) -> None:
    """A refusal that only shows at the commit leaves nothing behind, and the store goes on."""

    def note(last: int) -> None:
        with store.writing() as work:
            work.charge_points.notice_status(a_notice(station), None)
            work.journal.add(EXCHANGE)
            work.charge_points.notice_status(a_notice(last), None)

    with pytest.raises(StoreError):
        note(NOBODY)
    assert (0, 0) == kept(store)
    note(station)
    assert (1, 1) == kept(store)


def test_a_transaction_that_is_given_up_leaves_the_connection_as_it_was(store: SqlStore, station: int) -> None:
    """What a connection has prepared is there for the next transaction, in whatever way statements came before."""

    def note(given_up: bool) -> None:
        with store.writing() as work:
            for _ in range(3):  # a statement of each kind, often enough to be prepared
                work.charge_points.change(station, status="Accepted")
                work.journal.add(EXCHANGE)
            assert work.charge_points.contact("CP1", "new", None, NOON) is not None
            if given_up:
                raise ZeroDivisionError

    note(given_up=False)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            note(given_up=True)
        note(given_up=False)
    assert 9 == kept(store)[1]


def test_what_waits_has_run_before_the_next_statement_looks(store: SqlStore, station: int) -> None:
    """A transaction sees all that it wrote, in whatever way it asks."""
    with store.writing() as work:
        work.charge_points.notice_status(a_notice(station), None)
        assert ["Available"] == [row["status"] for row in work.charge_points.connectors(station)]
        transaction_id = work.transactions.start(a_start(station))
        assert transaction_id is not None
        work.transactions.meter(station, "m", 1, transaction_id, [a_sample()], NOON, [])
        found = work.transactions.find(transaction_id)
        assert found is not None
        assert [a_sample()] == work.transactions.samples(transaction_id)


def test_nothing_waits_for_the_next_transaction(store: SqlStore, station: int) -> None:
    """What a transaction did not get to say when its caller failed is said by nobody."""

    def fail() -> None:
        with store.writing() as work:
            work.journal.add(EXCHANGE)
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    with store.writing() as work:
        work.charge_points.notice_status(a_notice(station), None)
    assert (1, 0) == kept(store)


def test_messages_and_values_of_any_size_fit(store: SqlStore, station: int) -> None:
    """More than the sockets' buffers hold, both ways at once."""
    raw = bytes(range(256)) * 16_000
    samples = [a_sample(number, str(number)) for number in range(2_000)]
    transaction_id = start(store, a_start(station))
    with store.writing() as work:
        work.transactions.meter(station, "m", 1, transaction_id, samples, NOON, [])
        work.journal.add(replace(EXCHANGE, request=raw, answer=raw))
    with store.reading() as work:
        [exchange] = work.journal.list()
        assert (raw, raw) == (exchange.request, exchange.answer)
        assert samples == work.transactions.samples(transaction_id)


def test_a_text_that_no_database_holds_is_refused_at_once(store: SqlStore, station: int) -> None:
    """Half a surrogate pair."""
    with pytest.raises(StoreError), store.writing() as work:
        work.charge_points.notice_status(a_notice(station, info="\ud800"), None)
    assert (0, 0) == kept(store)


@pytest.mark.parametrize("before", ["first", "last"])
def test_a_session_that_ends_is_told_as_busy_and_replaced(postgresql_database: str, before: str) -> None:
    """The transaction may be run again, and then it works."""
    store = SqlStore(postgresql_database, pool_size=1)

    upgrade(store)

    def register(identity: str, ended: str | None = None) -> None:
        with store.writing() as work:
            if ended == "first":
                end_sessions(postgresql_database)
            work.charge_points.contact(identity, "new", None, NOON)
            if ended == "last":
                end_sessions(postgresql_database)
            work.journal.add(EXCHANGE)

    register("CP1")
    with pytest.raises(Busy):
        register("CP2", before)
    register("CP3")
    with store.reading() as work:
        assert 2 == len(work.journal.list())
    store.close()


def end_sessions(url: str) -> None:
    """Ends every session of the database but its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
