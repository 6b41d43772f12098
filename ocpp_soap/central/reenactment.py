"""What has to be so in an empty store for a trace to happen again: what its operator had allowed, and transactionIds.

The trace shows it by its answers. A station or a tag is let in when the trace first shows that it was, and never put
out again: whatever is refused after that has to be decided anew. It knows neither files nor messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..errors import Problem
from .handlers import ALWAYS_CONFIRMED, FORGIVEN
from .handlers.authorization import DEFAULT_LIMIT
from .inbox import BOOT
from .ports import Work
from .profile import Profile
from .records import Exchange, Json, Tag

ALLOWED = ("Accepted", "ConcurrentTx")
STRICT_FAULTS = ("ProtocolError", "MustUnderstand")

# A transaction that began before the trace gets an id that the store will not give to another.
_BEFORE = 2_000_000_000


@dataclass(slots=True)
class TransactionIds:
    """The ids of the trace and those that the store gives for them."""

    _here: dict[int, int] = field(default_factory=dict)
    _there: dict[int, int] = field(default_factory=dict)
    _before: dict[int, int] = field(default_factory=dict)

    def here(self, there: int) -> int:
        """The id to say in place of the trace's; ids that no Central System gives stay as they are."""
        if there <= 0:
            return there
        return self._here.get(there) or self._before.setdefault(there, _BEFORE + len(self._before))

    def known(self, there: int) -> bool:
        """Whether that transaction began within the trace."""
        return there in self._here

    def learn(self, there: int, here: int) -> bool:
        """Notes that the trace's id is this one here; False when either was another's before."""
        return self._here.setdefault(there, here) == here and self._there.setdefault(here, there) == there


@dataclass(slots=True)
class _Station:
    id: int
    accepted: bool
    strict: bool = False


@dataclass(slots=True)
class Operator:
    """Does in the store what the trace shows that an operator had done before a message came."""

    _stations: dict[str, _Station] = field(default_factory=dict)
    # A tag that is not allowed is blocked here, whatever it is in the store.
    _tags: dict[str, Tag] = field(default_factory=dict)
    # What is open on each connector: the trace's transactionId, and the tag if it was accepted.
    _open: dict[tuple[str, int | None], tuple[int, str]] = field(default_factory=dict)

    def prepare(
        self, exchange: Exchange, request: Json, answer: Json, problems: Sequence[Problem], work: Work
    ) -> list[str]:
        """Before a message is played: `request` and `answer` are the trace's, empty where they can't be read.

        Returns in words what the operator did only now.
        """
        if not exchange.identity:
            return []
        acts = [self._let_in(exchange, answer, work)]
        if exchange.outcome in STRICT_FAULTS and not _refused_anyway(exchange.operation, problems):
            acts.append(self._be_strict(exchange.identity, work))
        id_tag, info = request.get("idTag"), answer.get("idTagInfo")
        if id_tag and info:
            acts.append(self._know(id_tag, info, exchange, self.running(exchange, request), work))
        return [act for act in acts if act]

    def note(self, exchange: Exchange, request: Json, answer: Json) -> None:
        """After a message: which transactions the trace has open now."""
        if exchange.operation == "StartTransaction" and (there := answer.get("transactionId")) is not None:
            allowed = answer.get("idTagInfo", {}).get("status") == "Accepted"
            self._open[self._connector(exchange, request)] = there, _folded(request.get("idTag")) if allowed else ""
        elif exchange.operation == "StopTransaction":
            stopped = request.get("transactionId")
            self._open = {place: one for place, one in self._open.items() if one[0] != stopped}

    def running(self, exchange: Exchange, request: Json) -> int:
        """How many other transactions of the request's tag the trace has open."""
        here, tag = self._connector(exchange, request), _folded(request.get("idTag"))
        return sum(one[1] == tag for place, one in self._open.items() if place != here)

    def _connector(self, exchange: Exchange, request: Json) -> tuple[str, int | None]:
        return _folded(exchange.identity), request.get("connectorId")

    def _let_in(self, exchange: Exchange, answer: Json, work: Work) -> str | None:
        identity = exchange.identity or ""
        shown = "Pending" if exchange.outcome == "SecurityError" else "Accepted"
        if exchange.operation == BOOT:
            shown = answer.get("status") or shown
        known = self._stations.get(_folded(identity))
        if known is None:
            station = work.charge_points.register(identity, shown, exchange.at)
            if exchange.version:
                work.charge_points.contact(identity, exchange.version, exchange.peer, exchange.at)
            self._stations[_folded(identity)] = _Station(station.id, shown == "Accepted")
        elif shown == "Accepted" and not known.accepted:
            work.charge_points.change(known.id, status=shown)
            known.accepted = True
            return f"{identity} was accepted"
        return None

    def _be_strict(self, identity: str, work: Work) -> str | None:
        known = self._stations[_folded(identity)]
        if known.strict:
            return None
        known.strict = True
        work.charge_points.change(known.id, profile=Profile(strictness="strict").stored())
        return f"{identity} was set to strict"

    def _know(self, id_tag: str, info: Json, exchange: Exchange, running: int, work: Work) -> str | None:
        """Makes the tag known as the trace first shows it; it may be let in later, and for more at the same time."""
        known, status = self._tags.get(_folded(id_tag)), info.get("status")
        tag = Tag(id_tag, status == "Blocked", _expiry(info, exchange.at), info.get("parentIdTag"), None)
        if status not in ALLOWED:
            if known is None:
                self._tags[_folded(id_tag)] = replace(tag, blocked=True)
                if status in ("Blocked", "Expired"):
                    work.tags.save(tag)
            return None
        starts = exchange.operation == "StartTransaction" and status == "Accepted"
        limit = max(running + 1 if starts else 0, (known and known.max_transactions) or DEFAULT_LIMIT)
        changed = replace(tag, max_transactions=limit)
        if changed == known:
            return None
        work.tags.save(changed)
        self._tags[_folded(id_tag)] = changed
        return f"the idTag {id_tag} was allowed" if known is not None and known.blocked else None


def _refused_anyway(operation: str | None, problems: Sequence[Problem]) -> bool:
    """Whether a message with these problems is refused from every station."""
    forgiven = FORGIVEN.get(operation or "", set())
    return operation is None or (
        operation not in ALWAYS_CONFIRMED and any(problem.path not in forgiven for problem in problems)
    )


def _expiry(info: Json, at: datetime) -> datetime | None:
    expiry: datetime | None = info.get("expiryDate")
    return expiry or (at if info.get("status") == "Expired" else None)


def _folded(text: str | None) -> str:
    return (text or "").casefold()
