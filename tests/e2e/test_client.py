"""The Python client at a real gateway with simulated stations: every resource, every wait, and how both fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from ocpp_soap.client import (
    Batch,
    Changed,
    Conflict,
    Flag,
    Gateway,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotInTime,
    NotTransmitted,
    Options,
    types,
)
from ocpp_soap.simulator.charge_point import ChargePoint as Simulated

from .gateway import Gateway as Process

pytestmark = pytest.mark.xdist_group("programs")

NUMBERS = count(1)


@pytest.fixture
def gateway(process: Process, token: str) -> Iterator[Gateway]:
    """The client, with a token that may do everything."""
    with Gateway(process.url.removesuffix("/ocpp"), token) as opened:
        yield opened


@pytest.fixture
def station(process: Process) -> Iterator[Simulated]:
    """A station that has booted."""
    with simulated(process, f"STATION/ä-{next(NUMBERS)}") as point:
        yield point


@contextmanager
def simulated(process: Process, identity: str) -> Iterator[Simulated]:
    """A station with that identity, booted."""
    with Simulated(process.url, identity) as point:
        point.wait_accepted()
        yield point


def unknown_to_the_client(model: Any) -> set[str]:
    """The names of JSON that a model has no field for, however deep."""
    own = {field.name for field in fields(model)}
    inner = [getattr(model, name) for name in own - {"raw", "_transport"}]
    nested = [one for value in inner for one in (value if isinstance(value, tuple) else [value]) if is_dataclass(one)]
    lost = set() if isinstance(model, Flag) else set(model.raw) - own
    return lost.union(*map(unknown_to_the_client, nested))


def test_a_charging_session_from_afar(gateway: Gateway, station: Simulated) -> None:
    """Start, status, transaction, stop, meter values: as a test of somebody's software would do it."""
    point = gateway.charge_point(station.identity)
    gateway.id_tags.save("SESSION")
    started = point.remote_start_transaction(idTag="SESSION", connectorId=1).wait(10)
    assert "Accepted" == started.answer["status"]
    transaction = point.wait_for_transaction(since=started, timeout=60)
    assert (1, station.identity) == (transaction.connectorId, transaction.chargeBoxIdentity)
    charging = point.wait_for_status(1, "Charging", since=started, timeout=60)
    assert charging == point.connectors()[1] == point.wait_for_status(1, timeout=0)
    assert transaction.transactionId == point.wait_for_transaction(idTag="session").transactionId
    assert transaction == point.wait_for_transaction(idTag="session", connectorId=1, since=started, timeout=0)
    with pytest.raises(NotInTime, match="on connector 2 since ") as raised:
        point.wait_for_transaction(connectorId=2, since=started, timeout=0)
    assert str(transaction) in str(raised.value)
    point.remote_stop_transaction(transactionId=transaction.transactionId).wait(10)
    ended = point.wait_for_end(transaction.transactionId, timeout=60)
    assert "Remote" == ended.reason
    assert ended.meterValue == gateway.transactions.get(ended.transactionId).meterValue
    assert [ended.transactionId] == [one.transactionId for one in gateway.transactions.list(idTag="SESSION")]
    with pytest.raises(Conflict):
        gateway.transactions.close(ended.transactionId, note="again")


def charging_limit() -> types.ChargingProfile:
    """16 A from now on."""
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "startSchedule": datetime.now(UTC),
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.1}],
        },
    }


def everything(gateway: Gateway, identity: str) -> Iterator[Any]:
    """One of each model, of a station that holds something of each kind."""
    point, soon = gateway.charge_point(identity), datetime.now(UTC) + timedelta(hours=1)
    entry: types.AuthorizationData = {"idTag": "A", "idTagInfo": {"status": "Accepted", "expiryDate": soon}}
    yield from (
        command.wait(10)
        for command in (
            point.get_configuration(),
            point.set_charging_profile(connectorId=1, csChargingProfiles=charging_limit()),
            point.reserve_now(connectorId=1, reservationId=5, idTag="A", expiryDate=soon),
            point.send_local_list(listVersion=1, updateType="Full", localAuthorizationList=[entry]),
        )
    )
    yield gateway.batches.send("ClearCache", {}, ids=[identity]).wait(10)
    yield from (point.portrait(), point.callback(), *point.connectors(), *point.configuration(), *point.journal())
    yield next(gateway.charge_points.list())
    yield next(gateway.reservations.list(chargePoint=identity, status="Active"))
    yield next(gateway.charging_profiles.list(chargePoint=identity))
    yield from (next(gateway.local_lists.list()), gateway.local_lists.get(identity))
    yield from (next(gateway.id_tags.list()), next(gateway.id_tags.unknown()))
    yield from (next(gateway.tokens.list()), gateway.whoami(), *gateway.audit.list(limit=5), *gateway.batches.list())


