"""Every quirk of `protocol.quirks` as a simulated station has it: a table of small functions, and the rule for many.

Quirks that exclude each other take turns, message by message, so that with all of them on every one is shown; a message
that is sent again is spelled as before. One that can't show in a message leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote

from ..protocol.quirks import QUIRKS, REFUSED
from .letters import Letter
from .misspellings import BODY, VALUES, Respelling
from .oddities import ANSWERS, ENVELOPE, HEADERS, HTTP

# The names that a station may have; they are changed where it says its own (see `spelled`).
IDENTITIES: Mapping[str, Callable[[str], str]] = {
    "identity-with-blanks": lambda identity: f"{identity} 1",
    "identity-with-signs": lambda identity: f"{identity}:1.a",
}

ADDRESSES: Mapping[str, Callable[[str, str], str]] = {
    "identity-from-path": lambda url, identity: f"{url.rstrip('/')}/{quote(identity, safe='')}",
    "path-slashes": lambda url, _: url.replace("/ocpp", "//ocpp//", 1),
}
"""Where a station sends its messages."""

RESPELLINGS: Mapping[str, Respelling] = VALUES | ANSWERS | BODY | HEADERS | ENVELOPE | HTTP
"""What is done to a message, in this order."""

EVERY = frozenset(name for name, quirk in QUIRKS.items() if quirk.group != REFUSED)
"""All that a station can have together."""

EXCLUSIVE = (
    ("headers-missing", "header-without-namespace", "header-name-case"),
    ("from-missing", "from-without-address", "from-unusable"),
    ("identity-from-path", "identity-case"),
    ("encoding-unknown", "encoding-labels-disagree", "latin-1", "utf-16"),
    (
        "body-without-namespace",
        "body-in-cp-namespace",
        "namespace-spelling",
        "children-unqualified",
        "children-in-another-namespace",
    ),
    ("structure-of-another-version", "element-in-itself", "element-for-attribute"),
    ("unknown-word", "word-in-another-case", "word-of-another-version"),
    (
        "time-without-zone",
        "time-as-epoch",
        "time-spelling",
        "time-with-fraction",
        "time-impossible",
        "clock-never-set",
        "time-in-future",
    ),
    ("boolean-spelling", "boolean-unreadable"),
    ("no-content-type", "odd-content-type"),
    ("coding-without-compression", "compressed"),
    ("chunked", "expect-continue", "old-http"),
)
"""Of each of these a message has one at most: those that are switched on take turns."""


def check(quirks: Collection[str]) -> None:
    """Raises ValueError for a name that is none of a quirk."""
    if unknown := sorted(set(quirks) - QUIRKS.keys()):
        raise ValueError(f"there is no quirk {unknown[0]!r}; see docs/quirks.md")


def named(names: Collection[str]) -> frozenset[str]:
    """The quirks of these names, "all" for `EVERY` among them; raises ValueError for a name that is none."""
    several = {names} if isinstance(names, str) else set(names)
    found = frozenset(several - {"all"}) | (EVERY if "all" in several else frozenset())
    check(found)
    return found


def chosen(quirks: Collection[str], turn: int) -> frozenset[str]:
    """Those of `quirks` that the message of that turn has."""
    check(quirks)
    rivals = [[name for name in group if name in quirks] for group in EXCLUSIVE]
    resting = {name for group in rivals for i, name in enumerate(group) if i != turn % len(group)}
    return frozenset(quirks) - resting


def respell(letter: Letter, quirks: Collection[str]) -> Letter:
    """The letter with these quirks."""
    for name, function in RESPELLINGS.items():
        if name in quirks:
            function(letter)
    return letter


def spelled(identity: str, quirks: Collection[str]) -> str:
    """The identity as a station with these quirks has it."""
    for name, spell in IDENTITIES.items():
        if name in quirks:
            identity = spell(identity)
    return identity


def address(url: str, identity: str, quirks: Collection[str]) -> str:
    """Where a station with these quirks sends its messages."""
    for name, spell in ADDRESSES.items():
        if name in quirks:
            url = spell(url, identity)
    return url
