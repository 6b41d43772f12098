"""The unit of work: one transaction on the store, with its repositories.

SQLite's writing transactions begin with the lock to write, one after another within a process: deferred ones lose
updates or fail as soon as two of them read before they write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, RLock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..central import again, exchanges, ledger, ports, repositories
from ..errors import Busy, Unreachable
from . import forks
from .attempts import SqlAttempts
from .batches import SqlBatches
from .commands import SqlCommands
from .engines import LOCK_SECONDS, is_sqlite, make_engine, most_connections, read_url
from .jobs import SqlJobs
from .journal import SqlJournal
from .keys import SqlKeys
from .ledger import SqlAudit, SqlTokens
from .lists import ListedChargePoints, ListedTags, ListedTransactions
from .pipeline import PipelinedStatements
from .queue import SqlQueue
from .sessions import give_back_idle
from .statements import Statements

# Seconds between two tries to reach a database that is away.
LOOK_AGAIN = 0.1


class SqlWork:
    """The repositories on the connection of one transaction."""

    __slots__ = (
        "attempts",
        "audit",
        "batches",
        "charge_points",
        "commands",
        "jobs",
        "journal",
        "keys",
        "queue",
        "tags",
        "tokens",
        "transactions",
    )

    def __init__(self, statements: Statements) -> None:
        self.charge_points: repositories.ChargePoints = ListedChargePoints(statements)
        self.attempts: repositories.Attempts = SqlAttempts(statements)
        self.tags: repositories.Tags = ListedTags(statements)
        self.transactions: repositories.Transactions = ListedTransactions(statements)
        self.commands: exchanges.Commands = SqlCommands(statements)
        self.batches: exchanges.Batches = SqlBatches(statements)
        self.keys: exchanges.Keys = SqlKeys(statements)
        self.queue: exchanges.Queue = SqlQueue(statements)
        self.journal: exchanges.Journal = SqlJournal(statements)
        self.jobs: exchanges.Jobs = SqlJobs(statements)
        self.tokens: ledger.Tokens = SqlTokens(statements)
        self.audit: ledger.Audit = SqlAudit(statements)


class SqlStore:
    """The store on SQLite or PostgreSQL; connects when it is first used."""

    def __init__(self, database_url: str, pool_size: int = 8) -> None:
        self.url = read_url(database_url)
        self._pool_size = pool_size
        self._met = False
        self._parents: list[Engine] = []
        self._engines: dict[bool, Engine] = {}
        self.forget()
        forks.WATCHED.add(self)

    def writing(self) -> AbstractContextManager[ports.Work]:
        """A transaction that commits at its end, or rolls back on an exception; `Busy` when it may be run again."""
        return self._transaction(connected, self.writer, self._in_turn() if is_sqlite(self.url) else nullcontext())

    def reading(self) -> AbstractContextManager[ports.Work]:
        """A transaction that only reads: a snapshot on SQLite, the latest state at each statement on PostgreSQL.

        A database that was there and is away for a moment is waited for, as `transact` does.
        """
        return self._transaction(self._connected_again, self.reader, nullcontext())

    @property
    def writer(self) -> Engine:
        """The engine of writing transactions."""
        return self._engine(read_only=False)

    @property
    def reader(self) -> Engine:
        """The engine of reading transactions; it can't write."""
        return self._engine(read_only=True)

    @property
    def most_connections(self) -> int:
        """The most that a process with this store has open."""
        return most_connections(self.url, self._pool_size)

    def close(self) -> None:
        """Closes all connections that are not in use; the store may be used again."""
        for engine in list(self._engines.values()):
            engine.dispose()

    def pause(self) -> None:
        """Before a fork: waits for SQLite's writer and closes its files."""
        if is_sqlite(self.url):
            # Not for ever: the writer may be waiting for the thread that forks.
            self._paused = self._turn.acquire(timeout=LOCK_SECONDS)
            self.close()

    def resume(self) -> None:
        """After a fork, in the parent: lets writers go on."""
        if self._paused:
            self._paused = False
            self._turn.release()

    def forget(self) -> None:
        """After a fork, in the child: new locks and connections.

        The parent's stay referenced: to close them here would end its sessions.
        """
        self._parents += self._engines.values()
        self._engines = {}
        self._making, self._turn, self._paused = Lock(), RLock(), False

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        turn = self._turn
        if not turn.acquire(timeout=LOCK_SECONDS):
            raise Busy("other transactions take their time")
        try:
            yield
        finally:
            turn.release()

    @contextmanager
    def _transaction(
        self, connect: Callable[[Engine], Connection], engine: Engine, turn: AbstractContextManager[object]
    ) -> Iterator[SqlWork]:
        with turn, connect(engine) as connection, connection.begin():
            statements = (Statements if is_sqlite(self.url) else PipelinedStatements)(connection)
            yield SqlWork(statements)
            statements.finish()

    def _connected_again(self, engine: Engine) -> Connection:
        end = time.monotonic() + again.PATIENCE
        while True:
            try:
                connection = connected(engine)
                self._met = True
                return connection
            except Unreachable as error:
                if not self._met or error.lasting > again.AWAY or time.monotonic() > end:
                    raise
            time.sleep(LOOK_AGAIN)

    def _engine(self, read_only: bool) -> Engine:
        engine = self._engines.get(read_only)
        if engine is None:
            with self._making:
                engine = self._engines.get(read_only)
                if engine is None:
                    engine = self._engines[read_only] = make_engine(self.url, self._pool_size, read_only)
                    if not is_sqlite(self.url):
                        give_back_idle(engine)
        return engine


def connected(engine: Engine) -> Connection:
    """A connection of the pool; raises `Busy` when none gets free in time, or each one ends at once."""
    try:
        return engine.connect()
    except PoolTimeout:
        raise Busy("all connections to the database are in use") from None
    except InvalidRequestError:
        raise Busy("the database ends every session") from None


def open_store(database_url: str, pool_size: int = 8) -> SqlStore:
    """The store of `sqlite:///file.db` or `postgresql://…`; `pool_size` connections stay open, for as many threads.

    Raises StoreError for another URL; nothing is connected yet.
    """
    return SqlStore(database_url, pool_size)
