"""JSON of the web API into models, and what is sent into JSON; it knows no resource."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .errors import BadAnswer
from .models import Model

M = TypeVar("M")


def read(kind: type[M], found: Any, **own: Any) -> M:
    """A model from the JSON object `found`; raises `BadAnswer` where that lacks a field or has a bad time.

    `own` are fields that no JSON has, for the models that have them. A field `raw` holds the whole object, so that what
    is new in it can be had.
    """
    if not isinstance(found, Mapping):
        raise BadAnswer(f"expected {kind.__name__} as an object, found {str(found)[:80]!r}")
    values: dict[str, Any] = {}
    for name, type_, required in _fields(cast(Any, kind)):
        if name in own:
            values[name] = own[name]
        elif name == "raw" and issubclass(kind, Model):
            values[name] = dict(found)
        elif name in found:
            values[name] = _value(type_, found[name], f"{kind.__name__}.{name}")
        elif required:
            raise BadAnswer(f"{kind.__name__}: the gateway left out {name}")
    return kind(**values)


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    required = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(kind)}
    return tuple((name, hints[name], needed) for name, needed in required.items())


def _value(type_: Any, found: Any, where: str) -> Any:
    """What JSON holds as what the annotation says: times, models, tuples of them; all else as it is."""
    origin, inner = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        return None if found is None else _value(inner[0], found, where)
    if type_ is datetime:
        return read_time(found, where)
    if origin is tuple and isinstance(found, list):
        return tuple(_value(inner[0], one, where) for one in found)
    return read(type_, found) if is_dataclass(type_) and isinstance(type_, type) else found


def read_time(found: Any, where: str) -> datetime:
    """A time of JSON, aware."""
    try:
        moment = datetime.fromisoformat(found)
    except (TypeError, ValueError):
        raise BadAnswer(f"{where}: expected a time, found {str(found)[:40]!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None, as JSON holds them."""
    return {name: written(value) for name, value in fields.items() if value is not None}


def written(value: Any) -> Any:
    """What is sent as JSON holds it: aware times as text, decimals as numbers.

    Raises ValueError for a time without a zone: nobody could tell when it is.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone; write datetime.now(UTC) instead of datetime.now()")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: written(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [written(one) for one in value]
    return value


def query(**parameters: Any) -> dict[str, Any]:
    """Parameters of a URL: those that are not None, truth as true and false."""
    words = given(**parameters)
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in words.items()}
