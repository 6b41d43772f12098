"""Invents what went to and fro beside the charging: commands with what came of them, configuration, the journal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from ocpp_soap.protocol import catalog
from ocpp_soap.protocol.schema import Service
from ocpp_soap.store import ledger_tables, session_tables, tables

from . import messages
from .bulk import DAY, NO_FLAGS, Bulk, Row, document, moment, said_time
from .fleet import Fleet, Point

COMMANDS_EACH = 2
JOURNAL_DAYS = 7

KEYS = {
    "HeartbeatInterval": "900",
    "ConnectionTimeOut": "120",
    "MeterValueSampleInterval": "900",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import",
    "AuthorizeRemoteTxRequests": "true",
    "LocalAuthListEnabled": "true",
}
PROFILE = {"chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute", "stackLevel": 0}
SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
# Of a hundred commands.
OPERATIONS = {
    "GetConfiguration": 24,
    "ChangeConfiguration": 20,
    "Reset": 14,
    "RemoteStartTransaction": 12,
    "UnlockConnector": 8,
    "ClearCache": 6,
    "SendLocalList": 6,
    "ReserveNow": 5,
    "SetChargingProfile": 5,
}
# Those that go to many stations at once, and to how many.
IN_BATCHES, BATCH = ("GetConfiguration", "ClearCache"), 50
WHO = ("cli:operator", "token:fleet", "token:billing")
STATES, OFTEN = ("answered", "not_transmitted", "uncertain", "expired", "cancelled"), (90, 5, 2, 2, 1)
ERRORS = {
    "not_transmitted": "the connection was refused",
    "uncertain": "no answer came within 30 s: it may or may not have been executed",
    "expired": "its deadline passed before it could be sent",
    "cancelled": "cancelled by token:fleet",
}
UNSENT = ("expired", "cancelled")
# Of a hundred messages, and what is in the answer.
SAID = {
    "Heartbeat": (50, "<cs:currentTime>{time}</cs:currentTime>"),
    "StatusNotification": (20, ""),
    "MeterValues": (15, ""),
    "Authorize": (5, "<cs:idTagInfo><cs:status>Accepted</cs:status></cs:idTagInfo>"),
    "StartTransaction": (
        5,
        "<cs:transactionId>{transaction}</cs:transactionId><cs:idTagInfo><cs:status>Accepted</cs:status></cs:idTagInfo>",
    ),
    "StopTransaction": (5, ""),
}
ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing" \
xmlns:cs="$namespace"><soap:Header><wsa:Action>$action</wsa:Action><wsa:RelatesTo>urn:bench:{number}</wsa:RelatesTo>\
</soap:Header><soap:Body><cs:$element>$fields</cs:$element></soap:Body></soap:Envelope>"""
PLACE = re.compile(r"{(\w+)}")

COMMAND = (
    "id charge_point_id operation request state answer answer_status error address created sent finished "
    "id_tag_folded connector_id deadline attempts batch_id who"
)
ENTRY = "at who what subject after"
RESERVATION = "charge_point_id reservation_id connector_id id_tag expiry_date status command_id accepted"
CHARGING = "charge_point_id connector_id profile_id purpose stack_level profile set_at"
KEY = "charge_point_id key_folded key readonly value updated"
EXCHANGE = "at direction identity operation version peer duration outcome request answer flags"


class Order(NamedTuple):
    """A command, when it was ordered (seconds since 1970), how it ended, and in which batch it was."""

    at: int
    point: Point
    operation: str
    state: str
    batch: int | None = None


