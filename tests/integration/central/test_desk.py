"""What operators decide: one at a time, upon what they have seen, in the audit, and without the secrets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central import audit, ports
from ocpp_soap.central.confidential import HIDDEN
from ocpp_soap.central.orders import Order
from ocpp_soap.central.pages import AuditFilter
from ocpp_soap.central.records import ChargePoint, Tag
from ocpp_soap.central.tokens import NOTED, Tokens, scope_covers
from ocpp_soap.errors import Conflict, InvalidPayload, NotFound, OcppSoapError
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
AT_ONCE = 4


class Clock:
    """The time, which moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """It is noon."""
    return Clock()


def built(database_url: str, clock: Clock) -> Iterator[Gateway]:
    """A gateway on an empty store."""
    gateway = Gateway(Settings(database_url=database_url), clock)
    upgrade(gateway.store)
    yield gateway
    gateway.store.close()


@pytest.fixture
def either(database_url: str, clock: Clock) -> Iterator[Gateway]:
    """A gateway on each database."""
    yield from built(database_url, clock)


@pytest.fixture
def gateway(tmp_path: Path, clock: Clock) -> Iterator[Gateway]:
    """A gateway on SQLite."""
    yield from built(f"sqlite:///{tmp_path}/desk.db", clock)


def at_once(act: Callable[[], Any]) -> list[Any]:
    """What several threads come to that do the same at the same time."""
    outcomes: list[Any] = []
    barrier = threading.Barrier(AT_ONCE)

    def run() -> None:
        barrier.wait()
        try:
            outcomes.append(act())
        except OcppSoapError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def told(gateway: Gateway, **chosen: Any) -> list[tuple[Any, ...]]:
    """Rows of the audit, newest first."""
    with gateway.store.reading() as work:
        rows = work.audit.page(AuditFilter(**chosen), 100).rows
    return [(row.who, row.what, row.subject, row.before, row.after) for row in rows]


def test_of_those_who_do_the_same_at_once_one_does_it(either: Gateway) -> None:
    """A charge point, a tag and a token are made once, a command is cancelled once; the others hear of it."""
    desk = either.desk("token:a")

    def waiting() -> int:
        return either.commands.submit("CP1", Order("ClearCache", {}), "token:a")[0].id

    for act in (
        lambda: desk.register("CP1", interval=300, url="http://10.0.0.7:8080/"),
        lambda: desk.add_tag(Tag("04A1", False, None, None, None)),
        lambda: desk.tokens.create("dash", "read"),
    ):
        outcomes = at_once(act)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
        assert AT_ONCE - 1 == len(refused), outcomes
    assert 3 == len(told(either))
    for number in (waiting(), waiting(), waiting()):
        outcomes = at_once(partial(either.commands.cancel, number, "token:a"))
        assert AT_ONCE - 1 == len([outcome for outcome in outcomes if isinstance(outcome, Conflict)]), outcomes
        assert ["cancel", "submit"] == [row[1] for row in told(either, subject=f"command {number}")]


def test_what_was_seen_before_is_compared_under_the_lock(either: Gateway) -> None:
    """Of several who have seen the same state, one changes it; tags that are new to all are made once (If-Match)."""
    desk = either.desk("token:a")
    desk.register("CP1")

    class Stale(OcppSoapError):
        """It is not what was seen."""

    def unchanged(point: ChargePoint) -> None:
        if point.heartbeat_interval is not None:
            raise Stale

    def new(tag: Tag | None) -> None:
        if tag is not None:
            raise Stale

    tag = Tag("04A1", False, None, None, None)
    for act in (lambda: desk.change("CP1", unchanged, interval=60), lambda: desk.save_tag(tag, new)):
        outcomes = at_once(act)
        assert AT_ONCE - 1 == len([outcome for outcome in outcomes if isinstance(outcome, Stale)]), outcomes


def test_the_audit_tells_who_changed_what(gateway: Gateway) -> None:
    """One row for each subject, in the same transaction: what differs, or all of what came or went."""
    desk = gateway.desk("cli:ann")
    desk.register("CP1", "Pending", url="http://10.0.0.7:8080/")
    gateway.desk("token:shop").change("CP1", status="Accepted", profile={"strictness": "strict"})
    desk.change("CP1", status="Accepted")  # as it is already: nothing is changed
    desk.save_tag(Tag("04A1", False, None, "G", None))
    desk.block_tag("04a1")
    desk.remove_tag("04a1")  # it is told of as it is spelled
    made = {"status": "Pending", "callback": "http://10.0.0.7:8080/", "callbackSource": "operator"}
    rows = told(gateway)
    assert [
        ("cli:ann", "remove", "id-tag 04A1"),
        ("cli:ann", "save", "id-tag 04A1"),
        ("cli:ann", "add", "id-tag 04A1"),
        ("token:shop", "change", "charge-point CP1"),
        ("cli:ann", "register", "charge-point CP1"),
    ] == [row[:3] for row in rows]
    assert (None, made) == rows[4][3:]
    assert ("Pending", None) == (rows[3][3]["status"], rows[3][3]["profile"])
    assert ("Accepted", "strict") == (rows[3][4]["status"], rows[3][4]["profile"]["strictness"])
    assert (None, {"idTag": "04A1", "blocked": False, "parentIdTag": "G"}) == rows[2][3:]
    assert ({"blocked": False}, {"blocked": True}) == tuple({"blocked": side["blocked"]} for side in rows[1][3:])
    assert (True, None) == (rows[0][3]["blocked"], rows[0][4])
    assert [row for row in rows if row[0] == "token:shop"] == told(gateway, who="token:shop")


