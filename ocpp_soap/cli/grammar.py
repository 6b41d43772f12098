"""What all commands have in common: --json anywhere on the line, examples in the help, errors in one line, the gateway.

It knows no command.
"""

from __future__ import annotations

import logging
import logging.config
import os
import pwd
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from .. import bootstrap, logs
from ..errors import OcppSoapError, StoreError
from ..protocol.times import parse_time
from ..settings import Settings
from ..store.schema import check_schema

JSON = "ocpp_soap.json"


def wants_json() -> bool:
    """Whether --json stands anywhere on the line."""
    return bool(click.get_current_context().meta.get(JSON))


def _note_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    # Groups and commands all have the option, and their contexts share one meta.
    if value:
        ctx.meta[JSON] = True


class _Words:
    """Adds --json to a command or group, and its examples below the options."""

    def __init__(self, *args: Any, examples: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        option = click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_note_json, help="Print JSON instead of text."
        )
        self.params: list[click.Parameter] = [*getattr(self, "params", ()), option]

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples as they are: what is to be copied must not be wrapped."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Command(_Words, click.Command):
    """A command of `ocpp-soap`."""


class Group(_Words, click.Group):
    """A group of commands, as `ocpp-soap tags`."""

    command_class = Command


class Root(Group):
    """`ocpp-soap` itself: turns what this package raises on purpose into one line on stderr and exit status 1."""

    group_class = Group

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except OcppSoapError as error:
            raise click.ClickException(str(error)) from error


def open_gateway(settings: Settings | None = None) -> bootstrap.Gateway:
    """The gateway on a store with the current schema; closed when the command ends.

    Raises `SettingsError`, or `StoreError` saying what to do.
    """
    gateway = bootstrap.Gateway(settings or Settings.from_environment())
    click.get_current_context().call_on_close(gateway.store.close)
    listen_to_logs(gateway.settings.log_level)
    look_at_store(gateway)
    return gateway


def look_at_store(gateway: bootstrap.Gateway) -> None:
    """Raises `StoreError`, saying what to do, when the store can't be used as it is."""
    url = gateway.store.url
    # sqlite3 would make the file at the first look at it.
    if url.get_backend_name() == "sqlite" and not Path(str(url.database).removeprefix("file:").split("?")[0]).exists():
        raise StoreError(
            f"there is no database {url.database} yet; run `ocpp-soap migrate`, or start `ocpp-soap serve`"
        )
    check_schema(gateway.store)


def listen_to_logs(level: str) -> None:
    """Shows the log on stderr with OCPP_SOAP_LOG_LEVEL=debug; else an error's one line says enough."""
    if level == "debug":
        logging.config.dictConfig(logs.configuration(level))
    else:
        logging.basicConfig(handlers=[logging.NullHandler()])


def who() -> str:
    """Whom the audit names: the user of the operating system, whatever the environment says."""
    with suppress(KeyError):  # a container's user may have no name
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    return f"cli:{os.getuid()}"


def moment(text: str) -> datetime:
    """A time on the command line as aware UTC; without a zone it is refused."""
    try:
        read, assumed = parse_time(text)
    except ValueError:
        assumed = "nothing"
    if assumed is not None:
        raise click.BadParameter(f"expected a time such as 2024-01-31T12:00:00Z, found {text[:40]!r}")
    return read
