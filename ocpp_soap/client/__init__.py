"""The client of the web API, for programs and tests: `with Gateway(url, token) as gateway: …`.

It stands alone: requests and the standard library, nothing of the server. Whatever it raises on purpose is a
`GatewayError`, or a ValueError where an argument can't be right; `errors` draws the tree. Names of fields and
parameters are the standard's own words.

Each operation is a method made from the WSDL; what is given to stations has types in `types`, what they answer in
`answers`, and words of which there are a few in `words`.
"""

from . import answers, errors, types, words
from .access import AuditEntry, NewToken, Token
from .batches import Batch
from .charge_point import ChargePoint
from .commands import Command, Options
from .errors import (
    BadAnswer,
    Cancelled,
    Changed,
    Conflict,
    Expired,
    FieldError,
    GatewayError,
    Invalid,
    NoAnswer,
    NotAllowed,
    NotAnswered,
    NotAuthenticated,
    NotFound,
    NotInTime,
    NotTransmitted,
    Problem,
    StationFault,
    Unavailable,
    Uncertain,
    Unfinished,
)
from .gateway import Gateway
from .id_tags import Imported, ImportedFields, ImportedTag
from .journal import JournalEntry
from .models import (
    Callback,
    ChargePointSummary,
    ChargingProfileInForce,
    ConfigurationKey,
    Connector,
    Fault,
    Flag,
    IdTag,
    LocalList,
    MeterValue,
    Portrait,
    Reachability,
    Reservation,
    Revision,
    SampledValue,
    Transaction,
    UnknownIdTag,
)

__all__ = [
    "AuditEntry",
    "BadAnswer",
    "Batch",
    "Callback",
    "Cancelled",
    "Changed",
    "ChargePoint",
    "ChargePointSummary",
    "ChargingProfileInForce",
    "Command",
    "ConfigurationKey",
    "Conflict",
    "Connector",
    "Expired",
    "Fault",
    "FieldError",
    "Flag",
    "Gateway",
    "GatewayError",
    "IdTag",
    "Imported",
    "ImportedFields",
    "ImportedTag",
    "Invalid",
    "JournalEntry",
    "LocalList",
    "MeterValue",
    "NewToken",
    "NoAnswer",
    "NotAllowed",
    "NotAnswered",
    "NotAuthenticated",
    "NotFound",
    "NotInTime",
    "NotTransmitted",
    "Options",
    "Portrait",
    "Problem",
    "Reachability",
    "Reservation",
    "Revision",
    "SampledValue",
    "StationFault",
    "Token",
    "Transaction",
    "Unavailable",
    "Uncertain",
    "Unfinished",
    "UnknownIdTag",
    "answers",
    "errors",
    "types",
    "words",
]
