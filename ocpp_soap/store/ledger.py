"""Who may come in by the web API, and who changed what: rows that stay, whatever becomes of what they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from ..central.ledger import AuditEntry, NewToken, Token
from ..central.pages import AuditFilter, Page, Position
from .columns import harmless
from .ledger_tables import audit, tokens
from .pages import Condition, Listing, between
from .repository import Repository

T, A = tokens.c, audit.c

_TOKENS = select(
    T.id,
    T.name,
    T.key,
    T.digest,
    T.scope,
    T.charge_points,
    T.created,
    T.expires,
    T.last_used,
    T.revoked,
)
TOKEN_LIST = Listing(_TOKENS, (T.name,), Token, newest_first=False)
FIND = _TOKENS.where(T.name == bindparam("called"))
FIND_BY_KEY = _TOKENS.where(T.key == bindparam("called"))
ADD = upsert(tokens).on_conflict_do_nothing(index_elements=["name"]).returning(T.id)
USE = update(tokens).where(T.id == bindparam("token_id"))
REVOKE = update(tokens).where(T.name == bindparam("called"), T.revoked.is_(None))

_ENTRIES = select(A.at, A.who, A.what, A.subject, A.before, A.after, A.id, A.request_id)
ENTRIES = Listing(_ENTRIES, (A.at, A.id), AuditEntry)
ENTER = insert(audit)


class SqlTokens(Repository):
    """Implements `central.ledger.Tokens`."""

    __slots__ = ()

    def add(self, new: NewToken) -> Token | None:
        """A token; None when there is or was one of its name."""
        if self._run(ADD, asdict(new)).first() is None:
            return None
        return self.find(new.name)

    def find(self, name: str) -> Token | None:
        """The token of that name."""
        row = self._run(FIND, {"called": harmless(name)}).first()
        return Token(*row) if row is not None else None

    def find_by_key(self, key: str) -> Token | None:
        """The token of that key."""
        row = self._run(FIND_BY_KEY, {"called": key}).first()
        return Token(*row) if row is not None else None

    def page(self, limit: int, after: Position | None = None) -> Page[Token]:
        """By name."""
        return TOKEN_LIST.page(self._run, [], limit, after)

    def use(self, token_id: int, at: datetime) -> None:
        """Notes when it was used last."""
        self._run(USE, {"token_id": token_id, "last_used": at})

    def revoke(self, name: str, at: datetime) -> bool:
        """Takes it out of use; False when it is already."""
        return self._run(REVOKE, {"called": harmless(name), "revoked": at}).rowcount > 0


class SqlAudit(Repository):
    """Implements `central.ledger.Audit`."""

    __slots__ = ()

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Appends rows."""
        columns = ("at", "who", "what", "before", "after", "request_id")
        rows = [{name: getattr(entry, name) for name in columns} for entry in entries]
        for row, entry in zip(rows, entries, strict=True):
            row["subject"] = harmless(entry.subject)
        self._run(ENTER, rows)

    def page(self, chosen: AuditFilter, limit: int, after: Position | None = None) -> Page[AuditEntry]:
        """Those that are meant, newest first."""
        texts = ((A.who, chosen.who), (A.subject, chosen.subject))
        meant: list[Condition] = [column == harmless(text) for column, text in texts if text is not None]
        return ENTRIES.page(self._run, [*meant, *between(A.at, chosen.since, chosen.until)], limit, after)
