"""A short campaign with a seed of its own: the long one is `make fuzz`."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from . import campaign
from .campaign import run
from .cases import ANSWERS, APPLICATION, GATEWAY, Case
from .oracle import Violation, judge
from .targets import SANE, targets


def test_nothing_gives_way_in_a_few_seconds(tmp_path: Path) -> None:
    """Each target has taken its cases, every answer was proper, and all are well."""
    with targets(tmp_path) as found:
        report = run(found, seconds=4, seed=1606, tell=lambda *_: None)
    assert report.well, (report.words, report.failed)
    assert {APPLICATION, GATEWAY, ANSWERS} == {target for target, _ in report.outcomes}
    assert {"reply", "ProtocolError", "NotSupported"} <= {
        word for target, word in report.outcomes if target == APPLICATION
    }


class Silent:
    """A target that takes one sort of case amiss."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def play(self, case: Case) -> str:
        """Raises."""
        if self.error is not None and case.target == GATEWAY:
            raise self.error
        return "reply"

    def finish(self) -> int:
        """It has no state."""
        return 0


def test_a_target_that_does_not_answer_in_time_is_a_failure_with_its_case() -> None:
    """Named, and there to be saved: no exception ends a campaign without a word."""
    silent = Silent(TimeoutError("timed out"))
    report = run(dict.fromkeys((APPLICATION, GATEWAY, ANSWERS), silent), seconds=0.1, seed=7, tell=lambda *_: None)
    assert not report.well
    assert "TimeoutError: timed out" in report.words
    assert report.failed is not None
    assert GATEWAY == report.failed.target


def test_a_target_that_hangs_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a hanging application is a failure, and not the end of the campaign."""
    monkeypatch.setattr(campaign, "HANGS", 0.05)
    hanging = Silent()
    monkeypatch.setattr(hanging, "play", lambda _: threading.Event().wait() and "never")
    report = run(dict.fromkeys((APPLICATION, GATEWAY, ANSWERS), hanging), seconds=0.1, seed=7, tell=lambda *_: None)
    assert "TimeoutError: no answer within 0.05 s" in report.words
    assert report.failed is not None


def test_a_case_comes_back_from_its_file(tmp_path: Path) -> None:
    """Whatever bytes it has."""
    case = Case(APPLICATION, bytes(range(256)), {"X": "\xff"}, "/ocpp/\0", "PUT", True)
    case.save(tmp_path / "case.json")
    assert case == Case.load(tmp_path / "case.json")


FAULT = """<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:o="urn://Ocpp/Cs/2015/10/"><e:Body><e:Fault>
<e:Code><e:Value>e:{code}</e:Value><e:Subcode><e:Value>o:{subcode}</e:Value></e:Subcode></e:Code>
<e:Reason><e:Text xml:lang="en">{text}</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"""


@pytest.mark.parametrize(
    ("status", "code", "subcode", "text"),
    [
        (500, "Receiver", "InternalError", "An internal error"),
        (200, "Sender", "ProtocolError", "not said by the status"),
        (400, "Receiver", "ProtocolError", "of the other side"),
        (400, "Sender", "UrlMismatch", "of no table"),
        (400, "Sender", "ProtocolError", "SELECT secret FROM tags"),
        (400, "Sender", "ProtocolError", ""),
    ],
)
def test_an_improper_answer_is_a_violation(status: int, code: str, subcode: str, text: str) -> None:
    """The oracle is no rubber stamp."""
    body = FAULT.format(code=code, subcode=subcode, text=text).encode()
    proper = FAULT.format(code="Sender", subcode="ProtocolError", text="words").encode()
    headers = {"content-type": "application/soap+xml; charset=utf-8"}
    assert "ProtocolError" == judge(400, headers, proper, SANE)
    with pytest.raises(Violation):
        judge(status, headers, body, SANE)
