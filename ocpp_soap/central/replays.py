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


def delivery_key(call: Call, occurrence: int = 0) -> str:
    """64 hexadecimal digits; `occurrence` tells apart equal messages that are known not to be replays."""
    fields = json.dumps(_canonical(call.sent), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    text = f"{call.station.id}\n{call.operation}\n{occurrence}\n{fields}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: Any, name: str = "") -> Any:
    """Blank leaves and empty branches vanish, so that `<reason/>` and no reason are the same message."""
    if isinstance(value, Mapping):
        parts = {key: _canonical(item, key) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item} or None
    if isinstance(value, list):
        return [part for part in (_canonical(item, name) for item in value) if part] or None
    text = str(value or "").strip()
    return text.casefold() if name == "idTag" else text
