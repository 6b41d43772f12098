"""What is said in place of what must not leave the house: the same word becomes the same pseudonym in a whole trace.

A pseudonym has the shape of its word (length, case, digits, signs), so that a trace still plays and whatever is odd
about its spelling stays. It knows texts and addresses, and neither messages nor files.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Callable, Mapping
from itertools import count
from urllib.parse import quote, unquote

from .callback import NO_HOST

KINDS: Mapping[str, str] = {
    "tags": "idTags and parentIdTags",
    "identity": "chargeBoxIdentities",
    "serials": "serial numbers, ICCID and IMSI",
    "addresses": "hosts, paths, users and passwords in addresses; the peers",
    "secrets": "values of configuration keys that look like passwords, accounts or serial numbers",
    "data": "the data of DataTransfer",
    "info": "the info of StatusNotification, names of files",
    "unknown": "what stands in elements, attributes and comments that the standard does not have",
    "unreadable": "messages that can't be parsed: left out, or kept with all that is in them",
}
"""What is redacted unless it is kept on purpose."""

# Pseudonyms of a short word run out: after so many attempts one gets longer than its word.
_ATTEMPTS = 50

_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)?(?:(?P<user>[^/@\s]*)@)?(?P<host>\[[^\]/]*\]|[^:/?#\s]*)"
    r"(?P<port>:\d*)?(?P<path>/[^?#]*)?(?P<rest>[?#].*)?",
    re.DOTALL,
)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
_IN_PROSE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>,;]+|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", re.ASCII)
_PARAMETER = re.compile(r"([?#&;](?:[^=&;#]*=)?)([^&;#]*)")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Words of paths that say how an endpoint is addressed and nothing of whose it is.
_PATH_WORDS = {"ocpp", "soap", "services", "ws", "centralsystemservice", "chargepointservice"}
_PATH_VERSION = re.compile(r"v?\d{1,2}(?:\.\d)?[sj]?", re.ASCII)
_HARMLESS_HOSTS = NO_HOST | {"anonymous", "www.w3.org", "schemas.xmlsoap.org"}

# Parts of the names of configuration keys, and what their values are then.
_SECRET_PARTS = {"key", "keys", "pass", "pin", "puk", "psk", "apn", "user", "login", "ssid", "phone", "msisdn", "imsi"}
_SECRET_PARTS |= {"imei", "mac", "serial", "tag", "identity"}
_SECRET_WORDS = re.compile(
    "passw|passphrase|pwd|secret|token|credential|(?:authorization|api|private)key|username|iccid"
)
_ADDRESS_PARTS = {"url", "uri", "host", "hostname", "address", "ip", "server", "endpoint", "domain", "dns", "gateway"}
_ADDRESS_PARTS |= {"proxy", "backend"}


def kind_of_value(key: str) -> str | None:
    """What the value of the configuration key of that name is, by its name: secrets, addresses, or neither."""
    parts = {part.lower() for part in _PART.findall(key)}
    if parts & _SECRET_PARTS or _SECRET_WORDS.search(key.lower()):
        return "secrets"
    return "addresses" if parts & _ADDRESS_PARTS else None


def masked(text: str) -> str:
    """The text with x for its letters and 0 for its digits."""
    return _shaped(text, lambda _, chosen: chosen, "0", "x")


class Pseudonyms:
    """The pseudonyms of one trace. Nobody can compute them without its key, which is nowhere kept."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._suffixes: dict[str, tuple[int, str]] = {}
        self._taken: set[str] = set()
        self._hosts: dict[str, str] = {}
        self._kept: set[str] = set()

    def keep(self, word: str) -> None:
        """This word stays what it is, whatever it is used for."""
        self._kept.add(word.strip().casefold())

    def word(self, text: str) -> str:
        """The pseudonym of a word; upper and lower case of the same word stay alike, blanks around it stay."""
        word = text.strip()
        folded = word.casefold()
        if not word or folded in self._kept:
            return text
        if folded not in self._suffixes:
            self._suffixes[folded] = self._free(word, folded)
        attempt, suffix = self._suffixes[folded]
        return text.replace(word, self._made(word, folded, attempt) + suffix)

    def _free(self, word: str, folded: str) -> tuple[int, str]:
        """Which attempt gives a pseudonym that is neither taken nor another's true word, and what it needs added."""
        for attempt in count():
            suffix = "" if attempt < _ATTEMPTS else str(attempt)
            made = (self._made(word, folded, attempt) + suffix).casefold()
            if made != folded and made not in self._taken and made not in self._suffixes:
                break
        self._taken.add(made)
        return attempt, suffix

    def _made(self, word: str, folded: str, attempt: int) -> str:
        seed = self._key + attempt.to_bytes(4) + folded.encode("utf-8", "surrogatepass")
        stream = hashlib.shake_256(seed).digest(len(word))
        hexadecimal = set(word.lower()) <= set(string.hexdigits.lower())
        letters = "abcdef" if hexadecimal else string.ascii_lowercase
        return _shaped(word, lambda at, chosen: chosen[stream[at] % len(chosen)], string.digits, letters)

    def host(self, name: str) -> str:
        """The pseudonym of a host or an IP address; those that say "myself" or nothing stay."""
        bare = name.strip("[]").casefold()
        if bare in _HARMLESS_HOSTS or bare in self._kept:
            return name
        if bare not in self._hosts:
            self._hosts[bare] = _host(bare, len(self._hosts) + 1)
        found = self._hosts[bare]
        return f"[{found}]" if name.startswith("[") else found

    def address(self, text: str) -> str:
        """An address with its scheme, port and the form of its path, but another host, user, password and words."""
        bare = text.strip()
        found = _ADDRESS.fullmatch(bare)
        if found is None:
            return masked(text)
        part = {name: value or "" for name, value in found.groupdict().items()}
        host = self.host(part["host"])
        if host in ("www.w3.org", "schemas.xmlsoap.org"):
            return text
        user = ":".join(map(self.word, part["user"].split(":"))) + "@" if found["user"] is not None else ""
        path = "/".join(map(self._segment, part["path"].split("/")))
        rest = _PARAMETER.sub(lambda parameter: parameter[1] + self.word(parameter[2]), part["rest"])
        return text.replace(bare, f"{part['scheme']}{user}{host}{part['port']}{path}{rest}") if bare else text

    def prose(self, text: str) -> str:
        """A sentence with other hosts and addresses in it."""
        return _IN_PROSE.sub(lambda found: self._address_or_host(found[0]), text)

    def _address_or_host(self, text: str) -> str:
        return self.address(text) if "://" in text else self.host(text)

    def _segment(self, segment: str) -> str:
        """A part of a path: the words of endpoints stay, all else may be an identity or a secret."""
        plain = unquote(segment)
        if plain.casefold() in _PATH_WORDS or _PATH_VERSION.fullmatch(plain.casefold()):
            return segment
        word = self.word(plain)
        return word if plain == segment else quote(word)


def _host(bare: str, number: int) -> str:
    """The number-th host, of the kind of this one, in networks and domains that are nobody's (RFC 2544, 3849, 2606)."""
    if _IPV4.fullmatch(bare):
        return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    if ":" in bare:
        return f"2001:db8::{number:x}"
    return f"host-{number}.example" if "." in bare else f"host-{number}"


def _shaped(text: str, choose: Callable[[int, str], str], digits: str, letters: str) -> str:
    """A text of the same shape; whatever is beyond ASCII becomes é, which any encoding of stations has."""
    made = []
    for at, char in enumerate(text):
        if char.isspace() or (char.isascii() and not char.isalnum()):
            made.append(char)
        elif not char.isascii():
            made.append("é")
        elif char.isdigit():
            made.append(choose(at, digits))
        else:
            chosen = choose(at, letters)
            made.append(chosen.upper() if char.isupper() else chosen)
    return "".join(made)
