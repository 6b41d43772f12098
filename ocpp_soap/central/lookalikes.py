"""Identities that look like others to whoever reads them: invisible characters, letters of several scripts, twins.

Two identities look alike when their skeletons are equal. The idea is that of Unicode's UTS 39, with a short table: what
can be taken for a Latin letter or a digit in a list. Pure functions; it refuses nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from ..logs import UNPRINTABLE, printable

# Greek and Cyrillic letters beside the Latin ones (or digits) that they look like, folded.
_LIKE = str.maketrans(
    "αβγεζηικμνορτυχѕаеорсухіјһԁԛԝвкмнтзьбո0l1|!5$",
    "abyeznikmvoptuxsaeopcyxijhdqwbkmht3b6n"  # what they are taken for
    "oiiiiss",
)
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "CHEROKEE")


def skeleton(identity: str) -> str:
    """What is left of an identity to the eye: without the invisible, compatible letters and similar ones made equal."""
    seen = UNPRINTABLE.sub("", unicodedata.normalize("NFKC", identity))
    bare = "".join(c for c in unicodedata.normalize("NFKD", seen.casefold()) if not unicodedata.combining(c))
    return UNPRINTABLE.sub("", bare.translate(_LIKE)).replace(" ", "").replace("rn", "m").replace("vv", "w")


def _scripts(identity: str) -> set[str]:
    names = (unicodedata.name(c, "").partition(" ")[0] for c in identity if c.isalpha())
    return {name for name in names if name in _SCRIPTS}


def suspicion(identity: str, others: Iterable[str]) -> str | None:
    """Why an identity may not be what it seems, given the `others` that there are; None when nothing is odd."""
    if UNPRINTABLE.search(identity):
        return f"{printable(identity)} holds characters that are not seen"
    if len(scripts := _scripts(identity)) > 1:
        written = " and ".join(name.title() for name in sorted(scripts))
        return f"{identity} mixes letters of several scripts ({written}) that look alike: {identity!a}"
    bones = skeleton(identity)
    if unicodedata.normalize("NFKC", identity) != identity or (scripts - {"LATIN"} and bones.isascii()):
        return f"{identity} is written with characters that look like others: {identity!a}"
    twins = (other for other in others if other != identity and skeleton(other) == bones)
    if twin := next(twins, None):
        return f"{identity} looks like {printable(twin)}" + ("" if twin.isascii() else f" ({twin!a})")
    return None
