"""The plugin as pytest loads it: fixtures, options, markers, and what a failure looks like."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

# Here and now, since pytester forgets what is imported first in a run of its own; half of it would be there twice.
import ocpp_soap.soap.scout
import ocpp_soap.testing.stations
import ocpp_soap.web.interface  # noqa: F401
from ocpp_soap.store.work import SqlStore
from ocpp_soap.testing import Clock, Gateway
from ocpp_soap.testing.gateway import empty_store, running

FIRST = """
def test_boots(gateway, charge_point):
    assert charge_point().boot()["status"] == "Accepted"
"""


def run(pytester: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    """Runs a test file in this process, by the plugin as it is installed."""
    pytester.makepyfile(text)
    return pytester.runpytest_inprocess("-p", "no:schemathesis", "-p", "no:hypothesispytest", *options)


def test_the_first_test_of_the_readme_runs(pytester: pytest.Pytester) -> None:
    """It stands there as it stands here, and passes."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert readme.count(FIRST.strip()), "README.md has another first test"
    run(pytester, FIRST).assert_outcomes(passed=1)


def test_nothing_is_imported_where_nothing_is_used() -> None:
    """A run of pytest without our fixtures pays for no library of ours."""
    program = (
        "import sys, pytest; pytest.main(['--co', '-q', '-p', 'no:schemathesis', '/dev/null']); "
        "heavy = {'ocpp_soap.testing.gateway', 'ocpp_soap.simulator', 'sqlalchemy', 'zeep', 'spyne', 'flask', 'lxml'}; "
        "assert 'ocpp_soap.testing.plugin' in sys.modules; print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd="/")
    assert "LOADED []" in done.stdout, done.stdout + done.stderr


def test_a_failure_shows_both_sides(pytester: pytest.Pytester) -> None:
    """What the station saw, with payloads, and what the gateway's journal has, with its flags."""
    result = run(
        pytester,
        """
        def test_fails(charge_point):
            cp = charge_point("CP-1", quirks=["time-without-zone"])
            cp.boot()
            tx = cp.start(1, "TAG")
            cp.expect("Reset")
            assert tx["idTagInfo"]["status"] == "Blocked"
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*CP-1 (OCPP 1.6), as it saw it*",
            "its quirks: time-without-zone",
            '* → BootNotification {"chargePointVendor": *} = {"status": "Accepted", *',
            '* → StartTransaction {"connectorId": 1, "idTag": "TAG", *} = {"transactionId": *',
            "*CP-1, as the gateway's journal has it*",
            "* ← BootNotification: answered (status Accepted)*",
            "* ← StartTransaction (connectorId 1): answered (*time*",
        ]
    )


def test_an_expectation_that_nothing_met_fails_the_test(pytester: pytest.Pytester) -> None:
    """It says what was expected, and what came instead; a test that failed anyway is not told twice."""
    result = run(
        pytester,
        """
        def test_waits_for_nothing(charge_point, gateway_client):
            cp = charge_point("CP-1")
            cp.boot()
            cp.expect("Reset", type="Hard").respond(status="Accepted")
            gateway_client.charge_point("CP-1").reset(type="Soft").wait(10)
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "CP-1: the expected Reset(type='Hard') never came; commands that came: Reset",
            '* ← Reset {"type": "Soft"} = {"status": "Accepted"}',
        ]
    )


