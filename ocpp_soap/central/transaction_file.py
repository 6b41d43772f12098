"""Transactions as a CSV file for an accountant's spreadsheet, which computes none of its cells."""

from __future__ import annotations

from .records import Transaction
from .shapes import transaction_object
from .tag_file import neutral

COLUMNS = (
    "transactionId",
    "chargeBoxIdentity",
    "connectorId",
    "idTag",
    "idTagStatus",
    "startTimestamp",
    "stopTimestamp",
    "meterStart",
    "meterStop",
    "energy",
    "reason",
    "stopIdTag",
    "reservationId",
    "startReceived",
    "stopReceived",
    "closedBy",
    "changed",
    "flags",
)


def write_row(transaction: Transaction) -> list[str]:
    """A cell for each of the COLUMNS; energy and meter values in Wh, flags by their paths."""
    known = transaction_object(transaction)
    known["idTagStatus"] = transaction.id_tag_info.get("status")
    known["flags"] = " ".join(dict.fromkeys(str(flag["path"]) for flag in known["flags"]))
    return [_cell(known[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else str(value)
