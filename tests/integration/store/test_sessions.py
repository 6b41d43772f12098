"""PostgreSQL's sessions: ours whatever a server, a role, the environment or a pooler says, and made again when lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from ocpp_soap.errors import Busy, StoreError, Unreachable
from ocpp_soap.store import sessions
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.server import look_at_server
from ocpp_soap.store.work import SqlStore, open_store

from .conftest import NOON, a_start, register, start

STRANGE = {
    "DateStyle": "SQL, DMY",
    "TimeZone": "Europe/Berlin",
    "IntervalStyle": "iso_8601",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "synchronous_commit": "off",
    "lock_timeout": "1ms",
    "statement_timeout": "1h",
    "idle_in_transaction_session_timeout": "0",
    "extra_float_digits": "-15",
}
ENVIRONMENT = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1", "PGOPTIONS": "-c jit=off"}


@pytest.fixture
def strange(postgresql_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    """A store whose database and environment say everything in another way."""
    name = postgresql_database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgresql_database, autocommit=True) as connection:
        for setting, value in STRANGE.items():
            connection.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    store = open_store(postgresql_database)
    upgrade(store)
    yield store
    store.close()


def test_a_session_is_ours_whatever_the_database_and_the_environment_say(strange: SqlStore) -> None:
    """Times, isolation, waits and durability; and both kinds of statements read what was written."""
    expected = {"DateStyle": "ISO, MDY", "TimeZone": "UTC", "IntervalStyle": "postgres", "bytea_output": "hex"}
    expected |= {"standard_conforming_strings": "on", "default_transaction_isolation": "read committed"}
    expected |= {"synchronous_commit": "on", "lock_timeout": "6s", "statement_timeout": "1min"}
    expected |= {"idle_in_transaction_session_timeout": "15s", "extra_float_digits": "1", "client_encoding": "UTF8"}
    for engine, read_only in ((strange.writer, "off"), (strange.reader, "on")):
        with engine.connect() as connection:
            asked = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in expected}
            assert expected == asked
            assert read_only == connection.execute(text("SHOW default_transaction_read_only")).scalar_one()
    number = start(strange, a_start(register(strange, "CP1")))
    with strange.reading() as work:
        transaction = work.transactions.find(number)
    with strange.writing() as work:
        assert [NOON, NOON] == [
            one and one.start_timestamp for one in (transaction, work.transactions.find(number, lock=True))
        ]


def test_a_stronger_commit_than_ours_stays(postgresql_database: str) -> None:
    """Who waits for a standby as well goes on to do so."""
    name = postgresql_database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgresql_database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = 'remote_apply'")
    store = open_store(postgresql_database)
    with store.writer.connect() as session:
        assert "remote_apply" == session.execute(text("SHOW synchronous_commit")).scalar_one()
    store.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_can_not_hold_unicode_is_refused_in_words(postgresql_url: str, encoding: str) -> None:
    """Before anything is stored, with the way to make a right one."""
    name = f"of_{encoding.lower()}"
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'")
        store = open_store(postgresql_url.replace("/postgres?", f"/{name}?"))
        try:
            for attempt in (upgrade, lambda store: store.reading().__enter__()):
                with pytest.raises(StoreError, match=rf"encoding is {encoding}.*CREATE DATABASE … ENCODING 'UTF8'"):
                    attempt(store)
        finally:
            store.close()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_session_of_another_client_is_refused_in_words(
    postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pooler in transaction mode gives: a setting is there already."""
    monkeypatch.setenv("PGOPTIONS", f"-c {sessions.MARK}=ours")
    with pytest.raises(StoreError, match="pool_mode = session"):
        upgrade(postgresql_database)


