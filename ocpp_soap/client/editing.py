"""Changes of what others may change too: what is raised says how the thing is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .errors import Changed, NotFound


@contextmanager
def changing(look: Callable[[], Any]) -> Iterator[None]:
    """Gives a `Changed` what the thing is now, as `look` reads it; None when it is gone."""
    try:
        yield
    except Changed as error:
        try:
            error.current = look()
        except NotFound:
            error.current = None
        raise
