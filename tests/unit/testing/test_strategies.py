"""What the strategies make, against all that reads a message: validation, JSON Schema, and both ends of a wire."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openapi_schema_validator import OAS31Validator

from ocpp_soap.errors import InvalidPayload
from ocpp_soap.protocol.dialects import Side, upgrade
from ocpp_soap.protocol.export import json_schema
from ocpp_soap.protocol.schema import ComplexType, Operation
from ocpp_soap.protocol.schema import Service as Described
from ocpp_soap.protocol.validation import check
from ocpp_soap.protocol.writing import to_json
from ocpp_soap.soap.client import SoapCaller
from ocpp_soap.soap.server import SoapEndpoint
from ocpp_soap.soap.transport import Exchange, Transport
from ocpp_soap.testing import strategies
from ocpp_soap.testing.strategies import Payload, Service
from tests.unit.soap.endpoint import CENTRAL, SOAP_TYPE, Station, ask, assert_valid, endpoint, versions

NAMES = [version.name for version in versions()]
SERVICES: tuple[Service, ...] = ("central_system", "charge_point")
EVERY = [(version, service) for version in NAMES for service in SERVICES]


def described(version: str, service: Service) -> Described:
    """A service in the catalog."""
    (known,) = (known for known in versions() if known.name == version)
    return {"central_system": known.central_system, "charge_point": known.charge_point}[service]


def operation(name: str) -> Operation:
    """What a station may call in the newest version."""
    return described(NAMES[0], "central_system").operations[name]


@cache
def ends(version: str, service: Service) -> tuple[SoapCaller, Station, SoapEndpoint]:
    """Both ends of a wire, of which the station gives the answers."""
    station = Station()
    return (
        SoapCaller(described(version, service)),
        station,
        endpoint(station.receive, [described(version, service)], CENTRAL),
    )


def exact(value: Any) -> Any:
    """JSON whose numbers are as they are written: 0.3 is a multiple of 0.1."""
    return json.loads(json.dumps(value), parse_float=Decimal)


def assert_allowed(payload: Payload, type_: ComplexType) -> None:
    """The payload is what both descriptions of the type allow."""
    assert payload == check(payload, type_)
    OAS31Validator(exact(json_schema(type_))).validate(exact(to_json(payload)))


def newer(version: str, name: str, side: Side, payload: Payload) -> Payload:
    """The payload in the newest words; an empty list is as good as none."""
    return {name: value for name, value in upgrade(version, name, side, payload)[0].items() if value != []}


def exchanged(version: str, service: Service, name: str, request: Payload, response: Payload) -> list[Payload]:
    """What both ends understand of a request and its answer; either is valid by the service's own schema."""
    caller, station, app = ends(version, service)
    station.answers = {name: response}

    class Within(Transport):
        def post_xml(self, _address: str, envelope: etree._Element, _headers: dict[str, str]) -> Exchange:
            sent = etree.tostring(envelope)
            answer = ask(app, sent)
            assert_valid(sent, caller.service)
            assert_valid(answer.body, caller.service)
            return Exchange(sent, 200, "OK", SOAP_TYPE, None, answer.body, None)

    answered = caller.call(CENTRAL, "CP", name, request, from_address=None, transport=Within)
    return [station.request, answered.payload]


@pytest.mark.parametrize(("version", "service"), EVERY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_messages_are_valid_and_understood(version: str, service: Service, data: st.DataObject) -> None:
    """Every message of every operation passes validation and JSON Schema, and comes over the wire as it was said."""
    name = data.draw(strategies.operations(service, version))
    request = data.draw(strategies.requests(name, version, service))
    response = data.draw(strategies.responses(name, version, service))
    known = described(version, service)
    assert_allowed(request, known.operations[name].input.type)
    assert_allowed(response, known.operations[name].output.type)
    newest = [newer(version, name, "request", request), newer(version, name, "response", response)]
    assert newest == exchanged(version, service, name, *newest)


@pytest.mark.parametrize(("version", "service"), EVERY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_thing_is_wrong_with_an_invalid_request(version: str, service: Service, data: st.DataObject) -> None:
    """Validation refuses it, for what is at the path alone."""
    name = data.draw(strategies.operations(service, version))
    payload, path = data.draw(strategies.invalid_requests(name, version, service))
    with pytest.raises(InvalidPayload) as refused:
        check(payload, described(version, service).operations[name].input.type)
    assert [path] == [problem.path for problem in refused.value.problems]


def test_one_operation_may_be_of_either_service() -> None:
    """Without a service an operation is found in both, and DataTransfer is that of stations."""
    ours = strategies.requests("DataTransfer", service="central_system")
    assert ours is strategies.requests("DataTransfer")
    assert strategies.requests("Reset") is strategies.requests("Reset", service="charge_point")


def test_what_is_unknown_is_refused_with_what_is_near() -> None:
    """An operation, or a version, that there is not."""
    with pytest.raises(ValueError, match="no operation Bootnotification: expected BootNotification"):
        strategies.requests("Bootnotification")
    with pytest.raises(ValueError, match=f"OCPP 2 is not spoken here: expected one of {', '.join(NAMES)}"):
        strategies.operations(version="2")


@settings(max_examples=30)
@given(strategies.id_tags(), strategies.identities())
def test_tags_and_identities_are_short_and_plain(tag: str, identity: str) -> None:
    """A tag is an IdToken; an identity fits into a serial number and into a path."""
    check({"idTag": tag}, operation("Authorize").input.type)
    assert 1 <= len(identity) <= 25
    assert identity.isascii()
    assert not set(identity) & {*" /\n"}


@settings(max_examples=30)
@given(strategies.sessions())
def test_a_session_is_plausible(session: list[tuple[str, Payload]]) -> None:
    """Its messages are valid and in order; time and meter rise; it is one tag's at one connector."""
    for name, request in session:
        assert_allowed(request, operation(name).input.type)
    said = [request for name, request in session if name != "BootNotification"]
    values = [value for request in said for value in request.get("meterValue", [])]
    meters = [
        *(request["meterStart"] for request in said if "meterStart" in request),
        *(int(value["sampledValue"][0]["value"]) for value in values),
        *(request["meterStop"] for request in said if "meterStop" in request),
    ]
    times = [
        one["timestamp"] for request in said for one in (request, *request.get("meterValue", [])) if "timestamp" in one
    ]
    assert all(before < after for rising in (meters, times) for before, after in pairwise(rising))
    assert [1, 1] == [len({one[name] for one in said if name in one}) for name in ("idTag", "connectorId")]
    names = [name for name, _ in session if name not in ("MeterValues", "StatusNotification")]
    assert ["BootNotification", "Authorize", "StartTransaction", "StopTransaction"] == names


def test_without_hypothesis_it_is_said_what_to_install() -> None:
    """Only this module needs hypothesis, and says so."""
    code = "import sys; sys.modules['hypothesis'] = None; import ocpp_soap.testing.strategies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: ocpp_soap.testing.strategies needs hypothesis: pip install hypothesis\n" in done.stderr
