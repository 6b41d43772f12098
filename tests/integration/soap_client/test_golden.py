"""Every operation of every version, called: what leaves is the golden request, and the golden answer is understood."""

from __future__ import annotations

import pytest
from lxml import etree

from ocpp_soap.protocol.dialects import downgrade
from ocpp_soap.protocol.validation import check
from ocpp_soap.soap.client import SoapCaller
from tests.unit.soap.endpoint import SOAP, Golden, Tree, goldens, tree

from .stations import Station, answer


def body(message: bytes) -> Tree:
    """The content of an envelope's Body as a tree."""
    found = etree.fromstring(message).find(f"{SOAP}Body")
    assert found is not None
    return tree(found[0])


@pytest.mark.parametrize("golden", list(goldens()), ids=str)
def test_a_golden_request_is_written_and_its_answer_read(station: Station, golden: Golden) -> None:
    """In the newest version's words on this side, in its own on the wire, and with the reasons of what differs."""
    station.act = answer(golden.response)
    said = check(golden.said["request"], golden.newest.input.type)
    caller = SoapCaller(golden.service)
    answered = caller.call(station.url, "CP-2041", golden.operation.name, said, from_address="http://cs.example/ocpp")
    assert body(golden.request) == body(station.requests[0].body)
    assert check(golden.said["response"], golden.newest.output.type) == answered.payload
    _, changed = downgrade(golden.service.version, golden.operation.name, "request", said)
    assert bool(changed) == bool(answered.flags)
