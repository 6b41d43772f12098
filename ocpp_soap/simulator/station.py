"""A charge point by itself: its state, its life from boot to reset, the way its messages leave and commands arrive.

What it does on top is in rooms of its own: `sessions`, `sampling`, `maintenance`, `commands`; what people make it do
is in `charge_point`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Condition, Event, Lock
from typing import Any, Self

from ..errors import CallFailed, NotTransmitted, Refused, StationFault, Uncertain
from . import quirks, sampling, sessions
from .agenda import Agenda
from .authorization import Cache, LocalList
from .clock import Clock
from .commands import Effect
from .configuration import Configuration
from .connectors import Connector, Transaction
from .dispatch import decide
from .errors import NotAccepted, NotPossible
from .faults import Answering, Answers, Faults
from .outbox import Message, Outbox
from .profiles import Profiles
from .records import Received, Records, Sent
from .reservations import Reservations
from .traits import Traits
from .wire import SoapWire, Wire

logger = logging.getLogger(__name__)

Payload = dict[str, Any]


class Station:
    """The state and the life of a simulated charge point.

    `changed` is its lock and tells every change of state. `observe` is called with every exchange when it is over,
    and must not send by itself.
    """

    def __init__(
        self,
        url: str,
        identity: str,
        traits: Traits | None = None,
        *,
        speed: float = 1.0,
        clock: Clock | None = None,
        wire: Wire | None = None,
        auto_boot: bool = True,
    ) -> None:
        self._name = identity
        self.traits = traits = traits or Traits()
        self.clock, self.auto_boot = clock or Clock(speed), auto_boot
        self.wire: Wire = wire or SoapWire(url)
        self.changed = Condition()
        self.faults, self.answers = Faults(), Answers()
        self.sent: Records[Sent] = Records()
        self.commands_received: Records[Received] = Records()
        self.configuration = Configuration(NumberOfConnectors=traits.connectors, **traits.configuration)
        self.local_list, self.cache = LocalList(), Cache()
        self.reservations, self.profiles = Reservations(), Profiles()
        self.connectors = {number: Connector(number) for number in range(traits.connectors + 1)}
        self.transactions: list[Transaction] = []
        self.nameplate, self.file_status = dict(traits.nameplate), {"Firmware": "Idle", "Diagnostics": "Idle"}
        self.downloaded: tuple[str, bytes] | None = None
        self.registration: str | None = None
        self.online, self.address = True, ""
        self.booted = self.clock.now()
        self.agenda = Agenda(self.clock, self.changed, identity)
        self.outbox = Outbox(self, self.clock.now, self._flush_after)
        self.closing, self.hurried = Event(), Event()
        self.observe: Callable[[Sent | Received], object] = lambda _: None
        self._sending, self._reporting = Lock(), Lock()

    @property
    def identity(self) -> str:
        """Its chargeBoxIdentity, as its quirks have it."""
        return quirks.spelled(self._name, self.faults.quirks)

    # Its life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listens for commands and boots (unless `auto_boot` is off)."""
        self.address = self.wire.open(self)
        self.agenda.start()
        if self.auto_boot:
            self.agenda.soon(self._boot)

    def stop(self) -> None:
        """Goes silent at once, without a word to the Central System, and ends its threads."""
        self.closing.set()
        self.agenda.stop()
        self.wire.close()

    @property
    def accepted(self) -> bool:
        """The Central System has accepted it."""
        return self.registration == "Accepted"

    def boot(self) -> Payload:
        """Sends a BootNotification; once accepted it reports its connectors and begins to beat (OCPP 1.6 §4.2)."""
        answer = self.call("BootNotification", dict(self.nameplate))
        with self.changed:
            before, self.registration = self.registration, answer["status"]
            self.changed.notify_all()
        if not self.accepted:
            self.agenda.after(answer.get("interval") or self.traits.retry_seconds, self._boot, "boot")
            return answer
        if answer.get("interval"):
            self.configuration["HeartbeatInterval"] = answer["interval"]
        if before != "Accepted":
            self.refresh()
            self.outbox.flush(at_once=True)
        self.plan()
        return answer

    def _boot(self) -> None:
        try:
            self.boot()
        except CallFailed:
            self.agenda.after(self.traits.retry_seconds, self._boot, "boot")
            raise

    def reboot(self) -> None:
        """Goes down and boots again; what it remembers over that is what a real one keeps."""
        with self.changed:
            self.registration = None
            self.configuration.boot()
            for connector in self.connectors.values():
                connector.awaited = None
                connector.forget_reports()
            for key in ("heartbeat", "aligned"):
                self.agenda.cancel(key)
            self.booted = self.clock.now()
            self.changed.notify_all()
        self.agenda.after(self.traits.boot_seconds, self._boot, "boot")

    def plan(self) -> None:
        """Plans what repeats by the configuration: heartbeats, samples."""
        interval = self.configuration.number("HeartbeatInterval")
        self.agenda.cancel("heartbeat")
        if self.accepted and interval:
            self.agenda.after(interval, self._beat, "heartbeat")
        for connector in self.connectors.values():
            if connector.transaction:
                sampling.plan(self, connector.transaction)
        sampling.plan_aligned(self)

    def _beat(self) -> None:
        try:
            self.send("Heartbeat", {})
        finally:
            self.agenda.after(self.configuration.number("HeartbeatInterval"), self._beat, "heartbeat")

    # Messages

    def send(self, operation: str, payload: Payload, *, triggered: bool = False) -> Payload:
        """Sends as a well-behaved charge point does; raises `NotAccepted` before it is accepted.

        What the Central System triggered may leave while Pending (OCPP 1.6 §4.2).
        """
        if not self.accepted and not (triggered and self.registration == "Pending"):
            raise NotAccepted(f"{operation} may not be sent: the registration is {self.registration or 'not answered'}")
        return self.call(operation, payload)

    def call(self, operation: str, payload: Payload) -> Payload:
        """Sends whatever the state, for tests of odd behaviour too; one message at a time."""
        with self._sending:
            answers = [self._exchange(operation, payload) for _ in range(2 if self.faults.duplicate else 1)]
        return answers[0]

    def _exchange(self, operation: str, payload: Payload) -> Payload:
        at, began = self.clock.now(), time.monotonic()
        answer, failure = None, None
        try:
            if self.faults.offline:
                raise NotTransmitted("the charge point is offline")
            answer = self.wire.call(operation, payload, with_from=not self.faults.no_from)
            if self.faults.lose_answers:
                answer = None
                raise Uncertain("the answer was lost")
        except Exception as error:
            failure = error
            raise
        else:
            return answer
        finally:
            if not isinstance(failure, Refused):  # then nothing was sent: its version has no words for it
                self._record(Sent(at, operation, payload, answer, failure, time.monotonic() - began))

    def _record(self, sent: Sent) -> None:
        with self.changed:
            self.sent.append(sent)
            back = not self.online and sent.answer is not None
            self.online = sent.error is None or isinstance(sent.error, StationFault)
            self.changed.notify_all()
        self.observe(sent)
        if back:
            self.agenda.soon(self._back_online)

    def _back_online(self) -> None:
        """Tells what changed meanwhile and sends what waits."""
        self.refresh()
        self.outbox.flush(at_once=True)

    def _flush_after(self, seconds: float) -> None:
        self.agenda.after(seconds, self.outbox.flush, "outbox")

    def delivered(self, message: Message, answer: Payload) -> None:
        """What the outbox calls for each confirmation."""
        sessions.delivered(self, message, answer)

    def receive(self, operation: str, request: Payload) -> tuple[Answering, Effect | None]:
        """Decides on a command: the answer, and what to do once that has left. Called by the wire."""
        with self.changed:
            answering, effect = decide(self, operation, request)
            self.note()
            received = Received(self.clock.now(), operation, request, answering.answer, str(answering))
            self.commands_received.append(received)
            self.changed.notify_all()
        self.observe(received)
        return answering, effect

    def attend(self) -> None:
        """A command begins to be answered. Called by the wire, as is `follow` at the end."""
        self.agenda.hold()

    def follow(self, effects: list[Effect]) -> None:
        """The answer has left: what follows is done in the agenda's thread."""
        for effect in effects:
            self.agenda.soon(effect)
        self.agenda.release()

    # Its connectors

    def connector(self, connector_id: int) -> Connector:
        """The connector of that number; raises `NotPossible` when there is none."""
        if connector_id not in self.connectors:
            raise NotPossible(f"there is no connector {connector_id}")
        return self.connectors[connector_id]

    def status(self, connector_id: int) -> str:
        """The status of a connector, as StatusNotification would tell it."""
        return str(self._facts(connector_id)["status"])

    def _facts(self, connector_id: int) -> Payload:
        reserved = connector_id > 0 and self.reservations.on(connector_id) is not None
        return self.connectors[connector_id].facts(reserved, self.connectors[0].operative)

    def note(self) -> None:
        """Remembers every new status until it is told, so that none is lost between two; the caller holds the lock."""
        for number, connector in self.connectors.items():
            facts = self._facts(number)
            if facts != (connector.untold[-1][1] if connector.untold else connector.reported):
                connector.untold.append((self.clock.now(), facts))

    def refresh(self, *connector_ids: int) -> None:
        """Tells what is new of each connector, of all when none is named; what fails is told anew when online again."""
        with self.changed:
            self.note()
        for number in connector_ids or list(self.connectors):
            try:
                self._tell(self.connectors[number])
            except (CallFailed, NotAccepted) as error:
                logger.info("%s: the status of connector %s is not told: %s", self.identity, number, error)
                with self.changed:
                    self.connectors[number].forget_reports()

    def _tell(self, connector: Connector) -> None:
        with self._reporting:
            while (news := next(iter(connector.untold), None)) is not None:
                moment, facts = news
                self.send("StatusNotification", facts | {"timestamp": self.stamp(moment)})
                with self.changed:
                    if connector.untold and connector.untold[0] is news:
                        connector.untold.pop(0)
                        connector.reported = facts
                        self.changed.notify_all()

    def report(self, connector_id: int) -> None:
        """Sends the status as it is, told before or not, because the Central System asked for it."""
        self.send("StatusNotification", self._facts(connector_id) | {"timestamp": self.stamp()}, triggered=True)

    def stamp(self, moment: datetime | None = None) -> datetime:
        """What the charge point believes the time of that moment (default: now) to be, in milliseconds."""
        believed = self.faults.time(moment or self.clock.now(), self.booted)
        return believed.replace(microsecond=believed.microsecond // 1000 * 1000)
