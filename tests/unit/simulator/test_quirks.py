"""Quirks by themselves: the table is whole, rivals take turns, a strict station gets what the page says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.protocol import quirks as described
from ocpp_soap.protocol.quirks import QUIRKS
from ocpp_soap.protocol.validation import check
from ocpp_soap.simulator.accent import Accent
from ocpp_soap.simulator.letters import Letter
from ocpp_soap.simulator.quirks import (
    ADDRESSES,
    EVERY,
    EXCLUSIVE,
    IDENTITIES,
    RESPELLINGS,
    address,
    chosen,
    respell,
    spelled,
)
from ocpp_soap.soap.server import SoapEndpoint
from ocpp_soap.soap.transport import Transport
from tests.conftest import PROJECT
from tests.unit.soap.endpoint import CENTRAL, Station, ask, endpoint, goldens, ready_answers, versions

STATIONS = [version.central_system for version in versions()]
# What a version does not have, and a station says all the same.
LATER = {"reason": "Local", "transactionId": 7, "info": "warm", "reservationId": 3}


def test_every_quirk_can_be_switched_on_by_its_name() -> None:
    """The simulator has a spelling for each row of the table, and no other."""
    assert set(QUIRKS) == RESPELLINGS.keys() | IDENTITIES.keys() | ADDRESSES.keys()
    assert set() == RESPELLINGS.keys() & IDENTITIES.keys()


def test_a_name_that_is_no_quirk_is_refused() -> None:
    """A typing error would be a quirk that is never shown."""
    with pytest.raises(ValueError, match=r"there is no quirk 'utf16'; see docs/quirks\.md"):
        chosen({"utf-16", "utf16"}, 0)


def test_rivals_take_turns() -> None:
    """A message has one of each group at most; in as many turns as a group is long each of it was shown."""
    for group in EXCLUSIVE:
        shown = [chosen(EVERY, turn) & set(group) for turn in range(len(group))]
        assert [1] * len(group) == [len(one) for one in shown]
        assert set(group) == set().union(*shown)
    alone = {name for name in EVERY if not any(name in group for group in EXCLUSIVE)}
    assert alone == chosen(EVERY, 1) & alone
    assert frozenset({"utf-16", "chunked"}) == chosen({"utf-16", "chunked"}, 5)


def test_a_message_that_is_sent_again_is_spelled_as_before() -> None:
    """Otherwise a repetition would look like news; heartbeats are no repetitions of each other."""
    accent = Accent(STATIONS[0], versions()[0].charge_point)
    two = ("from-missing", "identity-from-path", "identity-case")

    def way(operation: str, payload: dict[str, Any]) -> str:
        return accent.of_request(two, CENTRAL, "CP 1", operation, payload)[0]

    ways = [way("Authorize", {"idTag": tag}) for tag in ("A", "B", "A", "C", "A")]
    assert (ways[0], ways[0]) == (ways[2], ways[4])
    assert {CENTRAL, f"{CENTRAL}/CP%201"} == {*ways}
    assert all(one != next_one for one, next_one in pairwise(way("Heartbeat", {}) for _ in range(4)))


def test_without_quirks_nothing_is_touched() -> None:
    """The gateway's own transport and application are used as they are."""
    accent = Accent(STATIONS[0], versions()[0].charge_point)
    assert (CENTRAL, Transport) == accent.of_request((), CENTRAL, "CP 1", "Heartbeat", {})
    application = endpoint(Station().receive, [versions()[0].charge_point], CENTRAL)
    assert application is accent.of_answers((), "CP 1", application)


def test_an_identity_is_what_its_quirks_make_of_it() -> None:
    """Both at once are one name."""
    assert "CP-1 1:1.a" == spelled("CP-1", EVERY)
    assert "CP-1" == spelled("CP-1", {"utf-16"})
    assert (f"{CENTRAL}/CP-1%3A1.a", CENTRAL) == (
        address(CENTRAL + "/", "CP-1:1.a", {"identity-from-path"}),
        address(CENTRAL, "CP-1", ()),
    )


def letters(name: str) -> list[Letter]:
    """Golden requests of every version with that quirk, with and without what is optional in them."""
    found = []
    for golden in (one for one in goldens() if one.service in STATIONS):
        said = check(golden.said["request"], golden.newest.input.type)
        for bare in (False, True):
            envelope = etree.fromstring(golden.request)
            letter = Letter(envelope, golden.service, golden.operation, "CP-2041", 0, payload=LATER | said)
            if bare:
                required = {one.name for one in letter.type.fields if one.required}
                letter.content[:] = [one for one in letter.content if etree.QName(one).localname in required]
            for data in letter.content.findall("{*}data"):
                data.text = "<a>1</a>"
            found.append(respell(letter, {name}))
    return found


@pytest.fixture(scope="module")
def central() -> tuple[SoapEndpoint, Station]:
    """An endpoint of every version, and what it received last."""
    station = Station(ready_answers(STATIONS[0]))
    others = {version.charge_point.namespace: version.name for version in versions()}
    return endpoint(station.receive, STATIONS, CENTRAL, other_namespaces=others), station


def refusal(central: tuple[SoapEndpoint, Station], letter: Letter, name: str) -> str | None:
    """What a strict station gets for a message: the fault and where it comes from."""
    app, station = central
    path = "/CP-2041" if name == "identity-from-path" else ""
    head = dict(letter.head())
    http = {"CONTENT_TYPE": head.get("Content-Type", ""), "HTTP_CONTENT_ENCODING": head.get("Content-Encoding", "")}
    answer = ask(app, letter.written(), path=path, **http)
    assert "200 OK" == answer.status, answer.body
    violation = station.call.violation()
    if violation is None:
        return None
    by_schema = violation.text.startswith("line ")
    return violation.subcode + (", by the schema" if by_schema else "")


@pytest.mark.parametrize("name", sorted((EVERY - IDENTITIES.keys()) & RESPELLINGS.keys()))
def test_a_strict_station_gets_what_the_page_says(central: tuple[SoapEndpoint, Station], name: str) -> None:
    """The fault of the table, the schema's, or none, in each message that shows the quirk."""
    found = {refusal(central, letter, name) for letter in letters(name)} - {None}
    assert found == {described.refusal(name)} - {"the same"}


def test_the_page_is_current() -> None:
    """`python -m ocpp_soap.protocol.quirks docs/quirks.md` renews it."""
    assert described.page() == (PROJECT / "docs" / "quirks.md").read_text(encoding="utf-8")


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """Into the files that it is given."""
    described.main([str(tmp_path / "quirks.md")])
    assert described.page() == (tmp_path / "quirks.md").read_text(encoding="utf-8")


def test_the_page_names_tests_that_are_there() -> None:
    """Whoever looks for the proof finds it."""
    tests = (PROJECT / described.TESTS).read_text(encoding="utf-8")
    assert [] == [name for name in (described.TOLERATED, described.TURNED_AWAY) if f"def {name}(" not in tests]
