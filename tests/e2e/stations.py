"""What the end-to-end tests share: one gateway for many stations on each database, its operator, and the evidence.

The operator acts by the command line, or by a `bootstrap.Gateway` on the same database in this process, which takes the
same path without the start of a process. Evidence is what the station recorded and what the gateway's store holds.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from itertools import count
from typing import Any

import psycopg
import pytest
from lxml import etree

from ocpp_soap import bootstrap
from ocpp_soap.central.portrait import everything
from ocpp_soap.central.records import ChargePoint as Registered
from ocpp_soap.central.records import Exchange, Json, Sample, Tag, Transaction
from ocpp_soap.central.shapes import command_object
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.writing import to_json
from ocpp_soap.settings import Settings
from ocpp_soap.simulator.charge_point import ChargePoint
from ocpp_soap.simulator.clock import Clock
from ocpp_soap.simulator.traits import Traits
from ocpp_soap.simulator.wire import SoapWire

from .gateway import Gateway, running
from .wire import SECONDS

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
WSA = "{http://www.w3.org/2005/08/addressing}"
XSD = "{http://www.w3.org/2001/XMLSchema}"

# A station's time begins so far back that no test ends in the future, which would be flagged.
BEHIND = timedelta(minutes=5)

VALID = [f"CERT{n:03}" for n in (3, 4, 5, 10, 11, 12, 13, 14, 17, 18, 28, 56, 57, 59)]
VALID += ["CERT-RES01", "CERT-TAG-1", "CERT-TAG-2"]
UNKNOWN, EXPIRED, BLOCKED = "CERT023-INV", "CERT023-EXP", "CERT023-BLK"

NUMBERS = count(1)


@cache
def schema(service: str, version: str | None = None) -> etree.XMLSchema:
    """The schema of a service's messages ("central_system" or "charge_point"), as lxml itself validates it."""
    described = catalog.load()
    document = etree.parse(getattr(described.versions[version or described.newest.name], service).path)
    types = next(document.iter(f"{XSD}schema"))
    return etree.XMLSchema(etree.fromstring(etree.tostring(types)))


def content(message: bytes) -> etree._Element:
    """The first element of an envelope's Body."""
    body = etree.fromstring(message).find(f"{SOAP}Body")
    assert body is not None
    return body[0]


def header(message: bytes, name: str) -> str | None:
    """The text of a WS-Addressing header of an envelope."""
    return etree.fromstring(message).findtext(f"{SOAP}Header/{WSA}{name}")


def eventually(question: Callable[[], Any]) -> Any:
    """Asks again and again until the answer is true, and returns it: for what another process does in its own time."""
    deadline = time.monotonic() + SECONDS
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return answer


@dataclass
class Central:
    """A running gateway that many tests share, each with stations of its own."""

    gateway: Gateway

    @cached_property
    def inside(self) -> bootstrap.Gateway:
        """The operator's own gateway object on the same database."""
        return bootstrap.Gateway(Settings.from_environment(self.gateway.environment))

    def with_settings(self, **settings: str) -> Gateway:
        """The same gateway for an operator whose command line has other settings."""
        changed = {f"OCPP_SOAP_{name}": value for name, value in settings.items()}
        return replace(self.gateway, environment={**self.gateway.environment, **changed})

    def send(self, identity: str, operation: str, payload: Json) -> Json:
        """A command in this process, as `send --json` prints it."""
        read = json.loads(json.dumps(payload), parse_float=Decimal)
        return command_object(self.inside.commands.send(identity, operation, read))

    def save_tags(self, tags: Iterable[Tag]) -> None:
        """Makes tags known."""
        with self.inside.store.writing() as work:
            for tag in tags:
                work.tags.save(tag)

    def registered(self, identity: str) -> Registered:
        """The charge point as the store has it."""
        with self.inside.store.reading() as work:
            found = work.charge_points.find(identity)
        assert found is not None
        return found

    def known(self, identity: str) -> Json:
        """Everything that `charge-points show --json` says of it."""
        point = self.registered(identity)
        with self.inside.store.reading() as work:
            shown: Json = json.loads(json.dumps(everything(point, work, datetime.now(UTC)), default=to_json))
        return shown

    def transactions(self, identity: str, id_tag: str | None = None) -> Sequence[Transaction]:
        """Its transactions, newest first."""
        with self.inside.store.reading() as work:
            return work.transactions.list(identity, id_tag)

    def samples(self, transaction_id: int) -> Sequence[Sample]:
        """Every sampled value of a transaction."""
        with self.inside.store.reading() as work:
            return work.transactions.samples(transaction_id)

    def reservations(self, identity: str) -> Sequence[Json]:
        """Its reservations, whatever became of them."""
        with self.inside.store.reading() as work:
            return work.transactions.reservations(datetime.now(UTC), identity)

    def journal(self, identity: str, direction: str) -> list[Exchange]:
        """What went over the wire, newest first; `direction` is seen from the gateway."""
        with self.inside.store.reading() as work:
            return [one for one in work.journal.list(identity, 1000) if one.direction == direction]

    @contextmanager
    def station(
        self,
        name: str,
        *,
        clock: Clock | None = None,
        wire: SoapWire | None = None,
        traits: Traits | None = None,
        auto_boot: bool = True,
        quirks: Set[str] = frozenset(),
    ) -> Iterator[ChargePoint]:
        """A fresh station, accepted; its time stands still and moves by `tick`, unless another clock is given."""
        point = ChargePoint(
            self.gateway.url,
            f"{name}-{next(NUMBERS)}",
            traits,
            clock=clock or Clock(0, datetime.now(UTC).replace(microsecond=0) - BEHIND),
            wire=wire,
            auto_boot=auto_boot,
        )
        point.faults.quirks = quirks
        with point:
            if auto_boot:
                point.wait_accepted()
                point.settle()
            yield point


