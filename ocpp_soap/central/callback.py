"""Where a station is called: completing what its wsa:From says, and the rules for addresses that may be called.

Pure functions of text and addresses; the connection class asks the guard about the resolved address at call time.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Hosts with which a station names itself without saying where it is (quirk C.1 4).
NO_HOST = {"", "localhost", "0.0.0.0", "::", "127.0.0.1", "::1"}  # noqa: S104 nothing is bound to it


def complete(said: str | None, peer: str | None) -> str | None:
    """The URL to call a station at, from its wsa:From and the address it called from; None when it names none.

    A host that is missing or means "myself" is replaced by the peer's; a missing scheme is http. The path is kept
    verbatim (quirk C.5 52). Words that are no address (`anonymous`, the anonymous URI) give None.
    """
    text = (said or "").strip()
    if not text or text.lower() == "anonymous" or "/addressing/" in text or len(text) > 2000:
        return None
    if any(c <= " " or c == "\x7f" for c in text):
        return None
    bare = not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text)
    if bare:
        text = "http://" + text.lstrip("/")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https"):
        return None
    if host in NO_HOST:
        if not peer:
            return None
        host = peer
    elif not re.fullmatch(r"[A-Za-z0-9_.:-]+", host) or (bare and "." not in host and port is None):
        return None  # `source`, `destination`: a bare word is a placeholder, not a host
    netloc = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme.lower(), netloc + (f":{port}" if port else ""), parts.path, parts.query, ""))


def elsewhere(url: str, host: str | None) -> str | None:
    """The same scheme, port and path at another host; None without one."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    return complete(urlunsplit((parts.scheme, port, parts.path, parts.query, "")), host)


def objection(
    known: str | None, source: str | None, url: str, guard: CallbackGuard, networks: tuple[Network, ...]
) -> str | None:
    """Why a station that is called at `known` may not move to `url` by saying so; None when it may.

    It may not leave an address that the operator has fixed, what `guard` allows, or the `networks` that it may come
    from. A name is not resolved here: where networks decide, it is no way to leave them.
    """
    if source == "operator":
        return "the operator has fixed the address"
    place = _address(url)
    if known is None and not (networks and place):
        return None  # there is nothing that it could leave; the guard looks when it is called
    if place is None:
        return "a name can't be told to be in an allowed network" if networks or guard.allow.networks else None
    if reason := guard.refusal(url):
        return reason
    before = None if known is None else _address(known)
    inside = before is None or any(before in network for network in networks)
    if networks and inside and not any(place in network for network in networks):
        return f"{place} is in none of the networks that it may come from"
    return None


def takeover(
    known: str | None, learned_from: str | None, url: str, peer: str | None, reached: Callable[[], bool | None]
) -> str | None:
    """Why a station that has shown nothing may not move from `known` to another host; None when it may.

    Whoever knows its identity could say so. It may from the network that its address was learned from, and when the
    last call to that address failed; while nobody has called it, also to the address that it speaks from itself.
    `reached`: whether the last call did, None for none; asked only where it matters.
    """
    if known is None or urlsplit(known).hostname == urlsplit(url).hostname:
        return None
    if peer and learned_from and _near(peer) == _near(learned_from):
        return None
    works = reached()
    if works is False or (works is None and peer and _plain(peer) == _plain(urlsplit(url).hostname or "")):
        return None
    told = "the address before still answers" if works else "nobody has called the address before yet"
    return f"it comes from another network, has shown no proof, and {told}"


def _plain(host: str) -> str:
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        return str(getattr(address, "ipv4_mapped", None) or address)
    return host


def _near(host: str) -> str:
    """The network around an address: of IPv4 the /24, of IPv6 the /64; anything else is itself."""
    with suppress(ValueError):
        address = ipaddress.ip_address(_plain(host))
        return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))
    return host


def _address(url: str) -> Address | None:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return None


# Where clouds hand out credentials, beside the link-local addresses: Alibaba, Azure, AWS by IPv6, Oracle.
METADATA = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "192.0.0.192"))
)
_NAT64 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))


