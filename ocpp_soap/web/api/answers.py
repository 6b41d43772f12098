"""The answers as JSON Schema, for the OpenAPI document: what `central.shapes` and `central.portrait` make.

A program may rely on the fields named here; others may be added. Tests hold the answers to it, and it to the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...central.profile import COMPRESSION, FAULT_STATUS, HEADERS, STRICTNESS, TLS_MINIMUM
from ...central.records import STATES, TIMINGS
from ...central.tokens import SCOPES

Schema = dict[str, Any]


def _of(type_: str, about: str = "", **more: Any) -> Schema:
    return {"type": type_, **({"description": about} if about else {}), **more}


def text(about: str = "", **more: Any) -> Schema:
    """A text."""
    return _of("string", about, **more)


def number(about: str = "") -> Schema:
    """A whole number."""
    return _of("integer", about)


def time(about: str = "") -> Schema:
    """A time."""
    return _of("string", about, format="date-time")


def flag(about: str = "") -> Schema:
    """True or false."""
    return _of("boolean", about)


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    words = {**schema, "type": [schema["type"], "null"]} if "type" in schema else {"anyOf": [schema, {"type": "null"}]}
    return {**words, "enum": [*schema["enum"], None]} if "enum" in schema else words


def array(items: Schema, about: str = "") -> Schema:
    """A list of such."""
    return _of("array", about, items=items)


def thing(about: str = "", /, **properties: Schema) -> Schema:
    """An object that has all of these fields."""
    return _of("object", about, properties=properties, required=list(properties))


def ref(name: str) -> Schema:
    """A named one."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(name: str) -> Schema:
    """A page of a list of named ones."""
    return thing(items=array(ref(name)), next=maybe(text("The cursor of the next page; null on the last one.")))


ANYTHING = _of("object")

_STATION = {
    "chargeBoxIdentity": text(),
    "registered": flag("False: it spoke, and nobody has registered it."),
    "status": text("What it gets when it boots.", enum=["Accepted", "Pending", "Rejected"]),
    "version": maybe(text("Of OCPP, as it spoke last.")),
    "chargePointVendor": maybe(text()),
    "chargePointModel": maybe(text()),
    "firstSeen": maybe(time()),
    "lastSeen": maybe(time()),
    "peer": maybe(text("The address that it spoke from last.")),
    "callback": maybe(text("Where it is called.")),
    "callbackSource": maybe(text("operator: fixed; station: as its messages say.", enum=["station", "operator"])),
}
_PROFILE = {
    "strictness": text(enum=list(STRICTNESS)),
    "compression": text(enum=list(COMPRESSION)),
    "faultStatus": maybe(text(enum=list(FAULT_STATUS))),
    "headers": text(enum=list(HEADERS)),
    "contentTypeAction": flag(),
    "tlsMinimum": text(enum=list(TLS_MINIMUM)),
    "tlsPin": maybe(text()),
}
_TAG_PRESENTED = {"idTag": text(), "firstSeen": time(), "lastSeen": time(), "chargeBoxIdentity": maybe(text())}
_FLAG = thing("Something odd in it, and what was assumed.", path=text(), raw=maybe(text()), assumed=text())

