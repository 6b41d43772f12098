"""The rules by which a charge point makes, uses and ends reservations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ocpp_soap.simulator.reservations import Reservations

NOW = datetime(2024, 1, 31, 12, tzinfo=UTC)
FREE = {0: "Available", 1: "Available", 2: "Available"}


def make(
    reservations: Reservations,
    number: int,
    connector_id: int,
    statuses: dict[int, str] | None = None,
    *,
    tag: str = "TAG",
    parent: str | None = None,
    zero: bool = True,
    seconds: int = 60,
) -> str:
    """ReserveNow."""
    request = {"reservationId": number, "connectorId": connector_id, "idTag": tag, "parentIdTag": parent}
    request["expiryDate"] = NOW + timedelta(seconds=seconds)
    return reservations.make(request, statuses or FREE, zero, NOW)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("Available", "Accepted"),
        ("Preparing", "Occupied"),
        ("Charging", "Occupied"),
        ("Finishing", "Occupied"),
        ("Reserved", "Occupied"),
        ("Unavailable", "Unavailable"),
        ("Faulted", "Faulted"),
    ],
)
def test_the_answer_follows_from_the_connectors_status(status: str, answer: str) -> None:
    """As §5.13 has it."""
    assert answer == make(Reservations(), 1, 1, FREE | {1: status})


def test_what_can_not_be_reserved_is_rejected() -> None:
    """An unknown connector, a time that has passed, connector 0 where that is not supported."""
    reservations = Reservations()
    answers = [make(reservations, 1, 9), make(reservations, 1, 1, seconds=0), make(reservations, 1, 0, zero=False)]
    assert (["Rejected"] * 3, {}) == (answers, reservations.active)


def test_the_same_id_replaces_the_reservation() -> None:
    """Also on the connector that it has reserved itself."""
    reservations = Reservations()
    make(reservations, 1, 1)
    assert make(reservations, 1, 1, FREE | {1: "Reserved"}, tag="OTHER") == "Accepted"
    assert ["OTHER"] == [r.id_tag for r in reservations.active.values()]


def test_connector_0_can_be_reserved_while_one_is_free() -> None:
    """Each such reservation takes one of those that are free."""
    reservations = Reservations()
    assert ["Accepted", "Accepted", "Occupied"] == [make(reservations, number, 0) for number in (1, 2, 3)]
    assert make(reservations, 4, 1) == "Occupied"


@pytest.mark.parametrize("status", ["Faulted", "Unavailable"])
def test_connector_0_can_not_be_reserved_when_all_are_out_of_order(status: str) -> None:
    """The answer names what they have in common."""
    assert status == make(Reservations(), 1, 0, {0: "Available", 1: status, 2: status})
    assert status == make(Reservations(), 1, 0, FREE | {0: status})


def test_a_reservation_is_for_its_tag_and_its_group() -> None:
    """Tags are compared without regard to case."""
    reservations = Reservations()
    make(reservations, 1, 1, tag="TAG", parent="GROUP")
    for tag, parent, expected in (("tag", None, True), ("X", "group", True), ("X", None, False)):
        assert expected is (reservations.usable(1, tag, parent) is not None)


def test_a_reserved_connector_is_forbidden_to_others() -> None:
    """The other connector is not."""
    reservations = Reservations()
    make(reservations, 1, 1)
    assert (True, False, False) == (
        reservations.forbids(1, "OTHER", None, free=1),
        reservations.forbids(2, "OTHER", None, free=1),
        reservations.forbids(1, "TAG", None, free=1),
    )


def test_a_reservation_of_connector_0_keeps_one_free() -> None:
    """Whoever holds it may use any."""
    reservations = Reservations()
    make(reservations, 1, 0)
    assert (False, True, False) == (
        reservations.forbids(1, "OTHER", None, free=2),
        reservations.forbids(2, "OTHER", None, free=1),
        reservations.forbids(2, "TAG", None, free=1),
    )


def test_a_reservation_is_cancelled_once() -> None:
    """After that there is none of that id."""
    reservations = Reservations()
    make(reservations, 1, 1)
    assert (True, False) == tuple(reservations.cancel(1) is not None for _ in range(2))
