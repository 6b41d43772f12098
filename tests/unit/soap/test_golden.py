"""Every operation of every service: its golden request is read, its golden response is written."""

from __future__ import annotations

import pytest

from ocpp_soap.protocol.validation import check

from .endpoint import (
    CENTRAL,
    POINT,
    Golden,
    Station,
    ask,
    assert_valid,
    endpoint,
    goldens,
    ready_answers,
    tree,
    versions,
)

GOLDENS = list(goldens())


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_a_golden_message_keeps_the_schema(golden: Golden) -> None:
    """The golden files themselves are valid."""
    assert_valid(golden.request, golden.service)
    assert_valid(golden.response, golden.service)


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_a_golden_request_is_read_without_a_tolerance(golden: Golden) -> None:
    """A message that keeps its version's specification arrives typed and complete, in the newest version's words."""
    station = Station(ready_answers(golden.service))
    ask(endpoint(station.receive, [golden.service], CENTRAL), golden.request)
    assert check(golden.said["request"], golden.newest.input.type) == station.request
    mapped = [[flag.path, flag.raw, flag.assumed] for flag in station.call.flags]
    assert (golden.said.get("mapped", []), []) == (mapped, station.call.problems)


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_a_golden_response_is_written(golden: Golden) -> None:
    """The answer is the golden one, header and body, in the order of the schema and valid."""
    url = CENTRAL if golden.service in [v.central_system for v in versions()] else POINT
    station = Station(ready_answers(golden.service))
    answer = ask(endpoint(station.receive, [golden.service], url), golden.request)
    assert "200 OK" == answer.status
    assert_valid(answer.body, golden.service)
    assert tree(golden.response) == tree(answer.body)


@pytest.mark.parametrize("golden", GOLDENS, ids=str)
def test_a_call_knows_its_context(golden: Golden) -> None:
    """Identity, version, operation, message id, callback, peer and bytes of a message are handed over."""
    station = Station(ready_answers(golden.service))
    ask(endpoint(station.receive, [golden.service], CENTRAL), golden.request)
    call = station.call
    assert ("CP-2041", golden.service.version, golden.operation.name) == (call.identity, call.version, call.operation)
    assert golden.request == call.raw
    assert "10.31.7.4" == call.peer
    assert (call.message_id or "").startswith("urn:uuid:5a1f")
    assert call.callback in (POINT, CENTRAL)
