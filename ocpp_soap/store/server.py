"""What a PostgreSQL server says of itself: its room for connections, and what our role may do there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from .engines import is_sqlite
from .failures import grant
from .work import SqlStore, connected

_LOOK = text("""
SELECT current_user, current_schema(), current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int,
    count(*) FILTER (WHERE application_name = 'ocpp_soap'), count(*),
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL
""")


@dataclass(frozen=True, slots=True)
class Server:
    """One look at it. `usable` connections are those that no other role is kept for; `used` are all, `ours` of them."""

    role: str
    schema: str | None
    usable: int
    ours: int
    used: int
    may_create: bool

    @property
    def lacks(self) -> str | None:
        """What its owner has to grant before migrations can run, in words."""
        if self.may_create:
            return None
        place = f"create tables in schema {self.schema}" if self.schema else "use schema public"
        return f"the role {self.role} may not {place}: its owner has to run {grant(self.schema, self.role)}"


def look_at_server(store: SqlStore) -> Server | None:
    """None for SQLite, which has none. Two sessions show whether a pooler gives one to several clients."""
    if is_sqlite(store.url):
        return None
    with connected(store.reader) as connection, connected(store.writer):
        return Server(*connection.execute(_LOOK).one())