def test_each_model_has_a_field_for_all_that_the_gateway_tells(gateway: Gateway, station: Simulated) -> None:
    """Nothing of an answer is left to `raw` alone, but what repeats something."""
    station.authorize("STRANGE")
    gateway.id_tags.save("KNOWN")
    lost = set[str]().union(*map(unknown_to_the_client, everything(gateway, station.identity)))
    # A portrait repeats commands; `answer` is a property, and `outcome` the state of one that has ended.
    assert {"commands", "answer", "outcome"} == lost


def test_a_wait_that_fails_tells_what_was_instead(gateway: Gateway, station: Simulated) -> None:
    """The failure names what was awaited, the state as it is, and the last messages of that station, oldest first."""
    point = gateway.charge_point(station.identity)
    with pytest.raises(TimeoutError) as raised:
        point.wait_for_status(1, "Charging", "SuspendedEV", timeout=0)
    lines = str(raised.value).splitlines()
    assert f"{station.identity}: waited 0 s for connector 1 to be Charging or SuspendedEV" == lines[0]
    assert lines[2].startswith("  1: Available since ")
    assert "← BootNotification: answered (status Accepted)  [chargeBoxIdentity: registered" in lines[-3]
    assert lines[-1].endswith("← StatusNotification (connectorId 1, status Available, errorCode NoError): answered")
    with pytest.raises(NotInTime, match="an open transaction of idTag X\n  it has no transaction\nThe last messages"):
        point.wait_for_transaction(idTag="X", timeout=0)
    with pytest.raises(NotInTime, match="waited 0 s for a boot\n  NOBODY is not registered\nIts journal can't be read"):
        gateway.charge_point("NOBODY").wait_for_boot(timeout=0)
    with pytest.raises(NotInTime, match="waited 0 s for a miracle"):
        gateway.wait_for(lambda: None, 0, what="a miracle")


def test_a_wait_counts_what_is_so_already_unless_it_is_older_than_since(gateway: Gateway, station: Simulated) -> None:
    """A boot before the call is found at once; after a reset it is the one that follows."""
    point = gateway.charge_point(station.identity)
    first = point.wait_for_boot(timeout=0)
    reset = point.reset(type="Soft")
    with pytest.raises(NotInTime, match="a boot since "):
        point.wait_for_boot(since=reset, timeout=0)
    again = point.wait_for_boot(since=reset, timeout=60)
    assert first.lastBoot is not None
    assert again.lastBoot is not None
    assert first.lastBoot < reset.created <= again.lastBoot


def test_a_station_that_is_gone_and_what_waits_for_it(gateway: Gateway, process: Process) -> None:
    """Not transmitted is raised with the reason; what is sent for its next contact arrives when it calls again."""
    identity = f"GONE-{next(NUMBERS)}"
    point = gateway.charge_point(identity)
    gateway.id_tags.save("LEFT")
    with simulated(process, identity) as station:
        station.start_transaction(1, "LEFT")
    left = point.wait_for_transaction(idTag="LEFT", timeout=0)
    closed = gateway.transactions.close(left.transactionId, meterStop=left.meterStart, reason="PowerLoss", note="gone")
    assert ("PowerLoss", left.meterStart) == (closed.reason, closed.meterStop)
    with pytest.raises(NotTransmitted, match=f"Reset to {identity} .*: not transmitted: "):
        point.reset(type="Hard").wait(20)
    with pytest.raises(NotTransmitted):
        point.wait_for_transaction(since=point.remote_start_transaction(idTag="LEFT"), timeout=60)
    later = point.unlock_connector(Options(when="next-contact"), connectorId=1)
    given_up = point.clear_cache(Options(when="next-contact"))
    assert "cancelled" == given_up.cancel().state
    with pytest.raises(Conflict):
        given_up.cancel()
    with pytest.raises(NotInTime, match=f"UnlockConnector to {identity} .*: queued"):
        later.wait(0)
    with simulated(process, identity):
        assert "status" in later.wait(20).answer
    assert ["ClearCache"] == [one.operation for one in point.commands(state="cancelled")]


def test_the_same_key_sends_once(gateway: Gateway, station: Simulated) -> None:
    """Also from several programs; another order with it is refused."""
    point, once = gateway.charge_point(station.identity), Options(idempotency_key=f"once-{next(NUMBERS)}")
    first, second = point.clear_cache(once), point.clear_cache(once)
    assert first.commandId == second.commandId
    with pytest.raises(Invalid):
        point.reset(once, type="Soft")
    first.wait(10)
    assert ["ClearCache"] == [one.operation for one in station.commands_received]


def test_many_at_once_with_progress(gateway: Gateway, process: Process) -> None:
    """A batch is watched until all of its commands have ended."""
    prefix = f"MANY{next(NUMBERS)}-"
    with simulated(process, f"{prefix}1"), simulated(process, f"{prefix}2"):
        batch = gateway.batches.send("ClearCache", {}, prefix=prefix)
        seen: list[Batch] = list(batch.watch(20))
    assert (2, True, 2) == (seen[-1].total, seen[-1].finished, seen[-1].states["answered"])
    assert {f"{prefix}1", f"{prefix}2"} == {one.chargeBoxIdentity for one in batch.commands(state="answered")}
    assert batch.batchId == gateway.batches.get(batch.batchId).batchId
    later = gateway.batches.send("ClearCache", {}, Options(when="next-contact"), prefix=prefix)
    assert 2 == later.cancel().states["cancelled"]
    with pytest.raises(Invalid):
        gateway.batches.send("ClearCache", {}, ids=["NOBODY"])
    with pytest.raises(ValueError, match="all=True"):
        gateway.batches.send("ClearCache", {})


