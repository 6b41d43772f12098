"""Messages that come twice, late or in another order leave the same transactions, meter values and connector states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.records import Tag
from ocpp_soap.protocol.times import format_time
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.session_tables import meter_messages

from .messages import Station

# In the past of every clock, so that all times are plausible.
MORNING = datetime(2024, 1, 31, 8, tzinfo=UTC)
NUMBERS = count(1)


@dataclass(frozen=True)
class Message:
    """One message; `transaction` is the number of the transaction in its session, which its start opens."""

    operation: str
    said: dict[str, Any]
    transaction: int | None = None

    @property
    def starts(self) -> bool:
        """Whether it is a StartTransaction."""
        return self.operation == "StartTransaction"


@pytest.fixture
def gateway(database_url: str) -> Iterator[Gateway]:
    """A gateway in this process that accepts every station."""
    upgrade(database_url)
    gateway = Gateway(Settings(database_url=database_url, unknown_charge_points="accept"))
    yield gateway
    gateway.store.close()


@dataclass
class Session:
    """Writes the messages of a session in their plain order; each has a later time than the one before."""

    draw: Any
    messages: list[Message] = field(default_factory=list)
    minutes: int = 0

    def time(self) -> str:
        """The next time."""
        self.minutes += self.draw(st.integers(1, 20))
        return format_time(MORNING + timedelta(minutes=self.minutes))

    def say(self, operation: str, transaction: int | None = None, **said: Any) -> None:
        """Adds a message."""
        self.messages.append(Message(operation, said, transaction))

    def status(self, *statuses: str) -> None:
        """Status notifications of the connector, and now and then one of the whole charge point."""
        for status in statuses:
            self.say("StatusNotification", connectorId=1, status=status, errorCode="NoError", timestamp=self.time())
        if self.draw(st.booleans()):
            self.say("StatusNotification", connectorId=0, status="Faulted", errorCode="NoError", timestamp=self.time())

    def meter_value(self, time: str) -> dict[str, Any]:
        """Values of one moment; some are the same as those of another message."""
        number = self.draw(st.integers(100, 105))
        return {"timestamp": time, "sampledValue": [{"value": number}, {"value": 230, "measurand": "Voltage"}]}

    def transaction(self, number: int) -> None:
        """A whole transaction, or one whose stop is never sent."""
        self.status("Preparing")
        meter = {"meterStart": self.draw(st.integers(0, 50))}
        self.say("StartTransaction", number, connectorId=1, idTag="TAG", timestamp=self.time(), **meter)
        self.status("Charging")
        times = [self.time() for _ in range(self.draw(st.integers(0, 3)))]
        for time in times:
            self.say("MeterValues", number, connectorId=1, meterValue=[self.meter_value(time)])
        if self.draw(st.integers(0, 4)):
            self.status("Finishing")
            data = [self.meter_value(time) for time in [*times, self.time()]]
            end = {"meterStop": 200, "timestamp": self.time(), "idTag": "tag", "reason": "Local"}
            self.say("StopTransaction", number, **end, transactionData=data)
        self.status("Available")


@st.composite
def sessions(draw: st.DrawFn) -> list[Message]:
    """One or two consecutive transactions on one connector, with all that a station says meanwhile."""
    session = Session(draw)
    for number in range(draw(st.integers(1, 2))):
        session.transaction(number)
    return session.messages


@st.composite
def deliveries(draw: st.DrawFn, messages: Sequence[Message]) -> list[Message]:
    """Each message one to three times in any order in which a transaction's start comes first of its messages."""
    often = [message for message in messages for _ in range(draw(st.integers(1, 3)))]
    order = draw(st.permutations(often))
    started: set[int | None] = {None}
    found: list[Message] = []
    waiting: list[Message] = []
    for message in order:
        if message.starts:
            started.add(message.transaction)
        if message.transaction not in started:
            waiting.append(message)
            continue
        found.append(message)
        if message.starts:
            found += [late for late in waiting if late.transaction == message.transaction]
            waiting = [late for late in waiting if late.transaction != message.transaction]
    return found


def own_tag(station: Station, tag: str) -> str:
    """A tag that no other station uses, in the letters that the message says it in."""
    return tag + station.identity.removeprefix("CP")


def deliver(gateway: Gateway, messages: Sequence[Message]) -> tuple[Station, dict[int, int]]:
    """Delivers messages from a new station; each must be answered, and repeated ones alike. Gives transactionIds."""
    station = Station(gateway.application, f"CP-{next(NUMBERS)}")
    with gateway.store.writing() as work:
        work.tags.save(Tag(own_tag(station, "TAG"), blocked=False, expires=None, parent="GROUP", max_transactions=None))
    station.say("BootNotification", chargePointVendor="V", chargePointModel="M")
    ids: dict[int, int] = {}
    answers: dict[str, Any] = {}
    for message in messages:
        said = dict(message.said)
        if "idTag" in said:
            said["idTag"] = own_tag(station, said["idTag"])
        if message.transaction is not None and not message.starts:
            said["transactionId"] = ids[message.transaction]
        answer = station.say(message.operation, **said)
        assert answers.setdefault(repr(message), answer) == answer
        if message.starts:
            assert message.transaction is not None
            ids[message.transaction] = int(answer["transactionId"])
    return station, ids


def state(gateway: Gateway, station: Station, ids: dict[int, int]) -> dict[str, Any]:
    """What is known of the station afterwards, with its transactions numbered as in the session."""
    numbers = {transaction_id: number for number, transaction_id in ids.items()}
    with gateway.store.reading() as work:
        point = work.charge_points.find(station.identity)
        assert point is not None
        transactions = {}
        for t in work.transactions.list(station.identity):
            # That a transaction was superseded says something only as long as it is open.
            superseded = numbers[t.superseded_by] if t.superseded_by and not t.stop_timestamp else None
            assert t.id_tag == own_tag(station, "TAG")
            assert t.stop_id_tag in (None, own_tag(station, "tag"))
            start = (t.connector_id, t.start_timestamp, t.meter_start, t.id_tag_info, t.start_flags)
            stop = (t.stop_timestamp, t.meter_stop, t.reason, t.stop_flags, t.closed_by)
            samples = [(s.timestamp, s.measurand, s.value, s.unit) for s in work.transactions.samples(t.id)]
            transactions[numbers[t.id]] = (start, stop, superseded, sorted(samples))
        orphans = work.transactions.orphan_stops(point.id)
        connectors = [{**row, "received": None} for row in work.charge_points.connectors(point.id)]
    with gateway.store.reader.connect() as connection:
        own = select(func.count()).where(meter_messages.c.charge_point_id == point.id)
        metered = connection.scalar(own)  # samples() shows equal ones once, however often they are stored
    return {"transactions": transactions, "orphan stops": orphans, "connectors": connectors, "metered": metered}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_order_and_any_repetition_tells_the_same(gateway: Gateway, data: st.DataObject) -> None:
    """A session delivered one to three times in any order is the session delivered once in its plain order."""
    messages = data.draw(sessions(), label="session")
    shuffled = data.draw(deliveries(messages), label="delivered")
    plain = state(gateway, *deliver(gateway, messages))
    assert plain == state(gateway, *deliver(gateway, shuffled))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_two_stations_saying_the_same_words_are_two(gateway: Gateway, data: st.DataObject) -> None:
    """The same messages from another station are no repetition."""
    messages = data.draw(sessions())
    ids = [deliver(gateway, messages)[1] for _ in range(2)]
    assert set() == set(ids[0].values()) & set(ids[1].values())
