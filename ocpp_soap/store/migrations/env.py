"""Alembic's entry: runs the migrations on the connection that `schema` hands over, in its one transaction."""

from __future__ import annotations

from alembic import context

from ocpp_soap.store import session_tables, tables  # noqa: F401 they fill the metadata
from ocpp_soap.store.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes tables by copying them, and its changes of the schema can be rolled back too.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
