"""`ocpp-soap serve` and `ocpp-soap migrate`: the gateway itself, and the schema of its store."""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import re
import socket
import struct
from contextlib import suppress
from dataclasses import replace

import click

from ..bootstrap import Gateway
from ..errors import OcppSoapError
from ..serving import Server, free_port, sends_commands
from ..settings import DOORS, Settings
from ..store.schema import upgrade
from .grammar import Command, listen_to_logs, wants_json
from .output import put_json

# SIOCGIFADDR of Linux's netdevice(7): the IPv4 address of an interface.
GET_ADDRESS = 0x8915

PATH, API = "/ocpp", "/api/v1"


def bind_address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT or [::1]:PORT; without a host it is every address of this machine."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]]*)):(\d{1,5})", text, re.ASCII)
    if not found or int(found[3]) > 65535:
        raise click.BadParameter(f"expected HOST:PORT such as 127.0.0.1:8180, found {text[:80]!r}")
    return found[1] or found[2] or "0.0.0.0", int(found[3])  # noqa: S104 as asked


@click.command(
    cls=Command,
    examples=[
        "ocpp-soap serve",
        "ocpp-soap serve --bind 0.0.0.0:8180",
        "ocpp-soap serve --doors people --bind 127.0.0.1:8181",
        "OCPP_SOAP_DATABASE_URL=postgresql://ocpp:secret@db/ocpp ocpp-soap serve --bind 127.0.0.1:8180",
    ],
)
@click.option(
    "--bind",
    type=bind_address,
    metavar="HOST:PORT",
    default="127.0.0.1:8180",
    show_default=True,
    help="Where to listen; port 0 is any free one.",
)
@click.option("--next-free-port", is_flag=True, help="Take the first free port from the given one on.")
@click.option(
    "--doors",
    type=click.Choice(DOORS),
    help="stations: SOAP alone; people: the web API and the page alone.  [default: OCPP_SOAP_DOORS, both]",
)
def serve(bind: tuple[str, int], next_free_port: bool, doors: str | None) -> None:
    """Runs the gateway until it is told to stop (Ctrl-C, SIGTERM).

    It brings the database's schema up to date first. Settings come from OCPP_SOAP_* in the environment. Two of them
    on one store, on two ports, keep the door for stations and the one for people apart.
    """
    host, port = bind
    settings = Settings.from_environment()
    settings = replace(settings, doors=doors or settings.doors)
    listen_to_logs(settings.log_level)
    gateway = Gateway(settings)
    gateway.catalog  # noqa: B018 a WSDL that can't be read is told here, not by every worker
    port = _free(host, port, next_free_port)
    upgrade(gateway.store)
    gateway.store.close()
    path = API if settings.doors == "people" else PATH
    urls = [f"http://{_bracketed(address)}:{port}{path}" for address in addresses(host)]
    if path == PATH and settings.environment == "development" and settings.public_url == Settings().public_url:
        # The one of a network, when there is one: a station on this machine reaches it as well.
        settings = replace(settings, public_url=urls[:2][-1])
    _announce(settings, gateway, urls)
    if settings.public_url != gateway.settings.public_url and not wants_json():
        click.echo(f"for commands in another terminal: export OCPP_SOAP_PUBLIC_URL={settings.public_url}")
    Server(settings, f"{_bracketed(host)}:{port}").run()


def _free(host: str, port: int, others: bool) -> int:
    """The port, or the next free one where that is wanted; raises `OcppSoapError` when it can't be bound."""
    try:
        free = free_port(host, port, last=65535 if others else port)
    except OSError as error:
        way_out = "; --next-free-port takes another" if error.errno == errno.EADDRINUSE else ""
        words = (error.strerror or str(error)).lower()
        raise OcppSoapError(f"{_bracketed(host)}:{port} can't be bound: {words}{way_out}") from None
    if free != port != 0:
        click.echo(f"port {port} is taken, by another gateway perhaps; this one takes {free}", err=True)
    return free


def _announce(settings: Settings, gateway: Gateway, urls: list[str]) -> None:
    store = gateway.store.url.render_as_string(hide_password=True)
    if wants_json():
        stations = {"unknownChargePoints": settings.unknown_charge_points, "unknownTags": settings.unknown_tags}
        doors = {"urls": urls, "publicUrl": settings.public_url, "doors": settings.doors}
        put_json({**doors, "database": store, **stations}, indent=None)
        return
    click.echo(urls[0])
    for url in urls[1:]:
        click.echo(f"{url}  from that network")
    if settings.doors == "people":
        click.echo("charge points do not call here: `ocpp-soap serve --doors stations` is for them")
    elif settings.doors == "both":
        click.echo(f"web API: {urls[0].removesuffix(PATH)}{API}; `ocpp-soap tokens create` lets programs in")
    policies = {"accept": "accepted", "pending": "kept pending until you accept them", "reject": "rejected"}
    click.echo(f"store: {store}")
    click.echo(f"unknown charge points are {policies[settings.unknown_charge_points]}")
    click.echo(f"unknown tags are {policies[settings.unknown_tags]}")
    if not sends_commands(settings):
        click.echo("commands are sent by `ocpp-soap worker`: run it too")
    click.echo(f"environment: {settings.environment}; Ctrl-C ends it")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def addresses(host: str) -> list[str]:
    """Where a gateway that is bound to `host` is reached: from this machine first, then from each of its networks."""
    if not _is_unspecified(host):
        return [host]
    return ["127.0.0.1" if "." in host else "::1", *_own_addresses()]


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _own_addresses() -> list[str]:
    """The IPv4 addresses of this machine's interfaces but for loopback; empty where the system can't tell."""
    found = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asker, GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
            except OSError:  # an interface without an IPv4 address, or another system than Linux
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in dict.fromkeys(found) if not ipaddress.ip_address(address).is_loopback]


@click.command(cls=Command, examples=["ocpp-soap migrate"])
def migrate() -> None:
    """Creates the database's tables, or brings them up to date; running it again changes nothing.

    `serve` does the same when it starts.
    """
    settings = Settings.from_environment()
    listen_to_logs(settings.log_level)
    store = Gateway(settings).store
    try:
        upgrade(store)
    finally:
        store.close()
    shown = store.url.render_as_string(hide_password=True)
    put_json({"database": shown, "schema": "current"}) if wants_json() else click.echo(f"{shown} is up to date")
