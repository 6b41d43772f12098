"""What stations answer, oddities and all, becomes typed values, flags, a fault, or words (soap-binding C.5, C.7)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ocpp_soap.errors import StationFault, Uncertain
from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.reading import Reading
from ocpp_soap.protocol.schema import Service
from ocpp_soap.soap import answers
from ocpp_soap.soap.transport import Exchange

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
OLD_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
CP = "{CP}"  # stands for the service's namespace


@pytest.fixture(scope="module")
def service() -> Service:
    """The newest version's ChargePointService."""
    return catalog.load().newest.charge_point


def read(service: Service, operation: str, body: str | bytes, status: int = 200, broken: str | None = None) -> Reading:
    """Reads that answer to a call of CP-1."""
    data = body if isinstance(body, bytes) else body.replace(CP, service.namespace).encode()
    exchange = Exchange(b"<request/>", status, "", None, None, data, broken)
    return answers.read(exchange, service, service.operations[operation], "CP-1")


def soap(content: str, header: str = "", namespace: str = ENVELOPE) -> str:
    """An envelope with the prefix c for the service's namespace."""
    declared = f'xmlns:e="{namespace}" xmlns:c="{CP}" xmlns:a="{WSA}"'
    return f"<e:Envelope {declared}>{header}<e:Body>{content}</e:Body></e:Envelope>"


def flags(reading: Reading) -> list[tuple[str, str | None, str]]:
    """The flags as tuples."""
    return [(flag.path, flag.raw, flag.assumed) for flag in reading.flags]


ACCEPTED = "<c:status>Accepted</c:status>"
HEADER_OF_ANOTHER = "<e:Header><c:chargeBoxIdentity>CP-2</c:chargeBoxIdentity></e:Header>"


@pytest.mark.parametrize(
    ("header", "because"),
    [
        ("", "no Header at all"),
        ("<e:Header/>", "an empty one"),
        (
            "<e:Header><a:RelatesTo>test</a:RelatesTo><a:Action>/Reset</a:Action></e:Header>",
            "fixed RelatesTo, odd Action",
        ),
        ('<e:Header><a:RelatesTo RelationshipType="x">urn:uuid:1</a:RelatesTo></e:Header>', "an attribute"),
        (
            '<e:Header><c:chargeBoxIdentity e:mustUnderstand="1"> CP-1 </c:chargeBoxIdentity></e:Header>',
            "identity echoed",
        ),
        ("<e:Header><a:chargeBoxIdentity>cp-1</a:chargeBoxIdentity></e:Header>", "in another namespace and case"),
        ("<e:Header><ChargeBoxIdentity>CP-1</ChargeBoxIdentity></e:Header>", "a capital letter, no namespace"),
        (
            "<e:Header><a:To> \n</a:To><a:From>anonymous</a:From><a:ReplyTo>x</a:ReplyTo></e:Header>",
            "nonsense addresses",
        ),
    ],
)
def test_the_header_of_an_answer_does_not_matter(service: Service, header: str, because: str) -> None:
    """An answer belongs to its request by the connection alone (decision 7), and that is not worth a flag."""
    reading = read(service, "Reset", soap(f"<c:resetResponse>{ACCEPTED}</c:resetResponse>", header))
    assert ({"status": "Accepted"}, []) == (reading.payload, reading.flags), because


def test_another_stations_identity_is_flagged(service: Service) -> None:
    """Behind one router the port may lead to a neighbour; it answered, so it is a warning only (quirk 22)."""
    reading = read(service, "Reset", soap(f"<c:resetResponse>{ACCEPTED}</c:resetResponse>", HEADER_OF_ANOTHER))
    assert [("chargeBoxIdentity", "CP-2", "CP-1")] == flags(reading)


