"""The endpoint: what a receiver may rely on, and what people and tools get by GET."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.central.call import Call, Render, Reply
from ocpp_soap.errors import InternalError, NotSupported, SecurityError

from .endpoint import (
    CENTRAL,
    RECEIVED,
    SOAP_TYPE,
    Station,
    ask,
    assert_valid,
    endpoint,
    odd,
    ready_answers,
    reason,
    subcode,
    tree,
    versions,
)

SERVICE = versions()[0].central_system
HEARTBEAT = odd("declaration-missing")


def station() -> Station:
    """A receiver with the golden answers."""
    return Station(ready_answers(SERVICE))


def test_an_answer_says_its_type_and_its_length() -> None:
    """SOAP 1.2's media type with its charset, and a Content-Length always."""
    answer = ask(endpoint(station().receive, [SERVICE], CENTRAL), HEARTBEAT)
    assert {"Content-Type": SOAP_TYPE, "Content-Length": str(len(answer.body))} == answer.headers


def test_the_reply_says_how_it_went() -> None:
    """The journal reads the outcome: answered, or the fault's subcode."""
    replies: list[Reply] = []

    def receive(_call: Call, _request: Any, render: Render) -> Reply:
        replies.append(render({"currentTime": RECEIVED}))
        replies.append(render(SecurityError("not you")))
        return replies[0]

    answer = ask(endpoint(receive, [SERVICE], CENTRAL), HEARTBEAT)
    assert [(200, "answered"), (400, "SecurityError")] == [(r.status, r.outcome) for r in replies]
    assert answer.body == replies[0].body


def test_an_answer_can_be_rendered_again() -> None:
    """A transaction that is run again renders again: the same message, but for its MessageID."""
    bodies: list[bytes] = []

    def receive(_call: Call, _request: Any, render: Render) -> Reply:
        for second in (1, 2):
            bodies.append(render({"currentTime": RECEIVED.replace(second=second)}).body)
        bodies.append(render({"currentTime": RECEIVED.replace(second=1)}).body)
        return render({"currentTime": RECEIVED})

    ask(endpoint(receive, [SERVICE], CENTRAL), HEARTBEAT)
    assert tree(bodies[0]) == tree(bodies[2])
    assert tree(bodies[0]) != tree(bodies[1])
    assert bodies[0] != bodies[2]


