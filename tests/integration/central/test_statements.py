"""How many SQL statements a message costs: no query per field, no second look at what is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from .conftest import NOON, VERSIONS, Central

SAMPLED = [{"value": str(n), "measurand": "Voltage", "phase": f"L{n}"} for n in (1, 2, 3)]
VALUE = [{"timestamp": NOON, "sampledValue": SAMPLED}]
OLDEST = list(VERSIONS)[-1]

# Every message: contact (an UPDATE that reads) and journal (an INSERT). What comes on top is named behind it.
COSTS: list[tuple[str, dict[str, Any], int]] = [
    ("Heartbeat", {}, 2),
    ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}, 3),  # its fields
    ("Authorize", {"idTag": "TAG"}, 3),  # tag and parent
    ("StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"}, 4),  # history, state
    ("FirmwareStatusNotification", {"status": "Idle"}, 4),  # history, state
    ("DataTransfer", {"vendorId": "V", "data": "x" * 10000}, 4),  # content, answer
    # known?, tag, its open ones, start, supersede, link to a remote start
    ("StartTransaction", {"connectorId": 1, "idTag": "TAG", "timestamp": NOON, "meterStart": 0}, 8),
    # transaction, message, values
    ("MeterValues", {"connectorId": 1, "transactionId": None, "meterValue": VALUE * 5}, 5),
    ("MeterValues", {"connectorId": 1, "meterValue": VALUE}, 4),  # message, values
    # another version than before, the connector's transaction, message, values
    ("MeterValues", {"version": OLDEST, "connectorId": 1, "values": [{"timestamp": NOON, "value": 7}] * 5}, 6),
    # the version again, known?, transaction, tag, stop, transaction's end, link to a remote stop, message, values
    (
        "StopTransaction",
        {"transactionId": None, "idTag": "TAG", "timestamp": NOON, "meterStop": 9, "transactionData": VALUE * 5},
        11,
    ),
]


@contextmanager
def counting(central: Central) -> Iterator[list[str]]:
    """The statements that run meanwhile, without those that begin a transaction."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(central.store.writer, "before_cursor_execute", note)
    yield statements
    event.remove(central.store.writer, "before_cursor_execute", note)


def test_each_message_costs_a_known_number_of_statements(central: Central) -> None:
    """However many fields and values it has."""
    central.say("StatusNotification", connectorId=1, status="Preparing", errorCode="NoError", timestamp=NOON)
    found = []
    for operation, fields, _ in COSTS:
        if "transactionId" in fields:
            fields = {**fields, "transactionId": central.transactions()[0].id}
        with counting(central) as statements:
            central.say(operation, **fields)
        found.append((operation, len(statements)))
    assert [(operation, cost) for operation, _, cost in COSTS] == found


@pytest.mark.parametrize("come", ["http://10.0.0.7/", None])
def test_an_unchanged_callback_address_costs_nothing(central: Central, come: str | None) -> None:
    """wsa:From is written only when it changes."""
    central.say("Heartbeat", come=come)
    with counting(central) as statements:
        central.say("Heartbeat", come=come)
    assert 2 == len(statements)
