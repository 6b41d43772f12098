"""A gateway that the tests of its web API share: one process on SQLite, with its workers inside."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from ocpp_soap.cli.main import cli

from .gateway import Gateway, running


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway as a process; it lets unknown stations in."""
    folder = tmp_path_factory.mktemp("programs")
    with running(folder, f"sqlite:///{folder / 'programs.db'}") as started:
        yield started


@pytest.fixture(scope="session")
def token(process: Gateway) -> str:
    """A token of it that may do everything."""
    words = ["tokens", "create", "tests", "--scope", "admin", "--json"]
    made: str = json.loads(CliRunner().invoke(cli, words, env=process.environment).stdout)["token"]
    return made