@pytest.mark.parametrize(
    ("content", "tag"),
    [
        (f"<c:ResetResponse>{ACCEPTED}</c:ResetResponse>", "{CP}ResetResponse"),
        ("<resetResponse><status>Accepted</status></resetResponse>", "resetResponse"),
        ('<resetResponse xmlns="urn:other"><status>Accepted</status></resetResponse>', "{urn:other}resetResponse"),
        (f"<c:restResponse>{ACCEPTED}</c:restResponse>", "{CP}restResponse"),
        ("<c:resetRequest><c:Status>Accepted</c:Status></c:resetRequest>", "{CP}resetRequest"),
    ],
)
def test_the_right_content_in_a_wrong_wrapper_is_accepted(service: Service, content: str, tag: str) -> None:
    """Case, namespace or name of the wrapper may be off (quirk 47); the flag says what stood there."""
    reading = read(service, "Reset", soap(content))
    assert {"status": "Accepted"} == reading.payload
    wrapper = tag.replace(CP, f"{{{service.namespace}}}") if tag.startswith(CP) else tag
    assert ("Body", wrapper, "read as resetResponse") == flags(reading)[0]


def test_a_wrong_wrapper_with_nothing_of_ours_is_uncertain(service: Service) -> None:
    """Where no field is required, a foreign element is no confirmation."""
    with pytest.raises(Uncertain, match="the answer is welcome, not updateFirmwareResponse"):
        read(service, "UpdateFirmware", soap("<welcome/>"))
    with pytest.raises(Uncertain, match="the answer is welcome, not getConfigurationResponse"):
        read(service, "GetConfiguration", soap("<welcome><name>x</name></welcome>"))


@pytest.mark.parametrize(
    "content", ["<c:updateFirmwareResponse/>", "<updatefirmwareresponse> \n</updatefirmwareresponse>"]
)
def test_an_empty_confirmation_may_be_empty(service: Service, content: str) -> None:
    """UpdateFirmware.conf has no field."""
    assert {} == read(service, "UpdateFirmware", soap(content)).payload


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<c:resetResponse/>", "status: expected one of Accepted, Rejected, it is missing"),
        ("<c:resetResponse><c:status/></c:resetResponse>", "status: expected one of Accepted, Rejected, found ''"),
        ("<c:resetResponse><c:result>Accepted</c:result></c:resetResponse>", "status: expected one of"),
    ],
)
def test_an_answer_without_its_required_field_is_uncertain(service: Service, content: str, words: str) -> None:
    """The request was sent and something came back; the words name the field."""
    with pytest.raises(Uncertain, match=words) as failed:
        read(service, "Reset", soap(content))
    assert str(failed.value).startswith("the request was sent, but the answer resetResponse lacks what it must hold: ")
    assert (b"<request/>", soap(content).replace(CP, service.namespace).encode()) == (
        failed.value.request,
        failed.value.answer,
    )


@pytest.mark.parametrize(
    ("said", "kept", "assumed"),
    [
        ("accepted", "Accepted", "Accepted"),
        (" Accepted\n", "Accepted", "surrounding blanks taken away"),
        ("Perhaps", "Perhaps", "kept as sent, though not a word of ResetStatus"),
    ],
)
def test_a_word_is_kept_and_flagged(service: Service, said: str, kept: str, assumed: str) -> None:
    """Only case is forgiven; another word is kept as sent (decision 2)."""
    reading = read(service, "Reset", soap(f"<c:resetResponse><c:status>{said}</c:status></c:resetResponse>"))
    assert {"status": kept} == reading.payload
    assert [("status", said, assumed)] == flags(reading)


def test_a_configuration_of_the_field_is_read(service: Service) -> None:
    """Any order, 0 and 1 for booleans, empty and quoted values, an unknown field, a field twice (quirks 38 and 41)."""
    content = """<c:getConfigurationResponse>
      <c:unknownKey>A</c:unknownKey>
      <c:configurationKey><c:value>""</c:value><c:key>refcp</c:key><c:readonly>1</c:readonly></c:configurationKey>
      <c:configurationKey><c:key>Name</c:key><c:readonly>false</c:readonly><c:value/><c:since>5</c:since></c:configurationKey>
      <c:unknownKey>B</c:unknownKey>
      <c:configurationKey><c:key>X</c:key><c:key>Y</c:key><c:readonly>true</c:readonly></c:configurationKey>
    </c:getConfigurationResponse>"""
    reading = read(service, "GetConfiguration", soap(content))
    assert {
        "configurationKey": [
            {"key": "refcp", "readonly": True, "value": '""'},
            {"key": "Name", "readonly": False},
            {"key": "X", "readonly": True},
        ],
        "unknownKey": ["A", "B"],
    } == reading.payload
    assert {
        ("configurationKey[1].since", "5", "dropped, since KeyValue has no such field"),
        ("configurationKey[2].key", "Y", "the first of several is kept"),
        ("configurationKey", "configurationKey", "read as if in the order of the schema"),
        ("configurationKey[0].readonly", "1", "true"),
        ("configurationKey[1].value", "", "absent"),
    } == set(flags(reading))