_TRANSACTION = {
    "transactionId": number(),
    "chargeBoxIdentity": text(),
    "connectorId": maybe(number()),
    "idTag": maybe(text()),
    "meterStart": maybe(number("In Wh.")),
    "startTimestamp": time(),
    "meterStop": maybe(number("In Wh.")),
    "stopTimestamp": maybe(time("Null while it is open.")),
    "reason": maybe(text()),
    "energy": maybe(number("In Wh, where both readings are known.")),
    "idTagInfo": _of("object", "What its start was answered with: bill none whose status is not Accepted."),
    "stopIdTag": maybe(text("Who stopped it.")),
    "reservationId": maybe(number()),
    "startReceived": time("When the gateway was told of its start."),
    "stopReceived": maybe(time("When the gateway was told of its end by the station.")),
    "closedBy": maybe(text("Null while it is open.", enum=["station", "operator"])),
    "changed": time("When anything in this object changed last, by the gateway's clock."),
    "flags": array(_FLAG),
}
_REVISION = thing(
    "A change by an operator, or the station's stop after one.",
    at=time(),
    actor=text("cli:USER, token:NAME or station:IDENTITY."),
    action=text(enum=["close", "correct", "annotate", "stop"]),
    reason=maybe(text()),
    note=maybe(text()),
    before=_of("object", "The values that it replaced."),
)
_SAMPLE = _of(
    "object",
    properties={name: text() for name in ("value", "context", "format", "measurand", "phase", "location", "unit")},
    required=["value"],
)
_COMMAND = {
    "commandId": number(),
    "chargeBoxIdentity": text(),
    "operation": text(),
    "request": ANYTHING,
    "state": text(enum=list(STATES)),
    "outcome": maybe(text("The state when it is finished, else null.", enum=list(STATES[2:]))),
    "answer": maybe(_of("object", "The station's confirmation.")),
    "fault": maybe(thing("The SOAP fault that the station answered with.", code=text(), text=text())),
    "error": maybe(text("Why there is no answer.")),
    "address": maybe(text("Where the station was called.")),
    "created": time(),
    "sent": maybe(time()),
    "finished": maybe(time()),
    "transactionId": maybe(number("The transaction that a remote start or stop brought about.")),
    "when": text(enum=list(TIMINGS)),
    "deadline": maybe(time("It is never sent after this.")),
    "attempts": number("How often it was tried."),
    "notBefore": maybe(time("It is not sent before this.")),
    "batchId": maybe(number()),
    "who": maybe(text("Who ordered it.")),
}
_EXCHANGE = {
    "id": number(),
    "at": time(),
    "direction": text("in: the station called.", enum=["in", "out"]),
    "chargeBoxIdentity": maybe(text()),
    "operation": maybe(text()),
    "version": maybe(text()),
    "peer": maybe(text()),
    "milliseconds": _of("number"),
    "outcome": text("answered, the subcode of a fault, or a command's outcome."),
    "flags": array(ANYTHING, "What was odd in it, and what was assumed."),
    "requestId": maybe(text("The X-Request-ID that it came with.")),
    "request": text("The message, as it was."),
    "answer": maybe(text()),
}

_TOKEN = {
    "name": text(),
    "scope": text(enum=list(SCOPES)),
    "chargePoints": maybe(array(text(), "The charge points that it is for; null: all.")),
    "created": time(),
    "expires": maybe(time()),
    "lastUsed": maybe(time()),
    "revoked": maybe(time()),
}

# Fields that only the portrait of one charge point has, and are told by their names.
_PORTRAIT: dict[str, Callable[[], Schema]] = {
    **dict.fromkeys(("heartbeatInterval", "localListVersion"), lambda: maybe(number())),
    **dict.fromkeys(("lastBoot", "clockOffsetAt"), lambda: maybe(time())),
    **dict.fromkeys(("callbackSaid", "callbackPeer", "firmwareStatus", "diagnosticsStatus"), lambda: maybe(text())),
    **dict.fromkeys(("boot", "callbackReachable", "quirks", "access"), lambda: ANYTHING),
    "callbackRefused": lambda: maybe(ANYTHING),
    "clockOffset": lambda: maybe(_of("number", "Seconds that its clock is ahead.")),
    **dict.fromkeys(
        (
            "callbackHistory",
            "failedAuthentications",
            "stopsThatEndedNothing",
            "fileNotices",
            "dataTransfers",
        ),
        lambda: array(ANYTHING),
    ),
    "profile": lambda: ref("Profile"),
    "connectors": lambda: array(ref("Connector")),
    "commands": lambda: array(ref("Command"), "The newest ten."),
    "openTransactions": lambda: array(ref("Transaction")),
    "reservations": lambda: array(ref("Reservation"), "Those in force."),
    "chargingProfiles": lambda: array(ANYTHING),
    "configuration": lambda: array(ref("ConfigurationKey")),
}

_IMPORTED = thing(expires=maybe(time()), parentIdTag=maybe(text()), maxTransactions=maybe(number()), blocked=flag())

