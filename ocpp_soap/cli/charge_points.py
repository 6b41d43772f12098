"""`ocpp-soap charge-points`: who may charge here, and what is known of each station."""

from __future__ import annotations

import click

from ..bootstrap import Gateway, now
from ..central import portrait
from ..central.authentication import Access
from ..central.desk import Desk
from ..central.desk.charge_points import ACCEPTED, REJECTED, STATUS
from ..central.desk.seat import unknown
from ..central.records import ChargePoint
from ..errors import NotFound
from ..logs import printable
from . import details
from .grammar import Group, open_gateway, wants_json, who
from .output import put_json, put_table


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
        stranger = None if point else work.charge_points.find_unknown(identity)
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
@click.option("--status", type=click.Choice(STATUS), default=ACCEPTED, show_default=True)
@click.option("--callback", "url", metavar="URL", help="Where the station is called; else it says so itself.")
@click.option("--interval", type=click.IntRange(1, 2**31 - 1), help="Seconds between its heartbeats.")
def add(identity: str, status: str, url: str | None, interval: int | None) -> None:
    """Registers a charge point, by default as Accepted."""
    desk = open_gateway().desk(who())
    added = desk.register(identity, status, interval, url)
    _warn(desk, added)
    _warn_of_lookalikes(desk, added)
    _report(added, f"{added.identity} is registered: {status}")


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
    desk = open_gateway().desk(who())
    changed = desk.set_callback(identity, url)
    _warn(desk, changed)
    called = f"is called at {changed.callback_url}" if changed.callback_url else "says where it is"
    _report(changed, f"{changed.identity} {called}")


def _decide(identity: str, status: str) -> None:
    gateway = open_gateway()
    desk = gateway.desk(who())
    decided = desk.decide(identity, status)
    if status == ACCEPTED:
        _warn_of_lookalikes(desk, decided)
    lacking = Access.read(decided.access).lacking(gateway.settings.station_proof) if status == ACCEPTED else None
    hint = f"; it has to show a {lacking}: `ocpp-soap charge-points access {decided.identity} --make-{lacking}`"
    _report(decided, f"{decided.identity} is {status}" + (hint if lacking else ""))


def _report(point: ChargePoint, words: str) -> None:
    put_json(portrait.summary(point)) if wants_json() else click.echo(printable(words))


def _warn_of_lookalikes(desk: Desk, point: ChargePoint) -> None:
    if reason := desk.suspicion(point.identity):
        click.echo(f"Warning: {reason}. Reject it unless it is the charge point that you mean.", err=True)


def _warn(desk: Desk, point: ChargePoint) -> None:
    if reason := desk.warning(point):
        click.echo(f"Warning: the station will not be called there: {reason}", err=True)
