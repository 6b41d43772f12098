"""Many small choices from one drawn number: a case takes few draws, and a smaller number makes a smaller case."""

from __future__ import annotations

from hypothesis import strategies as st

# How often the usual comes for each time that something else does.
USUAL = 25
LUCK = st.integers(0, 2**24 - 1)


class Luck:
    """Many small choices from one number, since drawing is dear; nothing but the usual comes of 0."""

    def __init__(self, number: int) -> None:
        self._left = number

    def of(self, *few: str) -> str:
        """One of a few."""
        self._left, found = divmod(self._left, len(few))
        return few[found]

    def mostly(self, usual: str, *others: str) -> str:
        """The usual, and now and then another."""
        self._left, found = divmod(self._left, USUAL * len(others) + len(others))
        return usual if found < USUAL * len(others) else others[found - USUAL * len(others)]

    def once_in(self, many: int) -> bool:
        """Now and then true."""
        self._left, found = divmod(self._left, many)
        return found == many - 1


def lucky() -> st.SearchStrategy[Luck]:
    """A number to choose by."""
    return LUCK.map(Luck)
