"""Turns typed values into the text that goes on the wire, and back into JSON; strict where `reading` is tolerant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .times import format_time

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML 1.0 has no spelling for at all (§2.2)."""


def to_text(value: Any) -> Any:
    """Nested dicts and lists with every leaf as the text of XML Schema; fields that are None are left out."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Mapping):
        return {name: to_text(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [to_text(item) for item in value]
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def to_json(value: Any) -> Any:
    """Nested dicts and lists as JSON can hold them: times as text, decimals as numbers, whole ones as integers."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: to_json(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value
