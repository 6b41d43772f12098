"""Sessions made by strategies, at a gateway in this process."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ocpp_soap import client
from ocpp_soap.protocol.catalog import VERSIONS
from ocpp_soap.testing import ChargePoints
from ocpp_soap.testing.strategies import sessions


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(session=sessions())
def test_a_gateway_understands_every_session(
    version: str, charge_point: ChargePoints, gateway_client: client.Gateway, session: list[tuple[str, dict[str, Any]]]
) -> None:
    """Each message is answered in any version, and what the transaction has is what was said."""
    cp = charge_point(version=version)
    own: dict[str, Any] = {}
    for operation, request in session:
        said = request | own if "transactionId" in request else request
        answer = cp.send(operation, said)
        if operation == "StartTransaction":
            own, start = {"transactionId": answer["transactionId"]}, said
        elif operation == "StopTransaction":
            stop = said
    known = gateway_client.transactions.get(own["transactionId"])
    assert (start["idTag"], start["meterStart"], stop["meterStop"], start["timestamp"], stop["timestamp"]) == (
        known.idTag,
        known.meterStart,
        known.meterStop,
        known.startTimestamp,
        known.stopTimestamp,
    )
