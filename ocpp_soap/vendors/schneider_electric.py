"""Reads the loop detector messages of Schneider Electric EVlink stations: JSON in DataTransfer's `data`.

Registered by entry point as the plug-in for vendorId "Schneider Electric", messageId "Detection loop". Such a station
reports whether a vehicle stands before it: {"connectorId", "name", "state", "timestamp"}.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import NoReturn

from ..central.call import Call
from ..central.handlers.vendor import PlugInReply
from ..central.records import Json
from ..protocol.times import parse_time
from ..protocol.writing import to_json


class DetectionLoop:
    """Accepts a readable message and keeps its fields as a record; rejects what is not a JSON object."""

    vendor_id = "Schneider Electric"
    message_ids = frozenset({"Detection loop"})

    def receive(self, request: Json, call: Call) -> PlugInReply:
        """The record has the station's own fields; `occupied` says in one word what `state` does."""
        try:
            record = json.loads(request.get("data") or "", parse_constant=_no_number, parse_float=_number)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            call.flag("data", request.get("data"), "Rejected, since it is not a JSON object")
            return PlugInReply("Rejected")
        if "state" in record:
            record["occupied"] = str(record["state"]) == "1"
        if isinstance(record.get("timestamp"), str):
            record["timestamp"] = _time(record["timestamp"], call)
        return PlugInReply("Accepted", record=record)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number in JSON")


def _number(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _no_number(text)


def _time(text: str, call: Call) -> str:
    """The time in the standard's spelling; seen in the field: `2022-05-17T15:42:03Z:`."""
    try:
        moment, assumed = parse_time(text.strip().rstrip(":"))
    except ValueError:
        call.flag("data.timestamp", text, "kept as sent")
        return text
    if assumed or text.endswith(":"):
        call.flag("data.timestamp", text, assumed or "without the colon at its end")
    return str(to_json(moment))


detection_loop = DetectionLoop()
