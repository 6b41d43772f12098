"""The nineteen operations that a Central System may ask of a charge point: a table, and what each of them does.

A handler gets the charge point and the request, decides under the lock, and returns the answer with what follows from
it; that is done after the answer has left. A handler never sends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from . import charging, maintenance, metering, sessions
from .connectors import Awaited, Transaction
from .triggers import ABOUT_FILES, TRIGGERS

if TYPE_CHECKING:
    from .station import Station

Payload = dict[str, Any]
Effect = Callable[[], object]
Handler = Callable[["Station", Payload], tuple[Payload, Effect | None]]

ACCEPTED: Payload = {"status": "Accepted"}
REJECTED: Payload = {"status": "Rejected"}


def cancel_reservation(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Ends a reservation and frees its connector (OCPP 1.6 §5.1)."""
    number = request["reservationId"]
    if cp.reservations.cancel(number) is None:
        return REJECTED, None
    cp.agenda.cancel(("reservation", number))
    return ACCEPTED, cp.refresh


def change_availability(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Puts a connector, or with 0 all of them, into or out of operation (§5.2)."""
    number, operative = request["connectorId"], request["type"] == "Operative"
    if number not in cp.connectors:
        return REJECTED, None
    concerned = cp.connectors.values() if number == 0 else [cp.connectors[number]]
    results = {connector.set_operative(operative) for connector in concerned}
    return {"status": "Scheduled" if "Scheduled" in results else "Accepted"}, cp.refresh


def change_configuration(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Changes a configuration key; what repeats by it is planned anew (§5.3)."""
    return {"status": cp.configuration.change(request["key"], request["value"])}, cp.plan


def clear_cache(cp: Station, _: Payload) -> tuple[Payload, Effect | None]:
    """Forgets the authorization cache (§5.4)."""
    if not cp.configuration.on("AuthorizationCacheEnabled"):
        return REJECTED, None
    cp.cache.entries.clear()
    return ACCEPTED, None


def clear_charging_profile(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Forgets the charging profiles that fit the criteria (§5.5)."""
    metering.run(cp)
    cleared = cp.profiles.clear(request)
    metering.run(cp)
    return {"status": "Accepted" if cleared else "Unknown"}, cp.refresh


def data_transfer(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Gives the data of a vendor that it knows back (§5.6)."""
    if request["vendorId"] not in cp.traits.echoes:
        return {"status": "UnknownVendorId"}, None
    return ACCEPTED | ({"data": request["data"]} if request.get("data") else {}), None


def get_composite_schedule(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Tells the limits that the profiles in force add up to (§5.7)."""
    number = request["connectorId"]
    if number not in cp.connectors:
        return REJECTED, None
    now = cp.clock.now().replace(microsecond=0)
    asked = [c for c in cp.connectors.values() if c.connector_id and number in (0, c.connector_id)]
    schedule = charging.composite(
        cp.profiles.installed,
        [metering.session(c, now) for c in asked],
        now,
        request["duration"],
        request.get("chargingRateUnit") or "W",
        cp.traits.connector_power,
    )
    return ACCEPTED | {"connectorId": number, "scheduleStart": now, "chargingSchedule": schedule}, None


def get_configuration(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Tells the configuration (§5.8)."""
    return cp.configuration.get(request.get("key") or ()), None


def get_diagnostics(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Names the diagnostics file and uploads it (§5.9)."""
    return {"fileName": cp.traits.diagnostics_name}, partial(maintenance.upload_diagnostics, cp, request)


def get_local_list_version(cp: Station, _: Payload) -> tuple[Payload, Effect | None]:
    """Tells the version of the local list, -1 where there is none (§5.10)."""
    return {"listVersion": cp.local_list.version if cp.configuration.on("LocalAuthListEnabled") else -1}, None


def remote_start_transaction(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Begins a transaction on the connector named, else on the first that is free (§5.11)."""
    tag, profile = request["idTag"], request.get("chargingProfile")
    named = request.get("connectorId")
    candidates = [n for n in cp.connectors if n] if named is None else [named]
    number = next((n for n in candidates if n in cp.connectors and _startable(cp, n, tag)), None)
    if not cp.accepted or number is None:
        return REJECTED, None
    if profile is not None and (
        profile["chargingProfilePurpose"] != "TxProfile" or not cp.profiles.fits(number, profile, cp.configuration)
    ):
        return REJECTED, None
    awaited = cp.connectors[number].awaited = Awaited(tag, profile)
    return ACCEPTED, partial(sessions.remote_start, cp, number, awaited)


def _startable(cp: Station, number: int, tag: str) -> bool:
    connector = cp.connectors[number]
    return connector.awaited is None and sessions.refusal(cp, connector, tag) is None


def remote_stop_transaction(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Ends the transaction of that id (§5.12)."""
    running = (c.transaction for c in cp.connectors.values())
    transaction = next((t for t in running if t and t.transaction_id == request["transactionId"]), None)
    if transaction is None:
        return REJECTED, None
    return ACCEPTED, partial(_stop, cp, [transaction], "Remote")


def reserve_now(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Keeps a connector for a tag until the reservation expires (§5.13)."""
    statuses = {number: cp.status(number) for number in cp.connectors}
    zero = cp.configuration.on("ReserveConnectorZeroSupported")
    status = cp.reservations.make(request, statuses, zero, cp.clock.now())
    if status != "Accepted":
        return {"status": status}, None
    number = request["reservationId"]

    def expire() -> None:
        with cp.changed:
            cp.reservations.cancel(number)
        cp.refresh()

    cp.agenda.at(request["expiryDate"], expire, ("reservation", number))
    return ACCEPTED, cp.refresh


def reset(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Stops what runs, then boots again (§5.14)."""

    def restart() -> None:
        _stop(cp, _running(cp), request["type"] + "Reset")
        cp.reboot()

    return ACCEPTED, restart


def send_local_list(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Takes a local list, or the differences to the one it has (§5.15)."""
    if not cp.configuration.on("LocalAuthListEnabled"):
        return {"status": "NotSupported"}, None
    lengths = (cp.configuration.number(key) for key in ("LocalAuthListMaxLength", "SendLocalListMaxLength"))
    return {"status": cp.local_list.update(request, *lengths)}, None


def set_charging_profile(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Takes a charging profile; a TxProfile needs the transaction that it names (§5.16)."""
    number, profile = request["connectorId"], request["csChargingProfiles"]
    connector = cp.connectors.get(number)
    if connector is None or not cp.profiles.fits(number, profile, cp.configuration):
        return REJECTED, None
    if profile["chargingProfilePurpose"] == "TxProfile":
        transaction = connector.transaction
        if transaction is None or profile.get("transactionId") not in (None, transaction.transaction_id):
            return REJECTED, None
    metering.run(cp)
    cp.profiles.install(number, profile)
    metering.run(cp)
    return ACCEPTED, cp.refresh


def trigger_message(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Sends what is asked for, once the answer has left (§5.17)."""
    number = request.get("connectorId")
    if number is not None and number not in cp.connectors:
        return REJECTED, None
    message = request["requestedMessage"]
    profile = "FirmwareManagement" if message in ABOUT_FILES else "Core"
    if profile not in cp.configuration.words("SupportedFeatureProfiles"):
        return {"status": "NotImplemented"}, None
    return ACCEPTED, partial(TRIGGERS[message], cp, number)


def unlock_connector(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Unlocks a connector; a transaction on it ends with reason UnlockCommand (§5.18)."""
    number = request["connectorId"]
    if not number or number not in cp.connectors:
        return {"status": "NotSupported"}, None
    if cp.faults.unlock_fails:
        return {"status": "UnlockFailed"}, None
    transaction = cp.connectors[number].transaction
    return {"status": "Unlocked"}, partial(_stop, cp, [transaction] if transaction else [], "UnlockCommand")


def update_firmware(cp: Station, request: Payload) -> tuple[Payload, Effect | None]:
    """Fetches new firmware at retrieveDate (§5.19)."""
    cp.agenda.at(request["retrieveDate"], partial(maintenance.fetch_firmware, cp, request), "firmware")
    return {}, None


def _running(cp: Station) -> list[Transaction]:
    return [c.transaction for c in cp.connectors.values() if c.transaction]


def _stop(cp: Station, transactions: list[Transaction], reason: str) -> None:
    """Stops those that have not ended meanwhile."""
    for transaction in transactions:
        if transaction.stopped is None:
            sessions.stop(cp, transaction, reason)


HANDLERS: dict[str, Handler] = {
    "CancelReservation": cancel_reservation,
    "ChangeAvailability": change_availability,
    "ChangeConfiguration": change_configuration,
    "ClearCache": clear_cache,
    "ClearChargingProfile": clear_charging_profile,
    "DataTransfer": data_transfer,
    "GetCompositeSchedule": get_composite_schedule,
    "GetConfiguration": get_configuration,
    "GetDiagnostics": get_diagnostics,
    "GetLocalListVersion": get_local_list_version,
    "RemoteStartTransaction": remote_start_transaction,
    "RemoteStopTransaction": remote_stop_transaction,
    "ReserveNow": reserve_now,
    "Reset": reset,
    "SendLocalList": send_local_list,
    "SetChargingProfile": set_charging_profile,
    "TriggerMessage": trigger_message,
    "UnlockConnector": unlock_connector,
    "UpdateFirmware": update_firmware,
}
