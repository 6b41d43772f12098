"""PostgreSQL's sessions: made with settings of our own, looked at before they are used, and closed when idle.

A server, a role, an environment (PGTZ, PGOPTIONS, …) or a pooler may say otherwise about dates, isolation, durability.
What is sent before a session begins, poolers refuse or drop: so all is set, and looked at, in one exchange after that.
"""

from __future__ import annotations

import logging
import select
import threading
import time
import weakref
from collections.abc import Generator, Sequence
from typing import Any

import psycopg
from psycopg import pq
from sqlalchemy import QueuePool, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util.queue import Empty

from ..errors import StoreError, Unreachable
from .failures import advice, reason

log = logging.getLogger(__name__)

# Seconds: to connect to one host, until an answer begins (for a reader: longer), and for a look at a session.
CONNECT, ANSWER, LOOK = 3, {False: 8.0, True: 30.0}, 3.0

# That a database is away is logged once in so many seconds.
TOLD = 5.0

# Connections that nobody has used for so long are given back (seconds); how often it is looked for them.
IDLE, ROUND = 30.0, 10.0

MARK = "ocpp_soap.session"
"""A setting that a new session has not: whoever finds it set was given another's."""

OURS = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "transform_null_equals": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "statement_timeout": "1min",
    "transaction_timeout": "0",
    # A process that was frozen in a transaction holds up whoever wants the same rows.
    "idle_in_transaction_session_timeout": "15s",
    # Idle ones are closed here, without an error in the server's log.
    "idle_session_timeout": "0",
}
"""What a session is told, where its server knows such a setting."""

# One exchange: what was there, our settings, and how they are now. An answered message is on the disk: weaker is
# strengthened, while `remote_apply` stays.
_SET = """
SELECT current_setting('{mark}', true), current_setting('server_encoding'), pg_is_in_recovery();
SELECT set_config(name, value, false) FROM (VALUES {values}) AS ours (name, value)
WHERE current_setting(name, true) IS NOT NULL OR name = '{mark}';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
SELECT current_setting('TimeZone'), current_setting('DateStyle'), current_setting('client_encoding'),
current_setting('standard_conforming_strings'), current_setting('default_transaction_read_only')
"""

NO_UNICODE = (
    "the database's encoding is {0}, which can't hold every name and text (Unicode): make one with "
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0 and name it in OCPP_SOAP_DATABASE_URL"
)
SHARED_SESSION = (
    "the database's pooler gives a session that another client has used: settings, prepared statements, LISTEN and "
    "transactions would mix. Set PgBouncer's pool_mode = session and server_reset_query = DISCARD ALL, or name "
    "PostgreSQL itself in OCPP_SOAP_DATABASE_URL"
)


class Session(psycopg.Connection[Any]):
    """A connection that gives up a server which doesn't answer."""

    patience: float = ANSWER[False]
    """For how many seconds nothing may come."""

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """As psycopg's own, within `patience`."""
        try:
            return super().wait(_impatient(gen, self.patience), *arguments, **options)
        except _SilentError:
            self.close()
            raise psycopg.OperationalError("the server does not answer") from None


class _SilentError(Exception):
    """Nothing came."""


def _impatient(gen: Generator[Any, Any, Any], patience: float) -> Generator[Any, Any, Any]:
    """The same exchange, which fails when for too long nothing can be read or written."""
    since = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                since = time.monotonic()
            elif time.monotonic() - since > patience:
                raise _SilentError
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


def arguments(url: URL, read_only: bool) -> dict[str, Any]:
    """What `create_engine` needs for PostgreSQL."""
    connect: dict[str, Any] = {
        "connect_timeout": CONNECT,
        # A host that vanished is noticed after so many milliseconds, not after the kernel's quarter of an hour.
        "tcp_user_timeout": 8_000,
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "application_name": "ocpp_soap",
        "client_encoding": "UTF8",
        # Every statement is one of a few hundred: prepared when it comes a second time. Never for writers: what
        # psycopg has prepared it takes away at a rollback, and what the pipeline has prepared with it.
        "prepare_threshold": 1 if read_only else None,
    }
    if isinstance(hosts := url.query.get("host", ""), tuple) or "," in hosts:
        # Not read-write: a role whose default is read-only may well write.
        connect["target_session_attrs"] = "primary"
    connect = {name: value for name, value in connect.items() if name not in url.query}
    chosen: dict[str, Any] = {"connect_args": connect, "poolclass": Pool, "pool_use_lifo": True}
    return chosen | ({"isolation_level": "AUTOCOMMIT"} if read_only else {})


