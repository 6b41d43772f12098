"""Brings the database's schema to what this code needs, or says why it can't be used.

The migrations themselves are in migrations/versions; this room only decides when they run, and that one process at a
time runs them.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ..errors import StoreError
from .columns import metadata
from .engines import is_sqlite
from .sessions import Session
from .work import SqlStore, connected, open_store

log = logging.getLogger(__name__)

# Files are named by their revision: 0001_charge_points.py. Alembic itself is imported only to run them, since every
# command asks which revision there is.
REVISIONS = sorted(path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))
FOUND = text("SELECT version_num FROM alembic_version")

# Any number: it names the lock that upgrading processes take on PostgreSQL.
UPGRADE_LOCK = 0x0C995


def upgrade(store_or_url: SqlStore | str) -> None:
    """Brings the schema to the newest revision, in one transaction; several processes may do so at the same time.

    Raises StoreError when the schema is newer and lacks what this code uses, or the database can't be used.
    """
    store = open_store(store_or_url) if isinstance(store_or_url, str) else store_or_url
    try:
        found = _revision(store)
        if found == REVISIONS[-1] or (found is not None and found not in REVISIONS):
            return
        with connected(store.writer) as connection:
            if is_sqlite(store.url):
                # BEGIN IMMEDIATE is the lock, and another's migration may take longer than a message may.
                assert connection.connection.driver_connection is not None
                connection.connection.driver_connection.execute("PRAGMA busy_timeout = 3600000")
            with connection.begin():
                _upgrade(connection)
            connection.invalidate()  # its settings are this function's
    finally:
        if store is not store_or_url:
            store.close()


def check_schema(store: SqlStore) -> None:
    """Raises StoreError, in words, when the schema is older than this code, or newer and without what it uses."""
    found = _revision(store)
    if found is None:
        raise StoreError("the database has no tables yet: run `ocpp-soap migrate`")
    if found in REVISIONS[:-1]:
        raise StoreError(f"the database is of an older version (revision {found}): run `ocpp-soap migrate`")


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        session = connection.connection.driver_connection
        assert isinstance(session, Session)
        session.patience = math.inf
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
    found = _known(connection)
    if found is None or found in REVISIONS[:-1]:
        config = Config()
        config.set_main_option("script_location", "ocpp_soap.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        log.info("the database was brought from revision %s to %s", found or "nothing", REVISIONS[-1])


def _revision(store: SqlStore) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with connected(store.reader) as connection:
        return _known(connection)


def _known(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(FOUND).scalar()
    if found is not None and found not in REVISIONS and not _serves(connection):
        raise StoreError(
            f"this database was upgraded by a newer ocpp_soap (revision {found}); "
            "install that version or restore a backup"
        )
    return found


def _serves(connection: Connection) -> bool:
    """Whether a newer schema has all that this code uses, and asks for no value that this code doesn't give."""
    found = {name: columns for (_, name), columns in inspect(connection).get_multi_columns().items()}
    for table in metadata.tables.values():
        columns = {column["name"]: column for column in found.get(table.name, ())}
        if not set(table.columns.keys()) <= set(columns):
            return False
        added = (column for name, column in columns.items() if name not in table.columns)
        if any(not column["nullable"] and column["default"] is None for column in added):
            return False
    return True
