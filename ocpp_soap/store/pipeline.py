"""PostgreSQL's way to run the statements of a transaction: several of them in one exchange with the server.

What gives back no row waits for the next statement that does, or for the commit; the order stays. psycopg connects,
converts values and makes the errors. Its own way to execute costs three times the processor's time, and a wait each.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from sqlalchemy import Connection, Executable

from ..errors import StoreError
from .compiled import Compiled, Form
from .failures import REFUSALS
from .sessions import ANSWER
from .statements import BELL, AnyRows, Row, Statements, Values

_IDLE = pq.TransactionStatus.IDLE
_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED)
_SYNC = pq.ExecStatus.PIPELINE_SYNC


class Bound(NamedTuple):
    """A statement with its values as the server gets them."""

    sql: str
    values: Sequence[Any] = ()
    formats: Sequence[pq.Format] = ()


BEGIN, COMMIT = Bound("BEGIN"), Bound("COMMIT")
RING = Bound(f"NOTIFY {BELL}")


class PipelineError(Exception):
    """The statement that the server refused, and why."""

    def __init__(self, sql: str, reason: psycopg.Error) -> None:
        super().__init__(reason)
        self.sql = sql
        self.reason = reason


class Pipeline:
    """One connection as libpq's pipeline; it knows what was prepared there, and so lives as long as the connection."""

    __slots__ = ("_autocommit", "_both", "_names", "_patience", "_pq", "_prepared", "_readable", "_types")

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._autocommit = connection.autocommit
        self._patience = ANSWER[self._autocommit] * 1000
        self._pq = connection.pgconn
        self._types = Transformer(connection)
        self._prepared: dict[str, bytes] = {}
        self._names = count(1)
        self._readable, self._both = select.poll(), select.poll()
        self._readable.register(self._pq.socket, select.POLLIN)
        self._both.register(self._pq.socket, select.POLLIN | select.POLLOUT)

    @property
    def begun(self) -> bool:
        """Whether a transaction is open on the server."""
        return self._pq.transaction_status != _IDLE

    def bind(self, form: Form, values: list[Any]) -> Bound:
        """A statement ready to be sent; what a value's type is follows from its place in the statement."""
        formats = [PyFormat.BINARY if type(value) is bytes else PyFormat.TEXT for value in values]
        dumped = self._types.dump_sequence(values, formats)
        return Bound(form.sql, dumped, self._types.formats or ())

    def row(self, result: pq.abc.PGresult) -> Row:
        """The first row of a result."""
        self._types.set_pgresult(result)
        row = self._types.load_row(0, tuple)
        assert row is not None
        return row

    def run(self, statements: Sequence[Bound]) -> pq.abc.PGresult:
        """Runs them in their order, in a transaction unless the connection is in autocommit; gives the last's result.

        Raises `PipelineError` for the first that fails; those after it have not run.
        """
        if not self._autocommit and not self.begun:
            statements = [BEGIN, *statements]
        self._pq.enter_pipeline_mode()
        fresh: dict[str, bytes] = {}
        sent = [sql for statement in statements for sql in self._send(statement, fresh)]
        self._pq.pipeline_sync()
        while self._pq.flush():
            if any(event & select.POLLIN for _, event in self._wait(self._both)):
                self._pq.consume_input()
        results = self._results()
        self._pq.exit_pipeline_mode()
        for sql, result in zip(sent, results, strict=False):
            if result.status in _FAILED:
                raise PipelineError(sql, error_from_result(result))
        self._prepared |= fresh
        return results[-1]

    def _send(self, statement: Bound, fresh: dict[str, bytes]) -> list[str]:
        sql, values, formats = statement
        name = self._prepared.get(sql) or fresh.get(sql)
        sent = [sql]
        if name is None:
            # Never a name that was used: a statement may stay prepared although what came after it failed.
            name = fresh[sql] = b"ocpp_%d" % next(self._names)
            self._pq.send_prepare(name, sql.encode())
            sent.append(sql)
        self._pq.send_query_prepared(name, values, formats)
        return sent

    def _wait(self, poll: select.poll) -> list[tuple[int, int]]:
        """What can be read or written; a server that answers nothing is given up."""
        ready = poll.poll(self._patience)
        if not ready:
            raise psycopg.OperationalError("the server does not answer")
        return ready

    def _results(self) -> list[pq.abc.PGresult]:
        results: list[pq.abc.PGresult] = []
        while True:
            while self._pq.is_busy():
                self._wait(self._readable)
                self._pq.consume_input()
            result = self._pq.get_result()
            if result is not None and result.status == _SYNC:
                return results
            if result is not None:
                results.append(result)
            elif self._pq.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the connection is lost")


class PipelinedStatements(Statements):
    """Keeps back what gives no row."""

    __slots__ = ("_pipeline", "_waiting")

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        kept = connection.info
        pipeline = kept.get("pipeline")
        if pipeline is None:
            pipeline = kept["pipeline"] = Pipeline(self._driver)
        self._pipeline: Pipeline = pipeline
        self._waiting: list[Bound] = []

    def first(self, statement: Compiled, values: Values) -> Row | None:
        """Runs it with these parameters; gives the first row, or None."""
        form = statement.form(self._connection.dialect)
        self._keep(form, [values])
        if not form.columns:
            return None
        result = self._send()
        if not result.ntuples:
            return None
        if form.conversions is None:
            form.learn(self._connection.dialect, [result.ftype(index) for index in range(result.nfields)])
        return form.converted(self._pipeline.row(result))

    def each(self, statement: Compiled, rows: Sequence[Values]) -> None:
        """Runs it for each of these rows of parameters, in one go."""
        self._keep(statement.form(self._connection.dialect), rows)

    def execute(self, statement: Executable, parameters: Values | Sequence[Values] | None = None) -> AnyRows:
        """Runs any statement by SQLAlchemy."""
        if self._waiting:
            self._send()
        return super().execute(statement, parameters)

    def ring(self) -> None:
        """Tells whoever listens (`bell`) that there is something to do, once this transaction is committed."""
        if RING not in self._waiting:
            self._waiting.append(RING)

    def finish(self) -> None:
        """Commits; raises StoreError when the server rolled back instead."""
        if self._waiting or self._pipeline.begun:
            self._waiting.append(COMMIT)
            if self._send().command_status != b"COMMIT":
                raise StoreError("the database rolled the transaction back")

    def _keep(self, form: Form, rows: Sequence[Values]) -> None:
        bound = [form.bound(values) for values in rows]
        self._notify(form.sql, bound)
        try:
            self._waiting += [self._pipeline.bind(form, parameters) for parameters in bound]
        except REFUSALS as error:
            raise self._failed(error, form.sql) from error

    def _send(self) -> pq.abc.PGresult:
        waiting, self._waiting = self._waiting, []
        try:
            return self._pipeline.run(waiting)
        except PipelineError as error:
            raise self._failed(error.reason, error.sql) from error.reason
        except BaseException as error:
            # Lost, or interrupted: nobody can tell any more which answer belongs to what.
            self._driver.close()
            if isinstance(error, psycopg.Error):
                raise self._failed(error, waiting[-1].sql) from error
            self._connection.invalidate(error)
            raise