def attend(engine: Engine, read_only: bool, lock_seconds: float) -> None:
    """Makes and keeps the sessions of an engine."""
    event.listen(engine, "do_connect", Door(engine.url, read_only, lock_seconds).connect)
    event.listen(engine, "checkout", _look_at_reader if read_only else _look_at_writer)
    event.listen(engine, "checkin", _note_use)


class Door:
    """Where the sessions of an engine are made; it knows for how long none could be."""

    def __init__(self, url: URL, read_only: bool, lock_seconds: float) -> None:
        self._name = url.render_as_string(hide_password=True)
        self._patience = ANSWER[read_only]
        self._settings = OURS | {
            "lock_timeout": f"{int(lock_seconds * 1000)}ms",
            "default_transaction_read_only": "on" if read_only else "off",
            MARK: "ours",
        }
        self._away: float | None = None
        self._told = 0.0

    def connect(self, _dialect: Any, _record: Any, positional: Sequence[Any], named: dict[str, Any]) -> Session:
        """A session with our settings; raises `Unreachable`, or a StoreError for one that can't be used."""
        try:
            session = Session.connect(*positional, **named)
            try:
                _set_up(session, self._settings)
            except BaseException:
                session.close()
                raise
        except psycopg.Error as error:
            raise self._unreachable(error) from error
        self._away = None
        session.patience = self._patience
        return session

    def _unreachable(self, error: psycopg.Error) -> Unreachable:
        now = time.monotonic()
        since = self._away = now if self._away is None else self._away
        if now - self._told > TOLD:
            self._told = now
            log.error("no connection to the database: %s", reason(error))
        why = reason(error)
        return Unreachable(f"{self._name} can't be reached: {why}. {advice(why)}", now - since)


def _set_up(session: Session, settings: dict[str, str]) -> None:
    values = ", ".join(f"('{name}', '{value}')" for name, value in settings.items())
    session.patience = LOOK
    autocommit, session.autocommit = session.autocommit, True
    # Without parameters, and so all of it in one exchange.
    before = session.execute(_SET.format(mark=MARK, values=values).encode(), prepare=False)
    mark, encoding, standby = before.fetchone() or (None, None, None)
    while before.nextset():
        found = before.fetchone()
    session.autocommit = autocommit
    if encoding != "UTF8":
        raise StoreError(NO_UNICODE.format(encoding))
    if mark:
        raise StoreError(SHARED_SESSION)
    if standby:
        raise psycopg.OperationalError("this server is a standby: it can't write")
    if found != ("UTC", "ISO, MDY", "UTF8", "on", settings["default_transaction_read_only"]):
        raise StoreError(f"the database, or its pooler, does not take the settings of a session: it says {found}")


def _look_at_writer(session: Session, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Without asking: a message is run again when its connection is lost. A session that has ended can be read from."""
    poll = record.info.get("poll")
    if poll is None:
        poll = record.info["poll"] = select.poll()
        poll.register(session.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        session.pgconn.consume_input()
        if session.pgconn.status == pq.ConnStatus.BAD or poll.poll(0):
            raise InvalidatePoolError("the session has ended")


def _look_at_reader(session: Session, record: ConnectionPoolEntry, _proxy: object) -> None:
    """By asking: reading transactions are not run again. One that was made just now has been asked."""
    if not record.info.get("used"):
        return
    patience, session.patience = session.patience, LOOK
    try:
        if session.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
            raise InvalidatePoolError("this server is a standby now")
    except psycopg.Error as error:
        raise InvalidatePoolError("the session has ended") from error
    session.patience = patience


def _note_use(_session: object, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


class Pool(QueuePool):
    """Connections in use most lately are taken first; the others can be closed."""

    def close_idle(self, since: float) -> None:
        """Closes those that nobody has used since then."""
        kept = []
        while True:
            try:
                record = self._pool.get(block=False)
            except Empty:
                break
            if record.dbapi_connection is not None and record.info.get("used", since) < since:
                record.close()
            kept.append(record)
        for record in reversed(kept):
            self._pool.put(record, block=False)


def give_back_idle(engine: Engine) -> None:
    """Closes what is idle, in a thread, for as long as somebody has the engine."""
    threading.Thread(target=_close_idle, args=(weakref.ref(engine),), name="idle", daemon=True).start()


def _close_idle(engine_of: weakref.ref[Engine]) -> None:
    while True:
        time.sleep(ROUND)
        if (engine := engine_of()) is None:
            return
        if isinstance(engine.pool, Pool):
            engine.pool.close_idle(time.monotonic() - IDLE)
        del engine
