"""idTags: compared without regard to case, with their parent's state."""

from __future__ import annotations

from ocpp_soap.central.pages import TagFilter
from ocpp_soap.central.records import Tag
from ocpp_soap.store import tags as repository
from ocpp_soap.store.work import SqlStore

from .conftest import NOON, a_start, after, counted, register, start


def test_a_tag_is_found_regardless_of_case_with_its_parents_state(store: SqlStore) -> None:
    """In one statement, locked or not; a parent may be a tag that nobody added."""
    tags = [
        Tag("Child", False, NOON, "PARENT", 2, parent_blocked=True, parent_expires=after(days=1)),
        Tag("Lonely", True, None, "Nobody", None),
        Tag("Parent", True, after(days=1), None, None),
        Tag("Straße", False, None, None, None),
    ]
    with store.writing() as work:
        for tag in tags:
            work.tags.save(tag)
    with store.writing() as work, counted(store) as statements:
        for lock in (False, True):
            assert tags == [work.tags.find(text, lock) for text in ("cHILD", "LONELY", "parent", "STRASSE")]
        assert None is work.tags.find("Chil", lock=True)
    assert 9 == len(statements)
    with store.reading() as work:
        assert tags == work.tags.list()


def test_saving_a_tag_again_replaces_it(store: SqlStore) -> None:
    """Also its spelling, and every field that is not given any more."""
    with store.writing() as work:
        work.tags.save(Tag("TAG", True, NOON, "P", 5))
        work.tags.save(Tag("tag", False, None, None, None))
        assert [Tag("tag", False, None, None, None)] == work.tags.list()


def test_unknown_tags_are_counted_until_they_are_known(store: SqlStore, station: int) -> None:
    """First and last time, where, how often; adding the tag takes it off the list."""
    with store.writing() as work:
        work.tags.remember_unknown("New", station, NOON)
        work.tags.remember_unknown("Other", station, after(seconds=1))
        work.tags.remember_unknown("NEW", station, after(seconds=2))
        new = {"idTag": "New", "firstSeen": NOON, "lastSeen": after(seconds=2), "chargeBoxIdentity": "CP1", "count": 2}
        at = after(seconds=1)
        other = {**new, "idTag": "Other", "firstSeen": at, "lastSeen": at, "count": 1}
        assert [new, other] == work.tags.unknown()
        work.tags.save(Tag("nEw", False, None, None, None))
        assert [other] == work.tags.unknown()


def test_those_that_appeared_at_some_charge_points_are_found(store: SqlStore, station: int) -> None:
    """Regardless of case, and no other; one by its name too."""
    with store.writing() as work:
        work.tags.save_all([Tag(name, False, None, None, None) for name in ("HERE", "ELSEWHERE", "NOWHERE")])
    start(store, a_start(station, "k1", id_tag="here"))
    start(store, a_start(register(store, "CP9"), "k2", id_tag="ELSEWHERE"))
    mine = frozenset(["CP1"])
    with store.reading() as work:
        assert ["HERE"] == [tag.id_tag for tag in work.tags.page(TagFilter(only=mine), 10).rows]
        for name, found in (("Here", 1), ("HER", 0), ("ELSEWHERE", 0)):
            assert found == len(work.tags.page(TagFilter(name, only=mine, exact=True), 10).rows)


def test_unknown_tags_of_one_station_have_a_bound(store: SqlStore, station: int) -> None:
    """What one makes up costs a thousand rows at most, and pushes out no other's."""
    other = register(store, "CP2")
    with store.writing() as work:
        work.tags.remember_unknown("REAL", other, NOON)
        for number in range(repository.UNKNOWN_KEPT_OF_STATION + 5):
            work.tags.remember_unknown(f"T{number}", station, after(seconds=number + 1))
        unknown = [row["idTag"] for row in work.tags.unknown()]
    assert (repository.UNKNOWN_KEPT_OF_STATION + 1, "T1004", "T5", "REAL") == (len(unknown), unknown[0], *unknown[-2:])
