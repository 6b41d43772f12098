"""PostgreSQL restarts, freezes, or stands behind PgBouncer: what a message of a station notices of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from ocpp_soap.central import again
from ocpp_soap.central.again import transact
from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import ChargePoint
from ocpp_soap.errors import Busy, StoreError, Unreachable
from ocpp_soap.store import sessions
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.server import look_at_server
from ocpp_soap.store.work import SqlStore, open_store
from tests import postgresql
from tests.conftest import need

from .conftest import NOON

# Seconds; far more than is needed.
LONG = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    """A server of this module's own, with the tables of a store: it is restarted and frozen."""
    with postgresql.server() as started:
        upgrade(started.url)
        yield started


def registered(identity: str, work: Work) -> ChargePoint:
    """What a station's first message brings about."""
    return work.charge_points.register(identity, "Accepted", NOON)


def read(store: SqlStore) -> str | None:
    """What somebody asks meanwhile."""
    with store.reading() as work:
        found = work.charge_points.find("CP0")
        return found.identity if found else None


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine under load may take longer to restart a server than a message waits."""
    monkeypatch.setattr(again, "PATIENCE", LONG)
    monkeypatch.setattr(again, "AWAY", LONG)


@pytest.mark.usefixtures("patient")
def test_a_restart_is_waited_out(server: postgresql.Server) -> None:
    """Messages that come meanwhile are stored once the server answers, each once; who reads waits as well."""
    store = open_store(server.url, pool_size=4)
    transact(store, partial(registered, "CP0"))
    with store.reading() as work:
        assert work.charge_points.find("CP0") is not None
    server.stop(signal.SIGQUIT)
    with pytest.raises(Unreachable), store.writing():
        pass
    with ThreadPoolExecutor(6) as threads:
        messages = [threads.submit(transact, store, partial(registered, f"CP{number}")) for number in range(1, 5)]
        readers = [threads.submit(read, store) for _ in range(2)]
        server.start()
        assert [f"CP{number}" for number in range(1, 5)] == [message.result(LONG).identity for message in messages]
        assert ["CP0", "CP0"] == [reader.result(LONG) for reader in readers]
    with store.reading() as work:
        assert ["CP0", "CP1", "CP2", "CP3", "CP4"] == sorted(point.identity for point in work.charge_points.list())
    store.close()


@contextmanager
def standby_of(primary: postgresql.Server) -> Iterator[postgresql.Server]:
    """A server that follows another one and can only be read from."""
    folder = primary.folder / "standby"
    folder.mkdir()
    if primary.user:
        shutil.chown(folder, primary.user)
    program, data = Path(primary.command[0]), folder / "data"
    copy: list[str | Path] = [program.parent / "pg_basebackup", "-h", primary.folder, "-U", "postgres", "-D", data]
    more = ["-R", "-X", "stream", "-c", "fast", "--no-sync"]
    subprocess.run([*copy, *more], check=True, cwd=folder, user=primary.user, capture_output=True)
    same = [word for word in primary.command[3:] if not str(word).startswith("--unix_socket_directories")]
    command = [program, "-D", data, *same, f"--unix_socket_directories={folder}"]
    follower = postgresql.Server(command, folder, primary.user)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


@pytest.mark.usefixtures("patient")
def test_the_new_primary_of_several_hosts_is_found(server: postgresql.Server) -> None:
    """The standby is passed by while it is one, and taken when it was promoted, by writers and readers."""
    with standby_of(server) as standby:
        store = open_store(f"postgresql://postgres@/postgres?host={standby.folder},{server.folder}&port=5432,5432")
        alone = open_store(standby.url)
        transact(store, partial(registered, "before"))
        for opening in (alone.writing, alone.reading):
            with pytest.raises(Unreachable, match="standby"), opening():
                pass
        with psycopg.connect(standby.url, autocommit=True) as connection:
            caught_up = "SELECT count(*) FROM charge_points WHERE identity = 'before'"
            await_that(lambda: connection.execute(caught_up).fetchone() == (1,))
            server.stop(signal.SIGQUIT)
            connection.execute("SELECT pg_promote(true, 60)")
        for found in (store, alone):
            transact(found, partial(registered, f"after {found is store}"))
            with found.reading() as work:
                assert work.charge_points.find("before") is not None
            found.close()
    server.start()


def test_a_database_that_has_been_away_for_long_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried once, so that threads are free when it comes back."""
    monkeypatch.setattr(again, "PATIENCE", LONG)
    monkeypatch.setattr(again, "AWAY", 0.0)
    store, tries = open_store("postgresql://me@127.0.0.1:1/x"), 0
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(Unreachable, match="can't be reached"):
            transact(store, lambda work: None)
        tries += 1
    assert (3, True) == (tries, time.monotonic() - began < LONG)


