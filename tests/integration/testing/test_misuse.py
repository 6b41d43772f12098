"""What the kit says to a test that asks for what can't be: at once, in words, and never by passing silently."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from ocpp_soap.testing import ChargePoint, ChargePoints, Clock, Gateway, InvalidPayload, NotPossible
from ocpp_soap.testing.gateway import deployed
from ocpp_soap.testing.report import sections
from ocpp_soap.testing.traces import SHOWN, Difference, Replayed, Step

from .test_plugin import run

MISUSES: dict[str, tuple[Callable[[ChargePoint], object], type[Exception], str]] = {
    "sent": (lambda cp: cp.sent("StatusNotificaton"), ValueError, "did you mean StatusNotification"),
    "sent, a command": (lambda cp: cp.sent("Reset"), ValueError, "never sends Reset"),
    "received": (lambda cp: cp.received("Rest"), ValueError, "did you mean Reset"),
    "meter": (lambda cp: cp.meter(1, kWh=1), TypeError, "what start.* gave, found 1"),  # type: ignore[arg-type]
    "stop": (lambda cp: cp.stop(None), TypeError, "what start.* gave, found None"),  # type: ignore[arg-type]
    "expect nothing": (lambda cp: cp.expect(None), ValueError, "there are"),  # type: ignore[arg-type]
    "expect a value": (lambda cp: cp.expect("Reset", type="Sof"), InvalidPayload, "type: expected one of Hard, Soft"),
    "times": (lambda cp: cp.expect("Reset").times(1.5), ValueError, "whole number"),  # type: ignore[arg-type]
    "delay": (lambda cp: cp.expect("Reset").delay(float("nan")), ValueError, "0 seconds or more, found nan"),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_what_a_station_is_asked_in_vain_is_said(misuse: str, charge_point: ChargePoints) -> None:
    """A misspelled name, a value that never comes: an error with what is expected, and no empty list."""
    ask, kind, words = MISUSES[misuse]
    cp = charge_point()
    cp.boot()
    with pytest.raises(kind, match=words):
        ask(cp)
    cp._expectations._all.clear()


def test_some_fields_of_a_request_are_enough(charge_point: ChargePoints) -> None:
    """What is expected need not be a whole request."""
    expected = charge_point().expect("RemoteStartTransaction", connectorId=1)
    with pytest.raises(TimeoutError):
        expected.wait(0)
    expected.requests.append({})


@pytest.mark.parametrize("identity", ["", "  ", 5])
def test_an_identity_is_a_text(identity: str, charge_point: ChargePoints) -> None:
    """A blank one is no wish for one of its own."""
    with pytest.raises(ValueError, match="expected an identity"):
        charge_point(identity)


def test_an_id_tag_without_a_text_is_not_replaced(id_tag: Callable[..., str]) -> None:
    """No other tag comes back in its place."""
    with pytest.raises(ValueError, match="no URL can name"):
        id_tag("")


@pytest.mark.gateway(unknown_tags="reject")
def test_a_transaction_that_ended_says_why(charge_point: ChargePoints) -> None:
    """Such as by a tag that the gateway refused."""
    cp = charge_point()
    cp.boot()
    tx = cp.start(1, "NOBODY")
    with pytest.raises(NotPossible, match=r"has ended \(DeAuthorized\)"):
        cp.meter(tx, kWh=1)


def test_a_station_that_is_off_sends_no_trace(charge_point: ChargePoints, tmp_path: Path) -> None:
    """Nor one that has lost its connection."""
    cp = charge_point()
    with cp.offline(), pytest.raises(NotPossible, match="offline or off"):
        cp.replay(tmp_path / "trace.jsonl")
    cp.power_off()
    with pytest.raises(NotPossible, match="offline or off"):
        cp.replay(tmp_path / "trace.jsonl")


def test_very_many_differences_are_counted() -> None:
    """A trace that is answered otherwise throughout does not bury the report."""
    one = Difference(2, "Heartbeat", "the outcome", "answered", "SecurityError")
    played = Replayed([Step(2, "Heartbeat", {}, {}, None, None, (one,))] * (SHOWN + 7))
    with pytest.raises(AssertionError) as raised:
        played.check()
    assert SHOWN + 2 == len(str(raised.value).splitlines())
    assert "and 7 more, in `differences`" == str(raised.value).splitlines()[-1].strip()


def test_a_token_for_some_charge_points_is_refused(pytester: pytest.Pytester, gateway: Gateway) -> None:
    """Before a test begins, once, and with the way to another; it could register no station."""
    gateway.client.charge_points.register("CP-1")
    with_one = gateway.client.tokens.create("one", "operate", chargePoints=["CP-1"]).token
    text = "def test_any(id_tag): pass\n"
    result = run(pytester, text, "--gateway-url", gateway.url, "--gateway-token", with_one)
    result.assert_outcomes(errors=1)
    said = "the token of --gateway-token is for some charge points only; `ocpp-soap tokens create tests *"
    result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*During handling*")


def test_a_token_for_all_is_good(gateway: Gateway) -> None:
    """One of scope operate is enough."""
    token = gateway.client.tokens.create("all", "operate").token
    with deployed(gateway.url, token) as found:
        assert found.deployed


def test_an_unknown_setting_is_said_once(pytester: pytest.Pytester) -> None:
    """Without the causes, which say the same."""
    text = """
        import pytest

        @pytest.mark.gateway(unknown_tag="reject")
        def test_any(gateway): pass
        """
    result = run(pytester, text)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["pytest.mark.gateway: OCPP_SOAP_UNKNOWN_TAG is no setting; did you mean *"])
    result.stdout.no_fnmatch_line("*During handling*")


def test_a_clock_is_one_with_a_zone(charge_point: ChargePoints, pytester: pytest.Pytester) -> None:
    """Also one that a test overrides; and no station has less than nothing."""
    with pytest.raises(ValueError, match="a time with a zone"):
        Clock(1, datetime(2024, 1, 1))  # noqa: DTZ001 it is what is refused
    with pytest.raises(ValueError, match="expected connectors from 1 on"):
        charge_point(connectors=0)
    with pytest.raises(ValueError, match="expected connectors from 1 on and power from 0 on"):
        charge_point(power=-5)
    pytester.makeconftest("import pytest\n\n\n@pytest.fixture\ndef ocpp_clock():\n    return 5\n")
    pytester.makepyfile("def test_it(gateway):\n    pass\n")
    result = pytester.runpytest_inprocess("-p", "no:schemathesis")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["ocpp_clock: expected an ocpp_soap.testing.Clock, found 5"])


def test_a_report_of_many_stations_shows_the_last(charge_point: ChargePoints) -> None:
    """Eight of them, each from both sides, and the names of the others; one that is not registered is said to be so."""
    points = [charge_point(f"CP-{number}") for number in range(20)]
    points[3].boot()
    told = list(sections(charge_point.gateway, points))
    assert 8 * 2 + 1 == len(told)
    titles = [title for title, _ in told]
    assert "CP-3 (OCPP 1.6), as it saw it" in titles
    assert "12 more charge points" in titles[-1]
    assert "It is not registered there, so that it has no journal." in [text for _, text in told]