def test_what_fails_is_neither_done_nor_told(gateway: Gateway) -> None:
    """Whatever is refused on the way leaves no row."""
    desk = gateway.desk("cli:ann")
    with pytest.raises(InvalidPayload, match="callback: expected the station's address"):
        desk.register("CP1", url="anonymous")
    with pytest.raises(InvalidPayload, match="chargeBoxIdentity"):
        desk.register("a\ud800")
    with pytest.raises(NotFound):
        desk.change("CP1", status="Accepted")

    def fail() -> None:
        with desk.store.writing() as work:
            work.charge_points.register("CP1", "Accepted", NOON)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [] == told(gateway)


def test_no_secret_stands_in_the_audit(gateway: Gateway) -> None:
    """Neither a station's digests nor a token nor a command's payload, but that they were changed."""
    desk = gateway.desk("cli:ann")
    point = desk.register("CP1")
    for digest in ("sha256:first", "sha256:second"):
        with desk.store.writing() as work:
            work.charge_points.change(point.id, access={"secret": digest, "user": "u"})
    token, text = desk.tokens.create("dash", "operate", ["cp1"], NOON + timedelta(days=1))
    whole = json.dumps(told(gateway), default=str)
    assert [] == [word for word in ("sha256:", token.key, token.digest, text.rpartition("_")[2]) if word in whole]
    again = told(gateway, subject="charge-point CP1")[0]
    assert ({"secret": HIDDEN}, {"secret": HIDDEN}) == again[3:]
    created = {"name": "dash", "scope": "operate", "chargePoints": ["CP1"]}
    assert [(None, created)] == [
        (before, {name: after[name] for name in created}) for *_, before, after in told(gateway, subject="token dash")
    ]


def test_no_change_can_forget_the_audit(gateway: Gateway) -> None:
    """A method that no table describes can't be called; each that there is stands in one, or is the stations' own."""
    stations = {
        ("charge_points", name)
        for name in ("contact", "boot", "notice_status", "notice_file", "keep_data", "answer_data")
    }
    stations |= {("charge_points", name) for name in ("set_availability", "remember_unknown", "set_configuration")}
    stations |= {("transactions", name) for name in ("start", "supersede", "stop", "meter", "reserve")}
    stations |= {("transactions", name) for name in ("end_reservation", "set_profile", "clear_profiles")}
    stations |= {("attempts", "note"), ("tags", "remember_unknown"), ("journal", "add"), ("keys", "remove_before")}
    stations |= {("commands", "link_start"), ("commands", "link_stop"), ("tokens", "use"), ("audit", "add")}
    with gateway.store.reading() as work:
        methods = {
            (repository, method)
            for repository in ports.Work.__annotations__
            for method in dir(getattr(work, repository))
            if not method.startswith("_")
        }
    reads = {(repository, method) for repository, method in methods if method in audit.READS}
    assert methods == reads | audit.ASIDE | set(audit.CHANGES) | stations | {
        (repository, method) for repository, method in methods if repository == "queue"
    }
    assert set() == stations & (reads | audit.ASIDE | set(audit.CHANGES))
    with gateway.desk("cli:ann").store.writing() as audited:
        for repository, method in (("charge_points", "boot"), ("queue", "finish"), ("tokens", "use")):
            with pytest.raises(LookupError, match=f"no table of the audit has {repository}.{method}"):
                getattr(getattr(audited, repository), method)


def test_a_token_is_good_until_it_expires_or_is_revoked(gateway: Gateway, clock: Clock) -> None:
    """It is told once and stored as a digest; its use is noted, but not each time."""
    tokens = Tokens(gateway.store, clock)
    token, text = tokens.create("dash", "operate", expires=NOON + timedelta(hours=1))
    other, _ = tokens.create("other", "read")
    assert ("dash", None) == (token.name, token.last_used)
    with gateway.store.reading() as work:
        stored = work.tokens.find("dash")
    assert stored is not None
    assert text.rpartition("_")[2] not in str(stored)

    def last_used() -> datetime | None:
        return {known.name: known.last_used for known in tokens.page(9).rows}["dash"]

    near, mixed = text[:-1] + ("0" if text[-1] != "0" else "1"), f"ocs_{other.key}_{text.rpartition('_')[2]}"
    assert [None] * 6 == [tokens.verify(guess) for guess in (near, mixed, text.upper(), text + "0", "", "ocs_")]
    assert (True, NOON) == (tokens.verify(text) is not None, last_used())
    clock.now += NOTED / 2
    assert (True, NOON) == (tokens.verify(text) is not None, last_used())
    clock.now += NOTED
    assert (True, clock.now) == (tokens.verify(text) is not None, last_used())
    clock.now = NOON + timedelta(hours=1)
    assert tokens.verify(text) is None
    clock.now = NOON
    tokens.revoke("dash")
    assert tokens.verify(text) is None
    for act in (lambda: tokens.revoke("dash"), lambda: tokens.create("dash", "read")):
        with pytest.raises(Conflict):
            act()


def test_an_odd_token_is_not_made(gateway: Gateway) -> None:
    """Its name, its scope, its end and its charge points are looked at; a scope includes those before it."""
    odd: list[dict[str, Any]] = [{"scope": "root"}, {"charge_points": ["CP9"]}, {"expires": NOON}, {"name": " "}]
    for refused in odd:
        with pytest.raises(InvalidPayload):
            gateway.tokens.create(**{"name": "new", "scope": "read", **refused})
    assert [True, True, False] == [scope_covers("operate", scope) for scope in ("read", "operate", "admin")]
