"""The OpenAPI document is valid, and a running gateway keeps to it whatever is asked of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from openapi_spec_validator import validate

from tests.conftest import need

from .gateway import Gateway, running

# Seconds of questions that schemathesis makes up; `make test TESTS=tests/e2e/test_openapi.py API_SECONDS=600` for more.
SECONDS = int(os.environ.get("API_SECONDS", "5"))

# Names that are known make most questions go deeper than to a 404. Cursors are opaque, and so are the rules of the
# standard and of deadlines: what fits the document need not be accepted.
CONFIGURATION = """
[dictionaries.identity]
values = ["CP1", "A/B", "nobody"]

[dictionaries.number]
values = ["1", "2", "3"]

[dictionaries.id_tag]
values = ["04A1B2C3", "nobody's"]

[parameters]
"path.identity" = { dictionary = "identity", probability = 0.7 }
"path.number" = { dictionary = "number", probability = 0.7 }
"path.id_tag" = { dictionary = "id_tag", probability = 0.7 }
"header.If-Match" = "*"

[checks]
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
negative_data_rejection.expected-statuses = [400, 404, 405, 409, 412, 414, 415, 422]
"""


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway on each database that does not mind many bad tokens."""
    with running(tmp_path / "gateway", database_url, FAILED_PROOFS="1000000") as started:
        yield started


@pytest.fixture
def token(gateway: Gateway) -> str:
    """A token of the scope admin, on a gateway that knows something of each kind."""
    text: str = gateway.json("tokens", "create", "questions", "--scope", "admin")["token"]
    root, headers = gateway.url.replace("/ocpp", "/api/v1"), {"Authorization": f"Bearer {text}"}
    for identity in ("CP1", "A/B"):
        requests.post(f"{root}/charge-points", json={"chargeBoxIdentity": identity}, headers=headers, timeout=30)
    requests.put(f"{root}/id-tags/04A1B2C3", json={}, headers=headers, timeout=30)
    batch = {"operation": "ClearCache", "chargePoints": {"all": True}, "when": "next-contact"}
    assert 202 == requests.post(f"{root}/commands", json=batch, headers=headers, timeout=30).status_code
    return text


def test_a_gateway_keeps_to_its_document(gateway: Gateway, token: str, tmp_path: Path) -> None:
    """The document is valid; no question that schemathesis makes up gets a 5xx, or an answer that is not in it."""
    address = gateway.url.replace("/ocpp", "/api/v1/openapi.json")
    document = requests.get(address, timeout=30).json()
    validate(document)
    assert "3.1" == document["openapi"][:3]
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [str(need("schemathesis")), "--config-file", "schemathesis.toml", "run", address, "--workers", "1"]
    command += ["--header", f"Authorization: Bearer {token}", "--warnings", "off", "--max-time", str(SECONDS)]
    command += ["--phases", "fuzzing", "--continue-on-failure", "--suppress-health-check", "all"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS + 120, check=False)
    assert 0 == done.returncode, done.stdout[-20_000:] + done.stderr
    assert "Traceback" not in gateway.log()
