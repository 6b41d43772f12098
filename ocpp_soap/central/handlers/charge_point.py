"""BootNotification, Heartbeat and StatusNotification: what a charge point says of itself.

Functions of (request, call, work); they know no XML, no SQL and no version.
"""

from __future__ import annotations

from datetime import datetime

from ..call import Call
from ..clocks import judge_time, plausible
from ..ports import Work
from ..records import Json, StatusNotice

# Seconds after which a station that is not accepted tries again.
RETRY_INTERVAL = 60

# The one word of older versions for all of a driver's stay at a connector.
OCCUPIED = "Occupied"


def registration_answer(status: str, own_interval: int | None, call: Call) -> Json:
    """BootNotification.conf (OCPP 1.6 §6.4): status, the gateway's time, and the interval in seconds.

    To an accepted station that is the time between heartbeats; to another one the time to its next boot (§4.2), which
    must not make it wait long after an operator has accepted it.
    """
    interval = own_interval or call.policy.heartbeat_interval
    return {
        "status": status,
        "currentTime": now(call),
        "interval": interval if status == "Accepted" else min(interval, RETRY_INTERVAL),
    }


def boot_notification(request: Json, call: Call, work: Work) -> Json:
    """Stores every field and answers with the charge point's registration status (OCPP 1.6 §4.2)."""
    work.charge_points.boot(call.station.id, request, call.received)
    return registration_answer(call.station.status, call.station.heartbeat_interval, call)


def heartbeat(request: Json, call: Call, work: Work) -> Json:
    """Answers with the gateway's time; that the station spoke is noted for every operation (OCPP 1.6 §4.6)."""
    return {"currentTime": now(call)}


def status_notification(request: Json, call: Call, work: Work) -> Json:
    """Adds to the connector's history and changes its state when the notice is not an older one (OCPP 1.6 §4.9)."""
    status, timestamp = _status(request, call, work), request.get("timestamp")
    if timestamp is not None:
        judge_time("timestamp", timestamp, call)
    notice = StatusNotice(
        charge_point_id=call.station.id,
        connector_id=request["connectorId"],
        status=status,
        error_code=request.get("errorCode"),
        info=request.get("info"),
        vendor_id=request.get("vendorId"),
        vendor_error_code=request.get("vendorErrorCode"),
        timestamp=timestamp,
        received=call.received,
        ordered_at=timestamp if timestamp is not None and plausible(timestamp, call) else None,
        flags=call.content_flags(),
    )
    work.charge_points.notice_status(notice, call.station.last_boot)
    return {}


def _status(request: Json, call: Call, work: Work) -> str:
    """The status as OCPP 1.6 §7.7 names it: Occupied is decided by the connector's transactions, and flagged."""
    status: str = request["status"]
    if status != OCCUPIED:
        return status
    latest = work.transactions.latest_on(call.station.id, request["connectorId"])
    if latest is not None and latest["open"]:
        decided, why = "Charging", f"since transaction {latest['transactionId']} is open on this connector"
    elif latest is not None and not latest["freed"]:
        decided, why = "Finishing", f"since it was not Available after transaction {latest['transactionId']}"
    else:
        decided, why = "Preparing", "since no transaction has begun since it was Available"
    call.flag("status", status, f"{decided}, {why}")
    return decided


def now(call: Call) -> datetime:
    """The time of the call in whole seconds: firmware of this age does not expect fractions."""
    return call.received.replace(microsecond=0)
