"""Lists of the web API as iterators over their pages; it knows no resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from .errors import BadAnswer
from .reading import query, read
from .transport import Transport

M = TypeVar("M")

FIRST_PAGE, LATER_PAGES = 100, 500
"""Rows of a page: who takes the first one only need not wait for more."""


def rows(transport: Transport, path: str, kind: type[M], limit: int | None, /, **wanted: Any) -> Iterator[M]:
    """The rows of a list that are `wanted`, in its order, at most `limit`; each page is asked for when it is needed."""
    left, cursor, size = limit, None, FIRST_PAGE
    while left is None or left > 0:
        size = size if left is None else min(size, left)
        page = transport.get(path, query(**wanted, limit=size, cursor=cursor)).object()
        items = _items(page, path)
        yield from (read(kind, item, _transport=transport) for item in items[:left])
        left = None if left is None else left - len(items)
        if page.get("next") in (None, cursor):
            return
        cursor, size = page["next"], LATER_PAGES


def every(transport: Transport, path: str, kind: type[M]) -> tuple[M, ...]:
    """The rows of a list that is no longer than one page."""
    return tuple(read(kind, item) for item in _items(transport.get(path).object(), path))


def _items(page: Mapping[str, Any], path: str) -> list[Any]:
    items = page.get("items")
    if not isinstance(items, list):
        raise BadAnswer(f"GET {path}: expected a page with items")
    return items
