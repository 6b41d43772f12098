"""Where a station is called, and which addresses may be called."""

from __future__ import annotations

import ipaddress

import pytest

from ocpp_soap.central.callback import CallbackGuard, CallbackRules, complete


@pytest.mark.parametrize(
    ("said", "peer", "expected"),
    [
        ("http://10.1.2.3:8080/ocpp", "10.9.9.9", "http://10.1.2.3:8080/ocpp"),
        (" http://cp1.example/x?y=1 ", None, "http://cp1.example/x?y=1"),
        ("http://:8082/", "10.9.9.9", "http://10.9.9.9:8082/"),
        ("http://:8082/", "2001:db8::7", "http://[2001:db8::7]:8082/"),
        ("http://:8082/", None, None),
        ("http://0.0.0.0:28080", "10.9.9.9", "http://10.9.9.9:28080"),
        ("http://localhost:8080/", "10.9.9.9", "http://10.9.9.9:8080/"),
        ("localhost:8095", "10.9.9.9", "http://10.9.9.9:8095"),
        ("10.1.2.3:8095/cp", "10.9.9.9", "http://10.1.2.3:8095/cp"),
        ("HTTPS://CP1.example:443/A b", None, None),
        ("http://user:secret@10.1.2.3/x", None, "http://10.1.2.3/x"),
        ("http://www.w3.org/2005/08/addressing/anonymous", "10.9.9.9", None),
        ("anonymous", "10.9.9.9", None),
        ("source", "10.9.9.9", None),
        ("ftp://10.1.2.3/", "10.9.9.9", None),
        ("file:///etc/passwd", "10.9.9.9", None),
        ("http://10.1.2.3:99999/", "10.9.9.9", None),
        ("http://[::1", "10.9.9.9", None),
        ("http://10.1.2.3/\r\nX: y", "10.9.9.9", None),
        ("", "10.9.9.9", None),
        (None, "10.9.9.9", None),
    ],
)
def test_an_address_is_completed_or_refused(said: str | None, peer: str | None, expected: str | None) -> None:
    """What names no usable host takes the peer's; what is no address gives none."""
    assert expected == complete(said, peer)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.0.0.1", True),
        ("203.0.113.5", True),
        ("2001:db8::1", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("240.0.0.1", False),
    ],
)
def test_the_default_guard_refuses_what_no_station_has(address: str, allowed: bool) -> None:
    """Private and public addresses pass; this machine, link-local, multicast and unspecified ones do not."""
    assert allowed is (CallbackGuard().check(ipaddress.ip_address(address), 80, "http") is None)


@pytest.mark.parametrize(
    ("allow", "deny", "address", "port", "scheme", "allowed"),
    [
        ("10.0.0.0/8", "", "10.1.1.1", 80, "http", True),
        ("10.0.0.0/8", "", "192.168.1.1", 80, "http", False),
        ("127.0.0.0/8", "", "127.0.0.1", 80, "http", True),
        ("169.254.0.0/16", "", "169.254.1.1", 80, "http", True),
        ("", "10.0.0.0/8", "10.1.1.1", 80, "http", False),
        ("10.0.0.0/8", "10.1.0.0/16", "10.1.1.1", 80, "http", False),
        ("port:8080-8090", "", "10.1.1.1", 8085, "http", True),
        ("port:8080-8090", "", "10.1.1.1", 80, "http", False),
        ("", "port:22", "10.1.1.1", 22, "http", False),
        ("scheme:https", "", "10.1.1.1", 443, "http", False),
        ("scheme:https", "", "10.1.1.1", 443, "https", True),
        ("0.0.0.0/0", "", "224.0.0.1", 80, "http", False),
    ],
)
def test_rules_narrow_what_may_be_called(
    allow: str, deny: str, address: str, port: int, scheme: str, allowed: bool
) -> None:
    """ALLOW and DENY speak of networks, ports and schemes; DENY wins."""
    guard = CallbackGuard(CallbackRules.parse(allow), CallbackRules.parse(deny))
    assert allowed is (guard.check(ipaddress.ip_address(address), port, scheme) is None)


def test_development_may_call_this_machine() -> None:
    """The simulator beside the gateway is reachable."""
    guard = CallbackGuard(allow=CallbackRules.parse("10.0.0.0/8"), development=True)
    assert guard.check(ipaddress.ip_address("127.0.0.1"), 80, "http") is None


@pytest.mark.parametrize("text", ["10.0.0.1/8", "port:x", "port:9-", "scheme:ftp", "everything"])
def test_bad_rules_are_refused_in_words(text: str) -> None:
    """The error says what a rule looks like."""
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/8"):
        CallbackRules.parse(text)


def test_rules_print_as_they_are_read() -> None:
    """`check` shows the rules in the words of the setting."""
    text = "10.0.0.0/8,192.168.1.7/32,port:80,port:8080-8090,scheme:https"
    assert text == str(CallbackRules.parse(text))


@pytest.mark.parametrize(
    "address",
    [
        *("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("2002:7f00:1::1", "2002:a9fe:a9fe::", "2001:0:1:2:0:0:80ff:fffe", "64:ff9b:1::7f00:1"),
    ],
)
def test_what_leads_to_credentials_or_to_this_machine_is_refused(address: str) -> None:
    """Whatever it is wrapped in, unless its network is named."""
    ip = ipaddress.ip_address(address)
    assert CallbackGuard().check(ip, 80, "http") is not None
