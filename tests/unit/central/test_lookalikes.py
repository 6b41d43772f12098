"""Identities that look like others."""

from __future__ import annotations

import unicodedata

import pytest

from ocpp_soap.central.lookalikes import suspicion
from ocpp_soap.logs import UNPRINTABLE, Seldom, printable


@pytest.mark.parametrize(
    ("identity", "others"),
    [
        ("CP1", ["CPl"]),
        ("CP10", ["CP1O"]),
        ("\u0421\u04201", []),  # Cyrillic
        ("\u0421\u0420" + "1", ["CP1"]),
        ("C\u04201", []),
        ("\uff23\uff301", []),  # full width
        *((f"CP{invisible}1", []) for invisible in "\u200b\u200d\u2060\ufeff\u00ad\u3164\u202e\u00a0\u115f\U000e0041"),
    ],
)
def test_an_identity_that_looks_like_another_is_suspicious(identity: str, others: list[str]) -> None:
    """The words name it so that the difference is seen."""
    assert suspicion(identity, others) is not None


@pytest.mark.parametrize("identity", ["CP1", "Säule 7", "00:11:22", "станция", "充電器", "CP-1/A"])
def test_an_ordinary_identity_is_not(identity: str) -> None:
    """Whatever script it is written in."""
    assert suspicion(identity, ["CP2", "CP-20", identity]) is None


def test_whatever_is_not_seen_is_written_out() -> None:
    """By Unicode's categories, whatever its version."""
    unseen = [chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")]
    assert [] == [hex(ord(c)) for c in unseen if c != " " and not UNPRINTABLE.match(c)]
    assert r"CP\u3164\u200d\xad1" == printable("CP\u3164\u200d\u00ad1")


def test_what_happens_over_and_over_is_logged_once_a_minute() -> None:
    """With how often it was; and many different ones fill no log either."""
    now = [0.0]
    seldom = Seldom(keys=3, clock=lambda: now[0])
    assert [1, 0, 0] == [seldom.due("a") for _ in range(3)]
    now[0] = 61.0
    assert 3 == seldom.due("a")
    assert 2 == sum(seldom.due(key) for key in range(100))
