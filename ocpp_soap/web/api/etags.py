"""ETags of what people edit: who changes something says which state of it he has seen (RFC 9110 §13).

The tag is over what operators decide, not over what stations do meanwhile, which must not get in anybody's way.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from .fields import Question, text
from .problems import Trouble

_TAGS = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


class IfMatch(Question):
    """Which state is changed."""

    if_match = text("The ETag of the state that you have seen, or * for any.", 1000, data_key="If-Match")


class IfMatchOrNew(IfMatch):
    """Which state is changed, or that there is none."""

    if_none_match = text("*: only if there is none.", 1000, data_key="If-None-Match")


def tag_of(decided: Any) -> str:
    """The ETag of a state, a value of JSON."""
    canonical = json.dumps(decided, sort_keys=True, separators=(",", ":")).encode()
    return f'"{hashlib.sha256(canonical).hexdigest()[:32]}"'


def must_match(if_match: str | None, decided: Any) -> None:
    """Raises `Trouble`: 428 when the caller doesn't say which state he has seen, 412 when it is another one now.

    A W/ before the tag is no matter: proxies that compress add it.
    """
    if if_match is None:
        words = "say in If-Match which state you have seen: the ETag that GET gave, or * for any"
        raise Trouble(HTTPStatus.PRECONDITION_REQUIRED, words)
    if if_match.strip() != "*" and tag_of(decided) not in _TAGS.findall(if_match):
        raise Trouble(HTTPStatus.PRECONDITION_FAILED, "somebody changed it since; GET it again")


def must_be_so(headers: Mapping[str, Any], decided: Any) -> None:
    """As `must_match`, for what may be new: `decided` None. Raises `Trouble`, also 412 where it is or is not."""
    if decided is not None and headers.get("if_none_match") == "*":
        raise Trouble(HTTPStatus.PRECONDITION_FAILED, "there is one already; GET it, and send its ETag in If-Match")
    if decided is None and "if_match" in headers:
        raise Trouble(HTTPStatus.PRECONDITION_FAILED, "there is none (any more): leave If-Match out to make one")
    if decided is not None:
        must_match(headers.get("if_match"), decided)
