"""`ocpp-soap send`: one operation to one station, its answer, and an exit status that says how it ended."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any, NoReturn

import click

from ..central.records import Json
from ..central.shapes import command_object
from ..errors import OcppSoapError, Refused, Uncertain
from ..protocol import catalog
from ..protocol.export import field_rows, json_schema
from ..protocol.schema import Service
from ..settings import Settings
from .grammar import Command, open_gateway, wants_json
from .output import cell, put_facts, put_json, put_table

FAULT, NOT_TRANSMITTED, UNCERTAIN = 3, 4, 5


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
def send(
    charge_point: str | None,
    operation: str | None,
    payload: str | None,
    describe: str | None,
    may_leave_out: tuple[str, ...],
) -> None:
    """Sends OPERATION to CHARGE_POINT and waits for its answer.

    PAYLOAD is JSON in the standard's words, or - for stdin; it may be left out where no field is required. The words
    are those of OCPP 1.6 for every station; what an older one lacks is refused with the reason.

    Exit status: 0 an answer (also Rejected), 1 refused here, nothing was sent, 2 usage, 3 the station answered with a
    fault, 4 not transmitted, 5 uncertain: sent, but no answer came, so it may or may not have been executed.
    """
    if describe is not None:
        _describe(describe)
        return
    if charge_point is None or operation is None:
        raise click.UsageError("name a charge point and an operation")
    request = _payload(payload)
    try:
        command = command_object(open_gateway().commands.send(charge_point, operation, request, may_leave_out))
    except Uncertain as uncertain:
        click.echo(f"Error: {uncertain}", err=True)
        raise click.exceptions.Exit(UNCERTAIN) from uncertain
    put_json(command) if wants_json() else _put(command)
    _end(command)


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
    elif command["outcome"] == "not_transmitted":
        click.echo(cell(f"{operation} was not transmitted to {name}: {command['error']}"), err=True)
    else:
        click.echo(cell(f"{name} may or may not have executed {operation}: {command['error']}"), err=True)


def _end(command: Json) -> None:
    if command["outcome"] != "answered":
        raise click.exceptions.Exit(NOT_TRANSMITTED if command["outcome"] == "not_transmitted" else UNCERTAIN)
    if command["fault"]:
        raise click.exceptions.Exit(FAULT)
