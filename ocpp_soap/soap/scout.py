"""Goes the way to a station as a call does, and tells each step of it (`central.walk.Walker`).

Nothing is connected here that `connection` does not guard. It draws one conclusion alone: what kind of trouble it was,
where a second look without a message can tell.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from ..central.advice import TROUBLES
from ..central.profile import Profile
from ..central.records import Json
from ..central.walk import CONNECT, GUARD, HTTP, NAME, SOAP, TLS, Step, Walk
from ..errors import CallFailed, StationFault, Uncertain
from . import answers
from .client import Answered, ZeepLink
from .connection import Progress, Trace, Tried
from .tls import OLD
from .transport import SENT, Target, Transport
from .troubles import trouble_of

# What an answer to GET says as well as one to a message; a page may be the station's own.
_TOLD_BY_GET = ("redirect", "needs-tls", "wants-password")

# What the words of a failure begin with; where it was met is told by its step.
_BEGINS = re.compile(rf"^({SENT}|no connection to \S+: )")

_FAULTS = {"IdentityMismatch": "wrong-identity", "SecurityError": "refuses"}

# Of a name in a certificate.
_LONGEST_NAME = 200


class Scout:
    """Calls as the link does, and looks closer where that failed."""

    def __init__(self, link: ZeepLink) -> None:
        self.link = link

    def walk(
        self, address: str, identity: str, version: str, operation: str | None, payload: Json, profile: Profile
    ) -> Walk:
        """Calls the station once, exactly as a command does; without an operation it asks as a browser does (GET)."""
        trace, started = Trace(), time.monotonic()
        result: Answered | CallFailed
        try:
            if operation is None:
                result = self._get(address, profile, trace)
            else:
                result = self.link.call(address, identity, version, operation, payload, profile, trace)
        except CallFailed as failed:
            result = failed
        seconds = time.monotonic() - started
        trouble = _trouble(result)
        steps = _without_echo([*self._steps(address, trace), *_last(result, trouble, operation)])
        certificate = _facts(trace.certificate) if trace.certificate else None
        return Walk(tuple(steps), trouble, result, seconds, trace.tls, certificate, trace.location)

    def look_closer(self, walk: Walk, address: str, profile: Profile) -> Walk:
        """What a connection without a message tells of a trouble: certificate, old protocol, wrong scheme."""
        with suppress(CallFailed):
            target = Target.parse(address)
            if target.scheme == "http" and walk.trouble in ("closed", "no-http", "silent"):
                self._transport(replace(target, scheme="https"), replace(profile, tls_minimum="TLSv1")).greet()
                return _otherwise(walk, "needs-tls", "a TLS handshake succeeds on this port: it wants https")
            if target.scheme == "https" and TROUBLES[walk.trouble or "other"].step == TLS:
                return self._look_at_tls(walk, target, profile)
        return walk

    def _look_at_tls(self, walk: Walk, target: Target, profile: Profile) -> Walk:
        if walk.trouble in ("no-tls", "tls-silent", "tls-failed"):
            with suppress(CallFailed):
                # Nothing of what was meant for TLS: a path or a query may hold a token.
                plain = replace(target, scheme="http", path="/", authorization=None)
                self._transport(plain, profile).get()
                return _otherwise(walk, "no-tls", "the same port answers plain HTTP")
        # Whoever is there, with whatever it can do: only its certificate and its protocol are looked at.
        trace = self._transport(target, replace(profile, tls_minimum="TLSv1")).greet()
        seen = replace(walk, tls=trace.tls, certificate=_facts(trace.certificate or b""))
        if walk.trouble in ("old-tls", "tls-failed") and profile.tls_minimum not in OLD:
            words = f"it speaks {trace.tls}" if trace.tls in OLD else "its key or its signature is too weak for today"
            return _otherwise(seen, "old-tls", words)
        return seen

    def _get(self, address: str, profile: Profile, trace: Trace) -> Answered:
        target = Target.parse(address)
        exchange = self._transport(target, profile, trace).get()
        trouble, words = answers.trouble_in(exchange, "")
        if trouble in _TOLD_BY_GET:
            raise Uncertain(SENT + words, request=exchange.request, answer=answers.kept_of(exchange), trouble=trouble)
        if trouble == "html":
            trace.status = f"{trace.status}, a web page: the station's own, or a proxy's for a login"
        return Answered({}, [], f"GET {target.path}".encode(), answers.kept_of(exchange))

    def _transport(self, target: Target, profile: Profile, trace: Trace | None = None) -> Transport:
        caller = next(iter(self.link.callers.values()))
        return Transport(target, caller.limits, caller.guard, caller.tls, profile, trace=trace)

    def _steps(self, address: str, trace: Trace) -> Iterator[Step]:
        """What the trace tells."""
        with suppress(CallFailed):
            target = Target.parse(address)
            if trace.tried and not _is_address(target.host):
                yield Step(NAME, f"{target.host} is {', '.join(tried.ip for tried in trace.tried)}")
            for tried in trace.tried:
                if tried.refused is not None:
                    yield Step(GUARD, tried.refused, "not-allowed")
                    continue
                yield Step(GUARD, f"the rules for callbacks allow {tried.ip}")
                yield self._attempt(tried, target.port)
            if trace.tls is not None:
                names = _facts(trace.certificate or b"").get("subject", "an unreadable certificate")
                yield Step(TLS, f"{trace.tls} with {names}")
            if trace.status is not None:
                yield Step(HTTP, trace.status)

    def _attempt(self, tried: Tried, port: int) -> Step:
        place = f"[{tried.ip}]:{port}" if ":" in tried.ip else f"{tried.ip}:{port}"
        if tried.error is None:
            return Step(CONNECT, f"{place} takes connections")
        limits = next(iter(self.link.callers.values())).limits
        trouble, words = trouble_of(tried.error, Progress(limits))
        return Step(CONNECT, f"{place}: {words}", trouble)


def _trouble(result: Answered | CallFailed) -> str | None:
    if isinstance(result, StationFault):
        return _FAULTS.get(result.subcode or "", "fault")
    return result.trouble or "other" if isinstance(result, CallFailed) else None


def _last(result: Answered | CallFailed, trouble: str | None, operation: str | None) -> Iterator[Step]:
    """How it ended."""
    if isinstance(result, StationFault):
        kind = "/".join(filter(None, (result.code, result.subcode)))
        yield Step(SOAP, f"it answers with a fault, {kind}: {result.text}", trouble)
    elif isinstance(result, CallFailed):
        words = _BEGINS.sub("", result.text)
        yield Step(TROUBLES[trouble or "other"].step, words, trouble)
    elif operation is not None:
        yield Step(SOAP, f"it confirms {operation}")


def _without_echo(steps: list[Step]) -> list[Step]:
    """The steps, each trouble told once: a failure to connect by its address, a bad answer by what is bad about it."""
    before, last = steps[-2:] if len(steps) > 1 else (None, None)
    if before is None or last is None or last.trouble is None:
        return steps
    if before.trouble == last.trouble:
        return steps[:-1]
    return [*steps[:-2], last] if before.name == last.name == HTTP else steps


def _otherwise(walk: Walk, trouble: str, words: str) -> Walk:
    """The walk with a better name for its trouble, and why."""
    step = Step(TROUBLES[trouble].step, words, trouble)
    return replace(walk, steps=(*walk.steps, step), trouble=trouble)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _facts(certificate: bytes) -> Json:
    """What stands in a certificate (DER); its fingerprint alone where it can't be read."""
    from cryptography import x509  # takes a while, and only a probe reads certificates

    facts: Json = {"sha256": hashlib.sha256(certificate).hexdigest()}
    try:
        read = x509.load_der_x509_certificate(certificate)
        facts["subject"] = read.subject.rfc4514_string()[:_LONGEST_NAME]
        facts["issuer"] = read.issuer.rfc4514_string()[:_LONGEST_NAME]
        facts["notBefore"], facts["notAfter"] = read.not_valid_before_utc, read.not_valid_after_utc
        facts["names"] = []
        alternative = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        facts["names"] = [str(getattr(name, "value", name))[:_LONGEST_NAME] for name in alternative]
    except (ValueError, x509.ExtensionNotFound):
        pass
    return facts
