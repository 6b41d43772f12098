"""Tokens of the web API: made once and told once, looked up by their key, compared by the digest of their secret part.

A token is `ocs_<key>_<secret>`; the secret has 160 random bits, so that a plain SHA-256 is enough and no guess ever
hits. It knows no HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..errors import Conflict, InvalidPayload, NotFound, Problem, StoreError
from ..logs import UNPRINTABLE
from ..protocol.times import format_time
from .again import transact
from .ledger import NewToken, Token
from .pages import Page, Position
from .ports import Clock, Store, Work

SCOPES = ("read", "operate", "admin")
"""Each includes those before it."""

LONGEST_NAME = 64
MOST_CHARGE_POINTS = 1000

# Its use is noted so often at most: each request would write otherwise.
NOTED = timedelta(minutes=1)

FOREVER = datetime.max.replace(tzinfo=UTC)

KEY_BYTES, SECRET_BYTES = 5, 20
_FORM = re.compile(rf"ocs_([0-9a-f]{{{2 * KEY_BYTES}}})_([0-9a-f]{{{2 * SECRET_BYTES}}})")


def scope_covers(scope: str, needed: str) -> bool:
    """Whether a token of that scope may do what needs the other one."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes, knows and revokes tokens."""

    store: Store
    clock: Clock

    def create(
        self, name: str, scope: str, charge_points: Sequence[str] | None = None, expires: datetime | None = None
    ) -> tuple[Token, str]:
        """Makes a token; also gives its text, which is stored nowhere.

        Raises `InvalidPayload`, or `Conflict` when there is or was one of that name, which the audit would mix up.
        """
        now, key, secret = self.clock(), secrets.token_hex(KEY_BYTES), secrets.token_hex(SECRET_BYTES)
        name = _name(name)
        if scope not in SCOPES:
            raise InvalidPayload([Problem("scope", f"one of {', '.join(SCOPES)}", scope)])
        if expires is not None and expires <= now:
            raise InvalidPayload([Problem("expires", "a time that is yet to come", format_time(expires))])

        def add(work: Work) -> Token:
            points = None if charge_points is None else _registered(work, charge_points)
            token = work.tokens.add(NewToken(name, key, _digest(secret), scope, points, now, expires))
            if token is None:
                raise Conflict(f"there is a token {name} already, or there was: take another name")
            return token

        return transact(self.store, add), f"ocs_{key}_{secret}"

    def verify(self, text: str) -> Token | None:
        """The token of a text, when it is good now; notes that it was used."""
        said = _FORM.fullmatch(text)
        if said is None:
            return None
        with self.store.reading() as work:
            token = work.tokens.find_by_key(said[1])
        now = self.clock()
        # Compared in any case: how long it takes tells nothing of a key.
        good = hmac.compare_digest(_digest(said[2]), token.digest if token is not None else "")
        if token is None or not good or token.revoked is not None or (token.expires or FOREVER) <= now:
            return None
        if token.last_used is None or now - token.last_used >= NOTED:
            with suppress(StoreError):  # it is no reason to keep anybody out
                transact(self.store, lambda work: work.tokens.use(token.id, now))
        return token

    def revoke(self, name: str) -> Token:
        """Takes a token out of use for good. Raises `NotFound`, or `Conflict` when it is already."""
        now = self.clock()

        def act(work: Work) -> Token:
            known = _known(work, name)
            if not work.tokens.revoke(known.name, now):
                raise Conflict(f"the token {known.name} was revoked already")
            return _known(work, name)

        return transact(self.store, act)

    def page(self, limit: int, after: Position | None = None) -> Page[Token]:
        """All that there are and were, by name."""
        with self.store.reading() as work:
            return work.tokens.page(limit, after)


def _known(work: Work, name: str) -> Token:
    token = work.tokens.find(name)
    if token is None:
        raise NotFound(f"there is no token {name!r}")
    return token


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or UNPRINTABLE.search(name):
        raise InvalidPayload([Problem("name", f"1 to {LONGEST_NAME} characters without controls", text)])
    return name


def _registered(work: Work, identities: Sequence[str]) -> list[str]:
    """The charge points, as they are spelled where they are registered."""
    if not 0 < len(identities) <= MOST_CHARGE_POINTS:
        raise InvalidPayload(
            [Problem("chargePoints", f"1 to {MOST_CHARGE_POINTS} charge points", str(len(identities)))]
        )
    found = [work.charge_points.find(identity) for identity in identities]
    problems = [
        Problem(f"chargePoints.{index}", "a registered charge point", identity)
        for index, (identity, point) in enumerate(zip(identities, found, strict=True))
        if point is None
    ]
    if problems:
        raise InvalidPayload(problems)
    return sorted({point.identity for point in found if point is not None})


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
