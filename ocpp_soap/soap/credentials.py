"""What a sender shows beside its message: HTTP Basic, and a client certificate that a proxy has checked.

Reads a WSGI environ. Headers about certificates are believed from a trusted proxy alone: anybody can write them. It
compares nothing; `central.authentication` does.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ..central.authentication import NOTHING, Credentials, within
from ..protocol.reading import Flag
from .http import Network

VERIFIED, CERTIFICATE = "HTTP_X_SSL_CLIENT_VERIFY", "HTTP_X_SSL_CLIENT_CERT"
"""nginx's $ssl_client_verify and $ssl_client_escaped_cert."""


def read(request: Mapping[str, Any], secret: str | None, trusted: Sequence[Network], flags: list[Flag]) -> Credentials:
    """The credentials in a request; `secret` is the one in its path, `trusted` the networks of proxies."""
    basic = request.get("HTTP_AUTHORIZATION")
    certificate = request.get(CERTIFICATE)
    if secret is None and not basic and not certificate:
        return NOTHING
    names = _names(request, certificate, trusted, flags) if certificate else None
    return Credentials(secret, _basic(basic, flags) if basic else None, names)


def _basic(header: str, flags: list[Flag]) -> str | None:
    """`user:password` of RFC 7617, UTF-8 or else ISO-8859-1; None, with a flag, for what is none."""
    # Not by split(): some characters of ISO-8859-1 are blanks to Python, and a header may hold nothing else.
    scheme, _, coded = header.strip(" \t").partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        raw = base64.b64decode(coded.strip(" \t"), validate=True)
        if b":" not in raw:
            raise ValueError
    except ValueError:
        flags.append(Flag("Authorization", None, "ignored, since it is not HTTP Basic"))
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _names(
    request: Mapping[str, Any], certificate: str, trusted: Sequence[Network], flags: list[Flag]
) -> tuple[str, ...] | None:
    remote = request.get("REMOTE_ADDR") or None
    # A proxy on a Unix socket has no address; who may connect to that is a matter of the file system.
    if not trusted or (remote is not None and not within(remote, tuple(trusted))):
        flags.append(Flag("X-SSL-Client-Cert", None, "not believed, since it comes from no trusted proxy"))
        return None
    if request.get(VERIFIED) != "SUCCESS":
        flags.append(Flag("X-SSL-Client-Verify", str(request.get(VERIFIED))[:80], "not believed, since not verified"))
        return None
    names = names_in(certificate)
    if names is None:
        flags.append(Flag("X-SSL-Client-Cert", None, "ignored, since it can't be read"))
    return names


@lru_cache(maxsize=1024)
def names_in(escaped: str) -> tuple[str, ...] | None:
    """The common name and the alternative names (DNS, IP, URI, mail) of a certificate in escaped PEM; None for none."""
    from cryptography import x509  # takes a while, and most gateways see no certificate

    try:
        certificate = x509.load_pem_x509_certificate(unquote(escaped).encode())
        common = [str(name.value) for name in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(common)
    except Exception:  # noqa: BLE001 whatever a library makes of bytes that are no certificate: there is none
        return None
    return tuple(common + [str(getattr(name, "value", name)) for name in alternative])
