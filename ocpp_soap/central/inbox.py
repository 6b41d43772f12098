"""Takes one message of a station from its context to its answer, in one transaction of the store.

It decides who may speak (registration), lets the operation's handler decide the rest, and writes the journal. What a
station sent is committed before the answer leaves. It knows no XML and no SQL.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from ..errors import Fault, IdentityMismatch, InternalError, ProtocolError, SecurityError, StoreError
from ..logs import Seldom, request_id
from ..protocol.times import format_time
from . import callback
from .again import transact
from .authentication import NOTHING, Access, Judge, Uncompared, prefix, within
from .call import Call, Policy, Render, Reply
from .clocks import note_clock
from .handlers import ALWAYS_CONFIRMED, FORGIVEN, HANDLERS
from .handlers.charge_point import registration_answer
from .handlers.vendor import Consultation, PlugIns
from .ports import Store, Work
from .profile import Profile
from .quirks import seen
from .records import ChargePoint, Exchange, Json
from .strangers import Strangers

log = logging.getLogger(__name__)

# A failed authentication has one line a minute for each identity and network.
FAILED = Seldom()
# So have charge points that are not registered, for each network, when they speak too often.
TOO_MANY = Seldom()

# Whoever has not been accepted must not fill the journal: so many bytes of a message are kept.
KEPT_OF_STRANGERS = 16 * 1024
KEPT_OF_A_TEXT, KEPT_OF_AN_ADDRESS = 255, 2000

# For so long a failed authentication counts.
FAILURES_COUNT_FOR = timedelta(minutes=10)

# A station that is called before it has its answer may refuse the call.
ANSWER_FIRST = timedelta(seconds=1)

# Of what has no operation, in the list of unregistered charge points.
NO_MESSAGE = "(not understood)"

BOOT = "BootNotification"
HEARTBEAT = "Heartbeat"

Decision = Json | Fault | Consultation
Decide = Callable[[Work], Decision]


class _TurnedAway(Exception):
    """The sender is not who it says: nothing of its message may change what is known of the station."""

    def __init__(self, fault: Fault, station: ChargePoint | None) -> None:
        super().__init__(fault.text)
        self.fault = fault
        # Identities that nobody registered are told apart by nobody: they are anybody's to make up.
        self.identity = station.identity if station else ""


def _reached(work: Work, station_id: int) -> bool | None:
    reachable: bool | None = work.commands.reachability(station_id)["reachable"]
    return reachable


def _shortened(boot: Json) -> Json:
    return {name: value[:KEPT_OF_A_TEXT] if isinstance(value, str) else value for name, value in boot.items()}


@dataclass(frozen=True, slots=True)
class Inbox:
    """The Central System's side of every operation that a station calls; it belongs to one process."""

    store: Store
    policy: Policy
    plug_ins: PlugIns
    judge: Judge = field(default_factory=Judge)
    strangers: Strangers = field(default_factory=Strangers)

    def receive(self, call: Call, request: Json | Fault, render: Render) -> Reply:
        """Decides on `request` (or on the fault that the message already is), commits, and gives the rendered reply."""
        call.policy = self.policy
        exchange = partial(self._exchange, call, render, time.perf_counter())
        try:
            outcome = self._settle(exchange, call, request)
            # A plug-in runs while no transaction is open; the message it reads is already safe.
            reply: Reply = outcome if isinstance(outcome, Reply) else exchange(self.plug_ins.consult(outcome, call))
            return reply
        except StoreError as error:
            log.error("the store can't be used: %s", error)
        except Exception:
            log.exception("%s of %r failed", call.operation or "a message", call.identity)
            with suppress(StoreError):
                failed: Reply = exchange(lambda _: InternalError(""))
                return failed
        return render(InternalError(""))

    def _settle(self, exchange: Callable[[Decide], Any], call: Call, request: Json | Fault) -> Any:
        """The exchange of a sender that proves itself; what any other brought about is rolled back, and counted."""
        while True:
            try:
                return exchange(partial(self._decide, call, request))
            except Uncompared as slow:
                compared = self.judge.compare(slow, call.credentials, call.peer, self._may_wait(call, slow.identity))
                if compared is None:
                    return exchange(partial(self._send_off, call))
                call.credentials = compared
            except _TurnedAway as turned_away:
                return exchange(partial(self._turn_away, call, turned_away))

    def _may_wait(self, call: Call, identity: str) -> bool:
        """Whether neither this network nor this charge point has failed too often to be worth a thread that waits."""
        since = call.received - FAILURES_COUNT_FOR
        with self.store.reading() as work:
            return max(work.attempts.lately(prefix(call.peer), identity, since)) <= self.policy.failures

    def _send_off(self, call: Call, _: Work) -> Fault:
        """Nothing of this message is kept; its password is compared meanwhile, and the sender may try again soon."""
        call.journaled = False
        return SecurityError("The password is being compared; send the message again.", status=429, retry_after=2)

    def _exchange(self, call: Call, render: Render, started: float, decide: Decide) -> Any:
        """One transaction: decision, rendered answer, journal.

        Gives the reply, or the `Consultation` that has to come before it.
        """
        flags = len(call.flags)

        def act(work: Work) -> Reply | Consultation:
            del call.flags[flags:]
            decision = decide(work)
            if isinstance(decision, Consultation):
                settle = self.plug_ins.decline(decision)
                if settle is None:
                    return decision
                decision = settle(work)
            reply = render(decision)
            self._journal(call, reply, work, time.perf_counter() - started)
            return reply

        return transact(self.store, act)

    def _decide(self, call: Call, request: Json | Fault, work: Work) -> Decision:
        if isinstance(request, Fault):
            return self._fault(call, request, work)
        station = work.charge_points.contact(call.identity, call.version, call.peer, call.received)
        if station is None:
            if not self._may_register(call):
                return self._stranger(call, request, work)
            registered = work.charge_points.register(call.identity, "Accepted", call.received)
            # Once more, so that the message that registers it is noted like every other.
            station = work.charge_points.contact(call.identity, call.version, call.peer, call.received) or registered
            call.flag("chargeBoxIdentity", call.identity, "registered, since unknown charge points are accepted")
        self._let_in(call, station)
        if station.identity != call.identity:
            call.flag("chargeBoxIdentity", call.identity, station.identity, "identity-case")
        if station.status != "Accepted" and call.operation != BOOT:
            return SecurityError(f"Charge point {call.identity} is {station.status}, not Accepted.")
        if station.status != "Rejected":
            self._learn_callback(call, station, work)
            if station.commands_waiting:
                work.queue.contacted(station.id, call.received + ANSWER_FIRST)
        if call.profile.strict and (violation := call.violation()) is not None:
            return violation
        if call.problems:
            forgiven = FORGIVEN.get(call.operation, set())
            unforgiven = [p for p in call.problems if p.path not in forgiven]
            if unforgiven and call.operation not in ALWAYS_CONFIRMED:
                return ProtocolError("; ".join(map(str, unforgiven)), path=unforgiven[0].path)
            for problem in call.problems:
                call.flag(problem.path, problem.raw, f"accepted without {problem.expected}", problem.quirk)
        note_clock(request, call, work)
        decision = HANDLERS[call.operation](request, call, work)
        if call.flags:
            quirks = seen(station.quirks, call.operation, call.flags_as_json(), call.received)
            if quirks is not None:
                work.charge_points.change(station.id, quirks=quirks)
        return decision

    def _fault(self, call: Call, fault: Fault, work: Work) -> Fault:
        """What can't be understood is a station's own only where its sender shows what is asked of it."""
        station = work.charge_points.find(call.identity) if call.identity else None
        if isinstance(fault, IdentityMismatch):
            raise _TurnedAway(fault, station)
        if station is not None:
            self._let_in(call, station)
        elif not self._is_bearable(call):
            return fault
        elif call.identity and self._may_come_from(call.peer):
            work.charge_points.remember_unknown(
                call.identity, call.version, call.operation or NO_MESSAGE, call.peer, None, {}, call.received
            )
        return fault

    def _let_in(self, call: Call, station: ChargePoint) -> None:
        """Raises when the sender does not show what is asked of this station; else it is spoken to as it wants."""
        access = Access.read(station.access)
        try:
            fault = self.judge.refusal(call.identity, access, call.credentials, call.peer, self.policy.access)
        except Uncompared as slow:
            slow.identity = station.identity
            raise
        if fault is not None:
            raise _TurnedAway(fault, station)
        call.proven, call.station, call.profile = True, station, Profile.read(station.profile)

    def _turn_away(self, call: Call, turned_away: _TurnedAway, work: Work) -> Fault:
        """Records and logs an attempt that failed; who fails too often is rate-limited, and fills no journal.

        Whoever shows nothing may just wait to be asked (401), and so is not limited for what others guessed.
        """
        fault, identity = turned_away.fault, turned_away.identity
        since, network, shown = call.received - FAILURES_COUNT_FOR, prefix(call.peer), call.credentials != NOTHING
        of_network, of_identity = work.attempts.note(identity, network, fault.text, call.received, since)
        limit, of_identity = self.policy.failures, of_identity if identity else 0
        if of_network > limit or of_identity > limit:
            call.journaled = False
        if (shown and identity and of_identity > limit) or (of_network > limit and (shown or fault.status is None)):
            fault.status = HTTPStatus.TOO_MANY_REQUESTS
        if times := FAILED.due((identity, network)):
            words = "authentication of %r from %s failed (%d since the last line, %d from there in 10 minutes): %s"
            log.warning(words, identity or call.identity, call.peer, times, of_network, fault.text)
        return fault

    def _stranger(self, call: Call, request: Json, work: Work) -> Json | Fault:
        """A station that is not registered: remembered whatever it sent; only its boot is answered."""
        if not self._may_come_from(call.peer):
            raise _TurnedAway(SecurityError("No charge point may speak from this address."), None)
        if not self._is_bearable(call):
            words = "Too many messages of charge points that are not registered came from this address."
            return SecurityError(words, status=HTTPStatus.TOO_MANY_REQUESTS, retry_after=60)
        boot = _shortened(request) if call.operation == BOOT else {}
        come = None if call.callback is None else call.callback[:KEPT_OF_AN_ADDRESS]
        work.charge_points.remember_unknown(
            call.identity, call.version, call.operation, call.peer, come, boot, call.received
        )
        if call.operation != BOOT:
            return SecurityError(f"Charge point {call.identity} is not registered here.")
        status = "Rejected" if self.policy.unknown_charge_points == "reject" else "Pending"
        return registration_answer(status, None, call)

    def _is_bearable(self, call: Call) -> bool:
        """Whether not too much came from the network of this stranger; else nothing of the message is kept."""
        if self.strangers.admits(network := prefix(call.peer), call.received):
            return True
        call.journaled = False
        if times := TOO_MANY.due(network):
            words = "too many messages of charge points that are not registered come from %s (%d since the last line)"
            log.warning(words, network, times)
        return False

    def _may_come_from(self, peer: str | None) -> bool:
        networks = self.policy.access.networks
        return not networks or within(peer, networks)

    def _may_register(self, call: Call) -> bool:
        """Whether a station that nobody registered is taken in: where all are, and it shows what is asked of all."""
        return self.policy.unknown_charge_points == "accept" and not self.judge.refusal(
            call.identity, Access(), call.credentials, call.peer, self.policy.access
        )

    def _learn_callback(self, call: Call, station: ChargePoint, work: Work) -> None:
        """Takes over a changed wsa:From (OCPP-S 1.6 §3.7); a change that may not be is kept for the operator to see."""
        # Learned as it stands, from the same address: there is nothing to complete.
        if call.callback is None or (call.callback, call.peer) == (station.callback_url, station.callback_peer):
            return
        url = callback.complete(call.callback, call.peer)
        if url != call.callback:
            call.flag("wsa:From", call.callback, url or "no address to call", "from-unusable")
        if url is None or url == station.callback_url:
            return
        known, access = station.callback_url, Access.read(station.access)
        networks = access.allowed(self.policy.access)
        reason = callback.objection(known, station.callback_source, url, self.policy.guard, networks)
        if reason is None and not access.asks_for_proof(self.policy.access):
            reached = partial(_reached, work, station.id)
            reason = callback.takeover(known, station.callback_peer, url, call.peer, reached)
        if reason is None:
            work.charge_points.set_callback(station.id, url, call.callback, "station", call.peer, call.received)
            return
        call.flag("wsa:From", call.callback, f"not taken over, since {reason}")
        if (station.callback_refused or {}).get("url") != url:
            refused = {"url": url, "said": call.callback, "peer": call.peer, "at": format_time(call.received)}
            work.charge_points.change(station.id, callback_refused={**refused, "reason": reason})

    def _journal(self, call: Call, reply: Reply, work: Work, duration: float) -> None:
        if not call.journaled:
            return
        if call.operation == HEARTBEAT and not self.policy.journal_heartbeats and reply.outcome == "answered":
            return
        work.journal.add(
            Exchange(
                at=call.received,
                direction="in",
                # Of a station its own spelling, so that all it sent is found together.
                identity=(call.station.identity if call.proven else call.identity) or None,
                operation=call.operation or None,
                version=call.version or None,
                peer=call.peer,
                duration=duration,
                outcome=reply.outcome,
                request=call.raw if call.proven else call.raw[:KEPT_OF_STRANGERS],
                answer=reply.body,
                flags=call.flags_as_json(),
                request_id=request_id.get(),
            )
        )
