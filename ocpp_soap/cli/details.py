"""One charge point, told in full, in sections for people."""

from __future__ import annotations

from typing import Any

import click

from ..central.profile import Profile
from ..central.records import Json
from ..central.shapes import profile_object
from ..protocol.quirks import QUIRKS
from .output import cell, put_facts, put_section


def put_charge_point(known: Json) -> None:
    """Prints `portrait.everything` in sections; what is not known is left out."""
    seen = f"{known['lastSeen']} from {known['peer'] or 'an unknown address'}" if known["lastSeen"] else "never"
    put_facts(
        [
            ("chargeBoxIdentity", known["chargeBoxIdentity"]),
            ("status", known["status"]),
            ("OCPP version", known["version"]),
            *known["boot"].items(),
            ("first seen", known["firstSeen"]),
            ("last seen", seen),
            ("last boot", known["lastBoot"]),
            ("heartbeat interval", known["heartbeatInterval"] and f"{known['heartbeatInterval']} s"),
            ("clock", _clock(known["clockOffset"])),
            *_address(known),
            ("spoken to", _special(known["profile"])),
            ("has to show", _access(known["access"])),
            ("local list version", known["localListVersion"]),
            ("firmware", known["firmwareStatus"]),
            ("diagnostics", known["diagnosticsStatus"]),
        ]
    )
    quirks = [{"quirk": name, **seen} for name, seen in sorted(known["quirks"].items())]
    _section(
        "Quirks seen",
        [{**row, "what it does": QUIRKS[row["quirk"]].does if row["quirk"] in QUIRKS else ""} for row in quirks],
    )
    _section("Failed authentications", known["failedAuthentications"])
    _section("Connectors", known["connectors"])
    transactions = ("transactionId", "connectorId", "idTag", "startTimestamp", "meterStart", "flags")
    _section("Open transactions", known["openTransactions"], transactions)
    _section("Stops that ended no transaction", known["stopsThatEndedNothing"])
    _section("Commands", known["commands"], ("commandId", "operation", "outcome", "answer", "fault", "error", "sent"))
    _section("Reservations", known["reservations"])
    _section("Charging profiles", known["chargingProfiles"])
    _section("Earlier addresses", known["callbackHistory"])
    _section("Notices on files", known["fileNotices"])
    _section("Configuration", known["configuration"])
    _section("Vendor data", known["dataTransfers"])


def put_stranger(known: Json) -> None:
    """Prints what is known of a station that is not registered, and how to let it in."""
    put_facts(
        [
            ("chargeBoxIdentity", known["chargeBoxIdentity"]),
            ("status", f"not registered; its boot is answered with {known['status']}"),
            ("OCPP version", known["version"]),
            *known["boot"].items(),
            ("first seen", known["firstSeen"]),
            ("last seen", f"{known['lastSeen']} from {known['peer'] or 'an unknown address'}"),
            ("last operation", known["operation"]),
            ("messages", known["messages"]),
            ("its wsa:From", known["callback"]),
        ]
    )
    click.echo(f"\n`ocpp-soap charge-points accept {known['chargeBoxIdentity']}` lets it in.")


def _clock(offset: float | None) -> str | None:
    if offset is None:
        return None
    return f"{abs(offset):.1f} s {'ahead' if offset > 0 else 'behind'}" if abs(offset) >= 1 else "right"


def _address(known: Json) -> list[tuple[str, Any]]:
    fixed = {"operator": "fixed by the operator", "station": "as the station said from {}"}
    return [
        ("called at", known["callback"] or "no address is known: it can't be called"),
        ("address", fixed.get(known["callbackSource"] or "", "").format(known["callbackPeer"])),
        ("reached", _reached(known["callbackReachable"])),
        ("its wsa:From", known["callbackSaid"]),
        ("refused address", _refused(known["callbackRefused"])),
    ]


def _reached(reachable: Json) -> str:
    if reachable["reachable"] is None:
        return "never tried; `ocpp-soap charge-points probe` does"
    since, tried = cell(reachable["since"]), cell(reachable["lastTried"])
    if reachable["reachable"]:
        return f"yes, since {since}, last at {tried}"
    return f"no, since {since}, last tried at {tried}: {reachable['error']}"


def _refused(refused: Json | None) -> str | None:
    if refused is None:
        return None
    return (
        f"{refused['url']} (from {refused['peer'] or 'an unknown address'}, {refused['at']}), since {refused['reason']}"
    )


def _special(profile: Json) -> str:
    usual = profile_object(Profile())
    return ", ".join(f"{name} {value}" for name, value in profile.items() if value != usual[name])


def _access(access: Json) -> str | None:
    parts = ["a " + name for name in ("secret", "password") if access[name]]
    parts += [f"the certificate {access['certificate']}"] if access["certificate"] else []
    parts += [f"an address in {', '.join(access['networks'])}"] if access["networks"] else []
    return ", ".join(parts) or None


def _section(title: str, rows: list[Json], columns: tuple[str, ...] | None = None) -> None:
    """A table of rows; by default with every name that a row holds, but for those that none has a value for."""
    names = list(columns or dict.fromkeys(name for row in rows for name in row))
    told = [name for name in names if any(row.get(name) not in (None, [], {}) for row in rows)]
    put_section(title, told, [[row.get(name) for name in told] for row in rows])
