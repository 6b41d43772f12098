"""Who a station is: the networks it may come from, and the proofs that are asked of it.

It judges by what the store holds and what the transport brought along; secrets are stored as digests. It knows no HTTP,
no SQL and no message.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore, Lock
from typing import Any

from ..errors import Fault, IdentityMismatch, SecurityError
from .waiting_passwords import Lane, WaitingPasswords

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PROOFS = ("none", "secret", "basic", "certificate")

# Of a secret that we made: 160 bits, in letters and digits that any firmware's menu takes.
MADE_BYTES = 20

# scrypt's cost of a password that a person chose (16 MiB, some 40 ms); what was compared once is remembered.
_COST = {"n": 2**14, "r": 8, "p": 1}
REMEMBERED = 100_000

# So many threads of a process may wait for a slow comparison; the others have stations to serve.
WAITING = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with a message beside it: the secret in its URL, `user:password` of HTTP Basic, and the names (CN and
    SAN) in a client certificate that a trusted proxy has checked. None where nothing came.

    `mismatched` are the digests that none of it was made into (see `Judge.compare`).
    """

    secret: str | None = field(default=None, repr=False)
    basic: str | None = field(default=None, repr=False)
    certificate: tuple[str, ...] | None = None
    mismatched: frozenset[str] = frozenset()


NOTHING = Credentials()


class Uncompared(Exception):
    """A slow digest has to be compared first: no transaction should be open meanwhile."""

    def __init__(self, stored: str, given: str) -> None:
        super().__init__()
        self.stored, self.given = stored, given
        # Of the charge point that is spoken for.
        self.identity = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What one station has to show; whatever is set must hold.

    `networks` as text; `secret` and `password` as digests; `user` of HTTP Basic, None for the chargeBoxIdentity;
    `certificate`: the name that its certificate must hold, None for the chargeBoxIdentity when one is asked for.
    """

    networks: tuple[str, ...] = ()
    secret: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate: str | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Access:
        """From what the store holds."""
        return cls(**{**stored, "networks": tuple(stored.get("networks", ()))}) if stored else NOTHING_OF_ITS_OWN

    def stored(self) -> dict[str, Any] | None:
        """For the store: what is set; None when nothing is."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v} or None

    def asks_for_proof(self, rules: Rules) -> bool:
        """Whether it has to show more than where it comes from."""
        return bool(self.secret or self.password or self.certificate) or rules.proof != "none"

    def allowed(self, rules: Rules) -> tuple[Network, ...]:
        """The networks that it may come from; none: any."""
        return tuple(map(ipaddress.ip_network, self.networks)) or rules.networks

    def lacking(self, proof: str) -> str | None:
        """What is asked of all with `proof`, but is not set for this station, so that it can't show it."""
        if self.secret or self.password or self.certificate:
            return None
        return {"secret": "secret", "basic": "password"}.get(proof)

    def proofs(self, rules: Rules) -> set[str]:
        """Which proofs are asked for: its own, else everybody's."""
        own = {"secret": self.secret, "basic": self.password, "certificate": self.certificate}
        return {name for name, value in own.items() if value} or ({rules.proof} - {"none"})


NOTHING_OF_ITS_OWN = Access()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of every station that has nothing of its own: networks (none: any), and one of PROOFS."""

    networks: tuple[Network, ...] = ()
    proof: str = "none"


NOTHING_OF_ALL = Rules()


def within(peer: str | None, networks: tuple[Network, ...]) -> bool:
    """Whether an address lies in one of the networks; one that is not known lies in none."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    return any((getattr(address, "ipv4_mapped", None) or address) in network for network in networks)


