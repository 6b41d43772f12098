"""What a station says in bytes is what the store gives back: for every operation, with messages made from the WSDL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway, now
from ocpp_soap.central.ports import Work
from ocpp_soap.central.records import ChargePoint
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade
from ocpp_soap.store.session_tables import meter_messages, meter_values
from ocpp_soap.store.work import SqlStore

from . import messages
from .messages import Leaf, Said, Station, envelope, values_of

EXAMPLES = 25
NUMBERS = count(1)
SAMPLED = ("value", "context", "format", "measurand", "phase", "location", "unit")
DEFAULTS = {
    "context": "Sample.Periodic",
    "format": "Raw",
    "measurand": "Energy.Active.Import.Register",
    "location": "Outlet",
}


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway in this process that accepts every station."""
    upgrade(database_url)
    gateway = Gateway(Settings(database_url=database_url, unknown_charge_points="accept", wsdl_dir=None))
    yield gateway
    gateway.store.close()


def filled_in(meter_value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sampled values one by one with their defaults, as soap-binding decision 10 wants them."""
    found = []
    for group, values in enumerate(meter_value):
        for sampled in values["sampledValue"]:
            whole = DEFAULTS | sampled
            if whole["measurand"].startswith("Energy.") and "unit" not in whole:
                whole["unit"] = "Wh"
            found.append({"group": group, "timestamp": values["timestamp"], **whole})
    return found


def present(row: Any) -> dict[str, Any]:
    """The fields of a row that hold something."""
    return {name: value for name, value in dict(row).items() if value is not None}


def without_group(samples: list[dict[str, Any]]) -> set[frozenset[tuple[str, Any]]]:
    """Samples as a set: a transaction shows each once."""
    return {frozenset((name, value) for name, value in sample.items() if name != "group") for sample in samples}


class Memory:
    """What the store remembers of one station, in the words of the messages."""

    def __init__(self, store: SqlStore, work: Work, identity: str) -> None:
        station = work.charge_points.find(identity)
        assert station is not None
        self.store, self.work, self.station = store, work, station

    def authorize(self, said: Said) -> Said:
        """The idTag among the unknown ones, whose spelling is that of its first appearance."""
        known = {row["idTag"].casefold() for row in self.work.tags.unknown()}
        return said if said["idTag"].casefold() in known else {}

    def boot_notification(self, _: Said) -> Said:
        """The charge point's own words of itself."""
        return self.station.boot

    def data_transfer(self, _: Said) -> Said:
        """The vendor's data."""
        row = self.work.charge_points.data(self.station.id)[0]
        return present((name, row[name]) for name in ("vendorId", "messageId", "data"))

    def file_notice(self, kind: str, shown: Callable[[ChargePoint], str | None]) -> Said:
        """The status in the history, which is the one that is shown too."""
        row = self.work.charge_points.file_notices(self.station.id)[0]
        assert (kind, row["status"]) == (row["kind"], shown(self.station))
        return {"status": row["status"]}

    def heartbeat(self, _: Said) -> Said:
        """Nothing but the time at which the station was heard."""
        assert self.station.last_seen is not None
        return {}

    def metered(self, source: str) -> tuple[Said, list[Said]]:
        """The message that brought meter values, and its sampled values in order."""
        m, v = meter_messages.c, meter_values.c
        message = select(m.id, m.connector_id, m.said_transaction_id, m.transaction_id).where(
            m.charge_point_id == self.station.id, m.source == source
        )
        columns = (v.meter_value.label("group"), v.timestamp, *(meter_values.c[name] for name in SAMPLED))
        with self.store.reader.connect() as connection:
            row = connection.execute(message).mappings().first()
            if row is None:
                return {}, []
            values = connection.execute(select(*columns).where(v.message_id == row["id"]).order_by(v.position))
            found = [present(value) for value in values.mappings()]
        if row["transaction_id"] is not None:
            samples = self.work.transactions.samples(row["transaction_id"])
            shown = [present((n, getattr(s, n)) for n in ("timestamp", *SAMPLED)) for s in samples]
            assert without_group(found) == without_group(shown)
        return present(row), found

    def meter_values(self, said: Said) -> Said:
        """Every sampled value with all of its attributes."""
        message, samples = self.metered("MeterValues")
        assert filled_in(said.get("meterValue", [])) == samples
        fields = {"connectorId": message.get("connector_id"), "transactionId": message.get("said_transaction_id")}
        return present(fields) | ({"meterValue": said["meterValue"]} if "meterValue" in said else {})

    def start_transaction(self, _: Said) -> Said:
        """The transaction."""
        (t,) = self.work.transactions.list(self.station.identity)
        return present(
            {
                "connectorId": t.connector_id,
                "idTag": t.id_tag,
                "timestamp": t.start_timestamp,
                "meterStart": t.meter_start,
                "reservationId": t.reservation_id,
            }
        )

    def status_notification(self, _: Said) -> Said:
        """The connector's state."""
        (row,) = self.work.charge_points.connectors(self.station.id)
        return present((name, row[name]) for name in row if name not in ("received", "availability"))

    def stop_transaction(self, said: Said) -> Said:
        """The end of the transaction, or the stop that ended none, and the values that came with it."""
        _, samples = self.metered("transactionData")
        assert filled_in(said.get("transactionData", [])) == samples
        data = {"transactionData": said["transactionData"]} if "transactionData" in said else {}
        orphans = self.work.transactions.orphan_stops(self.station.id)
        if orphans:
            names = ("transactionId", "idTag", "timestamp", "meterStop", "reason")
            return present((name, orphans[0][name]) for name in names) | data
        t = self.work.transactions.list(self.identity)[0]
        end = {"idTag": t.stop_id_tag, "timestamp": t.stop_timestamp, "meterStop": t.meter_stop, "reason": t.reason}
        return present({"transactionId": t.id, **end}) | data

    @property
    def identity(self) -> str:
        """The station's identity."""
        return self.station.identity

    def of(self, operation: str, said: Said) -> Said:
        """What is remembered of a message of that operation, which said `said`."""
        readers: dict[str, Callable[[Said], Said]] = {
            "Authorize": self.authorize,
            "BootNotification": self.boot_notification,
            "DataTransfer": self.data_transfer,
            "DiagnosticsStatusNotification": lambda _: self.file_notice("diagnostics", lambda s: s.diagnostics_status),
            "FirmwareStatusNotification": lambda _: self.file_notice("firmware", lambda s: s.firmware_status),
            "Heartbeat": self.heartbeat,
            "MeterValues": self.meter_values,
            "StartTransaction": self.start_transaction,
            "StatusNotification": self.status_notification,
            "StopTransaction": self.stop_transaction,
        }
        return readers[operation](said)


def expected(operation: str, said: Said) -> Said:
    """What has to come back: the values, and the reason that an absent one means."""
    values: Said = values_of(said)
    return {"reason": "Local", **values} if operation == "StopTransaction" else values


@pytest.mark.parametrize("operation", messages.operations())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_station_says_comes_back_from_the_store(operation: str, gateway: Gateway, data: st.DataObject) -> None:
    """Bytes through the endpoint into the store and back are equal in canonical form; the journal has the bytes."""
    station = Station(gateway.application, f"CP-{next(NUMBERS)}")
    strict = data.draw(st.booleans(), label="strict")
    said = data.draw(messages.fields(messages.operations()[operation].input.type, strict), label="said")
    if "transactionId" in said and data.draw(st.booleans(), label="its own transaction"):
        start = {"connectorId": 1, "idTag": "T", "timestamp": "2024-01-31T12:00:00Z", "meterStart": 1}
        number = int(station.say("StartTransaction", **start)["transactionId"])
        said["transactionId"] = Leaf(str(number), number)
    raw = envelope(operation, station.identity, messages.texts_of(said), data.draw(messages.spellings()))
    if strict:
        messages.schema().assertValid(messages.content(raw))
    before = now()
    answer = station.send(raw)
    assert 200 == answer.status, answer.body
    with gateway.store.reading() as work:
        memory = Memory(gateway.store, work, station.identity)
        assert expected(operation, said) == memory.of(operation, values_of(said))
        assert memory.station.last_seen is not None
        assert before <= memory.station.last_seen <= now()
        row = work.journal.list(station.identity, limit=1)[0]
        assert (operation, "answered", raw, answer.body) == (row.operation, row.outcome, row.request, row.answer)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(identity=messages.texts(255, required=True).map(str.strip).filter(lambda text: text.isprintable()))
@example(identity="00:13:F6:01:91:26")
def test_an_identity_is_known_again_as_it_is_spelled(gateway: Gateway, identity: str) -> None:
    """Whatever printable text a station calls itself, in the header or in the path, it is one and the same station."""
    station = Station(gateway.application, identity)
    station.say("Heartbeat")
    in_path = envelope("Heartbeat", "", {})
    path = "/ocpp/" + identity.encode().hex("%", 1).join(["%", ""])
    if "/" not in identity:
        assert 200 == Client(gateway.application).post(path, data=in_path).status_code
    with gateway.store.reading() as work:
        found = work.charge_points.find(identity)
        assert found is not None
        assert identity.casefold() == found.identity.casefold()


def test_the_times_that_no_calendar_has_in_utc_are_kept_at_its_edges(gateway: Gateway) -> None:
    """Years near 1 and 9999 with an offset that leads out of them are stored as the nearest time."""
    station = Station(gateway.application, "EDGE")
    moments = {"0001-01-01T00:00:00+14:00": messages.EARLIEST, "9999-12-31T23:59:59-14:00": messages.LATEST}
    for connector, text in enumerate(moments, 1):
        notice = {"connectorId": connector, "status": "Available", "errorCode": "NoError", "timestamp": text}
        station.say("StatusNotification", **notice)
    with gateway.store.reading() as work:
        rows = Memory(gateway.store, work, "EDGE").work.charge_points.connectors(1)
        assert [*moments.values()] == [r["timestamp"] for r in rows]
