"""docs/testing.md: each block of Python is a test file that runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ocpp_soap.testing import expectations, plugin

PROJECT = Path(__file__).parents[3]
GUIDE = (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = [found.group(1) for found in re.finditer(r"^```python\n(.*?)^```$", GUIDE, re.M | re.S)]


def test_every_block_of_the_guide_runs(pytester: pytest.Pytester) -> None:
    """Each by itself, as a reader would paste it into a file."""
    files = {f"test_block_{number}": block for number, block in enumerate(BLOCKS)}
    pytester.makepyfile(**files)
    head, *lines = (PROJECT / "examples" / "migration" / "recorded.jsonl").read_text().splitlines(keepends=True)
    one = json.loads(lines[0])["chargeBoxIdentity"]
    chosen = [line for line in lines if json.loads(line)["chargeBoxIdentity"] == one]
    (pytester.path / "trace.jsonl").write_text("".join([head, *chosen]))
    tests = sum(len(re.findall("^def test_", block, re.M)) for block in BLOCKS)
    pytester.runpytest_inprocess("-p", "no:schemathesis").assert_outcomes(passed=tests)


def test_the_guide_names_what_there_is() -> None:
    """Every fixture, every option and every word of an expectation has its place in it."""
    fixtures = ("gateway", "charge_point", "gateway_client", "id_tag", "ocpp_clock", "ocpp_ids")
    assert [] == [name for name in fixtures if f"`{name}`" not in GUIDE or not hasattr(plugin, name)]
    methods = [name for name in vars(expectations.Expectation) if not name.startswith("_")]
    internal = {"met", "miss", "fits", "take"}
    assert [] == [name for name in methods if f".{name}(" not in GUIDE and name not in internal]
