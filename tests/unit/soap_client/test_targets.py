"""Addresses as stations and operators give them, taken apart for a call."""

from __future__ import annotations

import pytest

from ocpp_soap.errors import NotTransmitted
from ocpp_soap.soap.transport import Target


@pytest.mark.parametrize(
    ("address", "host", "port", "path", "url"),
    [
        ("http://cp:8082/ocpp/", "cp", 8082, "/ocpp/", "http://cp:8082/ocpp/"),
        (" HTTP://CP ", "cp", 80, "/", "http://CP"),
        ("https://cp", "cp", 443, "/", "https://cp"),
        ("https://cp:8443?a=b?c/d", "cp", 8443, "/?a=b?c/d", "https://cp:8443?a=b?c/d"),
        ("http://[fd00::1]:80/x", "fd00::1", 80, "/x", "http://[fd00::1]:80/x"),
        ("http://u:p@cp/x#y", "cp", 80, "/x", "http://cp/x"),
        ('http://cp/"<>`{}\\^/\u00e9%zz', "cp", 80, "/%22%3C%3E%60%7B%7D%5C%5E/%C3%A9%zz", None),
    ],
)
def test_an_address_is_taken_apart(address: str, host: str, port: int, path: str, url: str | None) -> None:
    """Host and port to connect to, the path verbatim, and the address to write into the message."""
    target = Target.parse(address)
    assert (host, port, path) == (target.host, target.port, target.path)
    assert (url or f"http://cp{path}") == target.url


@pytest.mark.parametrize(
    ("address", "authorization"),
    [
        ("http://cp/", None),
        ("http://u:p@cp/", "Basic dTpw"),
        ("http://u%3A:p%40@cp/", "Basic dTo6cEA="),
        ("http://@cp/", None),
    ],
)
def test_a_user_is_for_the_authorization_alone(address: str, authorization: str | None) -> None:
    """Decoded there, and nowhere else to be seen."""
    target = Target.parse(address)
    assert authorization == target.authorization
    assert ("http://cp/", "http://cp/") == (target.url, str(target))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "cp",
        "cp:80",
        "/cp",
        "ws://cp/",
        "http://",
        "http://:80/",
        "http://cp:-1/",
        "http://c p/",
        "http://cp/\ud800",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """Only http and https with a host."""
    with pytest.raises(NotTransmitted, match="expected an http or https URL"):
        Target.parse(address)
