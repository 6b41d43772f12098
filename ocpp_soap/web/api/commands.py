"""`/charge-points/{id}/commands` and `/commands`: what is sent to charge points, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...central.orders import MAX_RETRIES, Order
from ...central.pages import CommandFilter
from ...central.records import STATES, TIMINGS, Command, Json
from ...central.shapes import command_object
from ...errors import NotFound
from ...protocol.catalog import Catalog
from ...protocol.schema import Operation
from . import payloads
from .answers import page_of, ref
from .endpoints import ROOT, STATION, Answer, Call, Routes
from .fields import Paged, Query, Question, choice, moment, text, texts, whole
from .problems import Wrong, unfit
from .waiting import wished

WHEN = "now, or next-contact: right after the station has spoken next."
DEADLINE = "Never sent after this. Default: in 10 minutes, or in 24 hours with when=next-contact."
RETRIES = "How often to try again while nothing of it reached the station; only for operations that may be repeated."
LEAVE_OUT = "Fields of the payload to do without where the station's version has no word for them."
_KEY = "What is sent again with the same key is not ordered twice; kept for seven days."


class Options(Query):
    """How a command is to be sent."""

    when = choice(WHEN, TIMINGS, load_default=TIMINGS[0])
    deadline = moment(DEADLINE)
    retries = whole(RETRIES, 0, MAX_RETRIES, load_default=0)
    mayLeaveOut = texts(LEAVE_OUT, 20)


class Key(Question):
    """A key against ordering twice."""

    idempotency_key = text(_KEY, data_key="Idempotency-Key")


class Wishes(Key):
    """And the wish to wait."""

    prefer = text("wait=N: answer when it is finished, or after N seconds (30 at most).", 255, 0, data_key="Prefer")


class OfStation(Paged):
    """Which commands of a charge point."""

    state = choice("In this state.", STATES)
    operation = text("Of this operation.")


class Chosen(OfStation):
    """Which commands."""

    chargePoint = text("Of this charge point.")
    batch = whole("Of this batch.", 1)


commands = Routes("commands", "What is sent to charge points, and what came of it.")


def sending(catalog: Catalog) -> Routes:
    """An endpoint for each operation that charge points have, with its own request and confirmation."""
    routes = Routes("operations", "The operations of charge points, in the words of the newest version.")
    for operation in payloads.operations(catalog):
        answer = payloads.finished(operation)
        routes.add(
            "POST",
            f"{STATION}/commands/{operation.name}",
            "operate",
            name=f"send{operation.name}",
            about=operation.documentation,
            query=Options,
            headers=Wishes,
            takes=payloads.request_body(operation),
            gives={200: answer, 202: answer},
            shows=("Location", "Preference-Applied"),
        )(partial(_send, operation))
    return routes


def _send(operation: Operation, call: Call) -> Answer:
    with call.office.store.reading() as work:
        identity = call.station(work).identity
    order = order_of(operation.name, _payload(operation, call.body), call.query)
    command, replayed = call.office.commands.submit(identity, order, call.who, call.headers.get("idempotency_key"))
    seconds = wished(call.headers.get("prefer"))
    command = call.office.waiting.wait(command, seconds)
    headers = {"Location": f"{ROOT}/commands/{command.id}"} | replay_headers(replayed)
    if seconds and command.is_finished:
        return Answer(command_object(command, plain=True), 200, headers | {"Preference-Applied": f"wait={seconds}"})
    return Answer(command_object(command, plain=True), 202, headers)


def _payload(operation: Operation, body: Any) -> Json:
    """The request; what belongs elsewhere is told so."""
    if not isinstance(body, dict | None):
        raise unfit([Wrong("#", f"expected an object, the request of {operation.name}")])
    own = operation.input.type.by_name
    misplaced = [name for name in Options().fields if name in (body or {}) and name not in own]
    if misplaced:
        raise unfit(Wrong(f"#/{name}", f"it belongs in the query: ?{name}=…") for name in misplaced)
    return body or {}


def order_of(operation: str, payload: Json, options: Json) -> Order:
    """The order, with the options of a query or a body."""
    return Order(
        operation,
        payload,
        may_leave_out=tuple(options.get("mayLeaveOut", ())),
        when=options["when"],
        deadline=options.get("deadline"),
        retries=options["retries"],
    )


def replay_headers(replayed: bool) -> dict[str, str]:
    """What says that this was ordered before."""
    return {"Idempotent-Replayed": "true"} if replayed else {}


@commands.add(
    "GET",
    "/charge-points/<segment:identity>/commands",
    query=OfStation,
    gives={200: page_of("Command")},
    shows=("Link",),
)
def list_commands_of_charge_point(call: Call) -> Answer:
    """What was sent to a charge point, newest first."""
    with call.office.store.reading() as work:
        chosen = CommandFilter(call.station(work).identity, call.query.get("state"), call.query.get("operation"))
        return call.page(work.commands.page(chosen, call.query["limit"], call.after), command_object)


@commands.add("GET", "/commands", query=Chosen, gives={200: page_of("Command")}, shows=("Link",))
def list_commands(call: Call) -> Answer:
    """Commands, newest first."""
    asked = call.query.get
    chosen = CommandFilter(asked("chargePoint"), asked("state"), asked("operation"), asked("batch"), call.only)
    with call.office.store.reading() as work:
        return call.page(work.commands.page(chosen, call.query["limit"], call.after), command_object)


@commands.add("GET", "/commands/<number:number>", gives={200: ref("Command")})
def show_command(call: Call) -> Answer:
    """One command; scope operate sees the secrets of its request until it has ended, others do not."""
    return Answer(command_object(_command(call), call.may("operate")))


@commands.add("POST", "/commands/<number:number>/cancel", "operate", gives={200: ref("Command")}, tells=(409,))
def cancel_command(call: Call) -> Answer:
    """Takes a command out of the queue; 409 when it is no longer there."""
    return Answer(command_object(call.office.commands.cancel(_command(call).id, call.who)))


def _command(call: Call) -> Command:
    number = call.path["number"]
    with call.office.store.reading() as work:
        command = work.commands.find(number)
    if command is None or not call.may_see(command.identity):
        raise NotFound(f"there is no command {number}")
    return command