@dataclass
class Case:
    """One scenario: a fresh station at the shared gateway, and its operator."""

    central: Central
    station: ChargePoint

    def send(self, operation: str, **payload: Any) -> Json:
        """The operator's command in this process; returns the station's answer (see `_answer`)."""
        return self._answer(operation, payload, self.central.send(self.station.identity, operation, payload))

    def type_in(self, operation: str, **payload: Any) -> Json:
        """The same on the command line."""
        printed = self.central.gateway.send(self.station.identity, operation, **payload)
        assert 0 == printed["exit"]
        return self._answer(operation, payload, printed)

    def _answer(self, operation: str, payload: Json, command: Json) -> Json:
        """The answer to a command that reached the station exactly so, when all that follows from it is done."""
        assert ("answered", None) == (command["outcome"], command["fault"]), command
        received = self.station.commands_received[-1]
        assert (operation, payload) == (received.operation, to_json(received.payload))
        self.station.settle()
        answer: Json = command["answer"]
        return answer

    def confirmed(self, *operations: str, noted: Collection[str] = ()) -> None:
        """Each message of the run got a confirmation of its own, as valid as it was itself.

        The station and the gateway's journal agree on that; `operations` have to be among them. Nothing had to be noted
        but of the fields `noted`.
        """
        sent = list(self.station.sent)
        assert [] == [(one.operation, str(one.error)) for one in sent if one.error is not None]
        journal = self.central.journal(self.station.identity, "in")
        assert Counter(one.operation for one in sent) == Counter(one.operation for one in journal)
        assert {"answered"} == {one.outcome for one in journal}
        pairs = [(header(one.request, "MessageID"), header(one.answer or b"", "RelatesTo")) for one in journal]
        assert [] == [pair for pair in pairs if pair[0] != pair[1]]
        assert len(pairs) == len(set(pairs))
        known = ("chargeBoxIdentity", *noted)
        assert [] == [flag for one in journal for flag in one.flags if flag["path"] not in known]
        for one in journal:
            schema("central_system", one.version).assertValid(content(one.answer or b""))
        for one in self.central.journal(self.station.identity, "out"):
            schema("charge_point", one.version).assertValid(content(one.request))
        assert set() == set(operations) - set(self.station.sent.operations())

    def statuses(self, connector_id: int = 1) -> list[str]:
        """The statuses that the station told of a connector, in order."""
        told = self.station.sent.payloads("StatusNotification")
        return [one["status"] for one in told if one["connectorId"] == connector_id]

    def latest(self) -> Transaction:
        """The newest transaction of the station in the store, whatever its clock says."""
        return max(self.central.transactions(self.station.identity), key=lambda one: one.id)

    def known(self) -> Json:
        """Everything that `charge-points show --json` says of the station."""
        return self.central.known(self.station.identity)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def central(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    """One gateway on each database for all tests that ask for it, with the tags that certification needs."""
    folder = tmp_path_factory.mktemp(f"central-{request.param}")
    url = f"sqlite:///{folder / 'central.db'}"
    if request.param == "postgresql":
        server: str = request.getfixturevalue("postgresql_url")
        # Made again when tests of the other database come in between.
        name = f"central_{next(NUMBERS)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = server.replace("/postgres?", f"/{name}?")
    with running(folder, url) as gateway:
        shared = Central(gateway)
        now = datetime.now(UTC)
        shared.save_tags(Tag(name, False, None, None, None) for name in VALID)
        shared.save_tags(
            [Tag(EXPIRED, False, now - timedelta(days=1), None, None), Tag(BLOCKED, True, None, None, None)]
        )
        yield shared
        shared.inside.store.close()


@pytest.fixture
def case(central: Central, request: pytest.FixtureRequest) -> Iterator[Case]:
    """A fresh station that has booted at the shared gateway."""
    assert isinstance(request.node, pytest.Function)
    with central.station(request.node.originalname) as station:
        yield Case(central, station)
