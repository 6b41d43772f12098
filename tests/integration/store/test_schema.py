"""The schema: made by the migrations, once, by whoever comes first; newer ones are left alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import NewTransaction
from ocpp_soap.errors import StoreError
from ocpp_soap.store import session_tables  # noqa: F401 it fills the metadata
from ocpp_soap.store.columns import metadata
from ocpp_soap.store.engines import is_sqlite
from ocpp_soap.store.schema import check_schema, upgrade
from ocpp_soap.store.work import SqlStore, open_store

from .conftest import NOON

UPGRADE = """
import os, sys
from ocpp_soap.store.schema import upgrade

for _ in range(3):
    if os.fork() == 0:
        break
upgrade(sys.argv[1])
while True:
    try:
        print(os.waitstatus_to_exitcode(os.wait()[1]))
    except ChildProcessError:
        break
"""


def _names(store: SqlStore) -> set[tuple[str, str | None]]:
    """Each table's names of keys, constraints and indexes."""
    inspector = inspect(store.reader)
    found: set[tuple[str, str | None]] = set()
    for table in inspector.get_table_names():
        found.add((table, inspector.get_pk_constraint(table)["name"]))
        for kind in ("get_foreign_keys", "get_unique_constraints", "get_check_constraints", "get_indexes"):
            found |= {(table, one["name"]) for one in getattr(inspector, kind)(table)}
    return {(table, name) for table, name in found if table != "alembic_version"}


def _set_revision(store: SqlStore, revision: str) -> None:
    with store.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_the_migrations_make_the_tables_that_the_code_knows(store: SqlStore) -> None:
    """Same columns, types, keys and indexes under the same names."""
    made = _names(store)
    with store.reader.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)
    with store.writer.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    expected = _names(store)
    assert expected == made
    # SQLAlchemy can't name the key of a table whose numbers SQLite must never reuse.
    assert {("transactions", None)} >= {(table, name) for table, name in expected if name is None}


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    """By URL or by store; afterwards the schema is what this code needs."""
    upgrade(database_url)
    store = open_store(database_url)
    with store.writing() as work:
        work.charge_points.register("CP1", "Accepted", NOON)
    upgrade(store)
    check_schema(store)
    with store.reading() as work:
        assert 1 == len(work.charge_points.list())
    store.close()


def test_processes_that_upgrade_at_once_all_end_well(database_url: str) -> None:
    """One does it, the others wait and find it done."""
    command = [sys.executable, "-c", UPGRADE, database_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert (0, "", "0\n" * 3) == (done.returncode, done.stderr, done.stdout)
    store = open_store(database_url)
    check_schema(store)
    store.close()


def _begin(work: Work, key: str, at: datetime = NOON) -> int | None:
    station = work.charge_points.register("CP1", "Accepted", at)
    return work.transactions.start(NewTransaction(station.id, key, 1, "A", at, at, at, 0, None, {}, []))


def test_the_transaction_ids_of_a_new_store_begin_at_random(database_url: str) -> None:
    """Two stores do not give the same ones, and there are a billion left for each."""
    begun = []
    for _ in range(2):
        store = open_store(database_url)
        upgrade(store)
        with store.writing() as work:
            first, second = _begin(work, "1"), _begin(work, "2")
        assert first is not None
        assert (True, first + 1) == (1_000_000 <= first < 1_000_000_000, second)
        begun.append(first)
        with store.writer.begin() as connection:
            metadata.drop_all(connection)
            connection.execute(text("DROP TABLE alembic_version"))
        store.close()
    assert begun[0] != begun[1]


def test_a_store_with_transactions_counts_on(database_url: str) -> None:
    """An upgrade takes no number that was given, and skips none."""
    store = open_store(database_url)
    upgrade(store)
    with store.writing() as work:
        first = _begin(work, "1")
    _set_revision(store, "0013")
    upgrade(store)
    with store.writing() as work:
        assert first is not None
        assert first + 1 == _begin(work, "2")
    store.close()


def test_after_the_last_transaction_id_the_log_says_so(store: SqlStore) -> None:
    """2147483647 is given; a start after it is refused, so that the station keeps it, and nothing begins anew."""
    with store.writer.begin() as connection:
        if is_sqlite(store.url):
            connection.execute(text("UPDATE sqlite_sequence SET seq = 2147483646 WHERE name = 'transactions'"))
        else:
            connection.execute(text("SELECT setval('transactions_id_seq', 2147483646)"))
    with store.writing() as work:
        assert 2147483647 == _begin(work, "1")
    with pytest.raises(StoreError, match="all transactionIds up to 2147483647 are used"), store.writing() as work:
        _begin(work, "2")


def test_a_newer_schema_that_only_adds_is_served(database_url: str) -> None:
    """By an older process that runs on and by one that starts: nothing that it uses is missing."""
    store = open_store(database_url)
    upgrade(store)
    with store.writer.begin() as connection:
        connection.execute(text("ALTER TABLE tags ADD COLUMN note TEXT"))
    _set_revision(store, "9999")
    check_schema(store)
    upgrade(store)
    store.close()


@pytest.mark.parametrize(
    "change", ["ALTER TABLE tags RENAME COLUMN blocked TO barred", "ALTER TABLE tags RENAME TO labels"]
)
def test_a_newer_schema_is_refused_and_left_alone(database_url: str, change: str) -> None:
    """In words that say what to do; by the check and by an upgrade; where something that this code uses is gone."""
    store = open_store(database_url)
    upgrade(store)
    with store.writer.begin() as connection:
        connection.execute(text(change))
    _set_revision(store, "9999")
    for act in (check_schema, upgrade):
        with pytest.raises(StoreError, match=r"newer ocpp_soap \(revision 9999\); install that version or restore"):
            act(store)
    store.close()


def test_an_older_schema_is_refused_until_it_is_upgraded(database_url: str) -> None:
    """The words name the command."""
    store = open_store(database_url)
    with pytest.raises(StoreError, match="no tables yet: run `ocpp-soap migrate`"):
        check_schema(store)
    upgrade(store)
    _set_revision(store, "0001")
    with pytest.raises(StoreError, match=r"older version \(revision 0001\): run `ocpp-soap migrate`"):
        check_schema(store)
    store.close()


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str) -> None:
    """All revisions are one transaction, also on SQLite."""
    store = open_store(database_url)
    with store.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE reservations (id INTEGER)")
    with pytest.raises(StoreError):
        upgrade(store)
    assert ["reservations"] == inspect(store.reader).get_table_names()
    store.close()
