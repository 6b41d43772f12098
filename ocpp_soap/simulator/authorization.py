"""What a charge point knows of idTags by itself: its local list and its cache, and what they let it decide.

Pure (OCPP 1.6 §3.5): it neither asks the Central System nor looks at a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .configuration import Configuration

IdTagInfo = dict[str, Any]

INVALID: IdTagInfo = {"status": "Invalid"}


class LocalList:
    """The local authorization list (§3.5.2); idTags are compared without regard to case."""

    def __init__(self) -> None:
        self.version = 0
        self.entries: dict[str, IdTagInfo] = {}

    def update(self, request: Mapping[str, Any], max_length: int, max_sent: int) -> str:
        """SendLocalList (§5.15): Accepted, Failed or VersionMismatch; unless Accepted nothing changes."""
        sent: Sequence[Mapping[str, Any]] = request.get("localAuthorizationList") or ()
        folded = [entry["idTag"].casefold() for entry in sent]
        full = request["updateType"] == "Full"
        version = request["listVersion"]
        if version < 1 or len(set(folded)) < len(folded) or len(sent) > max_sent:
            return "Failed"
        if not full and version <= self.version:
            return "VersionMismatch"
        if full and any(entry.get("idTagInfo") is None for entry in sent):
            return "Failed"
        entries = {} if full else dict(self.entries)
        for tag, entry in zip(folded, sent, strict=True):
            entries.pop(tag, None)
            if (info := entry.get("idTagInfo")) is not None:
                entries[tag] = dict(info)
        if len(entries) > max_length:
            return "Failed"
        self.entries, self.version = entries, version
        return "Accepted"

    def find(self, id_tag: str) -> IdTagInfo | None:
        """What the list says of that tag."""
        return self.entries.get(id_tag.casefold())


class Cache:
    """The authorization cache (§3.5.1): the last word of the Central System on each tag."""

    def __init__(self) -> None:
        self.entries: dict[str, IdTagInfo] = {}

    def learn(self, id_tag: str, info: IdTagInfo) -> None:
        """Remembers an idTagInfo; ConcurrentTx says nothing about the tag itself."""
        if info["status"] != "ConcurrentTx":
            self.entries[id_tag.casefold()] = dict(info)

    def find(self, id_tag: str) -> IdTagInfo | None:
        """What the cache says of that tag."""
        return self.entries.get(id_tag.casefold())


def current(info: IdTagInfo, now: datetime) -> IdTagInfo:
    """The same, Expired once its expiryDate has passed."""
    expiry = info.get("expiryDate")
    if info["status"] == "Accepted" and expiry is not None and expiry <= now:
        return info | {"status": "Expired"}
    return info


def decide(
    id_tag: str, known: LocalList, cache: Cache, configuration: Configuration, now: datetime, *, online: bool
) -> IdTagInfo | None:
    """What the charge point decides by itself; None when the Central System has to be asked.

    Online only LocalPreAuthorize lets it decide, and only in favour (§3.5). Offline LocalAuthorizeOffline lets the
    list and the cache decide either way, and AllowOfflineTxForUnknownId lets in those that neither knows (§3.5).
    """
    listed = known.find(id_tag) if configuration.on("LocalAuthListEnabled") else None
    cached = cache.find(id_tag) if configuration.on("AuthorizationCacheEnabled") else None
    found = listed or cached  # the list goes first (§3.5.2)
    info = current(found, now) if found else None
    if online:
        return info if info and info["status"] == "Accepted" and configuration.on("LocalPreAuthorize") else None
    if info is not None and configuration.on("LocalAuthorizeOffline"):
        return info
    if info is None and configuration.on("AllowOfflineTxForUnknownId"):
        return {"status": "Accepted"}
    return INVALID