def prefix(peer: str | None) -> str:
    """What failures are counted by: an IPv4 address, of IPv6 the /64, in which a host has as many as it likes."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return peer or ""
    address = getattr(address, "ipv4_mapped", None) or address
    return str(address) if address.version == 4 else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


class Judge:
    """Compares what came with what is stored, in constant time; it belongs to one process.

    How slow digests compared is remembered, so that not each message has to wait for one. What is remembered is keyed
    by a secret of this process: nothing of it is worth stealing.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        # Right ones are kept apart: no number of guesses may push them out.
        self._right: set[bytes] = set()
        self._wrong: dict[bytes, None] = {}
        self._turn, self._places = Lock(), BoundedSemaphore(WAITING)
        self._waiting: WaitingPasswords[Uncompared] = WaitingPasswords(self._compare)
        self._checks = {"secret": self._secret, "basic": self._basic, "certificate": self._certificate}

    def refusal(
        self, identity: str, access: Access, credentials: Credentials, peer: str | None, rules: Rules
    ) -> Fault | None:
        """Why this sender is not taken for that station; None when it is. Raises `Uncompared`."""
        if access is NOTHING_OF_ITS_OWN and rules == NOTHING_OF_ALL:  # most gateways', with each message
            return None
        networks = access.allowed(rules)
        if networks and not within(peer, networks):
            return SecurityError("This charge point may not speak from this address.")
        for proof in sorted(access.proofs(rules)):
            if fault := self._checks[proof](identity, access, credentials):
                return fault
        return None

    def _secret(self, _identity: str, access: Access, credentials: Credentials) -> Fault | None:
        if access.secret is None:
            return SecurityError("This charge point has to show a secret, and none is set for it here.")
        if credentials.secret is None:
            return SecurityError("The URL lacks the secret of this charge point: …/ocpp/<chargeBoxIdentity>/<secret>.")
        if not self._matches(access.secret, credentials.secret, credentials):
            return SecurityError("The secret in the URL is not that of this charge point.")
        return None

    def _basic(self, identity: str, access: Access, credentials: Credentials) -> Fault | None:
        if access.password is None:
            return SecurityError("This charge point has to show a password, and none is set for it here.")
        if credentials.basic is None:
            return SecurityError("This charge point has to send user and password by HTTP Basic.", status=401)
        # An identity may hold colons itself.
        user = (access.user or identity) + ":"
        if credentials.basic[: len(user)].casefold() != user.casefold():
            return IdentityMismatch("The user of HTTP Basic is not this charge point.")
        if not self._matches(access.password, credentials.basic[len(user) :], credentials):
            return SecurityError("The password is not that of this charge point.", status=401)
        return None

    def _certificate(self, identity: str, access: Access, credentials: Credentials) -> Fault | None:
        if credentials.certificate is None:
            return SecurityError("This charge point has to show a client certificate.")
        if (access.certificate or identity).casefold() not in map(str.casefold, credentials.certificate):
            return IdentityMismatch("The client certificate is not that of this charge point.")
        return None

    def _matches(self, stored: str, given: str, credentials: Credentials) -> bool:
        """Whether a secret is the one that the digest was made of. Raises `Uncompared`."""
        if stored in credentials.mismatched:
            return False
        kind, _, fast = stored.partition(":")
        if kind == "sha256":
            return hmac.compare_digest(hashlib.sha256(_raw(given)).hexdigest(), fast)
        key = self._remembered(stored, given)
        if key in self._right:
            return True
        if key not in self._wrong:
            raise Uncompared(stored, given)
        return False

    def compare(
        self, slow: Uncompared, credentials: Credentials, peer: str | None, patient: bool
    ) -> Credentials | None:
        """Compares a slow digest and remembers how that ended; the credentials say where it did not match.

        One is compared at a time: each takes memory, and whoever guesses must not take all of the processor. Where the
        sender is not to be waited for (not `patient`), or too many wait, it gives None: it is compared in the
        background, and known when the sender tries again (see `waiting_passwords`).
        """
        if not (patient and self._places.acquire(blocking=False)):
            lane = Lane(slow.identity.casefold(), prefix(peer))
            self._waiting.add(lane, self._remembered(slow.stored, slow.given), slow)
            return None
        try:
            matches = self._compare(slow)
        finally:
            self._places.release()
        return credentials if matches else replace(credentials, mismatched=credentials.mismatched | {slow.stored})

    def _compare(self, slow: Uncompared) -> bool:
        with self._turn:
            _, salt, expected = slow.stored.split(":")
            made = hashlib.scrypt(_raw(slow.given), salt=bytes.fromhex(salt), dklen=32, **_COST).hex()
            matches, key = hmac.compare_digest(made, expected), self._remembered(slow.stored, slow.given)
            if matches:
                if len(self._right) >= REMEMBERED:
                    self._right.clear()
                self._right.add(key)
            else:
                while len(self._wrong) >= REMEMBERED:
                    del self._wrong[next(iter(self._wrong))]
                self._wrong[key] = None
        return matches

    def _remembered(self, stored: str, given: str) -> bytes:
        return hmac.digest(self._key, stored.encode() + b"\0" + _raw(given), "sha256")


def _raw(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")


def make_secret() -> str:
    """A new secret of letters and digits."""
    return secrets.token_hex(MADE_BYTES)


def digest(secret: str) -> str:
    """What is stored of a secret: a fast digest of one that we made, a slow and salted one of any other."""
    if len(secret) == 2 * MADE_BYTES and not set(secret) - set("0123456789abcdef"):
        return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()
    salt = secrets.token_bytes(16)
    return f"scrypt:{salt.hex()}:{hashlib.scrypt(secret.encode(), salt=salt, dklen=32, **_COST).hex()}"
