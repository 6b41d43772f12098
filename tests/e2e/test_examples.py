"""examples/: the same suite with gateways in its own process, and against one that is deployed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import warm
from tests.conftest import PROJECT

from .gateway import Gateway, running

SECONDS = 240


def run(*options: str, token: str | None = None) -> dict[str, int]:
    """Runs all examples with pytest as their README says; how many had which outcome."""
    command = [sys.executable, "-m", "pytest", "examples", "-q", "-p", "no:schemathesis", "-p", "no:cacheprovider"]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OCPP_SOAP_", "PYTEST"))}
    own |= {"PYTEST_ADDOPTS": f"--gateway-token {token}"} if token else {}
    done = subprocess.run(
        [*command, *options], cwd=PROJECT, env=own, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert token is None or token not in done.stdout
    return {word: int(count) for count, word in re.findall(r"(\d+) (passed|skipped|failed|error)", done.stdout)}


@contextmanager
def worker(gateway: Gateway) -> Iterator[None]:
    """`ocpp-soap worker` beside a gateway."""
    with (gateway.folder / "worker.log").open("wb") as log:
        process = warm.Process(["worker"], env=gateway.environment, cwd=gateway.folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def test_the_examples_run_in_process() -> None:
    """All of them, each test with a gateway of its own."""
    assert {"passed"} == run().keys()


def test_the_examples_run_against_a_deployed_gateway(postgresql_database: str, tmp_path: Path) -> None:
    """`serve` and `worker` on PostgreSQL with their own policies, two test processes, a token that may operate."""
    deployed = running(tmp_path, postgresql_database, UNKNOWN_CHARGE_POINTS="pending", UNKNOWN_TAGS="reject")
    with deployed as gateway, worker(gateway):
        token: str = gateway.json("tokens", "create", "tests", "--scope", "operate")["token"]
        where = ["--gateway-url", gateway.url, "--station-host", "127.0.0.1", "--station-port-range", "21600-21700"]
        outcomes = run("-n", "2", *where, token=token)
        assert (True, 2) == (outcomes["passed"] > 10, outcomes["skipped"]), "those that want settings of their own"
        assert [] == gateway.json("tags", "list")
