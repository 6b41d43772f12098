"""Stations that are dead, slow, silent, or refuse, and what the fleet's operator makes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import fleet
import pytest
from fleet import Charging, Patience, Place, charge

from ocpp_soap.client import Gateway
from ocpp_soap.testing import ChargePoint, ChargePoints
from ocpp_soap.testing import Gateway as Running

START = "RemoteStartTransaction"
LITTLE = Patience(answer=10, begin=1)


@pytest.fixture
def good(charge_point: ChargePoints) -> ChargePoint:
    """A station that does what it is told."""
    return booted(charge_point)


def booted(charge_point: ChargePoints) -> ChargePoint:
    """A station with two connectors that has booted."""
    cp = charge_point(connectors=2)
    cp.boot()
    return cp


def failure(result: Charging, cp: ChargePoint) -> str:
    """Why it does not charge at that station's first connector."""
    return result.failed[Place(cp.identity, 1)]


def try_both(client: Gateway, tag: str, first: ChargePoint, good: ChargePoint) -> Charging:
    """Charges at the first, else at the good one."""
    result = charge(client, tag, [Place(first.identity, 1), Place(good.identity, 2)], LITTLE)
    if result.transaction and result.transaction.chargeBoxIdentity == good.identity:
        tx = good.wait_for_transaction(2)
        assert tx["transactionId"] == result.transaction.transactionId
    return result


def test_the_first_that_works_is_taken(gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]) -> None:
    """Nothing else is tried, and the vehicle charges there."""
    tag = id_tag()
    result = charge(gateway_client, tag, [Place(good.identity, 1), Place("NOWHERE", 1)])
    assert result.transaction is not None
    assert (tag, good.identity, {}) == (result.transaction.idTag, result.transaction.chargeBoxIdentity, result.failed)
    assert result.transaction.transactionId == good.wait_for_transaction(1)["transactionId"]


def test_a_dead_station_is_passed_over(
    charge_point: ChargePoints, gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]
) -> None:
    """Nobody listens at its address: nothing was sent, and the next one charges."""
    dead = booted(charge_point)
    dead.power_off()
    result = try_both(gateway_client, id_tag(), dead, good)
    assert result.transaction
    assert failure(result, dead).startswith("it was not told: ")


def test_a_refusal_is_taken_for_an_answer(
    charge_point: ChargePoints, gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]
) -> None:
    """Rejected, or a SOAP fault: the next one charges, and neither is asked twice."""
    for script, why in (("respond", "it refuses"), ("fault", "it answers with a fault: ")):
        cp, next_one = booted(charge_point), booted(charge_point)
        expected = cp.expect(START, connectorId=1)
        expected.respond(status="Rejected") if script == "respond" else expected.fault("InternalError", "out of order")
        result = try_both(gateway_client, id_tag(), cp, next_one)
        assert result.transaction
        assert failure(result, cp).startswith(why)
        assert 1 == len(cp.received(START))


def test_a_slow_station_is_told_once(
    charge_point: ChargePoints, gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]
) -> None:
    """Its answer comes after the operator's patience has ended; it charges nevertheless, and nobody else does."""
    slow = booted(charge_point)
    slow.expect(START).delay(1)
    places = [Place(slow.identity, 1), Place(good.identity, 1)]
    result = charge(gateway_client, id_tag(), places, Patience(answer=0.3, begin=20))
    assert result.transaction
    assert slow.identity == result.transaction.chargeBoxIdentity
    assert ([], 1) == (good.received(START), len(slow.received(START)))


def test_a_silent_station_is_looked_at(
    charge_point: ChargePoints, gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]
) -> None:
    """Its answer is lost: where a transaction began it charges, where none did the next one does."""
    heard, deaf = booted(charge_point), booted(charge_point)
    heard.expect(START).drop("answer")
    result = try_both(gateway_client, id_tag(), heard, good)
    assert result.transaction
    assert heard.identity == result.transaction.chargeBoxIdentity
    deaf.expect(START).drop("request")
    result = try_both(gateway_client, id_tag(), deaf, good)
    assert result.transaction
    assert ("it gave no answer, and nothing began", good.identity) == (
        failure(result, deaf),
        result.transaction.chargeBoxIdentity,
    )


def test_the_command_line(gateway: Running, good: ChargePoint, id_tag: Callable[..., str]) -> None:
    """It says what came of each place, and fails where the vehicle charges nowhere."""
    command = [sys.executable, fleet.__file__, gateway.client.url, id_tag(), "--patience", "5"]
    environment = {**os.environ, "TOKEN": gateway.token}

    def run(*places: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *places], env=environment, capture_output=True, text=True, check=False)

    good.expect(START).respond(status="Rejected")
    refused = run(f"{good.identity}:1")
    assert (1, f"{good.identity}:1: it refuses\nit does not charge anywhere\n") == (refused.returncode, refused.stdout)
    charges = run(f"{good.identity}:1")
    assert (0, True) == (charges.returncode, charges.stdout.startswith("charging: transaction "))
    assert "expected a place such as DEPOT-1:2, found 'DEPOT'" in run("DEPOT").stderr
