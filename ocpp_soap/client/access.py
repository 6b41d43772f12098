"""Who may use the web API, and who changed what; for tokens of the scope admin, but for `whoami`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from .models import Model
from .reading import given, read
from .resources import Resource
from .transport import segment

Scope = Literal["read", "operate", "admin"]
"""`operate` includes read, `admin` both."""


@dataclass(frozen=True, kw_only=True)
class Token(Model):
    """A token of the web API, without its text; `chargePoints` None: it is good for all of them."""

    name: str
    scope: Scope
    chargePoints: tuple[str, ...] | None = None
    created: datetime | None = None
    expires: datetime | None = None
    lastUsed: datetime | None = None
    revoked: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NewToken(Token):
    """A token just made; `token` is its text, which the gateway tells only once."""

    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AuditEntry(Model):
    """Something that somebody changed: `subject` before and after."""

    id: int | None = None
    at: datetime
    who: str
    what: str
    subject: str | None = None
    before: Any = None
    after: Any = None
    requestId: str | None = None


class Tokens(Resource):
    """The tokens of the web API."""

    def list(self, *, limit: int | None = None) -> Iterator[Token]:
        """Those that there are and were, by name."""
        return self._rows("/tokens", Token, limit)

    def create(
        self, name: str, scope: Scope, *, chargePoints: Sequence[str] | None = None, expires: datetime | None = None
    ) -> NewToken:
        """Makes a token, for some charge points or all; `Conflict` when there is or was one of that name."""
        wanted = given(name=name, scope=scope, chargePoints=chargePoints, expires=expires)
        return read(NewToken, self._transport.call("POST", "/tokens", body=wanted).object())

    def revoke(self, name: str) -> None:
        """Takes a token out of use for good; `Conflict` when it is already."""
        self._transport.call("DELETE", f"/tokens/{segment(name)}")


class Audit(Resource):
    """What was changed, and who did."""

    def list(
        self,
        *,
        who: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[AuditEntry]:
        """Changes, newest first; `who` such as "token:NAME" or "cli:USER", `subject` such as "charge-point CP1"."""
        return self._rows("/audit", AuditEntry, limit, who=who, subject=subject, since=since, until=until)
