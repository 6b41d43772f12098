"""Every quirk of docs/quirks.md at a real gateway: shown by a simulated station, tolerated, named, and nothing is lost.

A station's day is the same for each: it boots, charges, sends a vendor's data and answers a command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.central.records import Exchange, Transaction
from ocpp_soap.errors import StationFault
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.quirks import QUIRKS, REFUSED
from ocpp_soap.simulator.quirks import EVERY
from ocpp_soap.simulator.traits import NAMEPLATE, Traits
from ocpp_soap.simulator.wire import SoapWire

from .stations import Case, Central, content, schema
from .test_commands import STEPS

ACCEPTED = {"status": "Accepted"}
TAG = "CERT-TAG-1"
NEWEST, OLDER, OLDEST = catalog.VERSIONS
DATA = '<loop number="2">é</loop>'
TRAITS = Traits(
    configuration={
        "MeterValuesSampledData": "Energy.Active.Import.Register,Current.Import",
        "StopTxnSampledData": "Energy.Active.Import.Register",
    }
)

# Once is enough for each alone: no quirk is a matter of the database. Its name is all of the test's id.
ONCE = pytest.mark.parametrize("central", [pytest.param("sqlite", id=pytest.HIDDEN_PARAM)], indirect=True)

# What only an older version can show.
SHOWN_IN = {"element-for-attribute": OLDER, "field-of-a-later-version": OLDER}

# What else such a message is.
BESIDES = {
    "body-without-namespace": {"answer-named-otherwise"},
    "body-in-cp-namespace": {"children-in-another-namespace"},
    "namespace-spelling": {"answer-named-otherwise", "children-in-another-namespace"},
    "operation-name-case": {"answer-named-otherwise"},
}

# What a station says is what is kept; but for these, whose point is that it can't be, or that it says something else.
OTHER_TIMES = {"time-impossible", "clock-never-set", "time-in-future"}
OTHER_BOOT: dict[str, dict[str, Any]] = {
    "field-missing": {"chargePointModel": None},
    "overlong-text": {"chargePointSerialNumber": "SIM-0001".ljust(26, "0")},
}

# Of all at once: what the station's version can't show.
UNSHOWN: dict[str, set[str]] = {
    NEWEST: {"element-for-attribute", "field-of-a-later-version"},
    OLDER: set(),
    OLDEST: {
        "boolean-spelling",
        "boolean-unreadable",
        "element-for-attribute",
        "element-in-itself",
        "number-unreadable",
        "overlong-text",
        "word-of-another-version",
        "xml-in-data",
    },
}


def journal(case: Case) -> list[Exchange]:
    """All that went over the wire, under either spelling of the identity."""
    names = {case.station.identity, case.station.identity.swapcase()}
    return [one for name in names for way in ("in", "out") for one in case.central.journal(name, way)]


def shown(case: Case) -> set[str]:
    """The quirks that are noted in the journal; the station's own record has the same."""
    noted = {str(flag["quirk"]) for one in journal(case) for flag in one.flags if "quirk" in flag}
    record = case.central.registered(case.station.identity).quirks or {}
    assert noted == record.keys()
    for one in record.values():
        assert {"first", "last", "operation", "raw"} == one.keys()
    return noted


def confirmed(case: Case) -> None:
    """Every message got a confirmation that is valid in its version, and every command its answer."""
    assert [] == [(one.operation, str(one.error)) for one in case.station.sent if one.error is not None]
    rows = journal(case)
    assert {"answered"} == {one.outcome for one in rows}
    for one in rows:
        if one.direction == "in":
            schema("central_system", one.version).assertValid(content(one.answer or b""))


def day(case: Case) -> None:
    """What the station does, and is asked."""
    station = case.station
    station.run_session(TAG, seconds=70)
    station.heartbeat()
    if station.wire.version == OLDEST:  # type: ignore[attr-defined]
        assert "answered" == case.central.send(station.identity, "ClearCache", {})["outcome"]
        return
    station.data_transfer("org.example", "Loop", DATA)
    told = case.central.send(station.identity, "GetConfiguration", {"key": ["BlinkRepeat"]})["answer"]
    assert [("BlinkRepeat", "3")] == [(one["key"], one["value"]) for one in told["configurationKey"]]


def said(station: Any) -> tuple[Any, ...]:
    """What the station means to have said of its one transaction, and each value of it."""
    start, stop = (station.sent.payloads(f"{name}Transaction")[0] for name in ("Start", "Stop"))
    values = [p["meterValue"] for p in station.sent.payloads("MeterValues")] + [stop["transactionData"]]
    samples = {(m["timestamp"], v["measurand"], v["value"]) for some in values for m in some for v in m["sampledValue"]}
    facts = (start["connectorId"], start["idTag"], start["meterStart"], stop["meterStop"], stop["reason"])
    return facts, start["timestamp"], stop["timestamp"], samples


def kept(central: Central, one: Transaction) -> tuple[Any, ...]:
    """The same as the store has it."""
    samples = {(s.timestamp, s.measurand, s.value) for s in central.samples(one.id)}
    facts = (one.connector_id, one.id_tag, one.meter_start, one.meter_stop, one.reason)
    return facts, one.start_timestamp, one.stop_timestamp, samples


