"""Where a station is called: which change of its address takes effect, and what the operator sees of the others."""

from __future__ import annotations

from typing import Any

import pytest

from ocpp_soap.central.authentication import Credentials, digest
from ocpp_soap.central.callback import CallbackGuard, CallbackRules
from tests.integration.queueing import order, put_on_the_wire

from .conftest import NOON, Central
from .test_access import INSIDE, SECRET, demand, point

KNOWN = "http://10.0.0.1:8080/"


@pytest.mark.parametrize(
    ("policy", "access", "said", "taken"),
    [
        ({}, {}, "http://10.0.0.2:8080/", True),
        ({}, {}, "http://169.254.169.254/latest", False),
        ({}, {}, "http://station.example:8080/", True),
        ({"guard": CallbackGuard(CallbackRules.parse("10.0.0.0/8"))}, {}, "http://10.0.0.2:8080/", True),
        ({"guard": CallbackGuard(CallbackRules.parse("10.0.0.0/8"))}, {}, "http://203.0.113.9:8080/", False),
        ({"guard": CallbackGuard(CallbackRules.parse("10.0.0.0/8"))}, {}, "http://station.example:8080/", False),
        ({"guard": CallbackGuard(deny=CallbackRules.parse("port:22"))}, {}, "http://10.0.0.2:22/", False),
        ({}, {"networks": ("10.0.0.0/30",)}, "http://10.0.0.2:8080/", True),
        ({}, {"networks": ("10.0.0.0/30",)}, "http://10.0.0.9:8080/", False),
    ],
)
def test_a_changed_address_takes_effect_where_it_stays_inside(
    make_central: Any, policy: dict[str, Any], access: dict[str, Any], said: str, taken: bool
) -> None:
    """One that leaves what is allowed is kept for the operator to see, with the reason; what was known stays."""
    central: Central = make_central(unknown_charge_points="accept", **policy)
    central.boot(come=KNOWN)
    if access:
        demand(central, **access)
    assert "currentTime" in central.say("Heartbeat", come=said)
    found = point(central)
    if taken:
        assert (said, None) == (found.callback_url, found.callback_refused)
        return
    assert found.callback_refused is not None
    assert (KNOWN, said, INSIDE) == (found.callback_url, found.callback_refused["url"], found.callback_refused["peer"])
    assert found.callback_refused["reason"]
    assert "wsa:From" in central.flags()


def test_an_address_that_the_operator_has_fixed_stays_and_the_change_is_shown(central: Central) -> None:
    """Until the operator sets another one, or lets the station say it."""
    with central.store.writing() as work:
        work.charge_points.set_callback(point(central).id, KNOWN, None, "operator", None, NOON)
    central.say("Heartbeat", come="http://10.0.0.3/")
    found = point(central)
    assert found.callback_refused is not None
    assert (KNOWN, "the operator has fixed the address") == (found.callback_url, found.callback_refused["reason"])
    with central.store.writing() as work:
        work.charge_points.set_callback(found.id, "http://10.0.0.3/", None, "operator", None, NOON)
    assert None is point(central).callback_refused


def test_a_first_address_is_learned_unless_the_station_has_networks_to_be_in(central: Central) -> None:
    """It is checked when the station is called: there is nothing that it could leave."""
    demand(central, networks=("10.0.0.0/30",))
    central.say("Heartbeat", come="http://203.0.113.9/")
    assert None is point(central).callback_url
    demand(central)
    central.say("Heartbeat", come="http://169.254.169.254/")
    assert "http://169.254.169.254/" == point(central).callback_url


ELSEWHERE = "198.51.100.66"


@pytest.mark.parametrize(
    ("outcome", "peer", "said", "taken"),
    [
        ("answered", ELSEWHERE, "http://192.0.2.66/", False),
        ("answered", ELSEWHERE, f"http://{ELSEWHERE}:8080/", False),
        ("answered", ELSEWHERE, "http://10.0.0.1:9090/", True),
        ("answered", "10.0.0.77", "http://10.0.0.77:8080/", True),
        ("not_transmitted", ELSEWHERE, f"http://{ELSEWHERE}:8080/", True),
        ("not_transmitted", ELSEWHERE, "http://192.0.2.66/", True),
        (None, ELSEWHERE, "http://192.0.2.66/", False),
        (None, ELSEWHERE, f"http://{ELSEWHERE}:8080/", True),
        (None, None, "http://192.0.2.66/", False),
    ],
)
def test_only_proof_or_a_dead_address_lets_a_stranger_move_it(
    central: Central, outcome: str | None, peer: str | None, said: str, taken: bool
) -> None:
    """From elsewhere a host that answers is not left; one that a call did not reach is, and so is any with proof."""
    central.say("Heartbeat", come=KNOWN)
    station = point(central).id
    if outcome is not None:
        with central.store.writing() as work:
            turn = put_on_the_wire(work, station, order(work, station, "ClearCache", NOON), NOON)
            answer = {"status": "Accepted"} if outcome == "answered" else None
            work.queue.finish(turn, outcome, NOON, answer=answer, error=None if answer else "refused")
    central.say("Heartbeat", come=said, peer=peer)
    found = point(central)
    assert taken == (said == found.callback_url)
    assert taken == (found.callback_refused is None)
    demand(central, secret=digest(SECRET))
    central.say("Heartbeat", come=said, peer=peer, shows=Credentials(SECRET))
    assert said == point(central).callback_url
