"""A Central System whose commands go to stations that are only told of, each doing what a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ocpp_soap.central.commands import Commands
from ocpp_soap.central.orders import Order
from ocpp_soap.central.phrasing import Phrasing
from ocpp_soap.central.profile import Profile
from ocpp_soap.central.records import Command, Flags, Json
from ocpp_soap.central.sending import Sender
from ocpp_soap.errors import CallFailed, NotTransmitted
from ocpp_soap.protocol import catalog

from .conftest import Central

ME = "cli:me"


@dataclass
class Confirmed:
    """What a link brings back (`central.ports.Answered`)."""

    payload: Json
    flags: Flags = field(default_factory=list)
    request: bytes = b"<request/>"
    answer: bytes = b"<answer/>"


@dataclass
class Post:
    """Orders and sends by the clock of `central`; `sent` is what left. `meanwhile` happens during each call."""

    central: Central
    sent: list[tuple[str, Any]] = field(default_factory=list)
    outcome: CallFailed | None = None
    meanwhile: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        phrasing, store = Phrasing(catalog.load()), self.central.store

        def clock() -> Any:
            return self.central.now

        self.sender = Sender(store, self, phrasing, clock)
        self.commands = Commands(store, phrasing, clock, lambda: self.sender, lambda _: store)

    def call(
        self, address: str, identity: str, version: str, operation: str, payload: Json, profile: Profile
    ) -> Confirmed:
        """The call of a station (`central.ports.Link`)."""
        self.sent.append((identity, payload.get("data", operation)))
        self.meanwhile()
        if self.outcome is not None:
            raise self.outcome
        return Confirmed({"status": "Accepted"})

    def registered(self, *identities: str, version: str | None = None) -> None:
        """Makes charge points known that can be called."""
        with self.central.store.writing() as work:
            for identity in identities:
                point = work.charge_points.register(identity, "Accepted", self.central.now)
                work.charge_points.set_callback(point.id, "http://a/", None, "operator", None, self.central.now)
                if version is not None:
                    work.charge_points.change(point.id, version=version)

    def numbers(self) -> dict[str, int]:
        """The number of each charge point in the store."""
        with self.central.store.reading() as work:
            return {point.identity: point.id for point in work.charge_points.list()}

    def order(self, what: str = "", identity: str = "CP1", operation: str = "DataTransfer", **options: Any) -> Command:
        """Queues a DataTransfer that says `what`, or another operation without a payload."""
        payload = {"vendorId": "V", "data": what} if operation == "DataTransfer" else {}
        return self.commands.submit(identity, Order(operation, payload, **options), ME)[0]

    def round(self) -> int:
        """Sends one command to each station that has one due; returns how many."""
        turns = self.sender.claim(100)
        for turn in turns:
            self.sender.run(turn)
        return len(turns)

    def state(self, command: Command) -> str:
        """What has become of it."""
        return self.commands.find(command.id).state


UNREACHABLE = NotTransmitted("connection refused")