def _inner(ip: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to: mapped, compatible, translated (NAT64), 6to4, Teredo; else itself."""
    if isinstance(ip, ipaddress.IPv4Address) or int(ip) <= 1:
        return ip
    if any(ip in network for network in _NAT64):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or ip


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """Networks, ports (as ranges) and schemes; an empty kind says nothing about it."""

    networks: tuple[Network, ...] = ()
    ports: tuple[range, ...] = ()
    schemes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> CallbackRules:
        """Reads `10.0.0.0/8,192.168.1.7,port:8080-8090,scheme:https`; raises ValueError saying what is expected."""
        networks: list[Network] = []
        ports: list[range] = []
        schemes: list[str] = []
        try:
            for item in filter(None, (part.strip() for part in text.split(","))):
                if item.startswith("port:"):
                    low, dash, high = item[5:].partition("-")
                    ports.append(range(int(low), int(high if dash else low) + 1))
                elif item.startswith("scheme:"):
                    schemes.append({"http": "http", "https": "https"}[item[7:]])
                else:
                    networks.append(ipaddress.ip_network(item))
        except (ValueError, KeyError):
            raise ValueError("networks, ports and schemes such as 10.0.0.0/8,port:8080-8090,scheme:https") from None
        return cls(tuple(networks), tuple(ports), tuple(schemes))

    def __str__(self) -> str:
        ports = (f"port:{p.start}" + (f"-{p.stop - 1}" if len(p) > 1 else "") for p in self.ports)
        return ",".join((*map(str, self.networks), *ports, *(f"scheme:{s}" for s in self.schemes)))


@dataclass(frozen=True, slots=True)
class CallbackGuard:
    """Says which addresses may be called.

    Refused whatever the rules say: unspecified, multicast and reserved addresses. Refused unless `allow` names a
    network with them: link-local ones (cloud metadata services), and loopback outside of development.
    """

    allow: CallbackRules = CallbackRules()
    deny: CallbackRules = CallbackRules()
    development: bool = False

    def refusal(self, url: str) -> str | None:
        """The reason why this URL may not be called; None when it may, or when its name is yet to be resolved."""
        parts, ip = urlsplit(url), _address(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return None if ip is None else self.check(ip, port, parts.scheme)

    def check(self, ip: Address, port: int, scheme: str) -> str | None:
        """The reason why this resolved address may not be called, or None when it may."""
        ip = _inner(ip)
        allowed = any(ip in network for network in self.allow.networks)
        if ip.is_unspecified or ip.is_multicast or (ip.is_reserved and not ip.is_loopback):
            return f"{ip} is not an address of a station"
        if any(ip in network for network in self.deny.networks):
            return f"{ip} is in a network of OCPP_SOAP_CALLBACK_DENY"
        if any(port in ports for ports in self.deny.ports) or scheme in self.deny.schemes:
            return f"{scheme} on port {port} is in OCPP_SOAP_CALLBACK_DENY"
        if ip in METADATA and not allowed:
            return f"{ip} is a cloud's metadata service; name it in OCPP_SOAP_CALLBACK_ALLOW if a station is there"
        if ip.is_link_local and not allowed:
            return f"{ip} is link-local; name its network in OCPP_SOAP_CALLBACK_ALLOW if stations are there"
        if ip.is_loopback and not (allowed or self.development):
            return f"{ip} is this machine; allowed with OCPP_SOAP_ENVIRONMENT=development or OCPP_SOAP_CALLBACK_ALLOW"
        if self.allow.networks and not allowed and not (ip.is_loopback and self.development):
            return f"{ip} is in no network of OCPP_SOAP_CALLBACK_ALLOW"
        if self.allow.ports and not any(port in ports for ports in self.allow.ports):
            return f"port {port} is not in OCPP_SOAP_CALLBACK_ALLOW"
        if self.allow.schemes and scheme not in self.allow.schemes:
            return f"{scheme} is not in OCPP_SOAP_CALLBACK_ALLOW"
        return None
