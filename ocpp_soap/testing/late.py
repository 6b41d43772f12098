"""Imports of what is asked for when it is asked for, without the warnings of the libraries below.

Those warnings, at their import, would fail somebody's test where warnings are errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any


def room(name: str) -> Any:
    """A module by its name, as seen from here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name, __package__)


def attributes(modules: Mapping[str, Collection[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose names stand in these modules (PEP 562)."""

    def find(name: str) -> Any:
        for module, names in modules.items():
            if name in names:
                return getattr(room(module), name)
        raise AttributeError(f"module {__package__!r} has no attribute {name!r}")

    return find