def test_a_frozen_server_is_given_up(server: postgresql.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """By writers and readers, whether they had a connection or not; and all goes on when it does."""
    monkeypatch.setattr(again, "PATIENCE", 0.0)
    for read_only in (False, True):
        monkeypatch.setitem(sessions.ANSWER, read_only, 0.2)
    monkeypatch.setattr(sessions, "LOOK", 0.2)
    used, fresh = (open_store(f"{server.url}&connect_timeout=2", pool_size=2) for _ in range(2))
    for opening in (used.writing, used.reading):
        with opening() as work:
            work.tags.find("TAG")
    with frozen(server):
        for store in (used, fresh):
            with pytest.raises((Busy, Unreachable)):
                transact(store, lambda work: work.tags.find("TAG"))
        with pytest.raises((Busy, Unreachable)), used.reading() as work:
            work.tags.find("TAG")
    monkeypatch.undo()
    for store in (used, fresh):
        assert transact(store, lambda work: work.tags.find("TAG")) is None
        with store.reading() as work:
            assert work.tags.find("TAG") is None
        store.close()


@contextmanager
def frozen(server: postgresql.Server) -> Iterator[None]:
    """Nothing of it runs; its sockets still take what is sent."""
    with psycopg.connect(server.url) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").fetchall()
    processes = [server.process.pid, *(pid for (pid,) in rows)]
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@contextmanager
def pgbouncer(server: postgresql.Server, mode: str) -> Iterator[str]:
    """The URL of a real PgBouncer before the server."""
    program, folder = need("pgbouncer"), server.folder / mode
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    settings = {
        "listen_addr": "",
        "unix_socket_dir": folder,
        "listen_port": 6432,
        "auth_type": "any",
        "pool_mode": mode,
        "logfile": folder / "log",
        "server_lifetime": 3600,
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    database = f"* = host={server.folder} user=postgres"
    (folder / "ini").write_text("\n".join(["[databases]", database, "[pgbouncer]", *lines]))
    pooler = subprocess.Popen(
        [program, "-q", folder / "ini"], user=server.user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_that((folder / ".s.PGSQL.6432").exists)
        yield f"postgresql://postgres@/postgres?host={folder}&port=6432"
    finally:
        pooler.kill()
        pooler.wait()


def await_that(so: Callable[[], bool]) -> None:
    """Until it is so."""
    deadline = time.monotonic() + LONG
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_pooler_in_session_mode_is_as_good_as_the_server(server: postgresql.Server) -> None:
    """The real PgBouncer by its default settings: migrations, messages, readers, one process after another."""
    with pgbouncer(server, "session") as url:
        for number in range(2):
            store = open_store(url, pool_size=2)
            upgrade(store)
            name = f"behind {number}"
            point = transact(store, partial(registered, name))
            for _ in range(3):
                with store.reading() as work:
                    found = work.charge_points.find(name)
                    assert found is not None
                    assert (point.id, "Accepted") == (found.id, found.status)
            store.close()


def test_a_pooler_in_transaction_mode_is_refused_in_words(server: postgresql.Server) -> None:
    """As soon as a second session is needed, which is at the start of `serve`, `worker`, `migrate` and at `check`."""
    with pgbouncer(server, "transaction") as url:
        with pytest.raises(StoreError, match="pool_mode = session"):
            look_at_server(open_store(url))
        with pytest.raises(StoreError, match="pool_mode = session"):
            upgrade(url)
