"""`ocpp-soap send` and `ocpp-soap commands`: an operation to a station, its answer, an exit status that says how it
ended, and what else is queued.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import click

from ..bootstrap import now
from ..central.orders import MAX_RETRIES, Order
from ..central.pages import CommandFilter
from ..central.records import NOW, STATES, TIMINGS, Json
from ..central.shapes import batch_object, command_object
from ..errors import OcppSoapError, Refused, Uncertain
from ..protocol import catalog
from ..protocol.export import field_rows, json_schema
from ..protocol.schema import Service
from ..settings import Settings
from .grammar import Command, Group, moment, open_gateway, wants_json, who
from .output import cell, put_facts, put_json, put_table

FAULT, NOT_TRANSMITTED, UNCERTAIN = 3, 4, 5

# How a command ends that no station has seen.
NOT_SENT = ("not_transmitted", "expired", "cancelled")

SOON = re.compile(r"(\d{1,6})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _deadline(text: str) -> datetime:
    """A time, or how far off it is."""
    found = SOON.fullmatch(text)
    if found is not None:
        return now() + timedelta(seconds=int(found[1]) * SECONDS[found[2]])
    try:
        return moment(text)
    except click.BadParameter as error:
        raise click.BadParameter(f"{error.message}; or, from now: 30m, 2h, 3d") from None


class _Send(Command):
    """Its help ends with the operations that the WSDLs know."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        try:
            operations = _service().operations
        except OcppSoapError as error:  # help is wanted most when something is set wrongly
            formatter.write(f"\nThe operations can't be read: {error}\n")
            return
        with formatter.section("Operations"):
            formatter.write_dl(
                [
                    (name, operations[name].documentation.partition(" (")[0].split(". ")[0])
                    for name in sorted(operations)
                ]
            )


def _service() -> Service:
    return catalog.load(Settings.from_environment().wsdl_dir).newest.charge_point


@click.command(
    cls=_Send,
    examples=[
        "ocpp-soap send --describe RemoteStartTransaction",
        """ocpp-soap send CP-1 RemoteStartTransaction '{"connectorId": 1, "idTag": "04A1B2C3"}'""",
        """ocpp-soap send CP-1 Reset '{"type": "Soft"}' --json""",
        "ocpp-soap send CP-1 ClearCache",
        "ocpp-soap send CP-1 SetChargingProfile - < profile.json",
        "ocpp-soap send CP-1 ClearCache --when next-contact --deadline 2d --no-wait",
    ],
)
@click.argument("charge_point", required=False)
@click.argument("operation", required=False)
@click.argument("payload", required=False)
@click.option("--describe", metavar="OPERATION", help="Print what an operation takes and answers, and send nothing.")
@click.option(
    "--may-leave-out",
    metavar="FIELD",
    multiple=True,
    help="Send without FIELD, such as chargingProfile, where the station's OCPP version does not have it.",
)
@click.option(
    "--when",
    type=click.Choice(TIMINGS),
    default=NOW,
    show_default=True,
    help="next-contact: right after the station has spoken next, for one that can't be called now.",
)
@click.option(
    "--deadline",
    type=_deadline,
    metavar="TIME",
    help="Never send it after TIME: 2024-01-31T12:00:00Z, or 30m, 2h, 3d from now.  [default: 10m, or 24h]",
)
@click.option(
    "--retries",
    type=click.IntRange(0, MAX_RETRIES),
    default=0,
    help="Try again so often while nothing of it reaches the station; for operations that may well come late.",
)
@click.option("--no-wait", is_flag=True, help="Leave it to `ocpp-soap serve` or `worker`, and print its number.")
def send(
    charge_point: str | None, operation: str | None, payload: str | None, describe: str | None, **options: Any
) -> None:
    """Sends OPERATION to CHARGE_POINT and waits for its answer.

    PAYLOAD is JSON in the standard's words, or - for stdin; it may be left out where no field is required. The words
    are those of OCPP 1.6 for every station; what an older one lacks is refused with the reason.

    Exit status: 0 an answer (also Rejected), 1 refused here, nothing was sent, 2 usage, 3 the station answered with a
    fault, 4 not transmitted, or not before its deadline, 5 uncertain: sent, but no answer came, so it may or may not
    have been executed.
    """
    if describe is not None:
        _describe(describe)
        return
    if charge_point is None or operation is None:
        raise click.UsageError("name a charge point and an operation")
    no_wait = options.pop("no_wait")
    order = Order(operation, _payload(payload), **options)
    commands = open_gateway().commands
    try:
        if no_wait:
            sent, _ = commands.submit(charge_point, order, who())
        else:
            if order.when != NOW and not wants_json():
                click.echo(f"waiting until {cell(charge_point)} speaks; Ctrl-C takes the command back", err=True)
            sent = commands.deliver(charge_point, order, who())
    except Uncertain as uncertain:
        click.echo(f"Error: {uncertain}", err=True)
        raise click.exceptions.Exit(UNCERTAIN) from uncertain
    command = command_object(sent, plain=True)
    put_json(command) if wants_json() else _put(command)
    _end(command)


