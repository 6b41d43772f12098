"""Every code block of docs/programs.md runs, in its order, against a gateway and a simulated station."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, need

from .gateway import Gateway

pytestmark = pytest.mark.xdist_group("programs")

GUIDE = "docs/programs.md"
# As the guide has it; in the test it is another port.
ADDRESS = "http://127.0.0.1:8180"
SECONDS = 60


class Shell:
    """Runs one block after the other; what a block exports, the next one has. What they leave running ends with it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self._left: list[int] = []

    def run(self, block: str) -> None:
        """Runs a block of bash; a command that fails ends the test with what it said."""
        words = f"set -euo pipefail\n{block}\nenv -0 > environment"
        # Into a file, since a pipe would wait for what is left running.
        with (self.folder / "said").open("w+b") as said:
            process = subprocess.Popen(
                [need("bash"), "-c", words],
                cwd=self.folder,
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            self._left.append(process.pid)
            code = process.wait(SECONDS)
            said.seek(0)
            assert 0 == code, f"{block}\n{said.read().decode()}"
        pairs = (self.folder / "environment").read_text().split("\0")
        self.environment = dict(pair.split("=", 1) for pair in pairs if pair)

    def close(self) -> None:
        """Ends what the blocks started."""
        for group in self._left:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


def test_every_block_of_the_guide_runs(process: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shell blocks end without a failure, and Python blocks hold what they assert."""
    for program in ("curl", "jq"):
        need(program)
    text = (PROJECT / GUIDE).read_text(encoding="utf-8").replace(ADDRESS, process.url.removesuffix("/ocpp"))
    blocks = list(re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S))
    assert {"bash", "python"} == {block[1] for block in blocks}
    path = f"{Path(sys.executable).parent}{os.pathsep}{process.environment['PATH']}"
    shell = Shell(tmp_path, {**process.environment, "PATH": path})
    names: dict[str, Any] = {}
    try:
        for block in blocks:
            if block[1] == "bash":
                shell.run(block[2])
                for name in ("GATEWAY", "TOKEN"):
                    monkeypatch.setenv(name, shell.environment[name])
            else:
                line = text.count("\n", 0, block.start()) + 1
                exec(compile("\n" * line + block[2], GUIDE, "exec"), names)  # noqa: S102 it is our own page
    finally:
        shell.close()
