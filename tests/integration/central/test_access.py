"""Who is believed to be a station, and what an impostor can't change."""

from __future__ import annotations

import time
from ipaddress import ip_network
from typing import Any

import pytest

from ocpp_soap.central import inbox
from ocpp_soap.central.authentication import NOTHING, Access, Credentials, Rules, digest, make_secret
from ocpp_soap.central.records import ChargePoint
from ocpp_soap.errors import Fault, IdentityMismatch, SecurityError
from ocpp_soap.logs import Seldom

from .conftest import NOON, Central

SECRET = make_secret()
PASSWORD = "correct horse"
INSIDE, OUTSIDE = "10.0.0.1", "203.0.113.9"


def point(central: Central, identity: str = "CP1") -> ChargePoint:
    """The charge point as the store has it."""
    with central.store.reading() as work:
        found = work.charge_points.find(identity)
    assert found is not None
    return found


def demand(central: Central, **access: Any) -> None:
    """Sets what CP1 has to show."""
    with central.store.writing() as work:
        work.charge_points.change(point(central).id, access=Access(**access).stored())


def basic(user: str = "CP1", password: str = PASSWORD) -> Credentials:
    """User and password of HTTP Basic."""
    return Credentials(basic=f"{user}:{password}")


CASES: dict[str, tuple[dict[str, Any], list[Credentials], list[tuple[Credentials, type[Fault], int | None]]]] = {
    # what is demanded, what is let in, what is not and how
    "secret": (
        {"secret": digest(SECRET)},
        [Credentials(SECRET)],
        [(NOTHING, SecurityError, None), (Credentials(make_secret()), SecurityError, None)],
    ),
    "basic": (
        {"password": digest(PASSWORD)},
        [basic(), basic("cp1")],
        [
            (NOTHING, SecurityError, 401),
            (basic(password=PASSWORD + "!"), SecurityError, 401),
            (basic(password=""), SecurityError, 401),
            (basic("CP2"), IdentityMismatch, None),
            (Credentials(basic="CP1"), IdentityMismatch, None),
        ],
    ),
    "basic of a user with a colon": (
        {"password": digest(PASSWORD), "user": "00:11:22"},
        [basic("00:11:22")],
        [(basic("00:11:23"), IdentityMismatch, None)],
    ),
    "basic with a user of its own": (
        {"password": digest(PASSWORD), "user": "kiosk"},
        [basic("kiosk")],
        [(basic(), IdentityMismatch, None)],
    ),
    "certificate": (
        {"certificate": "cp1.stations.example"},
        [Credentials(certificate=("x", "CP1.stations.example"))],
        [
            (NOTHING, SecurityError, None),
            (Credentials(certificate=()), IdentityMismatch, None),
            (Credentials(certificate=("cp2.stations.example",)), IdentityMismatch, None),
        ],
    ),
    "everything": (
        {"secret": digest(SECRET), "password": digest(PASSWORD)},
        [Credentials(SECRET, f"CP1:{PASSWORD}")],
        [(Credentials(SECRET), SecurityError, 401), (basic(), SecurityError, None)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_station_is_let_in_with_what_it_has_to_show_and_nobody_else_is(central: Central, name: str) -> None:
    """A mismatch is SecurityError or IdentityMismatch; what is wanted in HTTP has HTTP's own status."""
    demanded, good, bad = CASES[name]
    demand(central, **demanded)
    for credentials in good:
        assert "currentTime" in central.say("Heartbeat", shows=credentials)
    for credentials, kind, status in bad:
        fault = central.say("Heartbeat", shows=credentials)
        assert (kind, status) == (type(fault), fault.status)
        assert not {SECRET, PASSWORD} & set(fault.text.split())
    with central.store.reading() as work:
        (attempt,) = work.attempts.list("CP1")
    assert (INSIDE, len(bad), NOON) == (attempt.peer, attempt.count, attempt.last)


def test_an_impostor_changes_nothing_that_is_known_of_the_station(central: Central) -> None:
    """Neither its last contact, nor its address, nor its callback; the attempt is in the journal."""
    demand(central, secret=digest(SECRET))
    before = point(central)
    central.later(minutes=3)
    assert isinstance(
        central.boot(peer=OUTSIDE, come="http://203.0.113.9:6666/", chargePointModel="Evil"), SecurityError
    )
    assert isinstance(central.start(peer=OUTSIDE), SecurityError)
    assert ([], before) == (central.transactions(), point(central))
    with central.store.reading() as work:
        assert ["SecurityError"] * 2 == [row.outcome for row in work.journal.list("CP1", 2)]


def test_a_station_with_networks_of_its_own_is_held_to_those(make_central: Any) -> None:
    """Others are held to everybody's; an address that nobody knows is in none."""
    central: Central = make_central(unknown_charge_points="accept", access=Rules((ip_network("10.0.0.0/8"),)))
    central.boot()
    assert "currentTime" in central.say("Heartbeat", peer="::ffff:10.9.9.9")
    for peer in (OUTSIDE, None, "nonsense"):
        assert isinstance(central.say("Heartbeat", peer=peer), SecurityError)
    demand(central, networks=("203.0.113.0/24",))
    assert "currentTime" in central.say("Heartbeat", peer=OUTSIDE)
    assert isinstance(central.say("Heartbeat", peer=INSIDE), SecurityError)


def test_a_stranger_from_elsewhere_is_not_even_remembered(make_central: Any) -> None:
    """Nobody outside of the networks gets into the list of those that wait."""
    central: Central = make_central(access=Rules((ip_network("10.0.0.0/8"),)))
    assert isinstance(central.boot("CP7", peer=OUTSIDE), SecurityError)
    assert "Pending" == central.boot("CP8")["status"]
    with central.store.reading() as work:
        assert ["CP8"] == [stranger.identity for stranger in work.charge_points.unknown()]


def test_where_all_have_to_show_something_an_unknown_one_is_registered_by_its_certificate_alone(
    make_central: Any,
) -> None:
    """Unknown stations are accepted, but not without the proof that is asked of all: the others wait."""
    central: Central = make_central(unknown_charge_points="accept", access=Rules(proof="certificate"))
    assert "Pending" == central.boot("CP1")["status"]
    assert "Pending" == central.boot("CP2", shows=Credentials(certificate=("CP3",)))["status"]
    assert "Accepted" == central.boot("CP3", shows=Credentials(certificate=("CP3",)))["status"]
    assert isinstance(central.say("Heartbeat", "CP3"), SecurityError)


def test_a_proof_that_is_asked_of_all_but_set_for_nobody_lets_nobody_in(make_central: Any) -> None:
    """A station that is registered without a secret can't show one."""
    central: Central = make_central(access=Rules(proof="secret"))
    with central.store.writing() as work:
        work.charge_points.register("CP1", "Accepted", NOON)
    assert isinstance(central.say("Heartbeat", shows=Credentials("anything")), SecurityError)
    demand(central, secret=digest(SECRET))
    assert "currentTime" in central.say("Heartbeat", shows=Credentials(SECRET))


def test_too_many_failures_are_told_to_wait_but_a_station_that_proves_itself_never_is(make_central: Any) -> None:
    """The limit is an address's, for all identities that it tries; it ends ten minutes after it began."""
    central: Central = make_central(unknown_charge_points="accept", failures=3)
    central.boot()
    demand(central, secret=digest(SECRET))
    guesses = [central.say("Heartbeat", peer=OUTSIDE, shows=Credentials(f"guess {n}")) for n in range(5)]
    assert [None, None, None, 429, 429] == [fault.status for fault in guesses]
    assert "currentTime" in central.say("Heartbeat", peer=OUTSIDE, shows=Credentials(SECRET))
    assert None is central.say("Heartbeat", peer=INSIDE).status
    with central.store.reading() as work:
        refused = [row for row in work.journal.list("CP1") if row.outcome == "SecurityError"]
        (many, one) = sorted(work.attempts.list("CP1"), key=lambda attempt: -attempt.count)
    assert (3, 5, 1) == (len(refused), many.count, one.count)
    central.later(minutes=11)
    assert None is central.say("Heartbeat", peer=OUTSIDE).status


def test_made_up_identities_push_no_attempt_out(make_central: Any) -> None:
    """Those that nobody registered share a row for each address; another spelling of a station is that station."""
    central: Central = make_central(unknown_charge_points="accept", access=Rules((ip_network("10.0.0.0/8"),)))
    central.boot()
    demand(central, networks=("192.0.2.0/24",))
    assert isinstance(central.say("Heartbeat", "cp1"), SecurityError)
    for number in range(5):
        assert isinstance(central.boot(f"MADE-UP-{number}", peer=OUTSIDE), SecurityError)
    with central.store.reading() as work:
        assert [("", OUTSIDE, 5), ("CP1", INSIDE, 1)] == [(a.identity, a.peer, a.count) for a in work.attempts.list()]


def test_a_wrong_password_that_comes_again_costs_nothing_and_an_address_that_failed_often_waits_for_nobody(
    make_central: Any,
) -> None:
    """While one guess of it is compared the others are sent off; a station that is known goes on."""
    central: Central = make_central(unknown_charge_points="accept", failures=2)
    central.boot()
    demand(central, password=digest(PASSWORD))
    assert "currentTime" in central.say("Heartbeat", shows=basic())
    guesses = [central.say("Heartbeat", peer=OUTSIDE, shows=basic(password=f"guess {n}")) for n in range(4)]
    assert [401, 401, 429, 429] == [fault.status for fault in guesses]
    with central.inbox.judge._turn:  # somebody's password is being compared
        assert 429 == central.say("Heartbeat", peer=OUTSIDE, shows=basic(password="guess 9")).status
        assert 429 == central.say("Heartbeat", peer=OUTSIDE, shows=basic(password="guess 1")).status
        assert "currentTime" in central.say("Heartbeat", peer=OUTSIDE, shows=basic())
    with central.store.reading() as work:
        assert [4] == [attempt.count for attempt in work.attempts.list("CP1")]


@pytest.mark.parametrize("behind", ["the guesser's address", "another address"])
def test_a_first_right_password_is_let_in_while_others_guess(make_central: Any, behind: str) -> None:
    """At its charge point or another one, from ever new addresses of one IPv6 network: it only has to be sent again."""
    central: Central = make_central(unknown_charge_points="accept", failures=2)
    central.boot()
    demand(central, password=digest(PASSWORD))
    for number in range(12):
        central.say("Heartbeat", peer=f"2001:db8::{number:x}", shows=basic(password=f"guess {number}"))
    peer = "2001:db8::ffff" if behind == "the guesser's address" else INSIDE
    deadline, statuses = time.monotonic() + 120, []
    while isinstance(answer := central.say("Heartbeat", peer=peer, shows=basic()), Fault):
        statuses.append((answer.status, answer.retry_after))
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert {(429, 2)} >= set(statuses)
    with central.store.reading() as work:
        assert ["2001:db8::/64"] == [attempt.peer for attempt in work.attempts.list("CP1")]


def test_a_failed_authentication_is_logged_once_a_minute(
    make_central: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By identity and network, with the reason, and with nothing of what was shown."""
    monkeypatch.setattr(inbox, "FAILED", Seldom())
    central: Central = make_central(unknown_charge_points="accept")
    central.boot("CP-LOGGED")
    with central.store.writing() as work:
        logged = work.charge_points.find("CP-LOGGED")
        assert logged is not None
        work.charge_points.change(logged.id, access=Access(secret=digest(SECRET)).stored())
    for number in range(4):
        central.say("Heartbeat", "CP-LOGGED", peer=OUTSIDE, shows=Credentials(f"guess {number}"))
    lines = [record.getMessage() for record in caplog.records if "CP-LOGGED" in record.getMessage()]
    assert 1 == len(lines)
    assert OUTSIDE in lines[0]
    assert "guess" not in lines[0]


def test_of_a_stranger_little_is_kept(make_central: Any) -> None:
    """Whoever is not let in fills neither the journal nor the list of those that wait."""
    central: Central = make_central()
    central.boot("CP9", raw=b"x" * 900_000, come="http://" + "y" * 900_000, chargePointVendor="V" * 900_000)
    with central.store.reading() as work:
        (row,), (stranger,) = work.journal.list(), work.charge_points.unknown()
    assert (16384, 255, 2000) == (
        len(row.request),
        len(stranger.boot["chargePointVendor"]),
        len(stranger.callback or ""),
    )


def test_a_password_is_stored_salted_and_slow_and_a_secret_of_ours_fast() -> None:
    """Equal passwords don't look equal; nothing that is stored is the password."""
    first, second = digest(PASSWORD), digest(PASSWORD)
    assert ({"scrypt"}, False) == ({stored.split(":")[0] for stored in (first, second)}, first == second)
    assert ("sha256", False) == (digest(SECRET).split(":")[0], SECRET in digest(SECRET))


def test_quirks_are_remembered_by_name_with_their_first_and_last_time(central: Central) -> None:
    """Written when one is new, and again after an hour: not with each message."""
    central.say("StatusNotification", connectorId=" 1", status="available", errorCode="NoError")
    first = point(central).quirks
    assert first is not None
    assert {"padded-value", "word-in-another-case"} == set(first)
    assert ("2024-01-31T12:00:00Z", "StatusNotification", "available") == (
        first["word-in-another-case"]["first"],
        first["word-in-another-case"]["operation"],
        first["word-in-another-case"]["raw"],
    )
    central.later(minutes=30)
    central.say("StatusNotification", connectorId=1, status="available", errorCode="NoError")
    assert first == point(central).quirks
    central.later(minutes=40)
    central.say("StatusNotification", connectorId=1, status="available", errorCode="NoError")
    again = point(central).quirks
    assert again is not None
    word = again["word-in-another-case"]
    assert ("2024-01-31T12:00:00Z", "2024-01-31T13:10:00Z") == (word["first"], word["last"])
    assert first["padded-value"] == again["padded-value"]