def put_commands(bulk: Bulk, fleet: Fleet, until: int, random: Random) -> None:
    """Two for each charge point, over the last half year, and what the accepted ones brought about."""
    commands, reservations, profiles, lists = [], [], [], []
    orders = sorted(_batched(bulk, _orders(fleet, until, random)), key=lambda order: (order.at, order.point.id))
    first = bulk.first_id(tables.commands)
    for number, order in enumerate(orders, first):
        request = _request(order, fleet, number, random)
        commands.append(_command(number, order, request))
        if order.state == "answered":
            if order.operation == "ReserveNow":
                reservations.append(_reservation(number, order, request))
            elif order.operation == "SetChargingProfile":
                profiles.append(_profile(order, request))
            elif order.operation == "SendLocalList":
                lists.append((number, order.point.id))
    bulk.load(tables.commands, COMMAND, commands)
    bulk.load(ledger_tables.audit, ENTRY, _entries(orders, first))
    bulk.load(session_tables.reservations, RESERVATION, reservations)
    bulk.load(session_tables.charging_profiles, CHARGING, profiles)
    bulk.change(tables.charge_points, "local_list_version", lists)


def _orders(fleet: Fleet, until: int, random: Random) -> Iterator[Order]:
    known = catalog.load().versions
    for point in fleet.points * COMMANDS_EACH:
        possible = [name for name in OPERATIONS if name in known[point.version].charge_point.operations]
        operation = random.choices(possible, [OPERATIONS[name] for name in possible])[0]
        at = int(random.triangular(max(point.since, until - 180 * DAY), until - 60, until - 60))
        yield Order(at, point, operation, random.choices(STATES, OFTEN)[0])


def _batched(bulk: Bulk, orders: Iterator[Order]) -> Iterator[Order]:
    """The same ones; some of them were ordered together, and that is put into the store."""
    alike: dict[str, list[Order]] = {name: [] for name in IN_BATCHES}
    for order in orders:
        if order.operation in alike:
            alike[order.operation].append(order)
        else:
            yield order
    batches: list[Row] = []
    first = bulk.first_id(tables.batches)
    for operation, each in alike.items():
        for together in (each[i : i + BATCH] for i in range(0, len(each), BATCH)):
            number, at = first + len(batches), min(order.at for order in together)
            batches.append((number, operation, "{}", WHO[number % len(WHO)], moment(at), len(together)))
            yield from (order._replace(at=at, batch=number) for order in together)
    bulk.load(tables.batches, "id operation request who created total", batches)


def _entries(orders: Sequence[Order], first: int) -> Iterator[Row]:
    """What the audit has of them: a batch is one act."""
    told, sizes = set(), Counter(order.batch for order in orders)
    for number, order in enumerate(orders, first):
        subject = f"command {number}" if order.batch is None else f"batch {order.batch}"
        if subject not in told:
            told.add(subject)
            after: dict[str, Any] = {
                "chargeBoxIdentity": order.point.identity,
                "operation": order.operation,
                "when": "now",
            }
            if order.batch is not None:
                after = {"operation": order.operation, "total": sizes[order.batch]}
            yield moment(order.at), _who(number, order), "submit", subject, document(after)


def _who(number: int, order: Order) -> str:
    return WHO[(number if order.batch is None else order.batch) % len(WHO)]


def _request(order: Order, fleet: Fleet, number: int, random: Random) -> dict[str, Any]:
    connector, id_tag = random.randint(1, order.point.make.connectors), random.choice(fleet.holders).id_tag
    key = random.choice(list(KEYS))
    requests: dict[str, dict[str, Any]] = {
        "ChangeConfiguration": {"key": key, "value": KEYS[key]},
        "Reset": {"type": random.choice(("Soft", "Hard"))},
        "RemoteStartTransaction": {"connectorId": connector, "idTag": id_tag},
        "UnlockConnector": {"connectorId": connector},
        "SendLocalList": {
            "listVersion": number,
            "localAuthorizationList": [{"idTag": id_tag, "idTagInfo": {"status": "Accepted"}}],
            "updateType": "Full",
        },
        "ReserveNow": {
            "connectorId": connector,
            "expiryDate": said_time(order.at + DAY),
            "idTag": id_tag,
            "reservationId": number,
        },
        "SetChargingProfile": {
            "connectorId": connector,
            "csChargingProfiles": {"chargingProfileId": number, **PROFILE, "chargingSchedule": SCHEDULE},
        },
    }
    return requests.get(order.operation, {})