@click.group("commands", cls=Group, examples=["ocpp-soap commands list --state queued"])
def commands() -> None:
    """What is sent to stations."""


@commands.command(
    "list",
    examples=[
        "ocpp-soap commands list --charge-point CP-1",
        "ocpp-soap commands list --state uncertain --json",
        "ocpp-soap commands list --batch 7 --limit 1000",
    ],
)
@click.option("--charge-point", metavar="IDENTITY", help="Those to this one.")
@click.option("--state", type=click.Choice(STATES), help="Those in this state.")
@click.option("--operation", metavar="NAME", help="Those of this operation.")
@click.option("--batch", type=click.IntRange(1), metavar="NUMBER", help="Those of this batch.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="The newest.")
def list_(charge_point: str | None, state: str | None, operation: str | None, batch: int | None, limit: int) -> None:
    """Lists commands, newest first."""
    with open_gateway().store.reading() as work:
        found = work.commands.page(CommandFilter(charge_point, state, operation, batch), limit).rows
    shapes = [command_object(command) for command in found]
    if wants_json():
        put_json(shapes)
        return
    names = ("commandId", "chargeBoxIdentity", "operation", "state", "created", "error")
    rows = [[shape[name] for name in names] for shape in shapes]
    put_table(("number", "charge point", "operation", "state", "created", "why"), rows, "no commands")


@commands.command(examples=["ocpp-soap commands show 4711"])
@click.argument("number", type=click.IntRange(1))
def show(number: int) -> None:
    """Shows one command with all that is known of it."""
    command = command_object(open_gateway().commands.find(number), plain=True)
    put_json(command) if wants_json() else put_facts(command.items())


@commands.command(examples=["ocpp-soap commands cancel 4711", "ocpp-soap commands cancel --batch 7"])
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--batch", type=click.IntRange(1), metavar="NUMBER", help="What is left of this batch.")
def cancel(number: int | None, batch: int | None) -> None:
    """Takes a command out of the queue; what has left can't be called back."""
    if (number is None) is (batch is None):
        raise click.UsageError("name a command, or a batch with --batch")
    gateway = open_gateway()
    if batch is not None:
        shape = batch_object(gateway.commands.cancel_batch(batch, who()))
        words = f"of {shape['total']} commands {shape['states']['cancelled']} are cancelled"
    else:
        shape = command_object(gateway.commands.cancel(number or 0, who()))
        words = f"command {number} is cancelled"
    put_json(shape) if wants_json() else click.echo(words)


def _payload(text: str | None) -> Any:
    """What is to be sent, numbers with a point as Decimal; raises `Refused` for what is no JSON."""
    if text is None:
        return {}
    try:
        written = sys.stdin.read() if text == "-" else text
        return json.loads(written, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError:
        raise Refused("the payload is nested too deeply") from None
    except ValueError as error:  # also UnicodeDecodeError, and numbers too long to be read
        raise Refused(f"the payload is no JSON: {error}") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number in JSON")


def _once(pairs: list[tuple[str, Any]]) -> Json:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name stands twice in an object: " + ", ".join(name for name, _ in pairs))
    return named


def _describe(name: str) -> None:
    operations = _service().operations
    if name not in operations:
        raise click.BadParameter(f"there is no {name!r}; there are {', '.join(sorted(operations))}")
    operation = operations[name]
    if wants_json():
        put_json({"request": json_schema(operation.input.type), "response": json_schema(operation.output.type)})
        return
    click.echo(f"{name}: {operation.documentation}")
    for title, message in (("Request", operation.input), ("Answer", operation.output)):
        click.echo(f"\n{title}")
        rows = [(path, kind, "yes" if needed else "", text) for path, kind, needed, text in field_rows(message.type)]
        put_table(("field", "what is expected", "required", "what it is for"), rows, "no fields")


def _put(command: Json) -> None:
    """The outcome in words; what is no answer goes to stderr."""
    name, operation = command["chargeBoxIdentity"], command["operation"]
    if command["fault"]:
        fault = command["fault"]
        kind = "/".join(filter(None, (fault["code"], fault["subcode"])))
        click.echo(cell(f"{name} answered {operation} with a fault, {kind}: {fault['text']}"), err=True)
    elif command["outcome"] == "answered":
        click.echo(cell(f"{name} answered {operation}: {command['answer'].get('status', 'done')}"))
        put_facts((field, value) for field, value in command["answer"].items() if field != "status")
    elif command["outcome"] is None:
        click.echo(cell(f"{operation} to {name} is queued: `ocpp-soap commands show {command['commandId']}`"))
    elif command["outcome"] in NOT_SENT:
        click.echo(cell(f"{operation} was not transmitted to {name}: {command['error']}"), err=True)
    else:
        click.echo(cell(f"{name} may or may not have executed {operation}: {command['error']}"), err=True)


def _end(command: Json) -> None:
    if command["outcome"] not in (None, "answered"):
        raise click.exceptions.Exit(NOT_TRANSMITTED if command["outcome"] in NOT_SENT else UNCERTAIN)
    if command["fault"]:
        raise click.exceptions.Exit(FAULT)
