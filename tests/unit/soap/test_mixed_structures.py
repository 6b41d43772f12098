"""Readings of meters in another version's structure, or in several: all are read, and the message is flagged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .endpoint import CENTRAL, Station, ask, endpoint, odd, ready_answers, versions

SERVICES = {version.name: version.central_system for version in versions()}
NEWEST, OLDER, OLDEST = SERVICES
EVERY = tuple(SERVICES)
QUIRK = "structure-of-another-version"
AT, LATER = "2026-03-02T07:35:00Z", "2026-03-02T07:36:00Z"
TAKEN = datetime(2026, 3, 2, 7, 35, tzinfo=UTC)
WH = {"measurand": "Energy.Active.Import.Register", "unit": "Wh"}

NEW = (
    "<sampledValue><value>16.5</value><measurand>Current.Import</measurand><phase>L1</phase><unit>A</unit>"
    "</sampledValue>"
)
OLD = '<value measurand="Current.Import" phase="L1" unit="Amp">16.5</value>'
MIXED = '<sampledValue measurand="Current.Import" phase="L1" unit="A">16.5</sampledValue>'
ALSO_MIXED = '<sampledValue><value measurand="Current.Import" phase="L1" unit="A">16.5</value></sampledValue>'
IN_ITSELF = "<value><value>16.5</value><measurand>Current.Import</measurand><phase>L1</phase><unit>A</unit></value>"
CURRENT = {"value": "16.5", "measurand": "Current.Import", "phase": "L1", "unit": "A"}


def said(version: str, operation: str, body: str) -> Station:
    """The station that sent this, in that version's namespace."""
    service = SERVICES[version]
    name = f"{operation[0].lower()}{operation[1:]}Request"
    text = odd("declaration-missing").decode().replace(SERVICES[NEWEST].namespace, service.namespace)
    text = text.replace("/Heartbeat", f"/{operation}")
    text = text.replace("<cs:heartbeatRequest/>", f'<{name} xmlns="{service.namespace}">{body}</{name}>')
    station = Station(ready_answers(service))
    answer = ask(endpoint(station.receive, [service], CENTRAL), text.encode())
    assert "200 OK" == answer.status, answer.body
    return station


def quirks(station: Station) -> set[str]:
    """The names of what was noted."""
    return {flag.quirk for flag in station.call.flags}


@pytest.mark.parametrize("sample", [NEW, OLD, MIXED, ALSO_MIXED, IN_ITSELF], ids=range(5))
@pytest.mark.parametrize("name", ["values", "meterValue"])
@pytest.mark.parametrize("version", EVERY)
def test_readings_are_read_in_the_structure_of_any_version(version: str, name: str, sample: str) -> None:
    """Each name of the list, and each form of a value, in the namespace of each version."""
    readings = f"<{name}><timestamp>{AT}</timestamp>{sample}{sample}</{name}>"
    station = said(version, "MeterValues", f"<connectorId>1</connectorId><transactionId>7</transactionId>{readings}")
    meter_value = {"timestamp": TAKEN, "sampledValue": [CURRENT, CURRENT]}
    assert {"connectorId": 1, "transactionId": 7, "meterValue": [meter_value]} == station.request
    assert [] == station.call.problems
    proper = {(NEWEST, "meterValue", NEW), (OLDER, "values", OLD), (OLDER, "values", IN_ITSELF)}
    assert ((version, name, sample) not in proper) == (QUIRK in quirks(station))
    assert "unknown-element" not in quirks(station)