def test_many_workers_do_not_meet(pytester: pytest.Pytester) -> None:
    """Under xdist, with a narrow range of ports that all have to share: each test has its own gateway and stations."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_boots(number, gateway_client, charge_point, id_tag):
            points = [charge_point(), charge_point()]
            assert all(one.boot()["status"] == "Accepted" for one in points)
            assert "Accepted" == points[0].start(1, id_tag())["idTagInfo"]["status"]
            told = gateway_client.batches.send("ClearCache", {}, all=True)
            assert 2 == sum(list(told.watch(timeout=120))[-1].states.values())
            assert [{}, {}] == [one.wait_for("ClearCache") for one in points]
            assert 2 == len(list(gateway_client.charge_points.list()))
        """
    )
    options = ("-p", "no:schemathesis", "-n", "2", "--station-port-range", "21500-21540")
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--gateway-url", "http://127.0.0.1:9"], "*--gateway-url and --gateway-token go together*"),
        (
            ["--station-port-range", "9-1"],
            "*--station-port-range: expected FIRST-LAST such as 20000-20100, found '9-1'*",
        ),
        (["--station-port-range", "70000"], "*expected FIRST-LAST*"),
    ],
)
def test_options_that_make_no_sense_are_refused(pytester: pytest.Pytester, options: list[str], words: str) -> None:
    """In words, before anything runs."""
    result = run(pytester, FIRST, *options)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([words])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9", "*the gateway of --gateway-url can't be used: *no answer from http://127.0.0.1:9*"),
        ("ftp://127.0.0.1", "*the gateway of --gateway-url can't be used: *"),
    ],
)
def test_a_gateway_that_is_not_there_is_said_once(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    """The tests that need it are errors with one sentence, the others run."""
    monkeypatch.setattr("ocpp_soap.testing.gateway.ATTENTION", 0.2)
    text = FIRST + "\n\ndef test_other():\n    pass\n"
    result = run(pytester, text, "--gateway-url", url, "--gateway-token", f"ocs_{'0' * 10}_{'0' * 40}")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([words])
    result.stdout.no_fnmatch_line("*0000000000*")


def test_a_bad_setting_of_the_marker_is_said(pytester: pytest.Pytester) -> None:
    """With the name that it may have been."""
    marked = "import pytest\n\n\n@pytest.mark.gateway({})" + FIRST
    result = run(pytester, marked.format("unknown_tag='reject'"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*did you mean OCPP_SOAP_UNKNOWN_TAGS?*"])
    result = run(pytester, marked.format("'reject'"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["pytest.mark.gateway(**settings): *"])


def test_ids_and_time_can_be_injected(pytester: pytest.Pytester) -> None:
    """The same names, MessageIDs and times in each run."""
    pytester.makeconftest(
        """
        from datetime import UTC, datetime
        from itertools import count

        import pytest
        from ocpp_soap.testing import Clock

        @pytest.fixture
        def ocpp_ids():
            return (f"{number:04}" for number in count(1))

        @pytest.fixture
        def ocpp_clock():
            return Clock(1, datetime(2024, 2, 29, 12, tzinfo=UTC))
        """
    )
    result = run(
        pytester,
        """
        import re

        def test_known_before(charge_point, gateway_client):
            cp = charge_point()
            assert "CP-0001" == cp.identity
            assert "2024-02-29T12" == f"{cp.boot()['currentTime']:%Y-%m-%dT%H}"
            tx = cp.start(1, "TAG")
            entry = next(gateway_client.charge_point("CP-0001").journal(operation="BootNotification"))
            assert ["urn:ocpp-soap:CP-0001:1"] == re.findall("MessageID>([^<]+)<", entry.request)
            assert [] == [flag for flag in entry.flags if flag.path == "currentTime"]
            assert 2024 == gateway_client.transactions.get(tx["transactionId"]).startTimestamp.year
        """,
    )
    result.assert_outcomes(passed=1)


def test_a_deployed_gateway_keeps_no_tag_of_a_test(pytester: pytest.Pytester, gateway: Gateway) -> None:
    """However often the test has made it, and when it has removed it itself."""
    text = """
        def test_tags(id_tag, gateway_client):
            assert ["ONE", "ONE"] == [id_tag("ONE"), id_tag("ONE", blocked=True)]
            gateway_client.id_tags.remove(id_tag("TWO"))
        """
    run(pytester, text, "--gateway-url", gateway.url, "--gateway-token", gateway.token).assert_outcomes(passed=1)
    assert [] == list(gateway.client.id_tags.list())


def test_a_report_can_show_what_is_no_json(pytester: pytest.Pytester) -> None:
    """A payload that could not be sent does not end the run."""
    text = """
        def test_odd(charge_point):
            cp = charge_point()
            with cp.offline():
                cp.send("Heartbeat", {"odd": {1, 2}})
        """
    result = run(pytester, text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['* → Heartbeat {"odd": "{1, 2}"} = NotTransmitted: *'])


def test_a_name_that_is_not_there_is_refused() -> None:
    """At the import; mypy says so too, or it would complain here that there is nothing to ignore."""
    with pytest.raises(ImportError, match="Nonsense"):
        from ocpp_soap.testing import Nonsense  # type: ignore[attr-defined] # noqa: F401


def test_the_store_is_closed_when_nobody_is_let_in_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who calls late is refused, and opens no file of the folder that is removed then."""
    let_in = []

    def close(store: SqlStore) -> None:
        with socket.socket() as late:
            let_in.append(late.connect_ex(("127.0.0.1", port)) == 0)
        closing(store)

    store, closing = empty_store(tmp_path), SqlStore.close
    monkeypatch.setattr(SqlStore, "close", close)
    with running(store, tmp_path, Clock(), {}) as gateway:
        port = int(gateway.url.rpartition(":")[2].removesuffix("/ocpp"))
    assert [False] == let_in
