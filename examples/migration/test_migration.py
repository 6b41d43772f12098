"""The stations of the trace, sent again to the new gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from migration import Meant, known_tags, surprises

from ocpp_soap.client import Gateway
from ocpp_soap.testing import ChargePoints, Trace

RECORDED = Path(__file__).parent / "recorded.jsonl"
TRACE = Trace.read(RECORDED)

WHY = "the new gateway lets everybody charge for now"
OPEN = [Meant("Authorize", "idTagInfo.status", "Invalid", "Accepted", WHY)]


@pytest.fixture
def tags(id_tag: Callable[..., str]) -> None:
    """What the old central system knew, known here."""
    for tag, info in TRACE.id_tags.items():
        if info["status"] != "Invalid":
            id_tag(tag, blocked=info["status"] == "Blocked", parentIdTag=info.get("parentIdTag"))


def test_every_station_is_answered_as_before(tags: None, charge_point: ChargePoints, gateway_client: Gateway) -> None:
    """All of them, each under a name of its own, and what they charged is here."""
    for identity in TRACE.identities:
        cp = charge_point()
        replayed = cp.replay(RECORDED, identity)
        assert [] == list(surprises(replayed, OPEN))
        stops = [step for step in replayed.steps if step.operation == "StopTransaction"]
        taken = list(gateway_client.transactions.list(chargePoint=cp.identity, open=False))
        assert sorted(step.request["meterStop"] for step in stops) == sorted(one.meterStop or 0 for one in taken)


@pytest.mark.gateway(unknown_tags="accept")
def test_what_is_otherwise_is_told_unless_it_is_meant(charge_point: ChargePoints) -> None:
    """Without the old one's tags, at a gateway that lets anybody charge: a stranger, and a card that was blocked."""
    replayed = charge_point().replay(RECORDED, TRACE.identities[0])
    with pytest.raises(AssertionError, match=r"line \d+, Authorize: idTagInfo.status was Blocked in the trace"):
        replayed.check()
    assert 2 == len(replayed.differences)
    assert 1 == len(list(surprises(replayed, OPEN)))


@pytest.mark.gateway(unknown_tags="reject")
def test_the_tags_of_the_trace_can_be_imported(charge_point: ChargePoints, gateway_client: Gateway) -> None:
    """One import, and a gateway that knows nobody else answers as the old one did."""
    assert 3 == gateway_client.id_tags.import_csv(known_tags(TRACE)).added
    for identity in TRACE.identities:
        charge_point().replay(RECORDED, identity).check()
