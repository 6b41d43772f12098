"""Whether a station can be called, where, and if not, why: the callback doctor.

It asks a harmless question at the address in use, and where that does not help, at every other that the station may be
found at. Each question takes the station's turn and goes into the journal; the one at the address in use is a command.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import NotFound, NotTransmitted
from ..protocol.schema import Service
from . import advice, callback
from .again import transact
from .commands import Commands
from .orders import Order, Turn
from .ports import Answered
from .profile import Profile
from .records import ChargePoint, Json
from .sending import Sender, exchange
from .walk import CONNECT, Step, Walk, Walker

# What changes nothing at a station, the most widespread first; asked without any field.
HARMLESS = ("GetConfiguration", "GetLocalListVersion")

# Earlier addresses that are tried, the newest first.
EARLIER = 5

IN_USE, NEARBY, NOWHERE = "inUse", "elsewhere", "nowhere"

SOURCES = {
    "operator": "in use: fixed by the operator",
    "station": "in use: as its wsa:From says",
    "said": "its wsa:From, completed by the address that its messages come from now",
    "peer": "port and path in use, at the address that its messages come from",
    "refused": "a change that was not taken over",
    "earlier": "an earlier address",
}
"""Where an address comes from."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address and its SOURCES, the first of which counts."""

    address: str
    sources: tuple[str, ...]

    @property
    def in_use(self) -> bool:
        """Whether commands go there."""
        return self.sources[0] in ("operator", "station")


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of a candidate; `walk` None: it was not tried. `tries`: what may help."""

    candidate: Candidate
    walk: Walk | None = None
    wrong: str | None = None
    tries: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the station answered."""
        return self.walk is not None and self.walk.trouble in advice.REACHED

    def ends_it(self, everywhere: bool) -> bool:
        """Whether no other address has to be tried, or none can be, since others are calling the station."""
        if self.walk is not None and self.walk.trouble == "busy":
            return True
        return self.reached and self.candidate.in_use and not everywhere


@dataclass(frozen=True, slots=True)
class Report:
    """All of it: the `operation` asked, None where the version has no harmless one; what to conclude and to try."""

    station: ChargePoint
    version: str
    operation: str | None
    visits: tuple[Visit, ...]
    verdict: str
    conclusion: str
    tries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prober:
    """Asks stations by `commands`, in the turns of `sender`, and goes the way there with `walker`."""

    commands: Commands
    sender: Sender
    walker: Walker

    def probe(
        self, identity: str, everywhere: bool = False, tell: Callable[[int], None] = lambda _: None, who: str = ""
    ) -> Report:
        """Asks the station where it is called, and at the other addresses if that fails, or in any case `everywhere`.

        `tell` hears how many addresses are done; `who` asked. Raises `NotFound`.
        """
        with self.commands.store.reading() as work:
            station = work.charge_points.find(identity)
            history = work.charge_points.callback_history(station.id) if station else ()
        if station is None:
            raise NotFound(f"there is no charge point {identity!r}; see `ocpp-soap charge-points list`")
        phrasing = self.commands.phrasing
        version = phrasing.version_of(station)
        operation = question(phrasing.catalog.versions[version].charge_point)
        visits: list[Visit] = []
        for candidate in candidates(station, history):
            tell(len(visits))
            enough = any(visit.ends_it(everywhere) for visit in visits)
            visits.append(Visit(candidate) if enough else self._visit(station, candidate, version, operation, who))
        return conclude(station, version, operation, tuple(visits))

    def _visit(
        self, station: ChargePoint, candidate: Candidate, version: str, operation: str | None, who: str
    ) -> Visit:
        profile = Profile.read(station.profile)
        if candidate.in_use and operation is not None:
            walk = self._by_command(station, operation, who)
        else:
            walk = self._by_itself(station, candidate.address, version, operation, profile)
        walk = self.walker.look_closer(walk, candidate.address, profile)
        visit = Visit(candidate, walk)
        if walk.trouble is None:
            return visit
        tries = tuple(advice.tries(walk, candidate.address, station))
        return replace(visit, wrong=advice.sentence(walk, candidate.address, station), tries=tries)

    def _by_command(self, station: ChargePoint, operation: str, who: str) -> Walk:
        with self.sender.turn(station.id) as holder:
            if holder is None:
                return _never_gone(self.sender.still_running)
            # Queued while the turn is ours: else a courier might take it, and go the way unseen.
            command, _ = self.commands.submit(station.identity, Order(operation, {}), who)
            way = _Way(self.walker)
            replace(self.sender, link=way).run(Turn(station.id, command.id, holder))
        return way.gone or _never_gone(self.commands.find(command.id).error or "")

    def _by_itself(
        self, station: ChargePoint, address: str, version: str, operation: str | None, profile: Profile
    ) -> Walk:
        """No command, since it is none of the station's affair who is at that address."""
        sender = self.sender
        with sender.turn(station.id) as holder:
            if holder is None:
                return _never_gone(sender.still_running)
            at = sender.clock()
            walk = self.walker.walk(address, station.identity, version, operation, {}, profile)
            row = exchange(
                walk.result,
                at=at,
                until=sender.clock(),
                identity=station.identity,
                version=version,
                operation=operation,
                address=address,
            )
            transact(sender.store, lambda work: work.journal.add(row))
        return walk


