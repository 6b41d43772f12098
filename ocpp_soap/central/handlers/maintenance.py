"""FirmwareStatusNotification and DiagnosticsStatusNotification (OCPP 1.6 §4.4, §4.5): kept, linked to their command.

Functions of (request, call, work); they know no XML, no SQL and no version.
"""

from __future__ import annotations

from ..call import Call
from ..ports import Work
from ..records import Json


def diagnostics_status_notification(request: Json, call: Call, work: Work) -> Json:
    """Keeps the state of an upload of diagnostics."""
    return _notice("diagnostics", request, call, work)


def firmware_status_notification(request: Json, call: Call, work: Work) -> Json:
    """Keeps the state of a firmware update."""
    return _notice("firmware", request, call, work)


def _notice(kind: str, request: Json, call: Call, work: Work) -> Json:
    work.charge_points.notice_file(call.station.id, kind, request["status"], call.received, call.content_flags())
    return {}
