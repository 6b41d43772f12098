"""Stations that are dead, slow, silent, or refuse, and what the fleet's operator makes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import fleet
import pytest
from fleet import Charging, Place, charge

from ocpp_soap.client import Gateway, NotAuthenticated
from ocpp_soap.testing import ChargePoint, ChargePoints
from ocpp_soap.testing import Gateway as Running

START = "RemoteStartTransaction"


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


def try_both(client: Gateway, tag: str, first: ChargePoint, good: ChargePoint, patience: float = 20) -> Charging:
    """Charges at the first, else at the good one."""
    result = charge(client, tag, [Place(first.identity, 1), Place(good.identity, 2)], patience)
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
    """Rejected, late too, or a SOAP fault: the next one charges, and neither is asked twice."""
    refusing, broken = booted(charge_point), booted(charge_point)
    refusing.expect(START, connectorId=1).delay(0.5).respond(status="Rejected")
    broken.expect(START, connectorId=1).fault("InternalError")
    places = [Place(refusing.identity, 1), Place(broken.identity, 1), Place(good.identity, 1)]
    result = charge(gateway_client, id_tag(), places)
    assert result.transaction
    assert good.identity == result.transaction.chargeBoxIdentity
    assert "it refuses" == failure(result, refusing)
    assert failure(result, broken).startswith("it answers with a fault: Receiver/InternalError: ")
    assert [1, 1] == [len(cp.received(START)) for cp in (refusing, broken)]


def test_a_slow_station_is_told_once(
    charge_point: ChargePoints, gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]
) -> None:
    """It is waited for, and nobody else is told meanwhile."""
    slow = booted(charge_point)
    slow.expect(START).delay(1)
    result = try_both(gateway_client, id_tag(), slow, good)
    assert result.transaction
    assert slow.identity == result.transaction.chargeBoxIdentity
    assert ([], 1) == (good.received(START), len(slow.received(START)))


def test_a_station_that_is_too_slow_may_still_begin(
    charge_point: ChargePoints, gateway_client: Gateway, good: ChargePoint, id_tag: Callable[..., str]
) -> None:
    """Patience ends before it answers: the vehicle is started nowhere else, since it might charge twice then."""
    slow = booted(charge_point)
    order = slow.expect(START).delay(60)
    result = try_both(gateway_client, id_tag(), slow, good, patience=2)
    order.wait()
    assert (None, Place(slow.identity, 1)) == (result.transaction, result.undecided)
    assert [] == good.received(START)


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
    result = try_both(gateway_client, id_tag(), deaf, good, patience=3)
    assert result.transaction
    assert ("it gave no answer, and nothing began", good.identity) == (
        failure(result, deaf),
        result.transaction.chargeBoxIdentity,
    )


def test_no_place_is_blamed_for_the_token(gateway: Running, good: ChargePoint, ocpp_ids: Iterator[str]) -> None:
    """What would fail anywhere is raised; a station that the gateway does not know is one that does not work."""
    nowhere = Place(f"NOWHERE-{next(ocpp_ids)}", 1)
    failed = charge(gateway.client, "TAG", [nowhere]).failed
    assert {nowhere: f"there is no charge point '{nowhere.chargeBoxIdentity}'"} == failed
    with Gateway(gateway.client.url, "ocs_wrong") as stranger, pytest.raises(NotAuthenticated):
        charge(stranger, "TAG", [Place(good.identity, 1)])


def test_the_command_line(gateway: Running, good: ChargePoint, id_tag: Callable[..., str]) -> None:
    """It says what came of each place, and fails where the vehicle charges nowhere."""
    command = [sys.executable, fleet.__file__, gateway.client.url, id_tag(), "--patience", "20"]
    environment = {**os.environ, "TOKEN": gateway.token}

    def run(*places: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *places], env=environment, capture_output=True, text=True, check=False)

    good.expect(START).respond(status="Rejected")
    refused = run(f"{good.identity}:1")
    assert (1, f"{good.identity}:1: it refuses\nit does not charge anywhere\n") == (refused.returncode, refused.stdout)
    charges = run(f"{good.identity}:1")
    assert (0, True) == (charges.returncode, charges.stdout.startswith("charging: transaction "))
    assert "expected a place such as DEPOT-1:2, found 'DEPOT'" in run("DEPOT").stderr
