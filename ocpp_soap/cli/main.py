"""`ocpp-soap`: puts the commands together."""

from __future__ import annotations

import click

from . import access, probe  # noqa: F401 they add commands to charge-points
from .charge_points import charge_points
from .check import check
from .commands import commands, send
from .demo import demo
from .grammar import Root
from .journal import journal, retention
from .serve import migrate, serve
from .simulate import simulate
from .tags import tags
from .tokens import audit, tokens
from .transactions import reservations, transactions
from .worker import worker

COMMANDS = (
    serve,
    worker,
    migrate,
    check,
    charge_points,
    tags,
    transactions,
    reservations,
    send,
    commands,
    journal,
    retention,
    tokens,
    audit,
    simulate,
    demo,
)


class _InOrder(Root):
    """Lists its commands in the order of an operator's day, not by the alphabet."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    examples=[
        "ocpp-soap check",
        "ocpp-soap serve --bind 0.0.0.0:8180",
        "ocpp-soap charge-points accept CP-1",
        """ocpp-soap send CP-1 Reset '{"type": "Soft"}'""",
        "ocpp-soap transactions list --json",
    ],
)
@click.version_option(package_name="ocpp-soap")
def cli() -> None:
    """A Central System for charge points that speak OCPP over SOAP.

    Settings come from OCPP_SOAP_* in the environment; deploy/env.example lists them.
    """


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """What `ocpp-soap` runs."""
    cli(prog_name="ocpp-soap")
