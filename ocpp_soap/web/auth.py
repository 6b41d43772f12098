"""Who may come in by the web API: a bearer token (RFC 6750) whose scope covers what is asked.

A token is 160 random bits, so failing often is no danger to it; it is a load, and the address is told to wait. A good
token from the same address always gets in.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from ..central.authentication import prefix
from ..central.ledger import Token
from ..central.tokens import Tokens, scope_covers
from ..logs import Seldom
from .api.problems import Trouble

log = logging.getLogger(__name__)

WINDOW = timedelta(minutes=10)

# Addresses that are counted; the oldest are forgotten first.
MOST_ADDRESSES = 10_000

_BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.I)

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="ocpp_soap"'}
BAD_TOKEN = {"WWW-Authenticate": 'Bearer realm="ocpp_soap", error="invalid_token"'}


class Doorkeeper:
    """Lets tokens in; counts the failures of each address, in this process alone."""

    def __init__(self, tokens: Tokens, most_failures: int, clock: Callable[[], datetime]) -> None:
        self._tokens, self._most, self._clock = tokens, most_failures, clock
        self._lock, self._told = threading.Lock(), Seldom()
        self._failures: dict[str, tuple[datetime, int]] = {}

    def admit(self, authorization: str | None, peer: str | None) -> Token:
        """The token that a request shows. Raises `Trouble`: 401 without a good one, 429 after too many bad ones."""
        if authorization is None:
            words = "send a token: Authorization: Bearer …; `ocpp-soap tokens create` makes one"
            raise Trouble(HTTPStatus.UNAUTHORIZED, words, headers=CHALLENGE)
        said = _BEARER.fullmatch(authorization)
        token = self._tokens.verify(said[1]) if said else None
        if token is None:
            raise self._failed(prefix(peer))
        return token

    def _failed(self, peer: str) -> Trouble:
        now = self._clock()
        if times := self._told.due(peer):
            log.warning("a bad token came from %s (%d since the last line)", peer, times)
        with self._lock:
            since, count = self._failures.pop(peer, (now, 0))
            if now - since >= WINDOW:
                since, count = now, 0
            self._failures[peer] = since, count + 1
            while len(self._failures) > MOST_ADDRESSES:
                del self._failures[next(iter(self._failures))]
        if count < self._most:
            words = "this token is unknown, has expired or was revoked"
            return Trouble(HTTPStatus.UNAUTHORIZED, words, headers=BAD_TOKEN)
        seconds = max(1, round((since + WINDOW - now).total_seconds()))
        words = f"too many bad tokens came from this address; wait {seconds} s"
        return Trouble(HTTPStatus.TOO_MANY_REQUESTS, words, headers={"Retry-After": str(seconds)})


def must_cover(token: Token, scope: str, whole: bool) -> None:
    """Raises `Trouble` (403) unless the token has that scope and, where the `whole` is asked, is for all stations."""
    if not scope_covers(token.scope, scope):
        raise Trouble(HTTPStatus.FORBIDDEN, f"this takes a token of scope {scope}; {token.name} has {token.scope}")
    if whole:
        must_see_all(token)


def must_see_all(token: Token) -> None:
    """Raises `Trouble` (403) for a token that is for some charge points alone."""
    if token.charge_points is not None:
        raise Trouble(HTTPStatus.FORBIDDEN, "this takes a token for all charge points; this one is for some")