def _command(number: int, order: Order, request: dict[str, Any]) -> Row:
    answer: dict[str, Any] = {"status": "Unlocked" if order.operation == "UnlockConnector" else "Accepted"}
    if order.operation == "GetConfiguration":
        answer = {"configurationKey": [{"key": key, "readonly": False, "value": KEYS[key]} for key in KEYS]}
    answered, sent = order.state == "answered", order.state not in UNSENT
    at, end = moment(order.at), moment(order.at + (30 if order.state == "uncertain" else 1))
    told = (document(answer), answer.get("status"), None) if answered else (None, None, ERRORS[order.state])
    went = (order.point.url, at, at, end) if sent else (None, at, None, end)
    remote = order.operation == "RemoteStartTransaction"
    asked = (request["idTag"].casefold() if remote else None, request.get("connectorId"))
    own = (number, order.point.id, order.operation, document(request), order.state)
    return (*own, *told, *went, *asked, moment(order.at + 600), int(sent), order.batch, _who(number, order))


def _reservation(number: int, order: Order, request: dict[str, Any]) -> Row:
    kept = (request["reservationId"], request["connectorId"], request["idTag"], moment(order.at + DAY))
    return (order.point.id, *kept, "Active" if number % 4 else "Cancelled", number, moment(order.at + 1))


def _profile(order: Order, request: dict[str, Any]) -> Row:
    profile = request["csChargingProfiles"]
    named = (profile["chargingProfileId"], profile["chargingProfilePurpose"], profile["stackLevel"])
    return (order.point.id, request["connectorId"], *named, document(profile), moment(order.at + 1))


def put_configuration(bulk: Bulk, fleet: Fleet) -> None:
    """What half of the charge points told of their settings."""
    rows = (
        (point.id, key.casefold(), key, False, KEYS[key], moment(point.last))
        for point in fleet.points[::2]
        for key in sorted(KEYS)
    )
    bulk.load(tables.configuration, KEY, rows)


def put_journal(bulk: Bulk, fleet: Fleet, size: int, until: int, random: Random) -> None:
    """So many messages of the last days, as they went over the wire."""
    times = sorted(until - 1 - int(random.random() * JOURNAL_DAYS * DAY) for _ in range(size))
    bulk.load(tables.journal, EXCHANGE, _exchanges(fleet, times, random))


def _exchanges(fleet: Fleet, times: Sequence[int], random: Random) -> Iterator[Row]:
    services = {name: version.central_system for name, version in catalog.load().versions.items()}
    newest = next(iter(services))
    requests = {
        (version, name): text for version in services for name, text in messages.templates(services[version]).items()
    }
    answers = {(version, name): _answer(services[version], name) for version in services for name in SAID}
    alive = [point for point in fleet.points if point.last > times[0]]
    operations = random.choices(list(SAID), [often for often, _ in SAID.values()], k=len(times))
    for number, (at, operation) in enumerate(zip(times, operations, strict=True), 1):
        point = random.choice(alive)
        # Older versions have other words for meter values.
        name = operation if point.version == newest or operation != "MeterValues" else "Heartbeat"
        values = {"identity": point.identity, "tag": random.choice(fleet.holders).id_tag, "time": said_time(at)}
        values |= {"number": str(number), "connector": "1", "meter": str(number * 7), "transaction": str(number)}
        request, answer = (
            PLACE.sub(lambda place: values[place[1]], texts[point.version, name]).encode()  # noqa: B023
            for texts in (requests, answers)
        )
        outcome = "InternalError" if random.random() < 0.004 else "answered"
        duration = round(random.lognormvariate(-5, 0.6), 6)
        own = (moment(at), "in", point.identity, name, point.version, point.peer, duration, outcome)
        yield (*own, request, answer if outcome == "answered" else None, NO_FLAGS)


def _answer(service: Service, operation: str) -> str:
    message = service.operations[operation].output
    parts = {"$namespace": service.namespace, "$action": message.action, "$element": message.element}
    text = ANSWER.replace("$fields", SAID[operation][1])
    for place, part in parts.items():
        text = text.replace(place, part)
    return text
