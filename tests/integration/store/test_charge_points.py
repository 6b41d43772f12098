"""Charge points: who is known, when they spoke, where they are called, and who is not registered."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import bindparam, delete, func, insert, select

from ocpp_soap.central.records import ChargePoint, UnknownChargePoint
from ocpp_soap.store import charge_points as repository
from ocpp_soap.store.charge_points import UNKNOWN_KEPT
from ocpp_soap.store.tables import charge_points, unknown_charge_points
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, after, counted, register


def _find(store: SqlStore, identity: str) -> ChargePoint:
    with store.reading() as work:
        found = work.charge_points.find(identity)
    assert found is not None
    return found


def test_a_contact_notes_when_and_how_a_station_spoke(store: SqlStore, station: int) -> None:
    """First and last seen, version and peer are kept, in one statement; a new version takes another."""
    with counted(store) as statements:
        for minute, peer in ((0, "10.0.0.1"), (5, None)):
            with store.writing() as work:
                spoke = work.charge_points.contact("CP1", "new", peer, after(minutes=minute))
    assert spoke == _find(store, "CP1")
    assert (station, NOON, after(minutes=5), "new", None) == (
        spoke.id,
        spoke.first_seen,
        spoke.last_seen,
        spoke.version,
        spoke.peer,
    )
    assert 2 + 1 == len(statements)


def test_an_identity_is_found_exactly_first_and_else_regardless_of_case(store: SqlStore, station: int) -> None:
    """`cp1` is CP1 until there is a charge point that is spelled like that."""
    with store.writing() as work:
        folded = work.charge_points.contact("cp1", "new", None, NOON)
    assert folded is not None
    assert (station, "CP1") == (folded.id, folded.identity)
    assert folded == _find(store, "cP1")
    other = register(store, "cp1")
    with store.writing() as work:
        exact = [work.charge_points.contact(identity, "new", None, NOON) for identity in ("cp1", "CP1")]
    assert [other, station] == [found.id for found in exact if found is not None]
    assert [other, station] == [_find(store, identity).id for identity in ("cp1", "CP1")]


def test_a_station_that_is_not_registered_is_not_found(store: SqlStore) -> None:
    """Neither to speak nor to be shown."""
    with store.writing() as work:
        assert None is work.charge_points.contact("CP1", "new", None, NOON)
        assert None is work.charge_points.find("CP1")
        assert [] == work.charge_points.list()


def test_charge_points_are_listed_by_identity(store: SqlStore) -> None:
    """All of them, whatever their status."""
    for identity in ("B", "A", "Ä"):
        register(store, identity)
    with store.writing() as work:
        work.charge_points.change(_find(store, "A").id, status="Rejected")
    with store.reading() as work:
        assert [("A", "Rejected"), ("B", "Accepted"), ("Ä", "Accepted")] == [
            (found.identity, found.status) for found in work.charge_points.list()
        ]


def test_registering_takes_over_what_the_unknown_station_left(store: SqlStore) -> None:
    """Vendor, model, version, peer and the times it was seen; it is unknown no more."""
    with store.writing() as work:
        unknown = work.charge_points
        unknown.remember_unknown("CP1", "new", "BootNotification", "10.0.0.1", None, {"chargePointModel": "M"}, NOON)
        unknown.remember_unknown("CP1", "new", "Heartbeat", "10.0.0.2", None, {}, after(minutes=1))
        known = work.charge_points.register("cp1", "Accepted", after(hours=1), chargePointVendor="V")
    assert known == _find(store, "cp1")
    assert ("cp1", "new", "10.0.0.2", NOON, after(minutes=1)) == (
        known.identity,
        known.version,
        known.peer,
        known.first_seen,
        known.last_seen,
    )
    assert {"chargePointModel": "M", "chargePointVendor": "V"} == known.boot
    with store.reading() as work:
        assert [] == work.charge_points.unknown()


def test_registering_twice_keeps_the_first(store: SqlStore, station: int) -> None:
    """An operator's decision is not undone by a second registration."""
    with store.writing() as work:
        work.charge_points.change(station, status="Rejected")
        again = work.charge_points.register("CP1", "Accepted", NOON)
    assert (station, "Rejected") == (again.id, again.status)


def test_threads_that_register_at_once_get_the_same_charge_point(store: SqlStore) -> None:
    """One row, and an answer for everybody."""
    together, got = Barrier(8), []

    def run() -> None:
        together.wait()
        got.append(register(store, "CP1"))

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as work:
        (known,) = work.charge_points.list()
    assert [known.id] * 8 == got


def test_a_boot_is_stored_whole(store: SqlStore, station: int) -> None:
    """Every field and the time; the next boot replaces it."""
    for boot in ({"chargePointVendor": "V", "iccid": "1"}, {"chargePointVendor": "Ş"}):
        with store.writing() as work:
            work.charge_points.boot(station, boot, after(minutes=1))
    known = _find(store, "CP1")
    assert ({"chargePointVendor": "Ş"}, after(minutes=1)) == (known.boot, known.last_boot)


