"""Lists in pages: the cursor that a caller hands back, and the answer with its link to the next page.

A cursor holds the position after the last row and a digest of the list and its filters: one of another list, or one
that somebody has changed, is refused. It is no secret: what may be seen is decided anew at each page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...central.pages import Position
from .problems import Trouble, Wrong, unfit

# Bytes of the digest in front of the position.
DIGEST = 9

_SURROGATES = re.compile("[\ud800-\udfff]")


def cursor_of(position: Position, listed: str) -> str:
    """The cursor for the page after that position; `listed` names the list and its filters."""
    said = json.dumps(position, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(_digest(said, listed) + said).decode().rstrip("=")


def position_in(cursor: str, listed: str) -> Position:
    """The position that a cursor holds. Raises `Trouble` (422) for one of another list."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if raw[:DIGEST] != _digest(raw[DIGEST:], listed):
            raise _not_ours()
        position = tuple(json.loads(raw[DIGEST:]))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _not_ours() from None
    if not all(map(_is_plain, position)):
        raise _not_ours()
    return position


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not _SURROGATES.search(value)
    return isinstance(value, int) and not isinstance(value, bool)


def listed(name: str, query: Mapping[str, Any]) -> str:
    """A list with its filters, as its cursors are bound to it."""
    filters = {key: str(value) for key, value in query.items() if key not in ("limit", "cursor")}
    return json.dumps([name, filters], sort_keys=True)


def next_link(path: str, pairs: list[tuple[str, str]], cursor: str) -> str:
    """The Link header (RFC 8288) to the page of that cursor."""
    query = [(name, value) for name, value in pairs if name != "cursor"] + [("cursor", cursor)]
    return f'<{path}?{urlencode(query)}>; rel="next"'


def _digest(position: bytes, listed: str) -> bytes:
    return hashlib.sha256(listed.encode("utf-8", "surrogatepass") + b"\0" + position).digest()[:DIGEST]


def _not_ours() -> Trouble:
    words = "expected `next` of a page of this list with these same parameters"
    return unfit([Wrong("?cursor", words)])
