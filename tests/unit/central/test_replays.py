"""The key under which a message is recognised when it comes again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from ocpp_soap.central.call import Call
from ocpp_soap.central.records import ChargePoint
from ocpp_soap.central.replays import delivery_key

STATION = dict.fromkeys(ChargePoint.__dataclass_fields__) | {"id": 1, "identity": "CP1"}
START = {"connectorId": "1", "idTag": "Tag", "timestamp": "2024-01-31T12:00:00Z", "meterStart": "5"}


def _key(sent: dict[str, Any], *, operation: str = "StartTransaction", station: int = 1, message_id: str = "m") -> str:
    call = Call("CP1", "", operation, datetime.now(UTC), message_id=message_id, sent=sent)
    call.station = ChargePoint(**cast("dict[str, Any]", STATION | {"id": station}))
    return delivery_key(call)


def test_the_same_message_has_the_same_key() -> None:
    """Blanks, the idTag's case, empty optionals, order and the MessageID make no difference."""
    again = {
        "reservationId": "",
        "meterStart": " 5",
        "timestamp": START["timestamp"],
        "idTag": "tAG ",
        "connectorId": "1",
    }
    assert _key(START) == _key(again, message_id="other")


def test_another_message_has_another_key() -> None:
    """Station, operation and every field make a difference, also a time's spelling."""
    others = [
        _key(START, station=2),
        _key(START, operation="StopTransaction"),
        *(_key(START | {name: value + "0"}) for name, value in START.items()),
        _key(START | {"timestamp": "2024-01-31T12:00:00.000Z"}),
        _key(START | {"reservationId": "1"}),
    ]
    assert len(others) + 1 == len({_key(START), *others})


def test_the_order_of_values_matters() -> None:
    """Two meter values in another order are another message."""
    values = [{"timestamp": "a"}, {"timestamp": "b"}]
    assert _key({"meterValue": values}) != _key({"meterValue": values[::-1]})
