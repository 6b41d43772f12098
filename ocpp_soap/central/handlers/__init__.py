"""The HANDLERS table: which function of (request, call, work) decides each operation that a station calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..call import Call
from ..ports import Work
from ..records import Json
from . import authorization, charge_point, maintenance, metering, transactions, vendor

HANDLERS: Mapping[str, Callable[[Json, Call, Work], Json | vendor.Consultation]] = {
    "Authorize": authorization.authorize,
    "BootNotification": charge_point.boot_notification,
    "DataTransfer": vendor.data_transfer,
    "DiagnosticsStatusNotification": maintenance.diagnostics_status_notification,
    "FirmwareStatusNotification": maintenance.firmware_status_notification,
    "Heartbeat": charge_point.heartbeat,
    "MeterValues": metering.meter_values,
    "StartTransaction": transactions.start_transaction,
    "StatusNotification": charge_point.status_notification,
    "StopTransaction": transactions.stop_transaction,
}

# The sanity rule (OCPP 1.6 §3.7.1): these get a confirmation however bad the content, else they come for ever.
ALWAYS_CONFIRMED = {"MeterValues", "StartTransaction", "StopTransaction"}

# Required fields that real stations leave out.
FORGIVEN = {"BootNotification": {"chargePointVendor", "chargePointModel"}}
