"""One charge point, told in full: as an object for programs, and in sections for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from ..central.authentication import Access
from ..central.ports import Work
from ..central.profile import Profile
from ..central.records import ChargePoint, Json, UnknownChargePoint
from ..protocol.quirks import QUIRKS
from .grammar import shown
from .output import cell, put_facts, put_section
from .shapes import access_object, attempt_object, command_object, profile_object, transaction_object

# How many of the newest rows of a history are told.
NEWEST = 10


def summary(point: ChargePoint) -> Json:
    """A registered charge point as `charge-points list --json` has it."""
    return {
        "chargeBoxIdentity": point.identity,
        "registered": True,
        "status": point.status,
        "version": point.version,
        "chargePointVendor": point.boot.get("chargePointVendor"),
        "chargePointModel": point.boot.get("chargePointModel"),
        "firstSeen": shown(point.first_seen),
        "lastSeen": shown(point.last_seen),
        "peer": point.peer,
        "callback": point.callback_url,
        "callbackSource": point.callback_source,
    }


def stranger_summary(stranger: UnknownChargePoint, answered: str) -> Json:
    """A station that is not registered, in the same shape; `answered` is what its boot gets."""
    return {
        "chargeBoxIdentity": stranger.identity,
        "registered": False,
        "status": answered,
        "version": stranger.version,
        "chargePointVendor": stranger.boot.get("chargePointVendor"),
        "chargePointModel": stranger.boot.get("chargePointModel"),
        "firstSeen": shown(stranger.first_seen),
        "lastSeen": shown(stranger.last_seen),
        "peer": stranger.peer,
        "callback": stranger.callback,
        "callbackSource": None if stranger.callback is None else "station",
        "messages": stranger.messages,
        "operation": stranger.operation,
        "boot": stranger.boot,
    }


def everything(point: ChargePoint, work: Work, now: datetime) -> Json:
    """A registered charge point with all that the store holds of it."""
    charge_points, transactions = work.charge_points, work.transactions
    reservations = transactions.reservations(now, point.identity)
    return {
        **summary(point),
        "heartbeatInterval": point.heartbeat_interval,
        "lastBoot": shown(point.last_boot),
        "boot": point.boot,
        "clockOffset": point.clock_offset,
        "clockOffsetAt": shown(point.clock_offset_at),
        "callbackSaid": point.callback_said,
        "callbackPeer": point.callback_peer,
        "callbackRefused": point.callback_refused,
        "callbackReachable": work.commands.reachability(point.id),
        "callbackHistory": charge_points.callback_history(point.id),
        "quirks": point.quirks or {},
        "profile": profile_object(Profile.read(point.profile)),
        "access": access_object(Access.read(point.access)),
        "failedAuthentications": [attempt_object(attempt) for attempt in work.attempts.list(point.identity, NEWEST)],
        "connectors": charge_points.connectors(point.id),
        "commands": [command_object(command) for command in work.commands.list(point.identity, NEWEST)],
        "stopsThatEndedNothing": transactions.orphan_stops(point.id, NEWEST),
        "openTransactions": [transaction_object(t) for t in transactions.open_on(point.id)],
        "reservations": [row for row in reservations if row["status"] == "Active"],
        "chargingProfiles": transactions.profiles(point.id),
        "localListVersion": point.local_list_version,
        "firmwareStatus": point.firmware_status,
        "diagnosticsStatus": point.diagnostics_status,
        "fileNotices": charge_points.file_notices(point.id)[:NEWEST],
        "configuration": charge_points.configuration(point.id),
        "dataTransfers": charge_points.data(point.id, NEWEST),
    }


def put_charge_point(known: Json) -> None:
    """Prints `everything` in sections; what is not known is left out."""
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
