"""What went wrong on the way to a peer: from whatever Python, OpenSSL and urllib3 raise to a name and words for people.

The names are those of `central.advice`. It knows no message.
"""

from __future__ import annotations

import errno
import http.client
import ssl
from typing import Any

from urllib3.exceptions import HTTPError

from .connection import Progress

# OpenSSL's names for a peer that answers a handshake with something else.
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}

# And for one that knows only what our default no longer allows: an old protocol, short keys, old renegotiation.
_OLD = {
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "VERSION_TOO_LOW",
    "DH_KEY_TOO_SMALL",
    "EE_KEY_TOO_SMALL",
    "CA_MD_TOO_WEAK",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
}

# X509_V_ERR_… of a certificate that is not valid yet or no more, and of one for another name or address.
_OUT_OF_TIME = {9, 10}
_OTHER_NAME = {62, 64}

_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_NO_ANSWER = "the connection was closed without an answer"


def trouble_of(error: BaseException, progress: Progress) -> tuple[str, str]:
    """The name of the trouble, and words."""
    while isinstance(error, HTTPError) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, TimeoutError):
        return _timeout(progress)
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, http.client.RemoteDisconnected):
        return "closed", _NO_ANSWER
    if isinstance(error, http.client.IncompleteRead):
        return "closed", "the answer is cut off"
    if isinstance(error, http.client.HTTPException):
        return "no-http", f"what came back is not HTTP: {_printable(error)}"
    words = error.strerror.lower() if isinstance(error, OSError) and error.strerror else _printable(error)
    if progress.written:
        return "closed", words
    if progress.trace.connected:
        return "tls-failed", words
    number = error.errno if isinstance(error, OSError) else None
    refused = number == errno.ECONNREFUSED
    return "refused" if refused else "unreachable" if number in _UNREACHABLE else "not-connected", words


def _timeout(progress: Progress) -> tuple[str, str]:
    if progress.written:
        trouble, words = "silent", f"nothing came for {progress.limits.read:g} s"
    else:
        trouble, words = "tls-silent" if progress.trace.connected else "timed-out", "the time for connecting ran out"
    return trouble, f"it took longer than {progress.limits.total:g} s in all" if progress.over else words


def _tls(error: ssl.SSLError) -> tuple[str, str]:
    reason = error.reason or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        trouble = "out-of-time" if code in _OUT_OF_TIME else "other-name" if code in _OTHER_NAME else "untrusted"
        return trouble, f"the certificate is not trusted: {error.verify_message}"
    if reason in _NO_TLS:
        trouble = "no-tls"
    elif reason.endswith("CERTIFICATE_REQUIRED"):
        trouble = "wants-certificate"
    else:
        trouble = "old-tls" if reason in _OLD else "tls-failed"
    return trouble, f"TLS failed: {error.reason or error}"


def _printable(value: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value))[:120]
