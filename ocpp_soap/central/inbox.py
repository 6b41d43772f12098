"""Takes one message of a station from its context to its answer, in one transaction of the store.

It decides who may speak (registration), lets the operation's handler decide the rest, and writes the journal. What a
station sent is committed before the answer leaves. It knows no XML and no SQL.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import Fault, InternalError, ProtocolError, SecurityError, StoreError
from . import callback
from .again import transact
from .call import Call, Policy, Render, Reply
from .clocks import note_clock
from .handlers import ALWAYS_CONFIRMED, FORGIVEN, HANDLERS
from .handlers.charge_point import registration_answer
from .handlers.vendor import Consultation, PlugIns
from .ports import Store, Work
from .records import ChargePoint, Exchange, Json

log = logging.getLogger(__name__)

# Whoever has not been accepted must not fill the journal: so many bytes of a message are kept.
KEPT_OF_STRANGERS = 64 * 1024

BOOT = "BootNotification"
HEARTBEAT = "Heartbeat"

Decision = Json | Fault | Consultation
Decide = Callable[[Work], Decision]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The Central System's side of every operation that a station calls."""

    store: Store
    policy: Policy
    plug_ins: PlugIns

    def receive(self, call: Call, request: Json | Fault, render: Render) -> Reply:
        """Decides on `request` (or on the fault that the message already is), commits, and gives the rendered reply."""
        call.policy = self.policy
        exchange = partial(self._exchange, call, render, time.perf_counter())
        try:
            outcome = exchange(partial(self._decide, call, request))
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
            return request
        station = work.charge_points.contact(call.identity, call.version, call.peer, call.received)
        if station is None:
            if self.policy.unknown_charge_points != "accept":
                return self._stranger(call, request, work)
            registered = work.charge_points.register(call.identity, "Accepted", call.received)
            # Once more, so that the message that registers it is noted like every other.
            station = work.charge_points.contact(call.identity, call.version, call.peer, call.received) or registered
            call.flag("chargeBoxIdentity", call.identity, "registered, since unknown charge points are accepted")
        call.station = station
        if station.identity != call.identity:
            call.flag("chargeBoxIdentity", call.identity, station.identity)
        if station.status != "Accepted" and call.operation != BOOT:
            return SecurityError(f"Charge point {call.identity} is {station.status}, not Accepted.")
        if station.status != "Rejected":
            self._learn_callback(call, station, work)
        if call.problems:
            forgiven = FORGIVEN.get(call.operation, set())
            unforgiven = [p for p in call.problems if p.path not in forgiven]
            if unforgiven and call.operation not in ALWAYS_CONFIRMED:
                return ProtocolError("; ".join(map(str, unforgiven)), path=unforgiven[0].path)
            for problem in call.problems:
                call.flag(problem.path, problem.raw, f"accepted without {problem.expected}")
        note_clock(request, call, work)
        return HANDLERS[call.operation](request, call, work)

    def _stranger(self, call: Call, request: Json, work: Work) -> Json | Fault:
        """A station that is not registered: remembered whatever it sent; only its boot is answered."""
        boot = request if call.operation == BOOT else {}
        work.charge_points.remember_unknown(
            call.identity, call.version, call.operation, call.peer, call.callback, boot, call.received
        )
        if call.operation != BOOT:
            return SecurityError(f"Charge point {call.identity} is not registered here.")
        status = "Pending" if self.policy.unknown_charge_points == "pending" else "Rejected"
        return registration_answer(status, None, call)

    def _learn_callback(self, call: Call, station: ChargePoint, work: Work) -> None:
        """Takes over a changed wsa:From (OCPP-S 1.6 §3.7), unless the operator has fixed the address."""
        if call.callback is None or station.callback_source == "operator":
            return
        # Learned as it stands, from the same address: there is nothing to complete.
        if (call.callback, call.peer) == (station.callback_url, station.callback_peer):
            return
        url = callback.complete(call.callback, call.peer)
        if url != call.callback:
            call.flag("wsa:From", call.callback, url or "no address to call")
        if url is not None and url != station.callback_url:
            work.charge_points.set_callback(station.id, url, call.callback, "station", call.peer, call.received)

    def _journal(self, call: Call, reply: Reply, work: Work, duration: float) -> None:
        if call.operation == HEARTBEAT and not self.policy.journal_heartbeats and reply.outcome == "answered":
            return
        known = reply.outcome != "SecurityError"
        work.journal.add(
            Exchange(
                at=call.received,
                direction="in",
                identity=call.identity or None,
                operation=call.operation or None,
                version=call.version or None,
                peer=call.peer,
                duration=duration,
                outcome=reply.outcome,
                request=call.raw if known else call.raw[:KEPT_OF_STRANGERS],
                answer=reply.body,
                flags=call.flags_as_json(),
            )
        )