@pytest.mark.parametrize(
    "data",
    [
        f"<transactionData><timestamp>{AT}</timestamp>{NEW}{OLD}</transactionData>",
        f"<transactionData><values><timestamp>{AT}</timestamp>{OLD}{MIXED}</values></transactionData>",
        f"<transactionData><timestamp>{AT}</timestamp><meterValue>{NEW}{OLD}</meterValue></transactionData>",
        f"<transactionData><meterValue><timestamp>{AT}</timestamp>{NEW}{NEW}</meterValue></transactionData>",
        f"<meterValue><timestamp>{AT}</timestamp>{NEW}{NEW}</meterValue>",
        f"<values><timestamp>{AT}</timestamp>{OLD}{OLD}</values>",
        f"<TransactionData><Timestamp>{AT}</Timestamp>{NEW}{NEW}</TransactionData>",
    ],
    ids=range(7),
)
@pytest.mark.parametrize("version", EVERY)
def test_readings_at_the_end_are_read_in_the_structure_of_any_version(version: str, data: str) -> None:
    """Wrapped or not; also where the version has none at the end of a transaction."""
    stop = f"<transactionId>7</transactionId><timestamp>{LATER}</timestamp><meterStop>1600</meterStop>"
    station = said(version, "StopTransaction", stop + data)
    assert [{"timestamp": TAKEN, "sampledValue": [CURRENT, CURRENT]}] == station.request["transactionData"]
    assert (7, 1600) == (station.request["transactionId"], station.request["meterStop"])
    assert [] == station.call.problems
    assert "unknown-element" not in quirks(station)


def test_the_only_flag_of_a_clean_structure_names_it() -> None:
    """Where it was met, and what stood there; words are not odd for being another version's."""
    body = f"<connectorId>1</connectorId><meterValue><timestamp>{AT}</timestamp>{NEW}</meterValue>"
    flags = said(OLDER, "MeterValues", body).call.flags
    assumed = "read, though it has another version's structure"
    assert [("meterValue", "meterValue", assumed, QUIRK)] == [(f.path, f.raw, f.assumed, f.quirk) for f in flags]


def test_several_structures_in_one_message_are_all_read() -> None:
    """A firmware that changes in the middle of its queue."""
    lone = f"<values><timestamp>{AT}</timestamp><value>1210</value></values>"
    rich = f'<values><timestamp>{LATER}</timestamp><value measurand="{WH["measurand"]}" unit="Wh">1220</value></values>'
    other = f"<meterValue><timestamp>{LATER}</timestamp>{NEW}<vendorNote>x</vendorNote></meterValue>"
    for version in EVERY:
        station = said(version, "MeterValues", f"<connectorId>1</connectorId>{lone}{rich}{other}")
        values = [reading["sampledValue"] for reading in station.request["meterValue"]]
        assert [[{"value": "1210"}], [{"value": "1220", **WH}], [CURRENT]] == values
        assert {QUIRK, "unknown-element"} <= quirks(station)


def test_a_fraction_is_kept_where_the_version_has_whole_numbers_alone() -> None:
    """It can only be another version's text; 12.0 is a whole number."""
    for text, expected, mixed in ((" 16.5", "16.5", True), ("12.0", "12", False), ("12", "12", False)):
        body = f"<connectorId>1</connectorId><values><timestamp>{AT}</timestamp><value>{text}</value></values>"
        station = said(OLDEST, "MeterValues", body)
        assert [{"value": expected}] == station.request["meterValue"][0]["sampledValue"]
        assert mixed == (QUIRK in quirks(station))


@pytest.mark.parametrize("version", EVERY)
def test_nothing_of_the_message_is_a_mixture_without_readings(version: str) -> None:
    """A proper message is read by its own version alone."""
    stop = f"<transactionId>7</transactionId><timestamp>{LATER}</timestamp><meterStop>1600</meterStop>"
    assert set() == quirks(said(version, "StopTransaction", stop))


def test_a_reading_that_lacks_its_value_is_a_problem_and_stops_no_other() -> None:
    """As in the proper structure."""
    empty = "<sampledValue><unit>Wh</unit></sampledValue>"
    body = f"<connectorId>1</connectorId><meterValue><timestamp>{AT}</timestamp>{empty}{NEW}</meterValue>"
    station = said(OLDER, "MeterValues", body)
    found: list[dict[str, Any]] = station.request["meterValue"][0]["sampledValue"]
    assert [{"unit": "Wh"}, CURRENT] == found
    assert ["meterValue[0].sampledValue[0].value"] == [problem.path for problem in station.call.problems]
