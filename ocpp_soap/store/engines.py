"""Makes the engines: how SQLite and PostgreSQL are opened, and what a transaction begins with.

Each store has one engine to write and one that can only read. Nothing here knows a table.
"""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import StoreError
from ..protocol.writing import to_json
from .failures import failure, translate
from .files import watch

# How long a statement waits for another transaction's lock before it gives up.
LOCK_SECONDS = 10
CONNECT_SECONDS = 5
# How long a transaction waits for a connection of the pool.
POOL_SECONDS = 15


def read_url(text: str) -> URL:
    """The database's URL with its driver; raises StoreError for what is neither SQLite in a file nor PostgreSQL."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError("the database URL can't be read; expected sqlite:///file.db or postgresql://…") from None
    backend = url.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"{backend} is not supported; expected sqlite:///file.db or postgresql://…")
    if url.database in (None, "", ":memory:") or "mode=memory" in text:
        raise StoreError("a database in memory loses everything at its end; name a file: sqlite:///file.db")
    return url


def make_engine(url: URL, pool_size: int, read_only: bool) -> Engine:
    """An engine whose errors are the package's own; on PostgreSQL a reading one runs each statement by itself."""
    kind = _sqlite_arguments if is_sqlite(url) else _postgresql_arguments
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,
        # Whoever takes a connection ends its transaction (`SqlStore`, `Connection.close`): once is enough.
        pool_reset_on_return=None,
        json_serializer=json.JSONEncoder(default=to_json).encode,
        **kind(url, read_only),
    )
    event.listen(engine, "handle_error", translate)
    if is_sqlite(url):
        event.listen(engine, "connect", _set_up_reader if read_only else _set_up_writer)
        event.listen(engine, "begin", _begin_to_read if read_only else _begin_to_write)
        watch(engine)
    return engine


def is_sqlite(url: URL) -> bool:
    """Whether the URL is SQLite's; else it is PostgreSQL's."""
    return url.get_backend_name() == "sqlite"


def _sqlite_arguments(_url: URL, _read_only: bool) -> dict[str, Any]:
    # isolation_level None: sqlite3 begins nothing by itself, so that our BEGIN is the only one.
    return {"connect_args": {"timeout": LOCK_SECONDS, "isolation_level": None, "check_same_thread": False}}


def _postgresql_arguments(url: URL, read_only: bool) -> dict[str, Any]:
    options = [
        "-c timezone=UTC",
        f"-c lock_timeout={LOCK_SECONDS}s",
        # A process that was frozen in a transaction holds up whoever wants the same rows.
        "-c idle_in_transaction_session_timeout=15s",
        f"-c default_transaction_read_only={'on' if read_only else 'off'}",
        str(url.query.get("options", "")),
    ]
    arguments: dict[str, Any] = {
        "connect_args": {
            "options": " ".join(options).strip(),
            "connect_timeout": CONNECT_SECONDS,
            # A host that vanished is noticed after this many milliseconds, not after the kernel's quarter of an hour.
            "tcp_user_timeout": 20_000,
            "application_name": "ocpp_soap",
            # Every statement is one of a few hundred: prepared when it comes a second time. Never for writers: what
            # psycopg has prepared it takes away at a rollback, and what the pipeline has prepared with it.
            "prepare_threshold": 1 if read_only else None,
        }
    }
    if read_only:
        # A message is run again when its connection is lost; readers would not be, so they ask before.
        arguments |= {"isolation_level": "AUTOCOMMIT", "pool_pre_ping": True}
    return arguments


def _set_up_writer(connection: sqlite3.Connection, _record: object) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            # Kept in the file. Its busy timeout does not hold for this one, when others open the file as well.
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _set_up_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin_to_write(connection: Connection) -> None:
    _begin(connection, "BEGIN IMMEDIATE")


def _begin_to_read(connection: Connection) -> None:
    _begin(connection, "BEGIN")


def _begin(connection: Connection, sql: str) -> None:
    """Straight to the driver: SQLAlchemy's way would cost as much as three statements of a message."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(sql)
    except sqlite3.Error as error:
        raise failure(error, sql, disconnected=False) from error
