"""A Central System on a real database, spoken to in the words of the messages, without SOAP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpp_soap.central.authentication import NOTHING
from ocpp_soap.central.call import Call, Policy, Reply
from ocpp_soap.central.handlers.vendor import PlugIn, PlugIns
from ocpp_soap.central.inbox import Inbox
from ocpp_soap.central.records import Tag, Transaction
from ocpp_soap.errors import Fault
from ocpp_soap.protocol import catalog, dialects
from ocpp_soap.protocol.reading import read
from ocpp_soap.protocol.writing import to_json, to_text
from ocpp_soap.store.work import SqlStore, open_store

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
VERSIONS = catalog.load().versions
NEWEST = next(iter(VERSIONS.values()))


@dataclass
class Central:
    """The Central System; `now` is its clock, and moves only when a test moves it."""

    store: SqlStore
    inbox: Inbox
    now: datetime = NOON
    calls: list[Call] = field(default_factory=list)

    def say(
        self,
        operation: str,
        identity: str = "CP1",
        *,
        peer: Any = "10.0.0.1",
        come: Any = None,
        raw: Any = b"<raw/>",
        shows: Any = NOTHING,
        version: str = NEWEST.name,
        **sent: Any,
    ) -> Any:
        """One message in the words of a version, as values or text; gives the response as JSON, or the fault."""
        fields = to_text(sent)
        reading = read(fields, VERSIONS[version].central_system.operations[operation].input.type)
        payload, notes = dialects.upgrade(version, operation, "request", reading.payload)
        call = Call(
            identity,
            version,
            operation,
            self.now,
            peer=peer,
            callback=come,
            raw=raw,
            sent=fields,
            flags=reading.flags + notes,
            problems=reading.problems,
            credentials=shows,
        )
        self.calls.append(call)
        answers: list[Any] = []

        def render(response: dict[str, Any] | Fault) -> Reply:
            answers.append(response if isinstance(response, Fault) else to_json(response))
            outcome = response.subcode if isinstance(response, Fault) else "answered"
            return Reply(200, b"<answer/>", outcome)

        self.inbox.receive(call, payload, render)
        return answers[-1]

    def boot(self, identity: str = "CP1", **fields: Any) -> Any:
        """A BootNotification."""
        return self.say("BootNotification", identity, **{"chargePointVendor": "V", "chargePointModel": "M", **fields})

    def start(
        self, identity: str = "CP1", connector: int = 1, tag: str = "TAG", meter: int = 100, **fields: Any
    ) -> Any:
        """A StartTransaction at the Central System's time."""
        sent = {"connectorId": connector, "idTag": tag, "timestamp": self.now, "meterStart": meter, **fields}
        return self.say("StartTransaction", identity, **sent)

    def stop(self, transaction_id: int, identity: str = "CP1", meter: int = 200, **fields: Any) -> Any:
        """A StopTransaction at the Central System's time."""
        sent = {"transactionId": transaction_id, "timestamp": self.now, "meterStop": meter, **fields}
        return self.say("StopTransaction", identity, **sent)

    def later(self, **duration: float) -> None:
        """Moves the clock."""
        self.now += timedelta(**duration)

    def add_tag(self, id_tag: str, **fields: Any) -> None:
        """A known idTag."""
        base: dict[str, Any] = {"blocked": False, "expires": None, "parent": None, "max_transactions": None}
        with self.store.writing() as work:
            work.tags.save(Tag(id_tag, **{**base, **fields}))

    def transactions(self) -> list[Transaction]:
        """All transactions, oldest first."""
        with self.store.reading() as work:
            return sorted(work.transactions.list(), key=lambda t: t.id)

    def flags(self) -> list[str]:
        """Paths of the flags of the last message, without those that are always there."""
        return [flag.path for flag in self.calls[-1].flags]


@pytest.fixture
def make_central(store_url: str) -> Iterator[Any]:
    """Makes a Central System with a policy and plug-ins on a fresh database."""
    store = open_store(store_url)

    def make(plug_ins: Iterable[PlugIn] = (), **policy: Any) -> Central:
        return Central(store, Inbox(store, Policy(**policy), PlugIns(plug_ins)))

    yield make
    store.close()


@pytest.fixture
def central(make_central: Any) -> Central:
    """One that knows CP1 and TAG."""
    central: Central = make_central(unknown_charge_points="accept")
    central.add_tag("TAG")
    central.boot()
    return central
