"""Brings the database's schema to what this code needs, or says why it can't be used.

The migrations themselves are in migrations/versions; this room only decides when they run, and that one process at a
time runs them.
"""

from __future__ import annotations

import logging

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from ..errors import StoreError
from .engines import is_sqlite
from .work import SqlStore, connected, open_store

log = logging.getLogger(__name__)

# Any number: it names the lock that upgrading processes take on PostgreSQL.
UPGRADE_LOCK = 0x0C995


def upgrade(store_or_url: SqlStore | str) -> None:
    """Brings the schema to the newest revision, in one transaction; several processes may do so at the same time.

    Raises StoreError when the schema is newer than this code, or the database can't be used.
    """
    store = open_store(store_or_url) if isinstance(store_or_url, str) else store_or_url
    try:
        scripts, found = _revisions(store)
        if found == scripts.get_current_head():
            return
        with connected(store.writer) as connection:
            if is_sqlite(store.url):
                # BEGIN IMMEDIATE is the lock, and another's migration may take longer than a message may.
                assert connection.connection.driver_connection is not None
                connection.connection.driver_connection.execute("PRAGMA busy_timeout = 3600000")
            with connection.begin():
                _upgrade(connection, scripts)
            connection.invalidate()  # its settings are this function's
    finally:
        if store is not store_or_url:
            store.close()


def check_schema(store: SqlStore) -> None:
    """Raises StoreError, in words, when the schema is older or newer than this code."""
    scripts, found = _revisions(store)
    if found is None:
        raise StoreError("the database has no tables yet: run `ocpp-soap migrate`")
    if found != scripts.get_current_head():
        raise StoreError(f"the database is of an older version (revision {found}): run `ocpp-soap migrate`")


def _upgrade(connection: Connection, scripts: ScriptDirectory) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
    found = _known(connection, scripts)
    head = scripts.get_current_head()
    if found != head:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        log.info("the database was brought from revision %s to %s", found or "nothing", head)


def _revisions(store: SqlStore) -> tuple[ScriptDirectory, str | None]:
    """The migrations, and the revision that the database is at; None for an empty one."""
    scripts = ScriptDirectory.from_config(_config())
    with connected(store.reader) as connection:
        return scripts, _known(connection, scripts)


def _known(connection: Connection, scripts: ScriptDirectory) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    try:
        scripts.get_revisions(found or ())
    except CommandError:
        raise StoreError(
            f"this database was upgraded by a newer ocpp_soap (revision {found}); "
            "install that version or restore a backup"
        ) from None
    return found


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "ocpp_soap.store:migrations")
    return config