COMPONENTS: dict[str, Schema] = {
    "Problem": {
        **thing("What went wrong (RFC 9457).", type=text(), title=text(), status=number(), detail=text()),
        "properties": {
            **thing(type=text(), title=text(), status=number(), detail=text())["properties"],
            "errors": array(thing(pointer=text("Into the body, or ?name of a parameter."), detail=text())),
        },
    },
    "ChargePointSummary": thing(**_STATION),
    "ChargePoint": thing(**_STATION, **{name: make() for name, make in _PORTRAIT.items()}),
    "Profile": thing("How a station is spoken to.", **_PROFILE),
    "Callback": thing(
        url=maybe(text()),
        source=maybe(text(enum=["station", "operator"])),
        warning=maybe(text("Why the station will not be called there, as far as the rules for callbacks tell.")),
        said=maybe(text("The station's own wsa:From.")),
        refused=maybe(_of("object", "A change that did not take effect.")),
        reachable=_of("object", "Whether it could be reached, and since when."),
        history=array(ANYTHING),
    ),
    "Connector": thing(
        connectorId=number("0: the charge point itself."),
        status=text(),
        errorCode=maybe(text()),
        info=maybe(text()),
        timestamp=maybe(time()),
        vendorId=maybe(text()),
        vendorErrorCode=maybe(text()),
        received=maybe(time()),
        availability=maybe(text("As an accepted ChangeAvailability asked for it.")),
    ),
    "ConfigurationKey": thing(key=text(), readonly=maybe(flag()), value=maybe(text()), updated=time()),
    "Exchange": thing(**_EXCHANGE),
    "Command": thing(**_COMMAND),
    "Batch": thing(
        batchId=number(),
        operation=text(),
        request=ANYTHING,
        who=maybe(text()),
        created=time(),
        total=number("How many commands it has."),
        finished=flag("Whether all of them are."),
        states=thing("How many of them are in each state.", **{state: number() for state in STATES}),
    ),
    "Transaction": thing(**_TRANSACTION),
    "TransactionWithMeterValues": thing(
        **_TRANSACTION,
        meterValue=array(thing(timestamp=time(), sampledValue=array(_SAMPLE))),
        proposedMeterStop=maybe(number("In Wh, the last reading of an open transaction: what a closing may take.")),
        revisions=array(_REVISION, "Oldest first."),
    ),
    "IdTag": thing(
        idTag=text(),
        status=text("What a station is told of it now."),
        expires=maybe(time()),
        parentIdTag=maybe(text("The tag of its group.")),
        maxTransactions=maybe(number("How many at the same time; null: 1.")),
        blocked=flag(),
    ),
    "TagImport": thing(
        "What an import did, or would do.",
        added=number(),
        changed=number(),
        unchanged=number(),
        notes=array(text(), "Ignored columns, and tags of which the last line was taken."),
        changes=array(
            thing(line=number(), idTag=text(), before=maybe(_IMPORTED), after=_IMPORTED),
            "What would change, of a dry run; `before` null: a new tag.",
        ),
    ),
    "UnknownIdTag": thing(**_TAG_PRESENTED, count=number()),
    "Reservation": thing(
        reservationId=number(),
        chargeBoxIdentity=text(),
        connectorId=maybe(number()),
        idTag=maybe(text()),
        parentIdTag=maybe(text()),
        expiryDate=maybe(time()),
        status=text(enum=["Active", "Used", "Cancelled", "Expired"]),
        transactionId=maybe(number()),
    ),
    "ChargingProfileInForce": thing(
        chargeBoxIdentity=text(),
        connectorId=number(),
        csChargingProfiles=ref("ChargingProfile"),
        set=time("When it was accepted."),
    ),
    "LocalListVersion": thing(chargeBoxIdentity=text(), listVersion=number()),
    "LocalList": thing(
        chargeBoxIdentity=text(),
        listVersion=maybe(number("As the charge point was heard of last.")),
        complete=flag("The entries are all, and those of that version; else an update was missed, or may have been."),
        localAuthorizationList=array(ref("AuthorizationData")),
    ),
    "Token": thing(**_TOKEN),
    "TokenWithText": thing(**_TOKEN, token=text("What is sent as Authorization: Bearer; it is told only once.")),
    "AuditEntry": thing(
        id=number(),
        at=time(),
        who=text(),
        what=text(),
        subject=text(),
        before=maybe(ANYTHING),
        after=maybe(ANYTHING),
        requestId=maybe(text("The X-Request-ID of the request that changed it.")),
    ),
}
