"""The status of a connector follows from the facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_soap.simulator.connectors import Awaited, Connector, Transaction

RUNNING = Transaction(1, "TAG", datetime(2024, 1, 31, tzinfo=UTC), 0)


@pytest.mark.parametrize(
    ("facts", "reserved", "status"),
    [
        ({}, False, "Available"),
        ({}, True, "Reserved"),
        ({"plugged": True}, False, "Preparing"),
        ({"plugged": True}, True, "Preparing"),
        ({"awaited": Awaited("TAG")}, False, "Preparing"),
        ({"plugged": True, "finishing": True}, False, "Finishing"),
        ({"operative": False}, True, "Unavailable"),
        ({"operative": False, "plugged": True}, False, "Unavailable"),
        ({"transaction": RUNNING}, False, "Charging"),
        ({"transaction": RUNNING, "operative": False}, False, "Charging"),
        ({"transaction": RUNNING, "limited": True}, False, "SuspendedEVSE"),
        ({"transaction": RUNNING, "limited": True, "suspended": "SuspendedEV"}, False, "SuspendedEV"),
        ({"forced": {"status": "Faulted", "errorCode": "NoError"}, "transaction": RUNNING}, False, "Faulted"),
    ],
)
def test_the_status_follows_from_the_facts(facts: dict[str, Any], reserved: bool, status: str) -> None:
    """A transaction goes before availability, availability before a cable, a cable before a reservation."""
    assert status == Connector(1, **facts).facts(reserved)["status"]


def test_a_connector_of_a_station_out_of_operation_is_unavailable() -> None:
    """Whatever its own availability."""
    assert Connector(1).facts(False, station_operative=False)["status"] == "Unavailable"


def test_a_change_of_availability_waits_for_the_end_of_the_transaction() -> None:
    """It is answered with Scheduled (§5.2)."""
    connector = Connector(1, plugged=True, transaction=RUNNING)
    assert connector.set_operative(False) == "Scheduled"
    assert connector.facts(False)["status"] == "Charging"
    connector.end_transaction()
    assert connector.facts(False)["status"] == "Unavailable"


def test_what_was_scheduled_can_be_taken_back() -> None:
    """Operative is what it is already: Accepted, and nothing waits any more."""
    connector = Connector(1, transaction=RUNNING)
    connector.set_operative(False)
    assert connector.set_operative(True) == "Accepted"
    connector.end_transaction()
    assert connector.facts(False)["status"] == "Available"


def test_a_car_that_stays_after_the_end_is_finishing() -> None:
    """Until it leaves."""
    connector = Connector(1, plugged=True, transaction=RUNNING)
    connector.end_transaction()
    assert connector.facts(False)["status"] == "Finishing"
