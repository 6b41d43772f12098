"""`ocpp-soap tokens` and `ocpp-soap audit`: who may use the web API, and who changed what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from ..central.ledger import AuditEntry
from ..central.pages import AuditFilter, Page, Position, every
from ..central.shapes import audit_object, token_object
from ..central.tokens import SCOPES
from .grammar import Group, moment, open_gateway, wants_json, who
from .output import put_json, put_table


@click.group(
    cls=Group, examples=["ocpp-soap tokens create backoffice --scope operate", "ocpp-soap tokens revoke backoffice"]
)
def tokens() -> None:
    """What programs and people show to the web API: `Authorization: Bearer TOKEN`."""


@tokens.command(
    examples=[
        "ocpp-soap tokens create dashboard --scope read",
        "ocpp-soap tokens create depot --scope operate --charge-point CP-1 --charge-point CP-2",
        "ocpp-soap tokens create auditor --scope admin --expires 2030-01-01T00:00:00Z --json",
    ]
)
@click.argument("name")
@click.option("--scope", type=click.Choice(SCOPES), required=True, help="operate includes read, admin both.")
@click.option(
    "--charge-point",
    "charge_points",
    metavar="IDENTITY",
    multiple=True,
    help="For this registered charge point alone; repeatable.  [default: for all]",
)
@click.option("--expires", type=moment, metavar="TIME", help="Until when it is good.  [default: until it is revoked]")
def create(name: str, scope: str, charge_points: tuple[str, ...], expires: datetime | None) -> None:
    """Makes a token for the program or person NAME, and prints it: this once, since it is stored as a digest."""
    token, text = open_gateway().desk(who()).tokens.create(name, scope, charge_points or None, expires)
    if not wants_json():
        click.echo(text)
        return
    known = token_object(token)
    told = {"name": known["name"], "scope": known["scope"], "token": text, "expires": known["expires"]}
    put_json(told | ({"chargePoints": known["chargePoints"]} if charge_points else {}))


@tokens.command("list", examples=["ocpp-soap tokens list", "ocpp-soap tokens list --json"])
def list_() -> None:
    """All tokens that there are and were, with when they were used last."""
    rows = [token_object(token) for token in every(open_gateway().tokens.page)]
    if wants_json():
        put_json(rows)
    else:
        names = ("name", "scope", "chargePoints", "created", "expires", "lastUsed", "revoked")
        titles = ("name", "scope", "charge points", "created", "expires", "last used", "revoked")
        empty = "there is no token; `ocpp-soap tokens create` makes one"
        put_table(titles, [[row[name] for name in names] for row in rows], empty)


@tokens.command(examples=["ocpp-soap tokens revoke dashboard"])
@click.argument("name")
def revoke(name: str) -> None:
    """Takes the token NAME out of use, at once and for good."""
    token = open_gateway().desk(who()).tokens.revoke(name)
    put_json(token_object(token)) if wants_json() else click.echo(f"the token {token.name} is revoked")


@click.group(cls=Group, examples=["ocpp-soap audit list"])
def audit() -> None:
    """Who changed what."""


@audit.command(
    "list",
    examples=[
        "ocpp-soap audit list",
        "ocpp-soap audit list --subject 'charge-point CP-1' --limit 10",
        "ocpp-soap audit list --who token:dashboard --since 2024-01-31T00:00:00Z --json",
    ],
)
@click.option("--who", metavar="NAME", help="Only what this one did: token:NAME, or cli:USER.")
@click.option("--subject", metavar="SUBJECT", help="Only what was done to this, such as 'id-tag 04A1B2C3'.")
@click.option("--since", type=moment, metavar="TIME", help="From this time on, such as 2024-01-31T12:00:00Z.")
@click.option("--until", type=moment, metavar="TIME", help="Before this time.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
def list_changes(limit: int, **chosen: Any) -> None:
    """What people and programs changed, newest first: the fields that differ, before and after."""
    gateway, meant = open_gateway(), AuditFilter(**chosen)

    def page(rows: int, after: Position | None) -> Page[AuditEntry]:
        with gateway.store.reading() as work:
            return work.audit.page(meant, rows, after)

    rows = [audit_object(entry) for entry in every(page, limit)]
    if wants_json():
        put_json(rows)
    else:
        columns = ("at", "who", "what", "subject", "before", "after")
        put_table(columns, [[row[name] for name in columns] for row in rows], "nobody has changed anything yet")
