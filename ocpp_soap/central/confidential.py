"""Secrets in what is said to stations: values of configuration keys that are one, users and passwords in addresses.

They are shown to operators alone, while their command has not ended; lists have none. Pure functions of payloads.
"""

from __future__ import annotations

import re
from typing import Any

from .pseudonyms import kind_of_value
from .records import Json

HIDDEN = "(not shown)"
"""What is shown in place of a secret."""

SPEAK_OF_SECRETS = frozenset({"ChangeConfiguration", "GetConfiguration", "GetDiagnostics", "UpdateFirmware"})
"""Operations of stations whose messages may hold secrets."""

_USER = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")


def without_user(text: str) -> str:
    """The text with each `user:password@` of its addresses hidden."""
    return _USER.sub("***@", text)


def without_secrets(operation: str, request: Json) -> Json:
    """The request of an operation as it may be shown to anybody who may see the command."""
    if operation not in SPEAK_OF_SECRETS:
        return request
    hidden = {name: without_user(text) if isinstance(text, str) else text for name, text in request.items()}
    return _setting(hidden)


def answered_without_secrets(operation: str, answer: Json | None) -> Json | None:
    """The same of an answer."""
    if operation != "GetConfiguration" or answer is None:
        return answer
    return {**answer, "configurationKey": settings_without_secrets(answer.get("configurationKey") or [])}


def settings_without_secrets(settings: Any) -> list[Json]:
    """Configuration keys with the values of those hidden that are secrets."""
    return [_setting(setting) for setting in settings]


def _setting(setting: Json) -> Json:
    key = setting.get("key")
    if not setting.get("value") or not isinstance(key, str):
        return setting
    value = HIDDEN if kind_of_value(key) == "secrets" else without_user(str(setting["value"]))
    return {**setting, "value": value}
