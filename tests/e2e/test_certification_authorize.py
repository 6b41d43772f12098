"""The certification cases of tags that may not charge, between the real gateway and a simulated station."""

from __future__ import annotations

import pytest

from ocpp_soap.simulator.errors import NotAuthorized

from .stations import BLOCKED, EXPIRED, UNKNOWN, Case


def refused(case: Case, id_tag: str) -> str:
    """The status that the gateway gives to a tag which then starts no transaction, neither there nor in the store."""
    case.station.plug_in()
    with pytest.raises(NotAuthorized) as refusal:
        case.station.start_transaction(1, id_tag)
    answer = case.station.sent.of("Authorize")[0].answer or {}
    assert answer["idTagInfo"] == refusal.value.id_tag_info
    assert ([], []) == (case.station.sent.of("StartTransaction"), case.central.transactions(case.station.identity))
    case.confirmed("Authorize")
    status: str = refusal.value.id_tag_info["status"]
    return status


def test_tc023_1_authorize_invalid(case: Case) -> None:
    """A tag that nobody knows is Invalid and starts nothing; the operator sees that it was presented."""
    assert "Invalid" == refused(case, UNKNOWN)
    with case.central.inside.store.reading() as work:
        presented = {one["idTag"]: one["chargeBoxIdentity"] for one in work.tags.unknown()}
    assert case.station.identity == presented[UNKNOWN]


def test_tc023_2_authorize_expired(case: Case) -> None:
    """A tag whose expiry has passed is Expired and starts nothing."""
    assert "Expired" == refused(case, EXPIRED)


def test_tc023_3_authorize_blocked(case: Case) -> None:
    """A blocked tag is Blocked and starts nothing."""
    assert "Blocked" == refused(case, BLOCKED)
