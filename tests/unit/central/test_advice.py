"""What is said of an address that can't be called, by what was met on the way and what is known of the station."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_soap.central.advice import REACHED, TROUBLES, sentence, tries
from ocpp_soap.central.probing import EARLIER, HARMLESS, candidates, question
from ocpp_soap.central.records import ChargePoint
from ocpp_soap.central.walk import STEPS, Step, Walk
from ocpp_soap.errors import NotTransmitted
from ocpp_soap.protocol import catalog

AT = datetime(2024, 1, 31, 12, tzinfo=UTC)
INSIDE, OUTSIDE = "192.168.1.20", "8.8.4.4"


def station(identity: str = "CP 1", **known: Any) -> ChargePoint:
    """A registered charge point of which only that is known."""
    nothing = dict.fromkeys(ChargePoint.__slots__)
    return ChargePoint(**{**nothing, "id": 1, "identity": identity, "status": "Accepted", "boot": {}, **known})


def ended(trouble: str, **met: Any) -> Walk:
    """A way that ended with that trouble."""
    words = "what was met"
    return Walk((Step(TROUBLES[trouble].step, words, trouble),), trouble, NotTransmitted(words), 0.1, **met)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_trouble_has_its_words(trouble: str) -> None:
    """A sentence and, unless the station is reached, something to try; nothing in it is left open."""
    assert TROUBLES[trouble].step in STEPS
    for address, peer in (
        ("http://cp.example:8080/a", None),
        (f"https://{INSIDE}/", OUTSIDE),
        ("https://[::1]/", "::1"),
    ):
        known = station(peer=peer)
        told = [sentence(ended(trouble), address, known), *tries(ended(trouble), address, known)]
        assert (trouble in REACHED) or len(told) > 1
        assert [] == [text for text in told if {"{", "}"} & set(text) or "None" in text]


@pytest.mark.parametrize(
    ("host", "peer", "trouble", "words"),
    [
        (INSIDE, OUTSIDE, "timed-out", "probably a router (NAT) is between. Have it forward a port to port 8080"),
        (INSIDE, OUTSIDE, "refused", f"`ocpp-soap charge-points set-callback 'CP 1' http://{OUTSIDE}:8080/a`"),
        ("10.0.0.7", "10.9.0.1", "unreachable", "probably a router (NAT) is between"),
        (INSIDE, "192.168.1.21", "timed-out", "its messages come from 192.168.1.21: if it has moved there"),
        (OUTSIDE, "8.8.8.8", "timed-out", "its messages come from 8.8.8.8: if it has moved there"),
        ("127.0.0.1", "127.0.0.1", "refused", "name it in OCPP_SOAP_TRUSTED_PROXIES"),
        ("127.0.0.1", "127.0.0.1", "not-allowed", "name it in OCPP_SOAP_TRUSTED_PROXIES"),
        (INSIDE, INSIDE, "timed-out", f"let this machine through to port 8080 of {INSIDE}"),
        (INSIDE, OUTSIDE, "html", "without a login"),
        (INSIDE, "127.0.0.1", "timed-out", f"let this machine through to port 8080 of {INSIDE}"),
    ],
)
def test_where_the_messages_come_from_tells_what_to_try_first(host: str, peer: str, trouble: str, words: str) -> None:
    """A router between, a station that moved, a proxy that is not believed; only then the trouble itself."""
    assert words in next(iter(tries(ended(trouble), f"http://{host}:8080/a", station(peer=peer))))


def test_what_others_name_is_quoted_for_the_shell() -> None:
    """An address or a redirect can't bring a command along into what an operator copies."""
    evil = "http://x/`reboot`"
    for trouble in TROUBLES:
        for text in tries(ended(trouble, location=evil), "https://cp.example/$(id)", station("$(id)")):
            commands = re.sub("'[^']*'", "", text).split("`")[1::2]
            assert [] == [command for command in commands if "$(" in command or "reboot" in command]
    assert f"`ocpp-soap charge-points set-callback 'CP 1' '{evil}'`" in next(
        iter(tries(ended("redirect", location=evil), "http://cp.example/", station()))
    )


def test_addresses_are_tried_in_the_order_of_their_promise() -> None:
    """Each once, under the first of its sources; of many earlier ones the newest."""
    known = station(
        callback_url="http://10.0.0.7:8080/a?t=1",
        callback_said="http://:9090/b",
        callback_source="station",
        peer="10.0.0.9",
        callback_refused={"url": "http://10.66.0.1/", "reason": "elsewhere"},
    )
    history = [{"url": url} for url in ("http://10.0.0.9:9090/b", None, *(f"http://10.1.0.{n}/" for n in range(9)))]
    found = [(candidate.address, *candidate.sources) for candidate in candidates(known, history)]
    assert [
        ("http://10.0.0.7:8080/a?t=1", "station"),
        ("http://10.0.0.9:9090/b", "said", "earlier"),
        ("http://10.0.0.9:8080/a?t=1", "peer"),
        ("http://10.66.0.1/", "refused"),
        *((f"http://10.1.0.{n}/", "earlier") for n in range(EARLIER - 1)),
    ] == found
    assert [] == candidates(station(peer="10.0.0.9"), [])


def test_the_question_is_one_that_the_version_has() -> None:
    """With nothing to fill in; the oldest version has none."""
    services = [version.charge_point for version in catalog.load().versions.values()]
    assert ["GetConfiguration", "GetConfiguration", None] == [question(service) for service in services]
    asked = [service.operations[name] for service in services for name in HARMLESS if name in service.operations]
    assert [] == [field.name for operation in asked for field in operation.input.type.fields if field.required]
