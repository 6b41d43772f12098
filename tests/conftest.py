"""What tests of several folders share: outside programs, the folder shared/, and an empty database of each kind."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from ocpp_soap.store.schema import upgrade

from . import postgresql

PROJECT = Path(__file__).resolve().parent.parent
NUMBERS = count(1)


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there (REQUIRE_ALL=1)."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need(program: str) -> Path:
    """Return the path of an outside program; without it, skip or fail as `missing` says."""
    # /usr/sbin is on root's PATH alone, and nginx lies there; ours lie beside the interpreter.
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin"])
    found = shutil.which(program, path=places)
    return Path(found) if found else missing(f"{program} is not installed")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder shared/ beside the project, with the official WSDLs and the corpus; not everybody has it."""
    folder = PROJECT.parent / "shared"
    return folder if folder.is_dir() else pytest.skip(f"no {folder}")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a real PostgreSQL server, one for each test process."""
    with postgresql.running() as url:
        yield url


@contextmanager
def _database(server: str, template: str = "template1") -> Iterator[str]:
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        # Four times as fast as the default strategy.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    with _database(postgresql_url) as url:
        yield url


@pytest.fixture(scope="session")
def _postgresql_with_tables(postgresql_url: str) -> Iterator[str]:
    with _database(postgresql_url) as url:
        upgrade(url)
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def _sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tables") / "empty.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with the tables of a store, of each kind: a copy, quicker than the migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('_sqlite_with_tables'), tmp_path / 'test.db')}"
        return
    template = request.getfixturevalue("_postgresql_with_tables")
    with _database(request.getfixturevalue("postgresql_url"), template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgresql_database")
    return url


@pytest.fixture(autouse=True)
def _no_sockets_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test that reaches for the network fails."""
    if request.path.is_relative_to(PROJECT / "tests" / "unit"):

        def refuse(*_: object) -> NoReturn:
            pytest.fail("a unit test must not use sockets")

        for name in ("connect", "connect_ex", "bind"):
            monkeypatch.setattr(socket.socket, name, refuse)
