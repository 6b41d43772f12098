"""What mypy --strict finds in a program that uses the client."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.conftest import PROJECT, need

# What a line is complained of stands behind it.
PROGRAM = """
from datetime import UTC, datetime
from decimal import Decimal

from ocpp_soap.client import Gateway, Options, types

gateway = Gateway("http://127.0.0.1:8180", "token")
point = gateway.charge_point("CP1")
started = point.remote_start_transaction(idTag="04A1B2C3", connectorId=1)
answer = started.wait(10).answer
if answer["status"] == "Accepted":
    print(point.wait_for_transaction(since=started).transactionId + 1)
step: types.ChargingSchedulePeriod = {"startPeriod": 0, "limit": Decimal("16.1")}
schedule: types.ChargingSchedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [step]}
point.update_firmware(Options(retries=2), retrieveDate=datetime.now(UTC), location="ftp://files/", retries=3)
print([key["value"] for key in point.get_configuration().answer.get("configurationKey", [])])
print(point.wait_for_status(1, "Charging", "SuspendedEV", timeout=5).status)

point.remote_start(idTag="04A1B2C3")  # "ChargePoint" has no attribute "remote_start"
point.remote_start_transaction(connectorId=1)  # Missing named argument "idTag"
point.remote_start_transaction(idtag="04A1B2C3")  # Unexpected keyword argument "idtag"
point.reset(type="Warm")  # incompatible type "Literal['Warm']"; expected "Literal['Hard', 'Soft']"
point.reset(options=Options(), type="Soft")  # Unexpected keyword argument "options"
point.unlock_connector(connectorId="1")  # incompatible type "str"; expected "int"
point.set_charging_profile(connectorId=1, csChargingProfiles={"stackLevel": 0})  # Missing keys
answer["stauts"]  # TypedDict "RemoteStartTransactionResponse" has no key "stauts"
answer["status"] == "Acepted"  # Non-overlapping equality check
point.send("Restart", {})  # incompatible type "Literal['Restart']"
point.wait_for_status(1, "Chargeing")  # incompatible type "Literal['Chargeing']"
next(gateway.transactions.list(opened=True)).meterstart  # Unexpected keyword argument "opened"
gateway.batches.send("ClearCache", {}, status="Acepted")  # incompatible type "Literal['Acepted']"
point.change(profile={"strictness": "strong"})  # incompatible type
point.portrait().status == "Acepted"  # Non-overlapping equality check
gateway.id_tags.get("04A1B2C3").blocked = True  # Property "blocked" defined in "IdTag" is read-only
"""


def test_wrong_operations_and_wrong_fields_are_found_before_the_program_runs(tmp_path: Path) -> None:
    """Each wrong line is complained of as it should be, and no other."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mypy.ini").write_text("[mypy]\n")
    words = ["--strict", "--hide-error-context", "--no-color-output", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [need("mypy"), *words, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found: dict[int, str] = {}
    for line, words_of_it in re.findall(r"^program\.py:(\d+): error: (.*)$", done.stdout, re.M):
        found[int(line)] = found.get(int(line), "") + words_of_it
    lines = enumerate(PROGRAM.splitlines(), 1)
    expected = {number: line.partition("  # ")[2] for number, line in lines if "  # " in line}
    assert (expected.keys(), "") == (found.keys(), done.stderr), done.stdout
    assert {} == {number: found[number] for number, words in expected.items() if words not in found[number]}
