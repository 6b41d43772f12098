"""`ocpp-soap charge-points probe`: the callback doctor, told in tables and words."""

from __future__ import annotations

import click

from ..central.desk.seat import registered
from ..central.probing import IN_USE, NEARBY, NOWHERE, SOURCES, Report, Visit
from ..central.records import Json
from ..central.shapes import shown
from .charge_points import charge_points
from .grammar import open_gateway, wants_json, who
from .output import cell, progress, put_json, put_section

STATUS = {IN_USE: 0, NEARBY: 3, NOWHERE: 4}


@charge_points.command(
    examples=[
        "ocpp-soap charge-points probe CP-1",
        "ocpp-soap charge-points probe CP-1 --all",
        "ocpp-soap charge-points probe CP-1 --json | jq -r '.try[]'",
    ]
)
@click.argument("identity")
@click.option("--all", "everywhere", is_flag=True, help="Try every address, even if the one in use is answered.")
def probe(identity: str, everywhere: bool) -> None:
    """Finds out whether a charge point can be called, and if not, what is wrong and what to try.

    It asks a harmless question (GetConfiguration) where the charge point is called, and where that is not answered, at
    every other address that it may be found at: its wsa:From completed by where its messages come from now, a change
    that was not taken over, earlier addresses. Addresses that the rules for callbacks forbid are not connected to.
    OCPP 1.2 has no harmless question; there it is seen whether anything answers by HTTP.

    Every exchange goes into the journal, and the one at the address in use is listed as a command. The address is not
    changed: the advice names the command that does.

    Exit status: 0 it can be called, 1 refused here, 2 usage, 3 it answers at another address, 4 it answers nowhere.
    """
    gateway = open_gateway()
    with gateway.store.reading() as work:
        identity = registered(work, identity).identity
    with progress("addresses tried") as advance:
        report = gateway.prober.probe(identity, everywhere, advance, who())
    put_json(report_object(report)) if wants_json() else _put(report)
    if STATUS[report.verdict]:
        raise click.exceptions.Exit(STATUS[report.verdict])


def report_object(report: Report) -> Json:
    """A report as `probe --json` has it."""
    return {
        "chargeBoxIdentity": report.station.identity,
        "version": report.version,
        "operation": report.operation,
        "lastSeen": shown(report.station.last_seen),
        "peer": report.station.peer,
        "reachable": report.verdict,
        "conclusion": report.conclusion,
        "try": list(report.tries),
        "addresses": [_visit_object(visit) for visit in report.visits],
    }


def _visit_object(visit: Visit) -> Json:
    walk = visit.walk
    return {
        "address": visit.candidate.address,
        "inUse": visit.candidate.in_use,
        "sources": list(visit.candidate.sources),
        "tried": walk is not None,
        "reached": visit.reached,
        "trouble": walk and walk.trouble,
        "wrong": visit.wrong,
        "try": list(visit.tries),
        "seconds": walk and round(walk.seconds, 3),
        "steps": [{"step": s.name, "trouble": s.trouble, "words": s.words} for s in (walk.steps if walk else ())],
        "tls": walk and walk.tls,
        "certificate": walk and walk.certificate,
        "flags": walk and getattr(walk.result, "flags", []),
    }


def _put(report: Report) -> None:
    station = report.station
    heard = "never spoke"
    if station.last_seen is not None:
        heard = f"was heard last at {cell(station.last_seen)} from {station.peer or 'an unknown address'}"
    click.echo(cell(f"{station.identity} speaks OCPP {report.version} and {heard}"))
    for visit in report.visits:
        title = f"{visit.candidate.address} ({SOURCES[visit.candidate.sources[0]]})"
        if visit.walk is None:
            why = ", since the address in use is answered; --all tries it too" if report.visits[0].reached else ""
            click.echo(f"\n{cell(title)}\nnot tried{why}")
            continue
        rows = [(s.name, "ok" if s.trouble is None else s.trouble, s.words) for s in visit.walk.steps]
        put_section(cell(title), ("step", "result", "what was met"), rows)
        for flag in getattr(visit.walk.result, "flags", ()):
            click.echo(cell(f"odd: {flag['path']}: {flag['raw'] or 'nothing'}, read as {flag['assumed']}"))
    click.echo(f"\n{cell(report.conclusion)}")
    if report.tries:
        click.echo("\nTry")
        for text in report.tries:
            click.echo(f"- {cell(text)}")
