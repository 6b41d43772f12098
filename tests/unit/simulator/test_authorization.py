"""The local list, the cache, and what a charge point decides by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpp_soap.simulator.authorization import Cache, LocalList, decide
from ocpp_soap.simulator.configuration import Configuration

NOW = datetime(2024, 1, 31, 12, tzinfo=UTC)


def update(known: LocalList, kind: str, version: int, *entries: tuple[str, str | None]) -> str:
    """SendLocalList with entries of tag and status (None: without idTagInfo)."""
    sent = [{"idTag": tag} | ({"idTagInfo": {"status": status}} if status else {}) for tag, status in entries]
    request: dict[str, Any] = {"updateType": kind, "listVersion": version, "localAuthorizationList": sent}
    return known.update(request, max_length=3, max_sent=2)


def state(known: LocalList) -> tuple[int, dict[str, str]]:
    """The list's version and entries."""
    return known.version, {tag: info["status"] for tag, info in known.entries.items()}


def test_a_full_list_replaces_everything() -> None:
    """Also with an older version (§5.15)."""
    known = LocalList()
    assert update(known, "Full", 5, ("A", "Accepted")) == "Accepted"
    assert update(known, "Full", 1, ("B", "Blocked")) == "Accepted"
    assert (1, {"b": "Blocked"}) == state(known)


def test_a_full_list_may_be_empty() -> None:
    """That forgets all tags and keeps the version."""
    known = LocalList()
    update(known, "Full", 1, ("A", "Accepted"))
    assert update(known, "Full", 2) == "Accepted"
    assert (2, {}) == state(known)


def test_a_differential_list_adds_changes_and_removes() -> None:
    """An entry without idTagInfo removes its tag."""
    known = LocalList()
    update(known, "Full", 1, ("A", "Accepted"), ("B", "Accepted"))
    assert update(known, "Differential", 2, ("a", None), ("B", "Blocked")) == "Accepted"
    assert update(known, "Differential", 3, ("C", "Accepted")) == "Accepted"
    assert (3, {"b": "Blocked", "c": "Accepted"}) == state(known)


@pytest.mark.parametrize("version", [1, 2])
def test_a_differential_list_has_to_be_newer(version: int) -> None:
    """Otherwise nothing changes."""
    known = LocalList()
    update(known, "Full", 2, ("A", "Accepted"))
    assert update(known, "Differential", version, ("B", "Accepted")) == "VersionMismatch"
    assert (2, {"a": "Accepted"}) == state(known)


@pytest.mark.parametrize(
    ("kind", "version", "entries"),
    [
        ("Full", 0, [("B", "Accepted")]),
        ("Full", -1, [("B", "Accepted")]),
        ("Full", 2, [("B", "Accepted"), ("b", "Blocked")]),
        ("Full", 2, [("B", None)]),
        ("Full", 2, [("B", "Accepted"), ("C", "Accepted"), ("D", "Accepted")]),
        ("Differential", 2, [("C", "Accepted"), ("D", "Accepted")]),
    ],
)
def test_a_list_that_can_not_be_taken_changes_nothing(
    kind: str, version: int, entries: list[tuple[str, str | None]]
) -> None:
    """Reserved versions, a tag twice, a full list without idTagInfo, too many at once, too many in all."""
    known = LocalList()
    update(known, "Full", 1, ("A", "Accepted"), ("A2", "Accepted"))
    assert update(known, kind, version, *entries) == "Failed"
    assert (1, {"a": "Accepted", "a2": "Accepted"}) == state(known)


def decided(tag: str, online: bool, **configuration: object) -> str | None:
    """What is decided with GOOD and BAD on the list, OLD expired, CACHED and OUT in the cache."""
    known, cache = LocalList(), Cache()
    known.entries = {
        "good": {"status": "Accepted"},
        "bad": {"status": "Blocked"},
        "old": {"status": "Accepted", "expiryDate": NOW - timedelta(seconds=1)},
    }
    for name, status in (("CACHED", "Accepted"), ("OUT", "Invalid"), ("BAD", "Accepted")):
        cache.learn(name, {"status": status})
    info = decide(tag, known, cache, Configuration(**configuration), NOW, online=online)
    return None if info is None else str(info["status"])


@pytest.mark.parametrize("tag", ["GOOD", "CACHED", "BAD", "NEW"])
def test_online_the_central_system_is_asked(tag: str) -> None:
    """Unless LocalPreAuthorize says otherwise."""
    assert decided(tag, online=True) is None


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("good", "Accepted"), ("CACHED", "Accepted"), ("BAD", None), ("OLD", None), ("OUT", None), ("NEW", None)],
)
def test_localpreauthorize_decides_in_favour_alone(tag: str, expected: str | None) -> None:
    """A tag that is not accepted here is still asked for (§3.5); the list goes before the cache."""
    assert expected == decided(tag, online=True, LocalPreAuthorize=True)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("GOOD", "Accepted"),
        ("CACHED", "Accepted"),
        ("BAD", "Blocked"),
        ("OLD", "Expired"),
        ("OUT", "Invalid"),
        ("NEW", "Invalid"),
    ],
)
def test_offline_list_and_cache_decide(tag: str, expected: str) -> None:
    """LocalAuthorizeOffline is on by default (§3.5)."""
    assert expected == decided(tag, online=False)


@pytest.mark.parametrize(
    ("tag", "configuration", "expected"),
    [
        ("NEW", {"AllowOfflineTxForUnknownId": True}, "Accepted"),
        ("BAD", {"AllowOfflineTxForUnknownId": True}, "Blocked"),
        ("GOOD", {"LocalAuthorizeOffline": False}, "Invalid"),
        ("GOOD", {"LocalAuthListEnabled": False}, "Invalid"),
        ("CACHED", {"AuthorizationCacheEnabled": False}, "Invalid"),
    ],
)
def test_keys_change_what_is_decided_offline(tag: str, configuration: dict[str, object], expected: str) -> None:
    """AllowOfflineTxForUnknownId is for tags that nobody knows."""
    assert expected == decided(tag, online=False, **configuration)


def test_the_cache_learns_nothing_from_concurrenttx() -> None:
    """It says something about a moment, not about the tag."""
    cache = Cache()
    cache.learn("A", {"status": "Accepted"})
    cache.learn("A", {"status": "ConcurrentTx"})
    assert {"status": "Accepted"} == cache.find("a")
