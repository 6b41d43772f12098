"""Who may come in by the web API, and who changed what: the records, and the repositories that `store` provides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from .pages import AuditFilter, Page, Position
from .records import Json


@dataclass(frozen=True, slots=True)
class Token:
    """What lets a program or person in by the web API; the token itself is nowhere, `digest` is of its secret part.

    `scope` is read, operate or admin; `charge_points` the identities that it is restricted to, None for all.
    """

    id: int
    name: str
    key: str
    digest: str = field(repr=False)
    scope: str
    charge_points: Sequence[str] | None
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    revoked: datetime | None

    @property
    def who(self) -> str:
        """How the audit names its bearer."""
        return f"token:{self.name}"


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it goes into the store."""

    name: str
    key: str
    digest: str = field(repr=False)
    scope: str
    charge_points: Sequence[str] | None
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit: what `who` did to a subject, and the fields of it that are otherwise since.

    `before` is None for what came, `after` for what went; `request_id` is the X-Request-ID of the request to the web
    API.
    """

    at: datetime
    who: str
    what: str
    subject: str
    before: Json | None
    after: Json | None
    id: int | None = None
    request_id: str | None = None


class Tokens(Protocol):
    """Tokens of the web API."""

    def add(self, new: NewToken) -> Token | None:
        """Stores a token; None when there is or was one of its name."""

    def find(self, name: str) -> Token | None:
        """The token of that name."""

    def find_by_key(self, key: str) -> Token | None:
        """The token of that key."""

    def page(self, limit: int, after: Position | None = None) -> Page[Token]:
        """By name."""

    def use(self, token_id: int, at: datetime) -> None:
        """Notes when it was used last."""

    def revoke(self, name: str, at: datetime) -> bool:
        """Takes it out of use; False when it is already, or there is none."""


class Audit(Protocol):
    """Who changed what."""

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Appends rows."""

    def page(self, chosen: AuditFilter, limit: int, after: Position | None = None) -> Page[AuditEntry]:
        """Those that are meant, newest first."""