def test_a_schedule_is_read_into_times_and_numbers(service: Service) -> None:
    """Microseconds, a zone, decimals, nested lists."""
    content = """<c:getCompositeScheduleResponse><c:status>Accepted</c:status><c:connectorId>1</c:connectorId>
      <c:scheduleStart>2023-01-18T14:22:55.768108+01:00</c:scheduleStart><c:chargingSchedule>
      <c:duration>6480000</c:duration><c:chargingRateUnit>A</c:chargingRateUnit>
      <c:chargingSchedulePeriod><c:startPeriod>0</c:startPeriod><c:limit>0</c:limit></c:chargingSchedulePeriod>
      <c:chargingSchedulePeriod><c:startPeriod>60</c:startPeriod><c:limit>10.5</c:limit></c:chargingSchedulePeriod>
      </c:chargingSchedule></c:getCompositeScheduleResponse>"""
    assert {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": datetime(2023, 1, 18, 13, 22, 55, 768108, UTC),
        "chargingSchedule": {
            "duration": 6480000,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": Decimal(0)},
                {"startPeriod": 60, "limit": Decimal("10.5")},
            ],
        },
    } == read(service, "GetCompositeSchedule", soap(content)).payload


def test_vendor_data_is_kept_blank_by_blank(service: Service) -> None:
    """JSON, CDATA, and elements where text belongs (quirk 46)."""
    for inner, data in (
        (" {&quot;a&quot;: 1}\n", ' {"a": 1}\n'),
        ("<![CDATA[<x>&amp;</x>]]>", "<x>&amp;</x>"),
        ("<x y='1'>2</x> 3", '<x y="1">2</x> 3'),
    ):
        content = f"<dataTransferResponse><status>Accepted</status><data>{inner}</data></dataTransferResponse>"
        reading = read(service, "DataTransfer", f"<Envelope><Body>{content}</Body></Envelope>")
        assert data == reading.payload["data"]


@pytest.mark.parametrize("status", [202, 302, 400, 500])
def test_a_confirmation_counts_whatever_the_status(service: Service, status: int) -> None:
    """The body is the answer; the status is a flag."""
    reading = read(service, "Reset", soap(f"<c:resetResponse>{ACCEPTED}</c:resetResponse>"), status)
    assert {"status": "Accepted"} == reading.payload
    assert ([] if status == 202 else ["HTTP status"]) == [flag.path for flag in reading.flags]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>c:SecurityError</e:Value></e:Subcode></e:Code>"
            '<e:Reason><e:Text xml:lang="en">No.</e:Text></e:Reason></e:Fault>',
            ("Sender", "SecurityError", "No."),
        ),
        (
            "<e:Fault><e:Code><e:Value>Receiver</e:Value></e:Code><e:Reason><e:Text>No.</e:Text></e:Reason></e:Fault>",
            ("Receiver", None, "No."),
        ),
        (
            "<e:Fault><e:Code><e:Value>e:Sender</e:Value><c:SubCode><c:Value>NotSupported</c:Value></c:SubCode></e:Code>"
            "<e:Detail><e:Text>No.</e:Text></e:Detail></e:Fault>",
            ("Sender", "NotSupported", "No."),
        ),
        (
            "<Fault><Code><Value>Receiver</Value><Subcode><Value>InternalError</Value></Subcode></Code>"
            "<Reason><Text lang='en'>No.</Text></Reason></Fault>",
            ("Receiver", "InternalError", "No."),
        ),
        ("<e:Fault><faultcode>e:Client</faultcode><faultstring>No.</faultstring></e:Fault>", ("Sender", None, "No.")),
        ("<e:Fault/>", ("", None, "")),
    ],
    ids=["full", "code only", "SubCode and Detail", "no namespaces", "SOAP 1.1", "empty"],
)
@pytest.mark.parametrize("namespace", [ENVELOPE, OLD_ENVELOPE], ids=["new envelope", "old envelope"])
def test_a_fault_is_read_however_it_is_spelled(service: Service, fault: str, expected: Any, namespace: str) -> None:
    """By local names (quirk 62)."""
    with pytest.raises(StationFault) as failed:
        read(service, "Reset", soap(fault, namespace=namespace), 500)
    assert expected == (failed.value.code, failed.value.subcode, failed.value.text)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer (HTTP 200) is empty"),
        (b" \r\n", "the answer (HTTP 200) is empty"),
        (b"<html><body>Welcome</body></html>", "the answer is an HTML page (HTTP 200), probably a proxy's"),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html/>', "the answer is an HTML page (HTTP 200)"),
        (b"OK", "can't be read"),
        (b"\x1f\x8b\x00", "can't be read"),
        (b"<a/>", "can't be read"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "can't be read"),
        (soap("").replace(CP, "urn:c").encode(), "the answer (HTTP 200) has an empty Body"),
        (soap("<c:resetResponse>").replace(CP, "urn:c").encode(), "can't be read"),
    ],
)
def test_what_can_not_be_read_is_uncertain_in_words(service: Service, body: bytes, words: str) -> None:
    """Never a parser's exception."""
    with pytest.raises(Uncertain) as failed:
        read(service, "Reset", body)
    assert words in str(failed.value)
    answer = failed.value.answer or b""
    assert answer == body if b"Envelope" in body else answer.startswith(b"(not SOAP, so not kept: HTTP 200")


