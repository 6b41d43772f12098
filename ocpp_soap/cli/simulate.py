"""`ocpp-soap simulate`: charge points made of software that charge at a Central System, one or many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..protocol.catalog import VERSIONS
from ..protocol.quirks import QUIRKS
from ..settings import Settings
from .grammar import Command, listen_to_logs, wants_json
from .output import cell, progress, put_json, put_section

if TYPE_CHECKING:
    from ..simulator.fleet import Result

# Above so many sessions their sentences would only fly past.
TOLD = 50


def numbered(text: str) -> str:
    """A text with or without a place for the charge point's number, such as SIM-{:04d}."""
    try:
        text.format(1)
    except (ValueError, LookupError, AttributeError):
        raise click.BadParameter(f"expected a format such as SIM-{{:04d}}, found {text[:80]!r}") from None
    return text


@click.command(
    cls=Command,
    examples=[
        "ocpp-soap simulate",
        "ocpp-soap simulate http://127.0.0.1:8180/ocpp --count 50 --sessions 10",
        "ocpp-soap simulate --identity CP-1 --sessions 0 --stay   # takes commands until Ctrl-C",
        "ocpp-soap simulate --version 1.5",
        "ocpp-soap simulate --quirk time-without-zone --quirk chunked   # names: docs/quirks.md",
        "ocpp-soap simulate --quirk all --sessions 5",
        "ocpp-soap simulate https://ocpp.example.com/ocpp --ca-file ca.pem --json",
    ],
)
@click.argument("url", required=False)
@click.option("--version", type=click.Choice(VERSIONS), default=VERSIONS[0], show_default=True, help="Their OCPP.")
@click.option(
    "--quirk",
    "quirks",
    type=click.Choice(["all", *QUIRKS]),
    multiple=True,
    metavar="NAME",
    help="How they break the specification, as docs/quirks.md names it; repeatable. all: every quirk that is "
    "tolerated; those that exclude each other take turns, message by message.",
)
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many charge points.")
@click.option("--sessions", type=click.IntRange(0), default=1, show_default=True, help="Sessions of each.")
@click.option(
    "--seconds", type=click.FloatRange(0), default=600, show_default=True, help="Simulated time of a session."
)
@click.option(
    "--speed",
    type=click.FloatRange(0),
    help="Simulated seconds in a real one; 0: as fast as it goes.  [default: 0, with --stay 1]",
)
@click.option("--stay", is_flag=True, help="Go on taking commands afterwards, until Ctrl-C.")
@click.option(
    "--identity", type=numbered, metavar="FORMAT", default="SIM-{:04d}", show_default=True, help="Their identities."
)
@click.option(
    "--id-tag", type=numbered, metavar="FORMAT", default="SIM-TAG-{:04d}", show_default=True, help="Their idTags."
)
@click.option("--connectors", type=click.IntRange(1, 100), default=1, show_default=True, help="Connectors of each.")
@click.option("--power", type=click.FloatRange(0), default=22_000, show_default=True, help="Watts of a connector.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where they listen for commands, and say so.")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Authorities for HTTPS.")
@click.option(
    "--accept-timeout",
    type=click.FloatRange(0),
    default=30,
    show_default=True,
    help="Seconds that each waits to be accepted.",
)
def simulate(
    url: str | None,
    count: int,
    connectors: int,
    power: float,
    speed: float | None,
    quirks: tuple[str, ...],
    **plan: Any,
) -> None:
    """Simulates charge points at the Central System at URL, by default at OCPP_SOAP_PUBLIC_URL.

    Each boots, and in each session authorizes, charges, reports and stops. Their idTags have to be known there, or
    unknown ones accepted. Exit status 1 when anything failed.
    """
    # Spyne and zeep take a while to import.
    from ..simulator import fleet
    from ..simulator.quirks import named
    from ..simulator.traits import Traits

    settings = Settings.from_environment()
    listen_to_logs(settings.log_level)
    if count > 1 and plan["identity"].format(1) == plan["identity"].format(2):
        raise click.BadParameter("several charge points need a place for their number, such as SIM-{:04d}")
    plan["quirks"] = named(quirks)
    traits = Traits(connectors=connectors, connector_power=power, car_power=power)
    pace = float(plan["stay"]) if speed is None else speed
    planned = fleet.Plan(url or settings.public_url, charge_points=count, traits=traits, speed=pace, **plan)
    sessions = count * planned.sessions
    talks = sessions <= TOLD and not wants_json()
    with progress("sessions", sessions) as advance:

        def tell(done: int, _all: int, sentence: str) -> None:
            advance(done)
            if talks:
                click.echo(cell(sentence))

        result = fleet.run(planned, tell)
    _put(result)
    if result.errors:
        raise click.exceptions.Exit(1)


def _put(result: Result) -> None:
    messages = [
        {"operation": name, "count": count, **{f"p{share}": _milliseconds(result, name, share) for share in (50, 99)}}
        for name, count in sorted(result.messages.items())
    ]
    if wants_json():
        facts = {"sessions": result.sessions, "seconds": round(result.seconds, 3), "interrupted": result.interrupted}
        put_json({**facts, "messages": messages, "errors": result.errors})
        return
    put_section(
        "Messages (milliseconds)", ["operation", "count", "p50", "p99"], [list(row.values()) for row in messages]
    )
    click.echo(f"\n{result.sessions} sessions in {result.seconds:.1f} s{', interrupted' if result.interrupted else ''}")
    for error in result.errors[:TOLD]:
        click.echo(cell(error), err=True)
    if len(result.errors) > TOLD:
        click.echo(f"and {len(result.errors) - TOLD} more errors", err=True)


def _milliseconds(result: Result, operation: str, share: int) -> float | None:
    seconds = result.percentile(operation, share / 100)
    return None if seconds is None else round(seconds * 1000, 1)
