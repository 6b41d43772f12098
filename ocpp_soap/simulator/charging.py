"""From charging profiles to the power that may flow, and to a composite schedule (OCPP 1.6 §3.13).

Pure functions of profiles (dicts in the standard's words) and times; inside, every limit is in watts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

Profile = Mapping[str, Any]

VOLTAGE = 230
PHASES = 3
CYCLES = {"Daily": timedelta(days=1), "Weekly": timedelta(weeks=1)}
UNLIMITED = float("inf")


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile and the connector it was set on (0: the whole charge point)."""

    connector_id: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class Session:
    """What profiles are measured against: a connector, and its transaction's id and start.

    Without a transaction `started` is the moment asked about: as if one began then.
    """

    connector_id: int
    started: datetime
    transaction_id: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time in which the limit does not change, in watts."""

    begin: datetime
    end: datetime
    watts: float


def to_watts(limit: Decimal | float, unit: str, phases: int | None = None) -> float:
    """A limit of a period in watts; amperes are per phase, three of them unless said (ChargingSchedulePeriod)."""
    return float(limit) * (1 if unit == "W" else VOLTAGE * (phases or PHASES))


def from_watts(watts: float, unit: str) -> Decimal:
    """Watts as a limit of a period, cut to the one digit that the standard allows."""
    value = watts / (1 if unit == "W" else VOLTAGE * PHASES)
    return Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_DOWN)


def watts_at(profile: Profile, moment: datetime, session: Session) -> float | None:
    """The limit that a profile sets at that moment; None while it says nothing."""
    begin, end = profile.get("validFrom"), profile.get("validTo")
    if (begin is not None and moment < begin) or (end is not None and moment >= end):
        return None
    schedule = profile["chargingSchedule"]
    elapsed = (moment - _origin(profile, session)).total_seconds()
    if elapsed < 0:
        return None
    if profile["chargingProfileKind"] == "Recurring":
        elapsed %= _cycle(profile).total_seconds()
    duration = schedule.get("duration")
    if duration is not None and elapsed >= duration:
        return None
    reached = [p for p in schedule["chargingSchedulePeriod"] if p["startPeriod"] <= elapsed]
    if not reached:
        return None
    period = max(reached, key=lambda p: p["startPeriod"])
    return to_watts(period["limit"], schedule["chargingRateUnit"], period.get("numberPhases"))


def session_limit(installed: Iterable[Installed], moment: datetime, session: Session) -> float:
    """What TxProfile, or else TxDefaultProfile, allows a connector at that moment; the highest stack level leads."""
    own = list(_applicable(installed, session))
    for purpose in ("TxProfile", "TxDefaultProfile"):
        limits = [
            (i.profile["stackLevel"], i.connector_id, watts)
            for i in own
            if i.profile["chargingProfilePurpose"] == purpose
            and (watts := watts_at(i.profile, moment, session)) is not None
        ]
        if limits:
            return max(limits)[2]
    return UNLIMITED


def station_limit(installed: Iterable[Installed], moment: datetime) -> float:
    """What ChargePointMaxProfile allows the whole charge point at that moment."""
    nobody = Session(0, moment)
    limits = [
        (i.profile["stackLevel"], watts)
        for i in installed
        if i.profile["chargingProfilePurpose"] == "ChargePointMaxProfile"
        and (watts := watts_at(i.profile, moment, nobody)) is not None
    ]
    return max(limits)[1] if limits else UNLIMITED


def segments(
    limit: Callable[[datetime], float],
    installed: Iterable[Installed],
    sessions: Sequence[Session],
    begin: datetime,
    end: datetime,
) -> list[Segment]:
    """The limits from `begin` to `end` as stretches; neighbours with the same limit are one."""
    marks = {begin}
    for one in installed:
        for session in sessions:
            marks |= {mark for mark in _marks(one.profile, session, begin, end) if begin < mark < end}
    ordered = sorted(marks)
    result: list[Segment] = []
    for start, stop in zip(ordered, [*ordered[1:], end], strict=True):
        watts = limit(start)
        if result and result[-1].watts == watts:
            start = result.pop().begin
        result.append(Segment(start, stop, watts))
    return result


def composite(
    installed: Sequence[Installed],
    sessions: Sequence[Session],
    begin: datetime,
    duration: int,
    unit: str,
    connector_watts: float,
) -> dict[str, Any]:
    """The chargingSchedule of GetCompositeSchedule (§5.7) for one connector, or for all of them together.

    `connector_watts` is what the hardware gives where no profile says less; `duration` in seconds.
    """

    def limit(moment: datetime) -> float:
        each = (min(session_limit(installed, moment, s), connector_watts) for s in sessions)
        return min(sum(each), station_limit(installed, moment))

    end = begin + timedelta(seconds=duration)
    periods = [
        {"startPeriod": int((s.begin - begin).total_seconds()), "limit": from_watts(s.watts, unit)}
        for s in segments(limit, installed, sessions, begin, end)
    ]
    return {
        "duration": duration,
        "startSchedule": begin,
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": periods,
    }


def _applicable(installed: Iterable[Installed], session: Session) -> Iterator[Installed]:
    for one in installed:
        purpose, bound_to = one.profile["chargingProfilePurpose"], one.profile.get("transactionId")
        if purpose == "TxProfile":
            if one.connector_id == session.connector_id and bound_to in (None, session.transaction_id):
                yield one
        elif one.connector_id in (0, session.connector_id):
            yield one


def _origin(profile: Profile, session: Session) -> datetime:
    """When the schedule begins: a Relative one, or one that does not say, with the transaction (§3.13)."""
    said: datetime | None = profile["chargingSchedule"].get("startSchedule")
    return session.started if profile["chargingProfileKind"] == "Relative" or said is None else said


def _cycle(profile: Profile) -> timedelta:
    return CYCLES[profile.get("recurrencyKind") or "Daily"]


def _marks(profile: Profile, session: Session, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The moments at which a profile may change its limit."""
    yield from (m for m in (profile.get("validFrom"), profile.get("validTo")) if m is not None)
    schedule, origin = profile["chargingSchedule"], _origin(profile, session)
    offsets = [p["startPeriod"] for p in schedule["chargingSchedulePeriod"]]
    offsets += [] if schedule.get("duration") is None else [schedule["duration"]]
    recurring = profile["chargingProfileKind"] == "Recurring"
    if recurring and begin > origin:
        origin += _cycle(profile) * ((begin - origin) // _cycle(profile))
    while origin < end:
        yield origin
        yield from (origin + timedelta(seconds=offset) for offset in offsets)
        if not recurring:
            return
        origin += _cycle(profile)