def test_a_missing_right_is_told_with_what_to_grant(postgresql_database: str) -> None:
    """For the role and the schema at hand, at the migration and before."""
    with psycopg.connect(postgresql_database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS app")
        connection.execute("CREATE ROLE app LOGIN")
    store = open_store(postgresql_database.replace("postgres@", "app@"))
    with pytest.raises(StoreError, match=r"schema public.*GRANT USAGE, CREATE ON SCHEMA public TO app"):
        upgrade(store)
    found = look_at_server(store)
    assert found is not None
    assert "GRANT USAGE, CREATE ON SCHEMA public TO app" in (found.lacks or "")
    with psycopg.connect(postgresql_database, autocommit=True) as connection:
        connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO app")
    upgrade(store)
    found = look_at_server(store)
    assert (None, True) == (found and found.lacks, found is not None and 0 < found.ours <= found.used < found.usable)
    store.close()
    with psycopg.connect(postgresql_database, autocommit=True) as connection:
        connection.execute("DROP OWNED BY app")
        connection.execute("DROP ROLE app")


def test_one_of_several_hosts_answers(postgresql_database: str) -> None:
    """In libpq's own form, too; the first of them is no server."""
    folder = postgresql_database.rpartition("=")[2]
    name = postgresql_database.partition("?")[0].rpartition("/")[2]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = open_store(f"postgresql://postgres@/{name}?host=127.0.0.1,{folder}&port={port},5432")
    with store.reading() as work:
        assert work is not None
    store.close()
    listed = open_store(f"postgresql://me:pw@h1:5433,[::1],h3/{name}?sslmode=require").url
    expected = {"host": "h1,::1,h3", "port": "5433,5432,5432", "sslmode": "require"}
    assert (expected, "me", "pw", name) == (dict(listed.query), listed.username, listed.password, listed.database)


@pytest.mark.parametrize("url", ["postgresql://me:s@cret@h:x/db", "postgresql://h:port/db", "postgresql://a:b,c:d/x"])
def test_a_malformed_url_is_refused_in_words(url: str) -> None:
    """With the form that is expected, and without what may be a password."""
    with pytest.raises(StoreError, match=r"can't be read; expected sqlite:///file\.db or postgresql://") as refusal:
        open_store(url)
    assert "cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("&dbname=nowhere", "does not exist.*Make it"),
        ("&sslmod=require", 'option "sslmod".*behind the .'),
        ("&user=nobody&password=secret", 'role "nobody" does not exist.*Make it'),
        ("&options=-c%20nonsense", "nonsense.*OCPP_SOAP_DATABASE_URL"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_with_what_to_correct(postgresql_url: str, more: str, words: str) -> None:
    """By what the server says of it, and never with a password."""
    with pytest.raises(Unreachable, match=words) as failure, open_store(postgresql_url + more).reading():
        pass
    assert "secret" not in str(failure.value)


def test_idle_connections_are_given_back(postgresql_database: str) -> None:
    """Those that were used lately stay, and the next transaction finds or makes one."""
    store = open_store(postgresql_database)
    for engine in (store.writer, store.reader):
        held = [engine.connect() for _ in range(3)]
        for connection in held:
            connection.close()
        assert isinstance(engine.pool, sessions.Pool)
        engine.pool.close_idle(0.0)
    assert 6 == _sessions(postgresql_database)
    for engine in (store.writer, store.reader):
        assert isinstance(engine.pool, sessions.Pool)
        engine.pool.close_idle(float("inf"))
    assert 0 == _sessions(postgresql_database)
    with store.reading() as work:
        assert work is not None
    store.close()


def _sessions(url: str) -> int:
    """How many of ours there are; one that is being closed may be there yet, and is waited for."""
    ours = "FROM pg_stat_activity WHERE application_name = 'ocpp_soap' AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as connection:
        left = 0
        for _ in range(100):
            row = connection.execute(f"SELECT count(*) {ours}").fetchone()
            assert row is not None
            [left] = row
            if left in (0, 6):
                break
            connection.execute("SELECT pg_sleep(0.1)")
        return left


def test_a_process_keeps_to_its_budget(postgresql_database: str) -> None:
    """As many as threads write, half as many read, and nobody more."""
    store = open_store(postgresql_database, pool_size=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ocpp_soap.store.engines.POOL_SECONDS", 0.05)
        for engine, most in ((store.writer, 4), (store.reader, 2)):
            held = [engine.connect() for _ in range(most)]
            assert most == engine.pool.checkedout()  # type: ignore[attr-defined]
            with pytest.raises(Exception, match="limit of size"):
                engine.connect()
            for connection in held:
                connection.close()
    store.close()


def test_a_session_that_has_ended_costs_no_attempt(postgresql_database: str) -> None:
    """It is noticed before it is used, by writers and readers."""
    store = open_store(postgresql_database)
    upgrade(store)
    for opening in (store.writing, store.reading):
        with opening() as work:
            assert [] == work.tags.list()
        with psycopg.connect(postgresql_database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE application_name = 'ocpp_soap' AND datname = current_database()"
            )
        with opening() as work:
            assert [] == work.tags.list()
    store.close()


def test_a_session_that_can_only_read_is_made_again(postgresql_database: str) -> None:
    """What a pooler gives whose server became a standby: the transaction may be run again, by another session."""
    store = open_store(postgresql_database, pool_size=1)
    upgrade(store)
    register(store, "CP1")
    with store.writer.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
        connection.commit()
    with pytest.raises(Busy):
        register(store, "CP2")
    register(store, "CP3")
    store.close()


def test_a_database_that_is_away_may_be_tried_again(postgresql_database: str) -> None:
    """It is told apart from one that refuses a statement."""
    with pytest.raises(Unreachable), open_store("postgresql://me@127.0.0.1:1/x").writing():
        pass
