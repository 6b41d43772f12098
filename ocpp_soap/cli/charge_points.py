"""`ocpp-soap charge-points`: who may charge here, and what is known of each station."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from ..bootstrap import Gateway, now
from ..central import callback, portrait
from ..central.authentication import Access
from ..central.ports import Work
from ..central.records import ChargePoint, UnknownChargePoint
from ..errors import NotFound, Refused
from ..logs import UNPRINTABLE
from ..soap.addressing import MAX_IDENTITY
from . import details
from .grammar import Group, open_gateway, wants_json
from .output import put_json, put_table

ACCEPTED, REJECTED = "Accepted", "Rejected"


@click.group(
    "charge-points", cls=Group, examples=["ocpp-soap charge-points list", "ocpp-soap charge-points accept CP-1"]
)
def charge_points() -> None:
    """Charge points that are registered, and stations that spoke without being registered."""


@charge_points.command("list", examples=["ocpp-soap charge-points list", "ocpp-soap charge-points list --json"])
def list_() -> None:
    """All charge points; those that are not registered come last, the newest first."""
    gateway = open_gateway()
    with gateway.store.reading() as work:
        known = [portrait.summary(point) for point in work.charge_points.list()]
        strangers = [portrait.stranger_summary(s, _answered(gateway)) for s in work.charge_points.unknown()]
    rows = known + strangers
    if wants_json():
        put_json(rows)
    else:
        said = ("version", "chargePointVendor", "chargePointModel")
        names = ("chargeBoxIdentity", "status", "registered", *said, "lastSeen", "callback")
        columns = ("identity", "status", "registered", "OCPP", "vendor", "model", "last seen", "callback")
        empty = "no station has spoken yet, and none is registered; `ocpp-soap charge-points add IDENTITY` adds one"
        put_table(columns, [[row[name] for name in names] for row in rows], empty)


def _answered(gateway: Gateway) -> str:
    """What the boot of a station that is not registered is answered with."""
    return REJECTED if gateway.settings.unknown_charge_points == "reject" else "Pending"


@charge_points.command(examples=["ocpp-soap charge-points show CP-1", "ocpp-soap charge-points show CP-1 --json"])
@click.argument("identity")
def show(identity: str) -> None:
    """Everything that is known of one charge point.

    Registration, what it said of itself, where it is called and how that address came about, connectors, open
    transactions, configuration, vendor data, notices on files, charging profiles, its clock.
    """
    gateway = open_gateway()
    with gateway.store.reading() as work:
        point = work.charge_points.find(identity)
        stranger = None if point else find_stranger(work, identity)
        known = portrait.everything(point, work, now()) if point else None
    if known is not None:
        put_json(known) if wants_json() else details.put_charge_point(known)
    elif stranger is not None:
        summary = portrait.stranger_summary(stranger, _answered(gateway))
        put_json(summary) if wants_json() else details.put_stranger(summary)
    else:
        raise NotFound(unknown(identity))


@charge_points.command(
    examples=[
        "ocpp-soap charge-points add CP-1",
        "ocpp-soap charge-points add CP-2 --callback http://10.0.0.7:8080/ --interval 300",
    ]
)
@click.argument("identity")
@click.option("--status", type=click.Choice([ACCEPTED, "Pending", REJECTED]), default=ACCEPTED, show_default=True)
@click.option("--callback", "url", metavar="URL", help="Where the station is called; else it says so itself.")
@click.option("--interval", type=click.IntRange(1, 2**31 - 1), help="Seconds between its heartbeats.")
def add(identity: str, status: str, url: str | None, interval: int | None) -> None:
    """Registers a charge point, by default as Accepted."""
    identity = _identity(identity)
    gateway = open_gateway()
    address = None if url is None else _address(url, gateway)
    with gateway.store.writing() as work:
        known = work.charge_points.find(identity)
        if known is not None:
            raise Refused(f"{known.identity} is registered already, as {known.status}")
        point = work.charge_points.register(identity, status, now())
        if interval is not None:
            work.charge_points.change(point.id, heartbeat_interval=interval)
        if address is not None:
            work.charge_points.set_callback(point.id, address, None, "operator", None, now())
        added = work.charge_points.find(identity) or point
    _report(added, f"{identity} is registered: {status}")


@charge_points.command(examples=["ocpp-soap charge-points accept CP-1"])
@click.argument("identity")
def accept(identity: str) -> None:
    """Lets a charge point in: a registered one, or one that spoke without being registered."""
    _decide(identity, ACCEPTED)


@charge_points.command(examples=["ocpp-soap charge-points reject CP-1"])
@click.argument("identity")
def reject(identity: str) -> None:
    """Keeps a charge point out: its boots are answered with Rejected, everything else with a fault."""
    _decide(identity, REJECTED)


@charge_points.command(
    "set-callback",
    examples=[
        "ocpp-soap charge-points set-callback CP-1 http://10.0.0.7:8080/ocpp",
        "ocpp-soap charge-points set-callback CP-1 --forget",
    ],
)
@click.argument("identity")
@click.argument("url", required=False)
@click.option("--forget", is_flag=True, help="Forget the address; the station's next message says it anew.")
def set_callback(identity: str, url: str | None, forget: bool) -> None:
    """Fixes the address at which a charge point is called; nothing that the station says changes it then."""
    if (url is None) is not forget:
        raise click.UsageError("give either a URL or --forget")
    gateway = open_gateway()
    address = None if url is None else _address(url, gateway)
    with gateway.store.writing() as work:
        point = find(work, identity)
        work.charge_points.set_callback(point.id, address, None, "operator" if address else None, None, now())
        changed = work.charge_points.find(point.identity) or point
    _report(changed, f"{point.identity} is called at {address}" if address else f"{point.identity} says where it is")


def find(work: Work, identity: str) -> ChargePoint:
    """The registered charge point; raises `NotFound` in words that help."""
    point = work.charge_points.find(identity)
    if point is None:
        stranger = find_stranger(work, identity)
        hint = f"; `ocpp-soap charge-points accept {stranger.identity}` lets it in" if stranger else ""
        raise NotFound(f"{identity} is not registered{hint}" if stranger else unknown(identity))
    return point


def find_stranger(work: Work, identity: str) -> UnknownChargePoint | None:
    """The station of that identity that spoke without being registered (exact, else regardless of case)."""
    strangers = work.charge_points.unknown()
    exact = (s for s in strangers if s.identity == identity)
    return next(exact, next((s for s in strangers if s.identity.casefold() == identity.casefold()), None))


def unknown(identity: str) -> str:
    """The sentence for an identity that nobody has."""
    return f"there is no charge point {identity!r}; see `ocpp-soap charge-points list`"


def _decide(identity: str, status: str) -> None:
    gateway = open_gateway()
    with gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        if point is not None:
            work.charge_points.change(point.id, status=status)
        else:
            stranger = find_stranger(work, identity)
            if stranger is None:
                raise NotFound(f"{unknown(identity)}; `ocpp-soap charge-points add` registers one that never spoke")
            point = work.charge_points.register(stranger.identity, status, now())
            address = callback.complete(stranger.callback, stranger.peer)
            if address is not None:  # else it could not be called before its next message
                work.charge_points.set_callback(
                    point.id, address, stranger.callback, "station", stranger.peer, stranger.last_seen
                )
        decided = work.charge_points.find(point.identity) or point
    lacking = Access.read(decided.access).lacking(gateway.settings.station_proof) if status == ACCEPTED else None
    hint = f"; it has to show a {lacking}: `ocpp-soap charge-points access {decided.identity} --make-{lacking}`"
    _report(decided, f"{decided.identity} is {status}" + (hint if lacking else ""))


def _report(point: ChargePoint, words: str) -> None:
    put_json(portrait.summary(point)) if wants_json() else click.echo(words)


def _identity(text: str) -> str:
    identity = text.strip()
    if not identity or len(identity) > MAX_IDENTITY or UNPRINTABLE.search(identity):
        raise Refused(f"an identity has 1 to {MAX_IDENTITY} characters without controls; found {text[:80]!r}")
    return identity


def _address(url: str, gateway: Gateway) -> str:
    """The URL as it will be called; a warning on stderr when the rules for callbacks would refuse it."""
    host = urlsplit(url).hostname if "://" in url else None
    address = callback.complete(url, "127.0.0.1" if host == "localhost" else host)
    if host in (None, "", "0.0.0.0", "::") or address is None:  # noqa: S104 nothing is bound to it
        raise Refused(f"expected the station's address such as http://10.0.0.7:8080/ocpp, found {url[:200]!r}")
    reason = gateway.guard.refusal(address)
    if reason:
        click.echo(f"Warning: the station will not be called there: {reason}", err=True)
    return address
