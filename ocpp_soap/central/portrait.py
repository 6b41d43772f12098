"""One charge point, told in full, as an object for programs: what the command line and the web API show of it."""

from __future__ import annotations

from datetime import datetime

from .authentication import Access
from .confidential import settings_without_secrets
from .ports import Work
from .profile import Profile
from .records import ChargePoint, Json, UnknownChargePoint
from .shapes import access_object, attempt_object, command_object, profile_object, shown, transaction_object

# How many of the newest rows of a history are told.
NEWEST = 10

# Characters of a DataTransfer's data that are told, where all of it may be a million.
SHOWN_OF_DATA = 2_000


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
        "configuration": settings_without_secrets(charge_points.configuration(point.id)),
        "dataTransfers": [{**row, "data": _beginning(row["data"])} for row in charge_points.data(point.id, NEWEST)],
    }


def _beginning(data: str | None) -> str | None:
    if data is None or len(data) <= SHOWN_OF_DATA:
        return data
    return f"{data[:SHOWN_OF_DATA]}… ({len(data)} characters)"
