"""Turns what a database driver raises into the package's own errors: run it again, or say it and give up.

Neither SQL nor values leave this room in an error's text; the log gets the statement, never its values.
"""

from __future__ import annotations

import logging
import re
import sqlite3

from psycopg import Error as PostgresError
from sqlalchemy.engine import ExceptionContext

from ..errors import Busy, StoreError, Unreachable

log = logging.getLogger(__name__)

# PostgreSQL: serialization failure, deadlock, lock not available (also a lock timeout), the server starts or stops,
# too many connections, and the end of a session that held a transaction open for too long.
RUN_AGAIN = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "25P03"})

# PostgreSQL: a session of no more use. The server is read-only now (a standby behind the same address), it starts or
# stops, and the session was idle for too long; all of class 08, too.
SESSION_ENDS = frozenset({"25006", "57P01", "57P02", "57P03", "57P05", "25P03"})

# The transactionIds have reached the largest that there is.
NO_MORE_NUMBERS = frozenset({"2200H", "CHECK constraint failed: ck_transactions_id"})

# PostgreSQL: a right that the role has not, and a search_path without a schema that it may use.
NO_RIGHT, NO_SCHEMA = "42501", "3F000"
_PLAIN = re.compile("[a-z_][a-z0-9_]*")
_OF_SCHEMA = re.compile(r'schema "?([^"\s]+)"?')

# What drivers raise: the last two for values that they can't even send.
REFUSALS = (sqlite3.Error, PostgresError, UnicodeError, OverflowError)

CHECK_URL = "Check that the database runs, and OCPP_SOAP_DATABASE_URL."

# By what the server, or a pooler, says.
ADVICE = {
    "too many": "Set OCPP_SOAP_WORKERS or OCPP_SOAP_THREADS lower, or the database's max_connections higher.",
    "remaining connection slots": "Set OCPP_SOAP_WORKERS or OCPP_SOAP_THREADS lower, or max_connections higher.",
    "startup parameter": "The pooler takes no such setting: leave it out of OCPP_SOAP_DATABASE_URL and PGOPTIONS.",
    "does not exist": "Make it, or name another in OCPP_SOAP_DATABASE_URL.",
    "password authentication": "Check user and password in OCPP_SOAP_DATABASE_URL.",
    "connection option": "Correct what stands behind the ? in OCPP_SOAP_DATABASE_URL.",
}


def translate(context: ExceptionContext) -> StoreError | None:
    """The error to raise in place of the driver's; None for what is no matter of the database, or only its pool's."""
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, REFUSALS):
        return None
    if context.connection is None and not is_busy(error):
        log.error("no connection to the database: %s", reason(error))
        return unreachable(context, error)
    context.is_disconnect = context.is_disconnect or ends_session(error)
    role = context.engine.url.username if context.engine is not None else None
    return failure(error, context.statement, context.is_disconnect, role)


def failure(error: BaseException, statement: str | None, disconnected: bool, role: str | None = None) -> StoreError:
    """`Busy` when the transaction may be run again, else a StoreError; the statement goes to the log alone."""
    if isinstance(error, (UnicodeError, OverflowError)):
        return StoreError("the database can't hold half a surrogate pair, or a number of more than 64 bits")
    if disconnected or is_busy(error):
        log.warning("the database gave up on a transaction: %s", reason(error))
        return Busy("the database gave up on this transaction; it may be run again")
    log.error("the database refused a statement: %s\n%s", reason(error), statement)
    if isinstance(error, PostgresError) and error.sqlstate in (NO_RIGHT, NO_SCHEMA):
        return StoreError(lacking(error, role))
    if NO_MORE_NUMBERS.intersection({getattr(error, "sqlstate", None), str(error)}):
        return StoreError("all transactionIds up to 2147483647 are used, and no station understands a larger one")
    return StoreError(f"the database refused a statement ({type(error).__name__}); the log says which")


def lacking(error: PostgresError, role: str | None) -> str:
    """What the server says of a missing right, and what its owner has to grant."""
    said = (error.diag.message_primary or str(error)).strip()
    found = _OF_SCHEMA.search(said)
    return f"the database refused a statement: {said}. Its owner has to run: {grant(found and found[1], role)}"


def grant(schema: str | None, role: str | None) -> str:
    """The sentences that give a role what migrations and messages need in a schema."""
    place, whom = f"SCHEMA {_quoted(schema or 'public')}", f"TO {_quoted(role) if role else 'the role'}"
    tables = f"GRANT ALL ON ALL TABLES IN {place} {whom}; GRANT ALL ON ALL SEQUENCES IN {place} {whom}"
    return f"GRANT USAGE, CREATE ON {place} {whom}; {tables}"


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return name if _PLAIN.fullmatch(name) else f'"{doubled}"'


def ends_session(error: BaseException) -> bool:
    """Whether its connection has to be made anew, although it may still be there."""
    state = error.sqlstate if isinstance(error, PostgresError) else None
    return state is not None and (state in SESSION_ENDS or state.startswith("08"))


def advice(said: str) -> str:
    """What to do about a connection that could not be made."""
    return next((words for phrase, words in ADVICE.items() if phrase in said), CHECK_URL)


def unreachable(context: ExceptionContext, error: BaseException) -> StoreError:
    """An error that says which database can't be reached, why, and what to do."""
    url = context.engine.url if context.engine is not None else None
    name = url.render_as_string(hide_password=True) if url is not None else "the database"
    kind = Unreachable if isinstance(error, PostgresError) else StoreError
    return kind(f"{name} can't be reached: {reason(error)}. {CHECK_URL}")


def is_busy(error: BaseException) -> bool:
    """Whether the same transaction may well succeed when it is run again."""
    if isinstance(error, sqlite3.Error):
        # The low byte is the primary code: SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY.
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, PostgresError) and error.sqlstate in RUN_AGAIN


def reason(error: BaseException) -> str:
    """A driver's error in one line, without the rows and statements that PostgreSQL adds below it."""
    state = getattr(error, "sqlstate", None)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    lines = (primary or str(error)).strip().splitlines()
    return f"{type(error).__name__}{f' {state}' if state else ''}: {lines[0] if lines else 'no reason given'}"
