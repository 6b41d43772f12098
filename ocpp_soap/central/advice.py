"""What may be wrong with a station's address, in words, and what to try: the TROUBLES table.

Pure text of what a `Walk` met and of what is known of the station. It knows no socket and no store.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from ..protocol.times import format_time
from .callback import elsewhere
from .records import ChargePoint
from .walk import CONNECT, GUARD, HTTP, NAME, SOAP, TLS, Walk

_PROGRAM = "ocpp-soap charge-points"

# Whoever answers so is the station, whatever it answers.
REACHED = (None, "fault", "refuses")

# With these, nothing has been heard from the address: it may as well lie in another network.
_NOT_THERE = ("unresolved", "refused", "timed-out", "unreachable", "not-connected")


class Trouble(NamedTuple):
    """Where it is met, what is wrong, and what to try; {…} are the facts of `_facts`."""

    step: str
    sentence: str
    tries: tuple[str, ...] = ()


_SET = "`{set} {other_port}`"
_PIN = "if the station itself shows the fingerprint {sha256}, pin it: `{profile} --tls-pin {sha256}`"
_WAIT = "if the station was only switched off or restarting, wait for its next message and probe again"
_FIREWALL = "have firewalls on the way let this machine through to port {port} of {host}"
_PROXY = "have the proxy or router before the station let the gateway through to {path} without a login"
_PATH = "look up in the station's menu or manual at which path it takes messages, and set it: `{set} {other_path}`"

TROUBLES: dict[str, Trouble] = {
    "no-url": Trouble(NAME, "it is no address with http or https", ("give the right one: `{set} http://HOST:PORT/`",)),
    "unresolved": Trouble(
        NAME,
        "the name {host} means nothing to the name servers of this machine",
        ("use the station's IP address: `{set} {at_peer}`", "or have the name entered where this machine looks it up"),
    ),
    "not-allowed": Trouble(
        GUARD,
        "this gateway's rules forbid to call it: {words}",
        ("if the station really is there, name its network in OCPP_SOAP_CALLBACK_ALLOW",),
    ),
    "refused": Trouble(
        CONNECT,
        "{host} is there, but nothing listens on its port {port}",
        ("look up in the station's menu on which port it listens for commands, and set it: " + _SET, _WAIT),
    ),
    "timed-out": Trouble(
        CONNECT,
        "{host} did not answer within the time for connecting: it is off, elsewhere, or behind a firewall",
        (_FIREWALL, _WAIT),
    ),
    "unreachable": Trouble(
        CONNECT, "there is no way from this machine to {host}", ("check the route or the VPN to that network", _WAIT)
    ),
    "not-connected": Trouble(CONNECT, "no connection came about: {words}", (_FIREWALL, _WAIT)),
    "no-tls": Trouble(
        TLS, "the address says https, but this port speaks no TLS", ("use plain HTTP: `{set} {as_http}`",)
    ),
    "tls-silent": Trouble(
        TLS, "the TLS handshake came to no end", ("try plain HTTP: `{set} {as_http}`", "or another port: " + _SET)
    ),
    "tls-failed": Trouble(
        TLS,
        "the TLS handshake failed: {words}",
        (
            "if the station demands a client certificate, set OCPP_SOAP_CLIENT_CERTIFICATE and OCPP_SOAP_CLIENT_KEY",
            "if it speaks no TLS at all, use plain HTTP: `{set} {as_http}`",
        ),
    ),
    "old-tls": Trouble(
        TLS,
        "its TLS is older or weaker than what is allowed: {words}",
        ("allow that to this station alone: `{profile} --tls-minimum {old}`", "or update its firmware"),
    ),
    "untrusted": Trouble(
        TLS,
        "nobody who is trusted here vouches for its certificate ({subject})",
        (_PIN, "or name the authority that signed it in OCPP_SOAP_STATION_CA_FILE"),
    ),
    "other-name": Trouble(
        TLS,
        "its certificate is for {names}, not for {host}",
        ("call it by a name that stands in the certificate", "or " + _PIN),
    ),
    "out-of-time": Trouble(
        TLS,
        "its certificate holds from {not_before} to {not_after}, and not now",
        ("check the clock of this machine", "give the station a new certificate", "or " + _PIN),
    ),
    "wrong-pin": Trouble(
        TLS,
        "it shows another certificate than the pinned one: it was renewed, or another machine answers",
        (_PIN, "if not, find out who answers there"),
    ),
    "wants-certificate": Trouble(
        TLS,
        "it wants to see a certificate of ours, and does not take what it got",
        ("give it one that it trusts: OCPP_SOAP_CLIENT_CERTIFICATE and OCPP_SOAP_CLIENT_KEY",),
    ),
    "needs-tls": Trouble(HTTP, "this port wants https", ("use it: `{set} {as_https}`",)),
    "silent": Trouble(
        HTTP,
        "a connection is taken there, but the message is not answered: {words}",
        ("look up on which port the station listens for commands, and set it: " + _SET, "restart the station"),
    ),
    "closed": Trouble(
        HTTP,
        "a connection is taken there, but ends without an answer: {words}",
        ("look up on which port the station listens for commands, and set it: " + _SET, "restart the station"),
    ),
    "no-http": Trouble(
        HTTP,
        "what listens on port {port} speaks no HTTP: it is the wrong port",
        ("look up on which port the station listens for commands, and set it: " + _SET,),
    ),
    "redirect": Trouble(
        HTTP,
        "it leads to {location}, which is not followed",
        ("if that is right: `{set} {there}`", _PROXY),
    ),
    "html": Trouble(
        HTTP,
        "a web page answers instead of the station: a proxy's or a router's login page, or the wrong port",
        (_PROXY, "look up on which port the station listens for commands, and set it: " + _SET),
    ),
    "wants-password": Trouble(HTTP, "who answers there wants a user and a password first", (_PROXY,)),
    "forbidden": Trouble(HTTP, "who answers there forbids it (HTTP 403)", (_PROXY, _PATH)),
    "no-path": Trouble(HTTP, "a web server answers there, but has nothing at the path {path}", (_PATH,)),
    "gateway": Trouble(
        HTTP,
        "a proxy answers there, but does not reach the station behind it: {words}",
        ("look into that proxy's configuration and log: does it lead to the station, at its port?", _WAIT),
    ),
    "no-soap": Trouble(HTTP, "something answers there, but not in SOAP: {words}", (_PATH,)),
    "no-confirmation": Trouble(
        SOAP, "it answers in SOAP, but not with the confirmation: {words}", ("read its answer: `{journal}`",)
    ),
    "wrong-identity": Trouble(
        SOAP,
        "another station answers there: it says that it is not {identity}",
        (
            "look up in that station's menu who it is; `{list}` shows where each is called",
            "wait for the next message of {identity}, which says where it is now, or set it: `{set} URL`",
        ),
    ),
    "refuses": Trouble(
        SOAP, "the station is there, but refuses to be asked: {words}", ("check in its menu which system it obeys",)
    ),
    "fault": Trouble(SOAP, "the station is there, and answers with a fault: {words}"),
    "busy": Trouble(CONNECT, "it was not asked: {words}", ("probe again when the other command has ended",)),
    "other": Trouble(HTTP, "the call failed: {words}", ("read what was exchanged: `{journal}`",)),
}


_BEHIND_NAT = (
    "{host} lies in a private network, but its messages come from {peer}: probably a router (NAT) is between. Have it "
    "forward a port to port {port} of the station, and set that: `{set} {at_peer}`",
    "or connect this machine with that network by a VPN; then {host} will do as it is",
)
_MOVED = ("its messages come from {peer}: if it has moved there, `{set} {at_peer}`",)
_THROUGH_PROXY = (
    "{host} is this machine: if messages come through a proxy here, name it in OCPP_SOAP_TRUSTED_PROXIES, so that its "
    "X-Forwarded-For is believed, and forget what was learned: `{set} --forget`"
)


def sentence(walk: Walk, address: str, station: ChargePoint) -> str:
    """What is wrong with that address."""
    facts = _facts(walk, address, station)
    return TROUBLES[walk.trouble or "other"].sentence.format_map(facts)


def tries(walk: Walk, address: str, station: ChargePoint) -> Iterator[str]:
    """What may help, the likeliest first."""
    facts = _facts(walk, address, station)
    if walk.trouble in _NOT_THERE:
        yield from (text.format_map(facts) for text in _by_its_messages(facts["host"], station.peer))
    if walk.trouble in ("refused", "not-allowed") and _is_loopback(facts["host"]):
        yield _THROUGH_PROXY.format_map(facts)
    for text in TROUBLES[walk.trouble or "other"].tries:
        yield text.format_map(facts)


def set_callback(station: ChargePoint) -> str:
    """The command that fixes its address, but for the address."""
    return f"{_PROGRAM} set-callback {shlex.quote(station.identity)}"


def _facts(walk: Walk, address: str, station: ChargePoint) -> dict[str, Any]:
    identity, certificate = shlex.quote(station.identity), walk.certificate or {}
    parts = urlsplit(address)
    https = parts.scheme == "https"
    rest = address.partition("://")[2]
    host, port = parts.hostname or "the station", _port(address) or (443 if https else 80)
    path, place = parts.path or "/", f"[{host}]" if ":" in host else host
    return {
        "words": walk.words,
        "identity": station.identity,
        "host": host,
        "port": port,
        "path": path,
        "peer": station.peer,
        "location": walk.location or "an unnamed place",
        "old": walk.tls if walk.tls in ("TLSv1", "TLSv1.1") else "TLSv1.1",
        "sha256": certificate.get("sha256", "SHA256"),
        "subject": certificate.get("subject", "unreadable"),
        "names": ", ".join(certificate.get("names", ())) or certificate.get("subject", "another name"),
        "not_before": _time(certificate.get("notBefore")),
        "not_after": _time(certificate.get("notAfter")),
        # Of commands that are copied into a shell: a station or a proxy may name any path.
        "at_peer": shlex.quote(elsewhere(address, station.peer) or "http://ITS-IP-ADDRESS:PORT/"),
        "as_http": shlex.quote(f"http://{rest}"),
        "as_https": shlex.quote(f"https://{rest}"),
        "other_port": shlex.quote(f"{parts.scheme or 'http'}://{place}:PORT{path}"),
        "other_path": shlex.quote(f"{parts.scheme or 'http'}://{place}:{port}/PATH"),
        "there": shlex.quote(_there(address, walk.location or "")),
        "set": set_callback(station),
        "profile": f"{_PROGRAM} profile {identity}",
        "list": f"{_PROGRAM} list",
        "journal": f"ocpp-soap journal list --charge-point {identity} --limit 1 --messages",
    }


def _there(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        return location


def _time(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else format_time(moment)


def _port(address: str) -> int | None:
    try:
        return urlsplit(address).port
    except ValueError:
        return None


def _by_its_messages(host: str, peer: str | None) -> tuple[str, ...]:
    """What follows from where the station's messages come from."""
    try:
        named, seen = ipaddress.ip_address(host), ipaddress.ip_address(peer or "")
    except ValueError:
        return ()
    if named == seen or seen.is_loopback:
        return ()
    near = named.version == seen.version and named.packed[:-1] == seen.packed[:-1]
    return _MOVED if near or named.is_global else _BEHIND_NAT


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