@pytest.mark.parametrize(
    "payload",
    [{}, {"currentTime": None}, {"currentTime": "soon"}, {"now": RECEIVED}, {"currentTime": RECEIVED, "x": 1}],
)
def test_an_answer_that_the_schema_does_not_allow_never_leaves(
    payload: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Rendering it raises InternalError in the receiver's hands, before its transaction ends; the reason is logged."""
    raised: list[Exception] = []

    def receive(_call: Call, _request: Any, render: Render) -> Reply:
        try:
            return render(payload)
        except InternalError as error:
            raised.append(error)
            raise

    answer = ask(endpoint(receive, [SERVICE], CENTRAL), HEARTBEAT)
    assert (1, "500 Internal Server Error") == (len(raised), answer.status)
    assert f"{{{SERVICE.namespace}}}InternalError" == subcode(answer)
    assert ["the answer to Heartbeat of 'CP-2041' can't be sent"] == [r.message for r in caplog.records]


def test_what_a_receiver_raises_is_logged_and_never_told(caplog: pytest.LogCaptureFixture) -> None:
    """The station gets an internal error without a word of the cause; the log has its traceback."""

    def receive(_call: Call, _request: Any, _render: Render) -> Reply:
        raise RuntimeError("SELECT secret FROM tags")

    answer = ask(endpoint(receive, [SERVICE], CENTRAL), HEARTBEAT)
    assert "An internal error occurred and the receiver is not able to complete the operation." == reason(answer)
    assert b"secret" not in answer.body
    (record,) = caplog.records
    assert (logging.ERROR, True) == (record.levelno, record.exc_info is not None)


def test_a_fault_that_a_receiver_raises_is_answered() -> None:
    """A fault may be raised as well as rendered."""

    def receive(_call: Call, _request: Any, _render: Render) -> Reply:
        raise NotSupported("not today")

    answer = ask(endpoint(receive, [SERVICE], CENTRAL), HEARTBEAT)
    assert f"{{{SERVICE.namespace}}}NotSupported" == subcode(answer)


def test_a_clock_that_fails_is_an_internal_error_too(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails before a receiver is reached is answered with a fault as well."""

    def broken() -> Any:
        raise OSError("no clock")

    answer = ask(endpoint(station().receive, [SERVICE], CENTRAL, clock=broken), HEARTBEAT)
    assert f"{{{SERVICE.namespace}}}InternalError" == subcode(answer)
    assert ["a POST failed"] == [r.message for r in caplog.records]


def test_a_lookup_that_fails_reaches_the_journal_as_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    """The receiver gets the message even when our own code failed to understand it."""

    def version_of(identity: str) -> str:
        raise OSError(identity)

    receiver = station()
    answer = ask(
        endpoint(receiver.receive, [SERVICE], CENTRAL, version_of_station=version_of), odd("body-without-a-namespace")
    )
    assert ("InternalError", 1) == (receiver.request.subcode, receiver.received)
    assert f"{{{SERVICE.namespace}}}InternalError" == subcode(answer)
    assert ["a message can't be read"] == [r.message for r in caplog.records]


def test_a_status_can_be_forced() -> None:
    """Firmware that reads only the bodies of 200 gets its faults so."""
    app = endpoint(station().receive, [SERVICE], CENTRAL, fault_status="200")
    assert "200 OK" == ask(app, odd("identity-missing")).status


def test_what_could_not_be_parsed_is_kept_in_part() -> None:
    """The journal gets the first 64 KiB of a message that is no XML, and all of one that is."""
    receiver = station()
    app = endpoint(receiver.receive, [SERVICE], CENTRAL)
    ask(app, b"<broken>" + b"x" * 200_000)
    assert 64 * 1024 == len(receiver.call.raw)
    padded = odd("identity-missing") + b" " * 200_000
    ask(app, padded)
    assert padded == receiver.call.raw


def test_the_flags_of_a_message_are_bounded() -> None:
    """A message of nothing but oddities does not fill the store."""
    receiver = station()
    heap = HEARTBEAT.replace(
        b"<cs:heartbeatRequest/>", b"<cs:heartbeatRequest>" + b"<a/>" * 900 + b"</cs:heartbeatRequest>"
    )
    ask(endpoint(receiver.receive, [SERVICE], CENTRAL), heap)
    assert 201 == len(receiver.call.flags)
    assert "700 more, not kept" == receiver.call.flags[-1].assumed


def test_an_empty_body_gets_a_fault() -> None:
    """Nothing, blanks and no Content-Length at all are the same."""
    for body, more in ((b"", {}), (b" \r\n", {}), (b"", {"CONTENT_LENGTH": ""})):
        answer = ask(endpoint(station().receive, [SERVICE], CENTRAL), body, **more)
        assert "400 Bad Request" == answer.status
        assert "The message is empty: expected a SOAP 1.2 envelope." in reason(answer)


def test_any_content_type_is_accepted() -> None:
    """Stations send what they like, or none."""
    app = endpoint(station().receive, [SERVICE], CENTRAL)
    for content_type in (
        "text/xml",
        'application/soap+xml;charset=UTF-8;action="/Heartbeat"',
        "application/soap+text/xml",
        "",
    ):
        assert "200 OK" == ask(app, HEARTBEAT, CONTENT_TYPE=content_type).status


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_told_which_ones_there_are(method: str) -> None:
    """405 with Allow and a fault; no receiver is bothered."""
    receiver = station()
    answer = ask(endpoint(receiver.receive, [SERVICE], CENTRAL), HEARTBEAT, method)
    assert ("405 Method Not Allowed", "GET, HEAD, POST") == (answer.status, answer.headers["Allow"])
    assert (f"{{{SERVICE.namespace}}}ProtocolError", 0) == (subcode(answer), receiver.received)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_deeper_path_is_not_found(method: str) -> None:
    """404 with a fault."""
    answer = ask(endpoint(station().receive, [SERVICE], CENTRAL), HEARTBEAT, method, "/a/b/c")
    assert "404 Not Found" == answer.status
    assert f"{{{SERVICE.namespace}}}ProtocolError" == subcode(answer)


def test_a_websocket_is_refused_in_words() -> None:
    """A station configured for the JSON flavour knocks here by mistake."""
    answer = ask(endpoint(station().receive, [SERVICE], CENTRAL), method="GET", HTTP_UPGRADE="websocket")
    assert "400 Bad Request" == answer.status
    assert "there is no WebSocket here" in reason(answer)


def test_a_technician_reads_what_to_enter() -> None:
    """A plain GET is a page with the public URL, escaped."""
    answer = ask(endpoint(station().receive, [SERVICE], "https://x/<ocpp>"), method="GET")
    assert ("200 OK", "text/html; charset=utf-8") == (answer.status, answer.headers["Content-Type"])
    assert b"<code>https://x/&lt;ocpp&gt;</code>" in answer.body
    for about in ("<p>hello</p>", lambda: "<p>hello</p>"):
        assert b"<p>hello</p>" == ask(endpoint(station().receive, [SERVICE], CENTRAL, about=about), method="GET").body


def test_the_wsdl_names_the_public_address() -> None:
    """GET ?wsdl is the service's WSDL, unchanged but for its address; the address may be known late."""
    address = ["https://first.example/ocpp"]
    app = endpoint(station().receive, [SERVICE], lambda: address[0])
    for query in ("wsdl", "WSDL", "singleWsdl", f"wsdl&version={SERVICE.version}"):
        answer = ask(app, method="GET", QUERY_STRING=query)
        document = etree.fromstring(answer.body)
        (found,) = document.iter("{http://schemas.xmlsoap.org/wsdl/soap12/}address")
        assert (SERVICE.namespace, "https://first.example/ocpp") == (
            document.get("targetNamespace"),
            found.get("location"),
        )
    address[0] = "https://second.example/ocpp"
    assert b"https://second.example/ocpp" in ask(app, method="GET", QUERY_STRING="wsdl").body
    assert "404 Not Found" == ask(app, method="GET", QUERY_STRING="wsdl&version=9.9").status


def test_head_is_get_without_the_body() -> None:
    """Same headers, no body."""
    app = endpoint(station().receive, [SERVICE], CENTRAL)
    for query in ("", "wsdl"):
        got, head = (ask(app, method=method, QUERY_STRING=query) for method in ("GET", "HEAD"))
        assert (got.status, got.headers, b"") == tuple(head)


def test_every_answer_of_odd_messages_keeps_the_schema() -> None:
    """Also an answer to an odd message is in the proper namespace and order."""
    answer = ask(endpoint(station().receive, [SERVICE], CENTRAL), odd("children-unqualified"))
    assert_valid(answer.body, SERVICE)
