"""`ocpp-soap charge-points access` and `profile`: what a station has to show, and how it wants to be spoken to."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

import click

from ..central.authentication import Access, digest, make_secret
from ..central.desk.seat import registered
from ..central.profile import COMPRESSION, FAULT_STATUS, HEADERS, STRICTNESS, TLS_MINIMUM, Profile
from ..central.records import ChargePoint, Json
from ..central.shapes import ATTEMPT, access_object, attempt_object, profile_object
from ..errors import Refused
from ..logs import UNPRINTABLE
from .charge_points import charge_points
from .grammar import open_gateway, wants_json, who
from .output import put_facts, put_json, put_table

# What a password on standard input may have at most.
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024


@charge_points.command(
    examples=[
        "ocpp-soap charge-points access CP-1",
        "ocpp-soap charge-points access CP-1 --network 10.20.0.0/16 --network 192.0.2.7",
        "ocpp-soap charge-points access CP-1 --make-secret",
        "ocpp-soap charge-points access CP-1 --password-stdin < password",
        "ocpp-soap charge-points access CP-1 --certificate cp-1.stations.example",
        "ocpp-soap charge-points access CP-1 --open",
    ]
)
@click.argument("identity")
@click.option("--network", "networks", multiple=True, metavar="CIDR", help="It may come from there alone; repeatable.")
@click.option("--make-secret", is_flag=True, help="Makes a secret for the end of its URL, and prints the URL once.")
@click.option("--make-password", is_flag=True, help="Makes a password for HTTP Basic, and prints it once.")
@click.option("--password-stdin", is_flag=True, help="Takes the password for HTTP Basic from standard input.")
@click.option("--user", help="The user of HTTP Basic, where it is not the chargeBoxIdentity.")
@click.option("--certificate", metavar="NAME", help="CN or alternative name that its client certificate has to hold.")
@click.option("--open", "open_", is_flag=True, help="Takes away all that was set before; the other options come after.")
def access(identity: str, **given: Any) -> None:
    """Shows or sets what a charge point has to show before it is believed to be that one.

    Whatever is set must hold, all of it; without anything of its own a charge point is held to
    OCPP_SOAP_STATION_NETWORKS and OCPP_SOAP_STATION_PROOF. Secrets are stored as digests: they are printed when they
    are made, and never again.
    """
    gateway = open_gateway()
    told: Json = {}
    with gateway.desk(who()).store.writing() as work:
        point = registered(work, identity, lock=True)
        changed = before = Access.read(point.access)
        if any(given.values()):
            changed = _changed(before, told, point, gateway.settings.public_url, given)
            work.charge_points.change(point.id, access=changed.stored())
    shown = access_object(changed) | told
    if wants_json():
        put_json(shown)
    elif any(shown.values()):
        put_facts((_WORDS[name], value) for name, value in shown.items())
    else:
        click.echo(f"{point.identity} has nothing of its own to show")


_WORDS = {
    "networks": "may come from",
    "secret": "secret in its URL",
    "password": "password",
    "user": "user",
    "certificate": "certificate",
    "url": "its URL, shown once",
    "newPassword": "its password, shown once",
}


def _changed(before: Access, told: Json, point: ChargePoint, public_url: str, given: Json) -> Access:
    access = Access() if given["open_"] else before
    if given["networks"]:
        access = replace(access, networks=tuple(map(_network, given["networks"])))
    if given["make_secret"]:
        if "/" in point.identity:
            raise Refused(
                "an identity with a slash can't be followed by a secret in a URL; --make-password works for it"
            )
        secret = make_secret()
        told["url"] = f"{public_url}/{quote(point.identity, safe='')}/{secret}"
        access = replace(access, secret=digest(secret))
    if given["make_password"] and given["password_stdin"]:
        raise click.UsageError("give either --make-password or --password-stdin")
    if given["make_password"]:
        told["newPassword"] = make_secret()
        access = replace(access, password=digest(told["newPassword"]))
    if given["password_stdin"]:
        access = replace(access, password=digest(_password()))
    if given["user"]:
        if UNPRINTABLE.search(given["user"]):
            raise Refused("a user of HTTP Basic holds no control characters")
        access = replace(access, user=given["user"])
    if given["certificate"]:
        access = replace(access, certificate=given["certificate"])
    if access.user and not access.password:
        raise Refused("a user without a password proves nothing: add --make-password or --password-stdin")
    return access


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        raise click.BadParameter(f"expected a network such as 10.20.0.0/16, found {text[:80]!r}") from None


def _password() -> str:
    try:
        password = sys.stdin.buffer.readline(LONGEST_PASSWORD + 2).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused("the password is not UTF-8") from None
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Refused(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; found {len(password)}")
    return password


@charge_points.command(examples=["ocpp-soap charge-points attempts", "ocpp-soap charge-points attempts --json"])
def attempts() -> None:
    """Senders that could not prove to be the station that they named, newest first; one row for each address."""
    with open_gateway().store.reading() as work:
        rows = [attempt_object(attempt) for attempt in work.attempts.list()]
    if wants_json():
        put_json(rows)
    else:
        put_table(list(ATTEMPT), [list(row.values()) for row in rows], "nobody has failed to prove who they are")


@charge_points.command(
    examples=[
        "ocpp-soap charge-points profile CP-1",
        "ocpp-soap charge-points profile CP-1 --strictness strict",
        "ocpp-soap charge-points profile CP-1 --headers classic --fault-status 200",
        "ocpp-soap charge-points profile CP-1 --tls-pin 5d:3f:…:09   # as `charge-points probe` shows it",
        "ocpp-soap charge-points profile CP-1 --everybodys",
    ]
)
@click.argument("identity")
@click.option("--strictness", type=click.Choice(STRICTNESS), help="strict: what breaks the specification is a fault.")
@click.option("--compression", type=click.Choice(COMPRESSION), help="Of our answers.")
@click.option("--fault-status", type=click.Choice(FAULT_STATUS), help="HTTP status of faults.")
@click.option("--headers", type=click.Choice(HEADERS), help="full; classic: no From; bare: the identity alone.")
@click.option(
    "--content-type-action/--no-content-type-action",
    default=None,
    help="Whether our Content-Type names the SOAP action.",
)
@click.option("--tls-minimum", type=click.Choice(TLS_MINIMUM), help="The oldest TLS that it is called with.")
@click.option(
    "--tls-pin", metavar="SHA256", help="Its certificate's fingerprint; then no authority is asked. '': none."
)
@click.option("--everybodys", is_flag=True, help="Takes away all that was set before; the other options come after.")
def profile(identity: str, everybodys: bool, **given: Any) -> None:
    """Shows or sets how a charge point wants to be spoken to: for odd firmware, and for vendors who certify.

    A strict charge point gets a fault that names line and field wherever its message breaks the specification, also
    where any other would get a confirmation all the same.
    """
    gateway = open_gateway()
    chosen = {name: value for name, value in given.items() if value is not None}
    if chosen or everybodys:
        special = {**asdict(Profile()), **chosen} if everybodys else chosen
        point = gateway.desk(who()).change(identity, profile=special)
    else:
        with gateway.store.reading() as work:
            point = registered(work, identity)
    shown = profile_object(Profile.read(point.profile))
    put_json(shown) if wants_json() else put_facts(shown.items())
