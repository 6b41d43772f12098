"""What libraries raise when no answer comes, in words, and with whether the request may have arrived."""

from __future__ import annotations

import re
import ssl

import requests
from urllib3.exceptions import NewConnectionError

from .errors import NoAnswer

_OBJECT = re.compile(r"^(<.*?>|HTTPS?Connection(Pool)?\(.*?\)): ")


def no_answer(request: str, url: str, error: Exception) -> NoAnswer:
    """The exception for what was raised instead of an answer from `url`; its cause is the innermost one."""
    cause = _innermost(error)
    refused = isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError)
    untrusted, no_tls = isinstance(cause, ssl.SSLCertVerificationError), _speaks_no_tls(cause)
    what = f"no answer from {url}"
    if untrusted or no_tls:
        what = f"{url} is not trusted" if untrusted else f"{url} does not speak TLS, maybe it is http"
    reason = _OBJECT.sub("", str(cause)) or type(cause).__name__
    unsent = refused or untrusted or no_tls or isinstance(cause, NewConnectionError)
    found = NoAnswer(f"{request}: {what}: {reason}", sent=not unsent)
    found.__cause__ = cause
    return found


def may_pass(error: NoAnswer) -> bool:
    """Whether it may go better next time: trust does not come by itself."""
    return isinstance(error.__cause__, ssl.SSLEOFError) or not isinstance(error.__cause__, ssl.SSLError)


def _speaks_no_tls(cause: BaseException) -> bool:
    return isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER"


def _innermost(error: BaseException) -> BaseException:
    """What the libraries have wrapped."""
    inside = [one for one in (*error.args, getattr(error, "reason", None)) if isinstance(one, BaseException)]
    return _innermost(inside[-1]) if inside else error
