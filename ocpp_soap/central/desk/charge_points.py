"""Decisions on charge points: who may charge here, how often its heart beats, how and where it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ...errors import Conflict, InvalidPayload, NotFound, Problem
from ...logs import UNPRINTABLE
from .. import callback, lookalikes
from ..ports import Work
from ..profile import Profile
from ..records import ChargePoint, Json
from .seat import Check, Seat, registered, unknown

STATUS = ACCEPTED, PENDING, REJECTED = "Accepted", "Pending", "Rejected"

LONGEST_IDENTITY = 255
"""As `soap.addressing` takes it."""

# PostgreSQL's integer.
LONGEST_INTERVAL = 2**31 - 1


class ChargePointDesk(Seat):
    """The decisions on charge points."""

    def register(
        self, identity: str, status: str = ACCEPTED, interval: int | None = None, url: str | None = None
    ) -> ChargePoint:
        """Makes a charge point known, whether it has spoken or not.

        Raises `InvalidPayload`, or `Conflict` when it is registered already, also if that happens right now.
        """
        identity = _identity(identity)
        problems = [*_status(status), *_interval(interval)]
        if problems:
            raise InvalidPayload(problems)
        address = None if url is None else _address("callback", url)
        now = self.clock()

        def act(work: Work) -> ChargePoint:
            known = work.charge_points.find(identity)
            point = None if known else work.charge_points.add(identity, status, now)
            if point is None:
                known = known or registered(work, identity)
                raise Conflict(f"{known.identity} is registered already, as {known.status}")
            if interval is not None:
                work.charge_points.change(point.id, heartbeat_interval=interval)
            if address is not None:
                work.charge_points.set_callback(point.id, address, None, "operator", None, now)
            return registered(work, identity)

        return self._decide(act)

    def decide(self, identity: str, status: str) -> ChargePoint:
        """Accepts or rejects a charge point: a registered one, or one that spoke without being registered."""

        def act(work: Work) -> ChargePoint:
            point = work.charge_points.find(identity, lock=True)
            if point is None:
                point = self._let_in(work, identity, status)
            work.charge_points.change(point.id, status=status)
            return registered(work, point.identity)

        return self._decide(act)

    def _let_in(self, work: Work, identity: str, status: str) -> ChargePoint:
        stranger = work.charge_points.find_unknown(identity)
        if stranger is None:
            raise NotFound(f"{unknown(identity)}; `ocpp-soap charge-points add` registers one that never spoke")
        point = work.charge_points.register(stranger.identity, status, self.clock())
        address = callback.complete(stranger.callback, stranger.peer)
        if address is not None and point.callback_url is None:  # else it could not be called before its next message
            work.charge_points.set_callback(
                point.id, address, stranger.callback, "station", stranger.peer, stranger.last_seen
            )
        return point

    def change(self, identity: str, check: Check[ChargePoint] = lambda _: None, **decided: Any) -> ChargePoint:
        """Decides `status`, `interval` (seconds, None: everybody's) or `profile` (fields of `Profile`), as given.

        `check` sees the charge point before, while nobody else can change it.
        """
        wrong = [*_status(decided.get("status", ACCEPTED)), *_interval(decided.get("interval"))]
        if wrong:
            raise InvalidPayload(wrong)
        special = _profile(decided.get("profile") or {})

        def act(work: Work) -> ChargePoint:
            point = registered(work, identity, lock=True)
            check(point)
            values: Json = {"status": decided["status"]} if "status" in decided else {}
            if "interval" in decided:
                values["heartbeat_interval"] = decided["interval"]
            if special:
                values["profile"] = replace(Profile.read(point.profile), **special).stored() or None
            if values:
                work.charge_points.change(point.id, **values)
            return registered(work, point.identity)

        return self._decide(act)

    def set_callback(self, identity: str, url: str | None, check: Check[ChargePoint] = lambda _: None) -> ChargePoint:
        """Fixes where a charge point is called, or, with None, has its next message say it anew; `check` as above."""
        address = None if url is None else _address("url", url)

        def act(work: Work) -> ChargePoint:
            point = registered(work, identity, lock=True)
            check(point)
            source = "operator" if address else None
            work.charge_points.set_callback(point.id, address, None, source, None, self.clock())
            return registered(work, point.identity)

        return self._decide(act)

    def warning(self, point: ChargePoint) -> str | None:
        """Why a charge point will not be called at its address, as far as the rules for callbacks tell by now."""
        return None if point.callback_url is None else self.guard.refusal(point.callback_url)

    def suspicion(self, identity: str) -> str | None:
        """Why an identity may be another one than it seems to whoever reads it, given all others."""
        with self.store.reading() as work:
            others = [point.identity for point in work.charge_points.list()]
            others += [stranger.identity for stranger in work.charge_points.unknown()]
        return lookalikes.suspicion(identity, others)


def _identity(text: str) -> str:
    identity = text.strip()
    # A client takes . and .. out of a URL, so that nothing could be asked of such a charge point.
    if identity in ("", ".", "..") or len(identity) > LONGEST_IDENTITY or UNPRINTABLE.search(identity):
        expected = f"an identity of 1 to {LONGEST_IDENTITY} characters without controls, but . and .."
        raise InvalidPayload([Problem("chargeBoxIdentity", expected, text)])
    return identity


def _status(status: str) -> list[Problem]:
    return [] if status in STATUS else [Problem("status", f"one of {', '.join(STATUS)}", status)]


def _interval(interval: int | None) -> list[Problem]:
    if interval is None or 1 <= interval <= LONGEST_INTERVAL:
        return []
    return [Problem("heartbeatInterval", f"1 to {LONGEST_INTERVAL} seconds", str(interval))]


def _profile(special: Json) -> Json:
    """Fields of a profile, a fingerprint as it is compared; raises `InvalidPayload` for what is none."""
    pin = special.get("tls_pin")
    if not pin:
        return {**special, "tls_pin": None} if "tls_pin" in special else special
    digits = pin.replace(":", "").strip().lower()
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise InvalidPayload([Problem("profile.tlsPin", "a SHA-256 fingerprint, 64 hexadecimal digits", pin)])
    return {**special, "tls_pin": digits}


def _address(path: str, url: str) -> str:
    """The URL as it will be called."""
    try:
        host = urlsplit(url).hostname if "://" in url else None
    except ValueError:
        host = None
    address = callback.complete(url, "127.0.0.1" if host == "localhost" else host)
    if host in (None, "", "0.0.0.0", "::") or address is None or UNPRINTABLE.search(url):  # noqa: S104 nothing is bound to it
        raise InvalidPayload([Problem(path, "the station's address such as http://10.0.0.7:8080/ocpp", url)])
    return address
