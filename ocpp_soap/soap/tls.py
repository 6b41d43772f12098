"""TLS of the calls we make: whom we trust, what we show of ourselves, how old a protocol may be.

A context is dear, so each kind is made once in a process, at its first use, and shared. It knows the sockets of
`connection` and no address.
"""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path

from .connection import TlsSocket
from .key_files import no_password

_MINIMUM = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
OLD = ("TLSv1", "TLSv1.1")
"""Protocols that need what OpenSSL no longer allows by itself."""

# Python has a name for it from 3.12 on.
_LEGACY_SERVER_CONNECT = 0x4


class Contexts:
    """The contexts of one caller, or of several.

    They trust the system's authorities, or those in `ca_file` alone, and show `certificate` (PEM, its key in `key` or
    in the same file) to whoever asks for one. May be shared by threads and taken into a fork.
    """

    def __init__(self, ca_file: Path | None = None, certificate: Path | None = None, key: Path | None = None) -> None:
        self.ca_file = ca_file
        self.certificate = certificate
        self.key = key
        self._made: dict[tuple[str, bool], ssl.SSLContext] = {}

    def of(self, minimum: str = "default", pinned: bool = False) -> ssl.SSLContext:
        """The context for a profile's `tls_minimum`; `pinned`: it trusts anybody, since the caller knows whom it wants.

        Raises OSError (as which ssl.SSLError counts) when a file can't be used; `key_files.problems` says so earlier.
        """
        kind = minimum, pinned
        # Two threads that both miss it each make one, and the first one stays.
        return self._made.get(kind) or self._made.setdefault(kind, self._make(minimum, pinned))

    def _make(self, minimum: str, pinned: bool) -> ssl.SSLContext:
        if pinned:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context = ssl.create_default_context(cafile=self.ca_file)
        context.sslsocket_class = TlsSocket
        if minimum in _MINIMUM:
            with warnings.catch_warnings():
                # It is deprecated for good reason; this station knows nothing newer.
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = _MINIMUM[minimum]
        if minimum in OLD:
            # SHA-1, short keys, and renegotiation as it was before RFC 5746.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.options |= _LEGACY_SERVER_CONNECT
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key, no_password)
        return context
