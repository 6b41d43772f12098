"""Lists of the web API as iterators over their pages; it knows no resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from .errors import BadAnswer
from .reading import query, read
from .transport import Transport

M = TypeVar("M")

PAGE = 100


def rows(
    transport: Transport, path: str, kind: type[M], limit: int | None, own: Mapping[str, Any], /, **wanted: Any
) -> Iterator[M]:
    """The rows of a list that are `wanted`, in its order, at most `limit`; each page is asked for when it is needed.

    `own` are fields of the model that are not in JSON.
    """
    left, cursor = limit, None
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = transport.get(path, query(**wanted, limit=size, cursor=cursor)).object()
        items = _items(page, path)
        yield from (read(kind, item, **own) for item in items[:left])
        left = None if left is None else left - len(items)
        if page.get("next") in (None, cursor):
            return
        cursor = page["next"]


def every(transport: Transport, path: str, kind: type[M]) -> tuple[M, ...]:
    """The rows of a list that is no longer than one page."""
    return tuple(read(kind, item) for item in _items(transport.get(path).object(), path))


def _items(page: Mapping[str, Any], path: str) -> list[Any]:
    items = page.get("items")
    if not isinstance(items, list):
        raise BadAnswer(f"GET {path}: expected a page with items")
    return items
