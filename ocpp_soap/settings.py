"""The gateway's settings, read from the environment: the only reader of it.

Every setting is an `OCPP_SOAP_*` variable; one that is unknown or has a bad value is refused in words. What each is
for stands in deploy/env.example.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .central.authentication import PROOFS, Network
from .central.callback import CallbackRules
from .errors import SettingsError
from .soap.key_files import problems

PREFIX = "OCPP_SOAP_"

# The serialization of an origin (RFC 6454 §6.2).
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")

DOORS = ("both", "stations", "people")
"""What a process serves: SOAP for stations, the web API and the page for people and programs."""


def _choice(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


def _number(low: float, high: float, kind: type[int] | type[float] = int) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            number = kind("-1")
        if not low <= number <= high:
            raise ValueError(f"a {'whole ' if kind is int else ''}number from {low} to {high}")
        return number

    return read


def _flag(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("true or false")
    return words[text.lower()]


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.query:
            return text.rstrip("/")
    except ValueError:
        pass
    raise ValueError("a URL such as https://ocpp.example.com/ocpp")


def _database_url(text: str) -> str:
    scheme = text.split(":", 1)[0]
    if scheme in ("postgresql", "postgres"):
        return "postgresql+psycopg" + text[len(scheme) :]
    if scheme in ("sqlite", "postgresql+psycopg") and "://" in text:
        return text
    raise ValueError("sqlite:///file.db or postgresql://user:password@host/database")


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(item.strip()) for item in text.split(",") if item.strip())
    except ValueError:
        raise ValueError("networks such as 10.0.0.0/8,127.0.0.1") from None


def _folder(text: str) -> Path | None:
    if not Path(text).is_dir():
        raise ValueError("an existing folder")
    return Path(text)


def _file(text: str) -> Path | None:
    if not Path(text).is_file():
        raise ValueError("an existing file")
    return Path(text)


def _origins(text: str) -> tuple[str, ...]:
    found = tuple(item.strip() for item in text.split(",") if item.strip())
    if not all(_ORIGIN.fullmatch(origin) for origin in found):
        raise ValueError("origins such as https://dashboard.example.com, without a path")
    return found


def _setting(default: Any, read: Callable[[str], Any]) -> Any:
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; times in seconds, sizes in bytes."""

    database_url: str = field(default="sqlite:///ocpp_soap.db", repr=False, metadata={"read": _database_url})
    public_url: str = _setting("http://127.0.0.1:8180/ocpp", _url)
    environment: str = _setting("production", _choice("production", "development"))
    unknown_charge_points: str = _setting("pending", _choice("accept", "pending", "reject"))
    unknown_tags: str = _setting("reject", _choice("accept", "reject"))
    fault_status: str = _setting("soap", _choice("soap", "200", "400", "500"))
    callback_allow: CallbackRules = _setting(CallbackRules(), CallbackRules.parse)
    callback_deny: CallbackRules = _setting(CallbackRules(), CallbackRules.parse)
    station_networks: tuple[Network, ...] = _setting((), _networks)
    station_proof: str = _setting("none", _choice(*PROOFS))
    failed_proofs: int = _setting(20, _number(1, 1_000_000))
    station_ca_file: Path | None = _setting(None, _file)
    client_certificate: Path | None = _setting(None, _file)
    client_key: Path | None = _setting(None, _file)
    cors_origins: tuple[str, ...] = _setting((), _origins)
    trusted_proxies: tuple[Network, ...] = _setting((), _networks)
    max_body: int = _setting(1024 * 1024, _number(1024, 64 * 1024 * 1024))
    connect_timeout: float = _setting(5.0, _number(0.1, 300, float))
    read_timeout: float = _setting(25.0, _number(0.1, 600, float))
    heartbeat_interval: int = _setting(3600, _number(1, 2**31 - 1))
    journal_days: int = _setting(7, _number(0, 36500))
    journal_heartbeats: bool = _setting(True, _flag)
    wsdl_dir: Path | None = _setting(None, _folder)
    log_level: str = _setting("info", _choice("debug", "info", "warning", "error"))
    workers: int = _setting(0, _number(0, 256))
    threads: int = _setting(16, _number(1, 256))
    doors: str = _setting("both", _choice(*DOORS))
    command_threads: int = _setting(16, _number(1, 256))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads `OCPP_SOAP_*` from `environ` (default: the process's); an empty value means the default.

        Raises `SettingsError` naming every unknown or bad setting.
        """
        given = {
            name[len(PREFIX) :].lower(): value.strip()
            for name, value in (os.environ if environ is None else environ).items()
            if name.startswith(PREFIX)
        }
        known = {f.name: f for f in fields(cls)}
        wrong, values = [], {}
        for name, text in given.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
                wrong.append(f"{PREFIX}{name.upper()} is no setting{hint}")
            elif text:
                try:
                    values[name] = known[name].metadata["read"](text)
                except ValueError as error:
                    # A database URL may hold a password: its value is not repeated.
                    shown = "its value" if name == "database_url" else repr(text[:80])
                    wrong.append(f"{PREFIX}{name.upper()}: expected {error}, found {shown}")
        wrong = wrong or list(_unfit_files(values))
        if wrong:
            raise SettingsError("\n".join(sorted(wrong)))
        return cls(**values)


def _unfit_files(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the certificates and the key for calls to stations."""
    files = [values.get(name) for name in ("station_ca_file", "client_certificate", "client_key")]
    return (f"{PREFIX}{name.upper()}: {words}" for name, words in problems(*files))


def environment(**settings: str) -> dict[str, str]:
    """The environment for another process of ours: this one's, with these settings as text in place of its own."""
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return foreign | {PREFIX + name.upper(): value for name, value in settings.items()}
