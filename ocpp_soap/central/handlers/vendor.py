"""DataTransfer from a station, and the contract of the plug-ins that answer it (OCPP 1.6 §4.3).

A plug-in is found by vendorId and messageId through the entry point group `ocpp_soap.data_transfer`. It sees the
request and the call, and no store: what it wants kept it hands back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol

from ...logs import Seldom
from ...protocol.writing import NOT_XML
from ..call import Call
from ..ports import Work
from ..records import Json

log = logging.getLogger(__name__)

# A station waits for its answer, so a plug-in that takes longer than this (seconds) is not waited for.
TIME_LIMIT = 5.0

STATUSES = ("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")


@dataclass(frozen=True, slots=True)
class PlugInReply:
    """A plug-in's answer: `status` and `data` of DataTransfer.conf; `record` is JSON to keep with the message."""

    status: str
    data: str | None = None
    record: Json | None = None


class PlugIn(Protocol):
    """What an entry point of `ocpp_soap.data_transfer` must name: an object with these attributes.

    `receive` gets the request ({vendorId, messageId?, data?} as text) and the call (station, time, version); it must
    return within five seconds, and be safe to call from several threads, also again for a message that is sent again.
    When it fails or is late the message is kept all the same, the failure is logged, and the station gets Rejected.
    """

    vendor_id: str
    """Compared without regard to case."""

    message_ids: Collection[str] | None
    """The messageIds it answers; None: all, also none at all."""

    def receive(self, request: Json, call: Call) -> PlugInReply:
        """Answers one DataTransfer."""


@dataclass(frozen=True, slots=True)
class Consultation:
    """A stored DataTransfer that waits for the answer of a plug-in."""

    data_id: int
    request: Json


class PlugIns:
    """The plug-ins by vendor."""

    def __init__(self, plug_ins: Iterable[PlugIn] = ()) -> None:
        """Takes what keeps the contract of `PlugIn`; the rest is logged and left out."""
        self._by_vendor: dict[str, list[PlugIn]] = {}
        self._failures = Seldom()
        for plug_in in plug_ins:
            if _keeps_contract(plug_in):
                self._by_vendor.setdefault(plug_in.vendor_id.casefold(), []).append(plug_in)
            else:
                log.error("the plug-in %r is left out: it has not the attributes of a PlugIn", plug_in)

    def decline(self, consultation: Consultation) -> Callable[[Work], Json] | None:
        """What answers a message that no plug-in takes (UnknownVendorId, UnknownMessageId); None when one does."""
        if self._find(consultation.request) is not None:
            return None
        vendor_known = consultation.request["vendorId"].casefold() in self._by_vendor
        return _settle(consultation, PlugInReply("UnknownMessageId" if vendor_known else "UnknownVendorId"))

    def consult(self, consultation: Consultation, call: Call) -> Callable[[Work], Json]:
        """Asks the plug-in for its answer; gives what writes it into the store and makes the response."""
        vendor_id = consultation.request["vendorId"]
        try:
            reply = _run(self._find(consultation.request), consultation.request, call)
        except Exception as error:  # noqa: BLE001 whatever somebody else's code does, the station gets its answer
            self._tell(vendor_id, error)
            call.flag("vendorId", vendor_id, "Rejected, since its plug-in failed; the message is kept")
            reply = PlugInReply("Rejected")
        return _settle(consultation, reply)

    def _tell(self, vendor_id: str, error: Exception) -> None:
        """Logs that a plug-in failed, once a minute for each vendor: a station may send the same over and over."""
        if withheld := self._failures.due(vendor_id.casefold()):
            more = f" ({withheld - 1} times before this one since it was last told)" if withheld > 1 else ""
            log.error("the plug-in for %r failed or took over %s s%s", vendor_id, TIME_LIMIT, more, exc_info=error)

    def _find(self, request: Json) -> PlugIn | None:
        candidates = self._by_vendor.get(request["vendorId"].casefold(), [])
        named = request.get("messageId")
        return next((p for p in candidates if p.message_ids is None or named in p.message_ids), None)


def _run(plug_in: PlugIn | None, request: Json, call: Call) -> PlugInReply:
    """The plug-in's reply from a thread of its own: one that hangs takes no thread from the next, nor delays exit."""
    if plug_in is None:
        raise LookupError("its plug-in has gone")
    replies: SimpleQueue[PlugInReply | Exception] = SimpleQueue()

    def run() -> None:
        try:
            replies.put(plug_in.receive(request, call))
        except Exception as error:  # noqa: BLE001 raised again in the thread that waits
            replies.put(error)

    Thread(target=run, name=f"plug-in {plug_in.vendor_id}", daemon=True).start()
    reply = replies.get(timeout=TIME_LIMIT)
    if isinstance(reply, Exception):
        raise reply
    if reply.status not in STATUSES:
        raise ValueError(f"{reply.status!r} is no status of DataTransfer.conf")
    if reply.data is not None and (not isinstance(reply.data, str) or NOT_XML.search(reply.data)):
        raise ValueError("its data is no text that XML can hold")
    if reply.record is not None and not isinstance(reply.record, dict):
        raise ValueError("its record is no JSON object")
    if "\\u0000" in json.dumps(reply.record, allow_nan=False):
        # Whoever hands on what a station sent need not know what a database can't hold.
        call.flag("data", None, "kept in its record without null characters")
        return replace(reply, record=_without_nulls(reply.record))
    return reply


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {_without_nulls(name): _without_nulls(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nulls(inner) for inner in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def _keeps_contract(plug_in: Any) -> bool:
    ids = getattr(plug_in, "message_ids", "")
    return (
        isinstance(getattr(plug_in, "vendor_id", None), str)
        and (ids is None or (isinstance(ids, Collection) and not isinstance(ids, str)))
        and callable(getattr(plug_in, "receive", None))
    )


def _settle(consultation: Consultation, reply: PlugInReply) -> Callable[[Work], Json]:
    def settle(work: Work) -> Json:
        work.charge_points.answer_data(consultation.data_id, reply.status, reply.record)
        return {"status": reply.status, "data": reply.data}

    return settle


def data_transfer(request: Json, call: Call, work: Work) -> Consultation:
    """Keeps the content; a plug-in, asked afterwards, decides the answer."""
    data_id = work.charge_points.keep_data(
        call.station.id, request["vendorId"], request.get("messageId"), request.get("data"), call.received
    )
    return Consultation(data_id, request)