def test_a_capture_of_another_version_is_read_by_its_names(service: Service, shared: Path) -> None:
    """Every confirmation in the corpus that has an operation of ours gives a payload, and none gives a problem."""
    found = {}
    for path in sorted(shared.glob("corpus/*/cp/*-response-*.xml")):
        operation = path.name.split("-")[0]
        found[path.stem] = read(service, operation[0].upper() + operation[1:], path.read_bytes()).payload
    assert 7 == len(found)
    configuration = found.pop("getConfiguration-response-izivia-norelatesto")
    assert 12 == len(configuration["configurationKey"])
    assert {"Accepted"} == {payload["status"] for payload in found.values()}


def entry(key: str, readonly: str, value: str) -> str:
    """One setting of a GetConfiguration answer."""
    return (
        f"<c:configurationKey><c:key>{key}</c:key><c:readonly>{readonly}</c:readonly><c:value>{value}</c:value>"
        "</c:configurationKey>"
    )


@pytest.mark.parametrize(
    ("bad", "kept", "noted"),
    [
        (entry("PublicKey", "true", "\0" * 4), [{"key": "PublicKey", "readonly": True}], "forbidden-characters"),
        (entry("PublicKey", "true", "&#0;"), [{"key": "PublicKey", "readonly": True}], "forbidden-characters"),
        (entry("PublicKey", "\1", "no"), [{"key": "PublicKey", "value": "no"}], "field-missing"),
        (entry("PublicKey", "maybe", "no"), [{"key": "PublicKey", "value": "no"}], "boolean-unreadable"),
        (entry("\0\0", "true", "no"), [], "field-missing"),
        ("<c:configurationKey/>", [], "empty-element"),
    ],
    ids=ascii,
)
def test_one_bad_setting_costs_itself_alone(service: Service, bad: str, kept: list[Any], noted: str) -> None:
    """All others of the answer are known; a flag tells what is not."""
    around = [entry("HeartbeatInterval", "false", "300"), entry("BlinkRepeat", "false", "3")]
    body = f"<c:getConfigurationResponse>{bad.join(around)}</c:getConfigurationResponse>"
    found = read(service, "GetConfiguration", soap(body) + "\0")
    before, *between, after = found.payload["configurationKey"]
    assert ("300", kept, "3") == (before["value"], between, after["value"])
    assert {noted, "forbidden-characters"} <= {flag.quirk for flag in found.flags}


def test_an_answer_of_bad_settings_alone_has_none(service: Service) -> None:
    """It is an answer all the same."""
    body = f"<c:getConfigurationResponse>{entry('', 'true', '3')}</c:getConfigurationResponse>"
    assert {} == read(service, "GetConfiguration", soap(body)).payload