@dataclass(slots=True)
class _Way:
    """A link (`ports.Link`) that remembers the way it went."""

    walker: Walker
    gone: Walk | None = None

    def call(
        self, address: str, identity: str, version: str, operation: str, payload: Json, profile: Profile
    ) -> Answered:
        self.gone = self.walker.walk(address, identity, version, operation, payload, profile)
        if isinstance(self.gone.result, Exception):
            raise self.gone.result
        return self.gone.result


def _never_gone(words: str) -> Walk:
    return Walk((Step(CONNECT, words, "busy"),), "busy", NotTransmitted(words), 0.0)


def question(service: Service) -> str | None:
    """The harmless operation of that version's ChargePointService; None when it has none."""
    return next((name for name in HARMLESS if name in service.operations), None)


def candidates(station: ChargePoint, history: Sequence[Json]) -> list[Candidate]:
    """Where the station may be, the address in use first; each address once."""
    found: dict[str, list[str]] = {}
    for source, address in _addresses(station, history):
        if address is not None:
            found.setdefault(address, []).append(source)
    return [Candidate(address, tuple(dict.fromkeys(sources))) for address, sources in found.items()]


def _addresses(station: ChargePoint, history: Sequence[Json]) -> Iterator[tuple[str, str | None]]:
    refused: dict[str, Any] = station.callback_refused or {}
    yield station.callback_source or "station", station.callback_url
    yield "said", callback.complete(station.callback_said, station.peer)
    if station.callback_url is not None:
        yield "peer", callback.elsewhere(station.callback_url, station.peer)
    yield "refused", refused.get("url")
    earlier = list(dict.fromkeys(row["url"] for row in history if row["url"] is not None))
    yield from (("earlier", address) for address in earlier[:EARLIER])


def conclude(station: ChargePoint, version: str, operation: str | None, visits: tuple[Visit, ...]) -> Report:
    """What follows from the visits."""
    first = visits[0] if visits and visits[0].candidate.in_use else None
    reached = next((visit for visit in visits if visit.reached), None)
    if reached is None:
        verdict, tries = NOWHERE, first.tries if first else _without_address(station)
        words = _trouble_with(station, first)
        others = sum(1 for visit in visits if visit.walk is not None and visit is not first)
        if others:
            words += f"; it does not answer at {others} other address{'es' * (others > 1)} either"
    elif reached is first:
        verdict, tries = IN_USE, first.tries
        words = f"{station.identity} can be called: {_answered(reached, station, version, operation)}"
    else:
        address = reached.candidate.address
        verdict, tries = NEARBY, (f"`{advice.set_callback(station)} {shlex.quote(address)}`",)
        answered = _answered(reached, station, version, operation)
        words = f"{_trouble_with(station, first)}; but {answered} ({SOURCES[reached.candidate.sources[0]]})"
    return Report(station, version, operation, visits, verdict, words, tries)


def _answered(visit: Visit, station: ChargePoint, version: str, operation: str | None) -> str:
    walk, address = visit.walk, visit.candidate.address
    assert walk is not None, "nobody answers who is not asked"
    if operation is None:
        return (
            f"something answers at {address} ({walk.words}). OCPP {version} has no operation that can be sent without "
            f"consequences: whether it is {station.identity}, only a command can tell"
        )
    if visit.wrong is not None:
        return f"at {address}, {visit.wrong}"
    other = [flag for flag in getattr(walk.result, "flags", ()) if flag.get("quirk") == "answer-of-another-identity"]
    doubt = f", as {other[0]['raw']}: see that no other station is there" if other else ""
    return f"at {address}, it confirms {operation} after {walk.seconds:.2f} s{doubt}"


def _trouble_with(station: ChargePoint, first: Visit | None) -> str:
    """Why it can't be called where it should be."""
    if first is not None:
        return f"{station.identity} can't be called at {first.candidate.address}: {first.wrong}"
    if station.last_seen is None:
        return f"{station.identity} can't be called: it has never spoken, and nobody has set its address"
    return f"{station.identity} can't be called: it names no address in wsa:From, and nobody has set one"


def _without_address(station: ChargePoint) -> tuple[str, ...]:
    peer = station.peer or "ITS-IP-ADDRESS"
    place = f"[{peer}]" if ":" in peer else peer
    set_ = f"set its address: `{advice.set_callback(station)} http://{place}:PORT/`"
    if station.last_seen is None:
        return "wait for its first message, which says where it is; see that its menu names this gateway", f"or {set_}"
    return f"look up in the station's menu on which port it listens for commands, and {set_}", _NAME_ITSELF


_NAME_ITSELF = 'or have it name its own address, if its menu can: often "callback URL" or "charge point URL"'
