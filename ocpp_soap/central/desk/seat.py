"""What every decision needs: the audited store, the time, the standard's words, and the rules for callbacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ...errors import NotFound
from ...protocol.catalog import Catalog
from ..again import transact
from ..audit import Audited
from ..callback import CallbackGuard
from ..ports import Clock, Store, Work
from ..records import ChargePoint

T = TypeVar("T")

Check = Callable[[T], None]
"""Looks at a row as it is while it is locked, and raises where that is not what somebody decided upon (If-Match)."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody decides; `store` is `Audited`, in his name."""

    store: Store
    clock: Clock
    catalog: Catalog
    guard: CallbackGuard

    @property
    def who(self) -> str:
        """Whom the audit names."""
        assert isinstance(self.store, Audited), "decisions are made in somebody's name"
        return self.store.who

    def _decide(self, act: Callable[[Work], T]) -> T:
        return transact(self.store, act)


def registered(work: Work, identity: str, lock: bool = False) -> ChargePoint:
    """The registered charge point; raises `NotFound` in words that help."""
    point = work.charge_points.find(identity, lock)
    if point is None:
        stranger = work.charge_points.find_unknown(identity)
        hint = f"; `ocpp-soap charge-points accept {stranger.identity}` lets it in" if stranger else ""
        raise NotFound(f"{identity} is not registered{hint}" if stranger else unknown(identity))
    return point


def unknown(identity: str) -> str:
    """The sentence for an identity that nobody has."""
    return f"there is no charge point {identity!r}; see `ocpp-soap charge-points list`"
