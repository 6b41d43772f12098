"""When the database fails: what may be run again is Busy, the rest a StoreError in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Thread

import psycopg
import pytest

from ocpp_soap.central.ports import Work
from ocpp_soap.errors import Busy, StoreError
from ocpp_soap.store import engines
from ocpp_soap.store.engines import is_sqlite
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.work import SqlStore, open_store

from .conftest import NOON, a_start, register


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
        ("mysql://somebody:secret@host/x", "mysql is not supported"),
        ("secret", "can't be read"),
    ],
)
def test_another_kind_of_database_is_refused_in_words(url: str, words: str) -> None:
    """Before anything is connected, and without repeating a password."""
    with pytest.raises(StoreError, match=words) as refusal:
        open_store(url)
    assert "secret" not in str(refusal.value)


def test_a_database_that_is_not_there_is_said_quickly(tmp_path: Path) -> None:
    """Where, why, and what to do; never the password."""
    for url in (f"sqlite:///{tmp_path}/none/x.db", "postgresql://me:secret@127.0.0.1:1/x"):
        for attempt in (open_store(url).writing, open_store(url).reading):
            with pytest.raises(StoreError, match=r"can't be reached: .*OCPP_SOAP_DATABASE_URL") as failure, attempt():
                pass
            assert (False, False) == (isinstance(failure.value, Busy), "secret" in str(failure.value))


def test_opening_a_store_touches_nothing(tmp_path: Path) -> None:
    """The file comes into being when it is first used."""
    with open_store(f"sqlite:///{tmp_path}/x.db").reading() as work:
        assert work is not None
    open_store(f"sqlite:///{tmp_path}/y.db")
    assert {"x.db"} == {path.name for path in tmp_path.iterdir()}


def test_a_lock_that_is_not_given_in_time_is_busy(
    store: SqlStore, station: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole transaction may be run again."""
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.1)
    impatient = open_store(str(store.url.render_as_string(hide_password=False)))
    with store.writing() as work:
        work.charge_points.contact("CP1", "new", None, NOON)
        with pytest.raises(Busy), impatient.writing() as other:
            other.charge_points.contact("CP1", "new", None, NOON)
        with pytest.raises(Busy), impatient.writing() as other:
            other.charge_points.change(station, status="Rejected")
    with impatient.writing() as other:
        assert other.charge_points.contact("CP1", "new", None, NOON) is not None
    impatient.close()


def test_one_of_two_transactions_that_wait_for_each_other_is_busy(postgresql_database: str) -> None:
    """PostgreSQL ends one, and only that one; what it wrote is undone."""
    store = open_store(postgresql_database)
    upgrade(store)
    ids = [register(store, identity) for identity in ("CP1", "CP2")]
    together, outcomes = Barrier(2), []

    def run(first: int, second: int) -> None:
        try:
            with store.writing() as work:
                work.charge_points.change(first, status="Rejected")
                together.wait()
                work.charge_points.change(second, status="Rejected")
            outcomes.append("done")
        except Busy:
            outcomes.append("busy")

    threads = [Thread(target=run, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert ["busy", "done"] == sorted(outcomes)


def test_a_lost_connection_costs_one_busy_transaction(postgresql_database: str) -> None:
    """PostgreSQL was restarted: the transaction may be run again and finds a new connection; readers notice nothing."""
    store = open_store(postgresql_database)
    upgrade(store)
    acts: dict[str, Callable[[Work], object]] = {
        "at a message's statement": lambda work: work.tags.find("TAG"),
        "at another statement": lambda work: work.tags.list(),
        "at the end": lambda work: None,
    }

    def lose(act: Callable[[Work], object]) -> None:
        with store.writing() as work:
            work.tags.find("TAG")
            _end_all_sessions(postgresql_database)
            act(work)

    for where, act in acts.items():
        with store.writing() as work:
            work.tags.find("TAG")
        with pytest.raises(Busy):
            lose(act)
        with store.writing() as work:
            assert (where, None) == (where, work.tags.find("TAG"))
        with store.reading() as work:
            assert (where, []) == (where, work.tags.list())
    store.close()


def _end_all_sessions(url: str) -> None:
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'ocpp_soap'"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{ended} AND datname = current_database()")


def test_too_few_connections_are_busy(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for one that is in use."""
    monkeypatch.setattr(engines, "POOL_SECONDS", 0.05)
    small = open_store(store.url.render_as_string(hide_password=False), pool_size=2)
    with ExitStack() as held:
        # A server's readers are half as many; a file has as many again in between.
        for _ in range(4 if is_sqlite(small.url) else 1):
            held.enter_context(small.reading())
        with pytest.raises(Busy, match="in use"):
            held.enter_context(small.reading())
    small.close()


def test_a_reading_transaction_can_not_write(store: SqlStore, station: int) -> None:
    """What is written where nobody commits would be lost on one database and kept on the other."""
    with pytest.raises(StoreError), store.reading() as work:
        work.charge_points.change(station, status="Rejected")
    with store.reading() as work:
        assert ["Accepted"] == [known.status for known in work.charge_points.list()]


def test_a_refused_statement_is_logged_without_its_values(
    store: SqlStore, station: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator finds the statement in the log; idTags stand nowhere."""
    with caplog.at_level(logging.DEBUG, "ocpp_soap"), pytest.raises(StoreError) as error, store.writing() as work:
        work.transactions.start(a_start(station + 1, id_tag="SECRET"))
    assert "INSERT INTO transactions" in caplog.text
    assert ("", "") == ("SECRET" * ("SECRET" in caplog.text), "INSERT" * ("INSERT" in str(error.value)))


def test_sqlite_waits_for_the_disk_and_checks_foreign_keys(tmp_path: Path) -> None:
    """A write-ahead log, each commit synced (2 is FULL)."""
    store = open_store(f"sqlite:///{tmp_path}/x.db")
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with store.writer.connect() as connection:
        assert expected == {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
    store.close()


def test_a_store_that_was_closed_opens_again(store: SqlStore) -> None:
    """Closing frees connections and ends nothing."""
    for _ in range(2):
        with store.writing() as work:
            assert [] == work.charge_points.list()
        store.close()
