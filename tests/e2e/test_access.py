"""Stations that have to prove themselves, and stations that want to be spoken to in their own way, over real HTTP."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from lxml import etree

from ocpp_soap.simulator.charge_point import ChargePoint
from tests.integration.messages import SOAP_TYPE, envelope

from .bad_messages import http
from .gateway import Gateway
from .stations import NUMBERS, SOAP, WSA, Central, content, schema
from .wire import Answer, talk


def subcode(answer: Answer) -> str:
    """The local name of a fault's subcode; "" for a confirmation."""
    return (content(answer.body).findtext(".//{*}Subcode/{*}Value") or "").rpartition(":")[2]


def reason(answer: Answer) -> str:
    """The text of a fault."""
    return content(answer.body).findtext(".//{*}Reason/{*}Text") or ""


def heartbeat(gateway: Gateway, identity: str, path: str = "/ocpp", **headers: str) -> Answer:
    """A Heartbeat on a connection of its own."""
    return talk(gateway.url, http(envelope("Heartbeat", identity, {}), path, **headers))


def basic(user: str, password: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def known(central: Central, name: str) -> str:
    """A registered station's identity."""
    identity = f"{name}-{next(NUMBERS)}"
    central.gateway.run("charge-points", "add", identity)
    return identity


def test_a_station_with_a_secret_in_its_url_lives_its_whole_life(central: Central) -> None:
    """The URL that the command prints is all that is entered in its menu; without the secret it is nobody."""
    identity = known(central, "secret")
    url = central.gateway.json("charge-points", "access", identity, "--make-secret")["url"]
    with ChargePoint(url, identity, auto_boot=False) as station:
        assert "Accepted" == station.boot()["status"]
        assert "answered" == central.gateway.send(identity, "TriggerMessage", requestedMessage="Heartbeat")["outcome"]
    wrong = urlsplit(url).path[:-1] + ("0" if url[-1] != "0" else "1")
    assert ["SecurityError"] * 2 == [subcode(heartbeat(central.gateway, identity, p)) for p in ("/ocpp", wrong)]
    shown = central.gateway.run("charge-points", "show", identity).stdout
    assert "a secret" in shown
    assert urlsplit(url).path.rpartition("/")[2] not in shown + central.gateway.log()
    elsewhere = heartbeat(central.gateway, "somebody", urlsplit(url).path)
    assert "IdentityMismatch" == subcode(elsewhere)


def test_http_basic_is_asked_for_and_taken(central: Central) -> None:
    """A station that waits to be asked gets HTTP's own challenge, beside the fault."""
    identity = known(central, "basic")
    password = central.gateway.json("charge-points", "access", identity, "--make-password")["newPassword"]
    asked = heartbeat(central.gateway, identity)
    assert (401, 'Basic realm="ocpp", charset="UTF-8"', "SecurityError") == (
        asked.status,
        asked.headers["www-authenticate"],
        subcode(asked),
    )
    assert 200 == heartbeat(central.gateway, identity, Authorization=basic(identity, password)).status
    wrong = (basic(identity, "wrong"), basic("else", password), "Basic !!!", "Basic", "Bearer x", "Basic " + "A" * 5000)
    told = [subcode(heartbeat(central.gateway, identity, Authorization=header)) for header in wrong]
    assert ["SecurityError", "IdentityMismatch", *["SecurityError"] * 4] == told
    url = central.gateway.url.replace("://", f"://{identity}:{password}@")
    with ChargePoint(url, identity, auto_boot=False) as station:
        assert "Accepted" == station.boot()["status"]


def test_a_strict_station_hears_of_line_and_field(central: Central) -> None:
    """Whatever breaks the schema or the headers' rules is a ProtocolError, also where anybody else is confirmed."""
    identity = known(central, "strict")
    central.gateway.run("charge-points", "profile", identity, "--strictness", "strict")
    said = {"connectorId": 1, "idTag": "TAG", "timestamp": "2024-01-31T12:00:00Z", "meterStart": 1}
    good = envelope("StartTransaction", identity, said).replace(b"><", b">\n<")
    bad = {
        b">1</cs:meterStart>": b">1.0</cs:meterStart>",
        b"2024-01-31T12:00:00Z": b"yesterday",
        b">TAG<": b">" + b"T" * 21 + b"<",
    }
    assert "" == subcode(talk(central.gateway.url, http(good)))
    for old, new in bad.items():
        assert 1 == good.count(old), old
        message = good.replace(old, new)
        answer = talk(central.gateway.url, http(message))
        assert (400, "ProtocolError") == (answer.status, subcode(answer))
        line = next(number for number, text in enumerate(message.splitlines(), 1) if new in text)
        field = re.search(rb"<cs:(\w+)>", message.splitlines()[line - 1])
        assert field is not None
        name = field[1].decode()
        assert f"line {line}: Element '{name}'" in reason(answer)
        lenient = message.replace(identity.encode(), known(central, "lenient").encode())
        assert "" == subcode(talk(central.gateway.url, http(lenient)))
    central.gateway.run("charge-points", "profile", identity, "--everybodys")
    assert "" == subcode(talk(central.gateway.url, http(good.replace(*next(iter(bad.items()))))))


def test_a_strict_station_is_refused_what_only_the_table_of_quirks_knows(central: Central) -> None:
    """Missing or misplaced headers, and a block that must be understood, which has a fault of SOAP's own."""
    identity = known(central, "strict")
    central.gateway.run("charge-points", "profile", identity, "--strictness", "strict")
    good = envelope("Heartbeat", identity, {})
    assert "" == subcode(talk(central.gateway.url, http(good)))
    tree = etree.fromstring(good)
    action = tree.find(f"{SOAP}Header/{WSA}Action")
    assert action is not None
    action.getparent().remove(action)  # type: ignore[union-attr]
    answer = talk(central.gateway.url, http(etree.tostring(tree)))
    assert ("ProtocolError", True) == (subcode(answer), reason(answer).endswith(": this message is without Action"))
    block = b'<x:Sequence xmlns:x="urn:x" xmlns:s="http://www.w3.org/2003/05/soap-envelope" s:mustUnderstand="true"/>'
    end = next(part for part in (b"</soap:Header>", b"</s:Header>", b"</env:Header>") if part in good)
    answer = talk(central.gateway.url, http(good.replace(end, block + end)))
    value = content(answer.body).findtext(".//{*}Code/{*}Value") or ""
    assert ("MustUnderstand", 500) == (value.rpartition(":")[2], answer.status)


@pytest.mark.parametrize(("compression", "undo"), [("gzip", gzip.decompress), ("deflate", zlib.decompress)])
def test_answers_are_compressed_where_a_station_asks_for_it(central: Central, compression: str, undo: object) -> None:
    """Faults too, as soon as the station is known; the journal keeps what was said, not how."""
    identity = known(central, "compressed")
    central.gateway.run("charge-points", "profile", identity, "--compression", compression)
    answer = heartbeat(central.gateway, identity)
    assert (200, compression) == (answer.status, answer.headers["content-encoding"])
    body = undo(answer.body)  # type: ignore[operator]
    schema("central_system").assertValid(content(body))
    assert body == central.journal(identity, "in")[0].answer
    with ChargePoint(central.gateway.url, identity, auto_boot=False) as station:
        assert "Accepted" == station.boot()["status"]


def test_headers_fault_status_and_content_type_are_as_a_station_wants_them(central: Central) -> None:
    """Each by its profile; nobody else's answers change."""
    identity = known(central, "special")
    options = ["--headers", "bare", "--fault-status", "200", "--content-type-action"]
    central.gateway.run("charge-points", "profile", identity, *options)
    answer = heartbeat(central.gateway, identity)
    assert f'{SOAP_TYPE}; action="/HeartbeatResponse"' == answer.headers["content-type"]
    assert None is etree.fromstring(answer.body).find(f"{SOAP}Header")
    unknown = envelope("Heartbeat", identity, {}).replace(b"heartbeatRequest", b"brewRequest")
    refused = talk(central.gateway.url, http(unknown))
    assert (200, "NotSupported", None) == (
        refused.status,
        subcode(refused),
        etree.fromstring(refused.body).find(f"{SOAP}Header"),
    )
    central.gateway.run("charge-points", "profile", identity, "--everybodys", "--headers", "classic")
    plain = heartbeat(central.gateway, identity)
    names = [etree.QName(block).localname for block in etree.fromstring(plain.body).iterfind(f"{SOAP}Header/*")]
    assert (SOAP_TYPE, ["Action", "MessageID", "RelatesTo", "To"]) == (plain.headers["content-type"], names)


def test_what_is_set_is_shown_and_bad_values_are_refused_in_words(central: Central) -> None:
    """No digest is ever printed."""
    identity = known(central, "shown")
    run = central.gateway.run
    run("charge-points", "access", identity, "--network", "10.0.0.0/8", "--make-password", "--user", "kiosk")
    shown = central.gateway.json("charge-points", "access", identity)
    assert {
        "networks": ["10.0.0.0/8"],
        "secret": False,
        "password": True,
        "user": "kiosk",
        "certificate": None,
    } == shown
    assert json.dumps(shown) == json.dumps(central.known(identity)["access"])
    run("charge-points", "access", identity, "--open")
    assert "nothing of its own" in run("charge-points", "access", identity).stdout
    for words, said in (
        (("access", identity, "--network", "10.0.0.1/8"), "expected a network"),
        (("access", identity, "--user", "kiosk"), "a user without a password"),
        (("access", "nobody", "--make-secret"), "there is no charge point 'nobody'"),
        (("profile", identity, "--tls-pin", "12:34"), "64 hexadecimal digits"),
        (("profile", identity, "--strictness", "harsh"), "'harsh' is not one of 'lenient', 'strict'"),
    ):
        refused = run("charge-points", *words, check=False)
        assert refused.returncode
        assert said in refused.stderr


def test_the_operator_sees_an_address_that_was_not_taken_over(central: Central) -> None:
    """By show and by check."""
    identity = known(central, "moved")
    central.gateway.run("charge-points", "set-callback", identity, "http://10.0.0.7:8080/")
    body = envelope("Heartbeat", identity, {}, header={"From": "http://10.0.0.66:8080/"})
    assert 200 == talk(central.gateway.url, http(body)).status
    refused = central.known(identity)["callbackRefused"]
    assert ("http://10.0.0.66:8080/", "the operator has fixed the address") == (refused["url"], refused["reason"])
    assert "http://10.0.0.66:8080/" in central.gateway.run("charge-points", "show", identity).stdout
    assert f"station {identity}: it says that it is called at" in central.gateway.run("check", check=False).stdout
