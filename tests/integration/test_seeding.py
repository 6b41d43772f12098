"""The store that `make seed` fills: it holds what was asked for, as if stations had sent it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from ocpp_soap.central.records import Command, NewTransaction
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.dialects import downgrade
from ocpp_soap.protocol.validation import check
from ocpp_soap.store.work import open_store
from tests.bench.seed import main
from tests.bench.sessions import METERED_AT_LEAST

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def seed(database_url: str, *options: str, transactions: int = 300, charge_points: int = 20) -> tuple[int, str]:
    """Runs the command; its exit status and all that it said."""
    sizes = ["--transactions", str(transactions), "--charge-points", str(charge_points), "--until", "2026-03-01"]
    done = CliRunner().invoke(main, ["--database-url", database_url, *sizes, *options])
    return done.exit_code, done.output


def test_a_seeded_store_is_one_that_stations_might_have_filled(database_url: str) -> None:
    """It has so many of everything and sessions follow each other; a second run needs --add; numbers go on after it."""
    assert 0 == seed(database_url)[0]
    status, said = seed(database_url)
    assert (1, True) == (status, "--add" in said)
    store = open_store(database_url)
    with store.reading() as work:
        points, found, tags = work.charge_points.list(), work.transactions.list(), work.tags.list()
        assert (20, 300, 30) == (len(points), len(found), len(work.journal.list()))
        assert {point.identity for point in points} >= {row.identity for row in found}
        ended = [row for row in found if row.closed_by == "station"]
        assert 290 < len(ended)
        assert all(row.start_timestamp < row.stop_timestamp for row in ended if row.stop_timestamp)
        assert all((row.meter_start or 0) <= (row.meter_stop or 0) for row in ended)
        metered = [row.id for row in found if work.transactions.samples(row.id)]
        assert METERED_AT_LEAST - 3 < len(metered) <= METERED_AT_LEAST
        assert 100 == len(tags) - len({tag.parent for tag in tags if tag.parent})
        assert_sayable(work.commands.list(), {point.identity: point.version or "" for point in points})
    assert 0 == seed(database_url, "--add")[0]
    with store.writing() as work:
        assert (40, 600) == (len(work.charge_points.list()), len(work.transactions.list()))
        new = NewTransaction(points[0].id, "0" * 64, 1, "TAG", NOW, NOW, NOW, 0, None, {"status": "Accepted"}, [])
        assert 601 == work.transactions.start(new)
    store.close()


def assert_sayable(commands: Sequence[Command], spoken: Mapping[str, str]) -> None:
    """Each is one that its station could have been sent."""
    versions = catalog.load()
    assert 40 == len(commands)
    for command in commands:
        version, operation = spoken[command.identity], command.operation
        typed = check(command.request, versions.newest.charge_point.operations[operation].input.type)
        own = versions.versions[version].charge_point.operations[operation].input.type
        check(downgrade(version, operation, "request", typed)[0], own)


def test_seeding_is_repeatable_and_breaks_no_constraint(tmp_path: Path) -> None:
    """The same seed, sizes and day give the same rows, none of which refers to one that is not there."""
    digests = []
    for name in ("one.db", "two.db"):
        assert 0 == seed(f"sqlite:///{tmp_path / name}")[0]
        with sqlite3.connect(tmp_path / name) as database:
            assert [] == database.execute("PRAGMA foreign_key_check").fetchall()
            digests.append(hashlib.sha256("\n".join(database.iterdump()).encode()).hexdigest())
        database.close()
    assert digests[0] == digests[1]


def test_more_sessions_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    """Nobody is told of a charge point that charges three cars at each connector; the answer says what would do."""
    status, said = seed(f"sqlite:///{tmp_path / 'none.db'}", transactions=100_000, charge_points=2)
    assert (2, True, False) == (status, "--charge-points 50" in said, (tmp_path / "none.db").exists())
