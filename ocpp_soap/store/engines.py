"""Makes the engines: how SQLite and PostgreSQL are opened, and what a transaction begins with.

Each store has one engine to write and one that can only read. Nothing here knows a table.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import StoreError
from ..protocol.writing import to_json
from . import sessions
from .failures import failure, translate
from .files import watch

# How long a statement waits for another transaction's lock before it gives up.
LOCK_SECONDS = 6
# How long a transaction waits for a connection of the pool.
POOL_SECONDS = 4

# libpq's own way to name several hosts.
_HOSTS = re.compile(r"^([a-z+]+://)(?:([^/?#]*)@)?([^/?#@]*,[^/?#@]*)(/[^?#]*)?(?:\?(.*))?$")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::([0-9]+))?")


def read_url(text: str) -> URL:
    """The database's URL with its driver; raises StoreError for what is neither SQLite in a file nor PostgreSQL."""
    try:
        url = make_url(_one_authority(text))
    except (ArgumentError, ValueError):
        raise StoreError(
            "the database URL can't be read; expected sqlite:///file.db or postgresql://user:password@host:5432/name, "
            "with special characters of the password as %40 (@), %2F (/), %3A (:)"
        ) from None
    backend = url.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
        if isinstance(secret := url.query.get("password"), str):
            # Where it is hidden whenever the URL is shown.
            url = url.set(password=secret).difference_update_query(["password"])
        return url
    if backend != "sqlite":
        raise StoreError(f"{backend} is not supported; expected sqlite:///file.db or postgresql://…")
    if url.database in (None, "", ":memory:") or "mode=memory" in text:
        raise StoreError("a database in memory loses everything at its end; name a file: sqlite:///file.db")
    return url


def _one_authority(text: str) -> str:
    """`//a:1,b:2/name` as `///name?host=a,b&port=1,2`."""
    if (several := _HOSTS.match(text)) is None:
        return text
    scheme, user, hosts, path, query = several.groups(default="")
    found = [_HOST.fullmatch(host) for host in hosts.split(",")]
    if not all(found):
        raise ValueError(hosts)
    names, ports = zip(*((one[1].strip("[]"), one[2] or "5432") for one in found if one), strict=True)
    more = f"host={','.join(names)}&port={','.join(ports)}" + f"&{query}" * bool(query)
    return f"{scheme}{user}{'@' * bool(user)}{path or '/'}?{more}"


def make_engine(url: URL, pool_size: int, read_only: bool) -> Engine:
    """An engine whose errors are the package's own; on PostgreSQL a reading one runs each statement by itself."""
    kind = _sqlite_arguments if is_sqlite(url) else sessions.arguments
    engine = create_engine(
        url,
        **pool(url, pool_size, read_only),
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
    else:
        sessions.attend(engine, read_only, LOCK_SECONDS)
    return engine


def pool(url: URL, size: int, read_only: bool) -> dict[str, int]:
    """How many connections there may be: a server has room for a few, so that readers share half as many."""
    if is_sqlite(url):
        return {"pool_size": size, "max_overflow": size}
    return {"pool_size": (size + 1) // 2 if read_only else size, "max_overflow": 0}


def most_connections(url: URL, size: int) -> int:
    """The most that a process keeps open: to write, to read, and one that listens."""
    return sum(sum(pool(url, size, read_only).values()) for read_only in (False, True)) + 1


def is_sqlite(url: URL) -> bool:
    """Whether the URL is SQLite's; else it is PostgreSQL's."""
    return url.get_backend_name() == "sqlite"


def _sqlite_arguments(_url: URL, _read_only: bool) -> dict[str, Any]:
    # isolation_level None: sqlite3 begins nothing by itself, so that our BEGIN is the only one.
    return {"connect_args": {"timeout": LOCK_SECONDS, "isolation_level": None, "check_same_thread": False}}


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