def test_the_callback_address_has_a_history(store: SqlStore, station: int) -> None:
    """What it was before, newest first; forgetting it is a change as well."""
    changes = [
        ("http://a/", "http://a/", "station", "10.0.0.1"),
        ("http://b/", None, "operator", None),
        (None, None, None, None),
    ]
    for minute, change in enumerate(changes):
        with store.writing() as work:
            work.charge_points.set_callback(station, *change, after(minutes=minute))
    known = _find(store, "CP1")
    assert changes[-1] == (known.callback_url, known.callback_said, known.callback_source, known.callback_peer)
    names = ("url", "said", "source", "peer")
    expected = [{**dict(zip(names, changes[n], strict=True)), "at": after(minutes=n)} for n in (1, 0)]
    with store.reading() as work:
        assert expected == work.charge_points.callback_history(station)


def test_what_a_station_says_of_itself_is_kept(store: SqlStore, station: int) -> None:
    """Clock offset with its time, version of the local list."""
    with store.writing() as work:
        work.charge_points.change(station, clock_offset=-1.5, clock_offset_at=NOON)
        work.charge_points.change(station, local_list_version=7)
    known = _find(store, "CP1")
    assert (-1.5, NOON, 7) == (known.clock_offset, known.clock_offset_at, known.local_list_version)


def test_unknown_stations_are_remembered_with_their_latest_message(store: SqlStore) -> None:
    """A message count, first and last time; what a boot said stays."""
    with store.writing() as work:
        for identity, minute in (("A", 0), ("B", 1)):
            work.charge_points.remember_unknown(
                identity, "old", "BootNotification", "p1", "http://a/", {"iccid": "1"}, after(minutes=minute)
            )
        work.charge_points.remember_unknown("A", "new", "Heartbeat", "p2", None, {}, after(minutes=2))
    a = UnknownChargePoint("A", "new", "Heartbeat", "p2", "http://a/", {"iccid": "1"}, NOON, after(minutes=2), 2)
    at = after(minutes=1)
    b = replace(a, identity="B", version="old", operation="BootNotification", peer="p1", first_seen=at, last_seen=at)
    with store.reading() as work:
        assert [a, replace(b, messages=1)] == work.charge_points.unknown()


def test_the_newest_unknown_stations_are_kept(store: SqlStore) -> None:
    """The oldest goes when one more than the limit comes, and none when a known stranger speaks again."""
    strangers = [
        {
            "identity": f"S{n}",
            "identity_folded": f"s{n}",
            "version": "new",
            "operation": "Heartbeat",
            "boot": {},
            "first_seen": after(seconds=n),
            "last_seen": after(seconds=n),
            "messages": 1,
        }
        for n in range(UNKNOWN_KEPT)
    ]
    with store.writer.begin() as connection:
        connection.execute(insert(unknown_charge_points), strangers)
    with store.writing() as work:
        work.charge_points.remember_unknown("S0", "new", "Heartbeat", None, None, {}, after(days=1))
        work.charge_points.remember_unknown("NEW", "new", "Heartbeat", None, None, {}, after(days=1))
    with store.reading() as work:
        kept = work.charge_points.unknown()
    assert UNKNOWN_KEPT == len(kept)
    assert {"S1"} == {"NEW", *(str(s["identity"]) for s in strangers)} - {stranger.identity for stranger in kept}


def test_every_station_has_one_row(store: SqlStore, station: int) -> None:
    """Speaking does not add rows."""
    for _ in range(3):
        with store.writing() as work:
            work.charge_points.contact("CP1", "new", None, NOON)
    with store.reader.connect() as connection:
        assert 1 == connection.execute(select(func.count()).select_from(charge_points)).scalar_one()


def test_what_one_address_makes_up_pushes_out_nobody_elses(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one address, or of one /64 of IPv6, the newest are kept."""
    bounded = repository.FORGET_OLDEST_OF_NETWORK
    assert 1_000 == repository.UNKNOWN_KEPT_OF_NETWORK
    few = delete(unknown_charge_points).where(
        unknown_charge_points.c.network == bindparam("from_network"),
        unknown_charge_points.c.last_seen
        < select(unknown_charge_points.c.last_seen)
        .where(unknown_charge_points.c.network == bindparam("from_network"))
        .order_by(unknown_charge_points.c.last_seen.desc())
        .offset(2)
        .limit(1)
        .scalar_subquery(),
    )
    assert str(few) == str(bounded)
    monkeypatch.setattr(repository, "FORGET_OLDEST_OF_NETWORK", few)
    with store.writing() as work:
        work.charge_points.remember_unknown("REAL", "new", "Heartbeat", "10.0.0.1", None, {}, NOON)
        for number in range(10):
            made_up = f"JUNK{number}"
            work.charge_points.remember_unknown(
                made_up, "new", "Heartbeat", f"2001:db8::{number + 1}", None, {}, after(minutes=number + 1)
            )
    with store.reading() as work:
        assert ["JUNK9", "JUNK8", "JUNK7", "REAL"] == [unknown.identity for unknown in work.charge_points.unknown()]


def test_the_history_of_addresses_has_a_bound(store: SqlStore, station: int) -> None:
    """A charge point that names another address each time costs no more than a hundred rows."""
    with store.writing() as work:
        for number in range(110):
            work.charge_points.set_callback(station, f"http://10.0.0.1:{8000 + number}/", None, "station", None, NOON)
    with store.reading() as work:
        history = work.charge_points.callback_history(station)
    assert (99, "http://10.0.0.1:8108/") == (len(history), history[0]["url"])