def nothing_is_lost(case: Case, name: str) -> None:
    """What the station meant is in the store, once."""
    transactions = case.central.transactions(case.station.identity)
    assert 1 == len(transactions)
    meant, stored = said(case.station), kept(case.central, transactions[0])
    if name in OTHER_TIMES:
        meant, stored = ((one[0], {sample[1:] for sample in one[3]}) for one in (meant, stored))
    assert meant == stored
    boot = case.known()["boot"]
    expected = {**NAMEPLATE, **OTHER_BOOT.get(name, {})}
    assert expected == {field: boot.get(field) for field in expected}


@ONCE
@pytest.mark.parametrize("name", [name for name, quirk in QUIRKS.items() if quirk.group != REFUSED])
def test_tolerated(central: Central, name: str) -> None:
    """The station lives its day; its quirk is noted in the journal and in its record, nothing is lost or changed."""
    wire = SoapWire(central.gateway.url, version=SHOWN_IN.get(name, NEWEST))
    with central.station("quirk", wire=wire, traits=TRAITS, quirks=frozenset({name} - {"from-missing"})) as station:
        # A station that never said where it is could not be asked anything.
        station.faults.quirks = {name}
        case = Case(central, station)
        day(case)
        confirmed(case)
        assert BESIDES.get(name, set()) | ({name} if QUIRKS[name].flagged else set()) == shown(case)
        nothing_is_lost(case, name)
        if (extra := EXTRA.get(name)) is not None:
            extra(case)


def last(case: Case, operation: str) -> Exchange:
    """The latest exchange of an operation."""
    return next(one for one in journal(case) if one.operation == operation)


def the_data_is_whole(case: Case) -> None:
    """What was markup is kept letter by letter."""
    assert [("data", DATA)] == [(flag["path"], flag["raw"]) for flag in last(case, "DataTransfer").flags]


def the_word_is_kept(case: Case) -> None:
    """As the vendor says it."""
    assert {"VendorNoError"} == {one["errorCode"] for one in case.known()["connectors"]}


def signs_arrive(encoding: str) -> Callable[[Case], None]:
    """Signs that are more than ASCII stand in the message in that encoding."""

    def check(case: Case) -> None:
        assert DATA.replace("<", "&lt;").replace(">", "&gt;").encode(encoding) in last(case, "DataTransfer").request

    return check


def the_times_are_those_of_receipt(case: Case) -> None:
    """Since the station's can't be."""
    one = case.latest()
    received = {row.operation: row.at for row in journal(case)}
    assert (received["StartTransaction"], received["StopTransaction"]) == (one.start_timestamp, one.stop_timestamp)


def the_operation_may_be_the_oldest_of_messages(case: Case) -> None:
    """A clock that was never set is in 1970."""
    assert 1970 == case.latest().start_timestamp.year


EXTRA: dict[str, Callable[[Case], None]] = {
    "xml-in-data": the_data_is_whole,
    "unknown-word": the_word_is_kept,
    "latin-1": signs_arrive("iso-8859-1"),
    "utf-16": signs_arrive("utf-16-le"),
    "time-impossible": the_times_are_those_of_receipt,
    "clock-never-set": the_operation_may_be_the_oldest_of_messages,
}


@ONCE
@pytest.mark.parametrize("name", [name for name, quirk in QUIRKS.items() if quirk.group == REFUSED])
def test_refused(central: Central, name: str) -> None:
    """The fault is in the SOAP that was spoken, says what is expected, and stands in the journal."""
    with central.station("refused", auto_boot=False, quirks={name}) as station:
        with pytest.raises(StationFault) as fault:
            station.boot()
        assert "VersionMismatch" == fault.value.code
        row = central.journal(station.identity, "in")[0]
        assert ("VersionMismatch", row.answer) == (row.outcome, fault.value.answer)
        envelopes = {etree.QName(etree.fromstring(one or b"")).namespace for one in (row.request, row.answer)}
        assert {"http://schemas.xmlsoap.org/soap/envelope/"} == envelopes


@pytest.mark.parametrize("version", catalog.VERSIONS)
def test_all_at_once(central: Central, version: str) -> None:
    """A station that does everything oddly, each message in its turn: whole sessions, and every command it knows."""
    wire = SoapWire(central.gateway.url, version=version)
    known = catalog.load().versions[version].charge_point.operations
    with central.station("all-odd", wire=wire, traits=TRAITS, quirks=EVERY) as station:
        case = Case(central, station)
        expected = {name for name in EVERY if QUIRKS[name].flagged} - UNSHOWN[version]
        days = 0
        while expected - shown(case):
            days += 1
            assert days < 20, expected - shown(case)
            day(case)
        remote(case)
        for step in STEPS:
            if step.operation in known:
                answer = case.send(step.operation, **step.payload)
                asked = {name: value for name, value in step.answer.items() if name != "configurationKey"}
                assert asked == {name: answer[name] for name in asked}, step.operation
                assert step.expected == step.seen(case.known()), step.operation
        confirmed(case)
        assert expected == shown(case)
        transactions = sorted(central.transactions(station.identity), key=lambda one: one.id, reverse=True)
        assert ["Remote", *["Local"] * days] == [one.reason for one in transactions]
        meters = [(one.meter_start, one.meter_stop) for one in station.transactions]
        assert meters == [(one.meter_start, one.meter_stop) for one in transactions[::-1]]


def remote(case: Case) -> None:
    """A transaction that the operator starts and stops."""
    assert ACCEPTED == case.send("RemoteStartTransaction", connectorId=1, idTag=TAG)
    assert ACCEPTED == case.send("RemoteStopTransaction", transactionId=case.latest().id)
    case.station.unplug()