def test_who_saw_an_older_state_changes_nothing(gateway: Gateway) -> None:
    """A stale change raises how it is now; with that it can be decided again."""
    tag = gateway.id_tags.add("STALE", maxTransactions=3)
    with pytest.raises(Changed) as there:
        gateway.id_tags.add("stale")
    assert 3 == there.value.current.maxTransactions
    gateway.id_tags.save("STALE", parentIdTag="FLEET")
    for act in (lambda: gateway.id_tags.update(replace(tag, blocked=True)), lambda: gateway.id_tags.remove(tag)):
        with pytest.raises(Changed) as changed:
            act()
        assert ("FLEET", False) == (changed.value.current.parentIdTag, changed.value.current.blocked)
    assert gateway.id_tags.update(replace(changed.value.current, blocked=True)).blocked
    gateway.id_tags.remove("STALE")
    with pytest.raises(NotFound):
        gateway.id_tags.get("STALE")
    assert [False] == [one.raw["after"] is not None for one in gateway.audit.list(subject="id-tag STALE", limit=1)]


def test_operators_decide_by_program_too(gateway: Gateway) -> None:
    """Registration, interval, profile and address are changed, each only as it was seen when that is asked for."""
    identity = f"NEW {next(NUMBERS)}%/?#"
    made = gateway.charge_points.register(identity, status="Pending", heartbeatInterval=60)
    assert ("Pending", 60, identity) == (made.status, made.heartbeatInterval, made.chargeBoxIdentity)
    with pytest.raises(Conflict):
        gateway.charge_points.register(identity)
    point = gateway.charge_point(identity)
    changed = point.change(status="Accepted", heartbeatInterval="usual", profile={"strictness": "strict"})
    assert ("Accepted", None, "strict") == (changed.status, changed.heartbeatInterval, changed.profile["strictness"])
    with pytest.raises(Changed) as stale:
        point.change(heartbeatInterval=5, etag=made.etag)
    assert "Accepted" == stale.value.current.status
    before = point.callback()
    assert "http://127.0.0.1:9/" == point.set_callback("http://127.0.0.1:9/").url
    with pytest.raises(Changed):
        point.forget_callback(etag=before.etag)
    point.forget_callback()
    assert point.callback().url is None


def test_tags_come_and_go_as_csv(gateway: Gateway) -> None:
    """What was exported can be imported; a bad line is told, and then nothing is."""
    text = "idTag,parentIdTag,blocked\nCSV-1,FLEET,false\nCSV-2,,true\n"
    assert (2, 0) == ((done := gateway.id_tags.import_csv(text)).added, done.changed)
    assert ["CSV-2"] == [tag.idTag for tag in gateway.id_tags.list(prefix="csv-", blocked=True)]
    assert 0 == gateway.id_tags.import_csv(gateway.id_tags.export_csv()).added
    with pytest.raises(Invalid, match="line 3"):
        gateway.id_tags.import_csv("idTag,blocked\nCSV-3,no\nCSV-4,perhaps\n")


def test_a_token_reaches_no_further_than_it_says(gateway: Gateway, process: Process, station: Simulated) -> None:
    """Scope, charge points, expiry and revocation hold; a list shows what the token may see."""
    url = process.url.removesuffix("/ocpp")
    gateway.charge_points.register(hidden := f"HIDDEN-{next(NUMBERS)}")
    made = gateway.tokens.create("limited", "read", chargePoints=[station.identity])
    assert made.token not in repr(made)
    with Gateway(url, made.token) as limited:
        assert ((station.identity,), "read") == (limited.whoami().chargePoints, limited.whoami().scope)
        assert [station.identity] == [one.chargeBoxIdentity for one in limited.charge_points.list()]
        with pytest.raises(NotAllowed):
            limited.charge_point(station.identity).clear_cache()
        with pytest.raises(NotFound):
            limited.charge_point(hidden).portrait()
        gateway.tokens.revoke("limited")
        with pytest.raises(NotAuthenticated):
            limited.whoami()


def test_lists_are_whole_and_in_order_whatever_a_page_holds(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two rows give the same list as one page, each row once."""
    for number in range(5):
        gateway.id_tags.save(f"PAGE-{number}")
    whole = [tag.idTag for tag in gateway.id_tags.list(prefix="PAGE-")]
    for pages in ("FIRST_PAGE", "LATER_PAGES"):
        monkeypatch.setattr(f"ocpp_soap.client.paging.{pages}", 2)
    assert whole == [tag.idTag for tag in gateway.id_tags.list(prefix="PAGE-")]
    assert [f"PAGE-{number}" for number in range(5)] == whole
