"""Recognises a message that a station sends again: the key under which it was stored the first time.

The key is a hash of charge point, operation and the fields as sent: trimmed, idTag folded, times as their raw text.
The MessageID is never part of it, since stations make a new one for each attempt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .call import Call


def delivery_key(call: Call) -> str:
    """64 hexadecimal digits."""
    fields = json.dumps(_canonical(call.sent), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    text = f"{call.station.id}\n{call.operation}\n0\n{fields}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def key_after(key: str, transaction_id: int) -> str:
    """The key of an equal start that is known to be no replay of that transaction; later ones are greater."""
    return f"{key}{transaction_id:08x}"


def _canonical(value: Any, name: str = "") -> Any:
    """Blank leaves and empty branches vanish, so that `<reason/>` and no reason are the same message."""
    if isinstance(value, Mapping):
        parts = {key: _canonical(item, key) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item} or None
    if isinstance(value, list):
        return [part for part in (_canonical(item, name) for item in value) if part] or None
    text = str(value or "").strip()
    return text.casefold() if name == "idTag" else text
