"""`/whoami`, `/tokens` and `/audit`: who may use this API, and who changed what."""

from __future__ import annotations

from ...central.pages import AuditFilter
from ...central.shapes import audit_object, token_object
from ...central.tokens import LONGEST_NAME, MOST_CHARGE_POINTS, SCOPES
from .answers import page_of, ref
from .endpoints import Answer, Call, Routes
from .fields import Paged, Question, choice, moment, text, texts

access = Routes("access", "Who may use this API, and who changed what.")


class NewToken(Question):
    """A token to be made."""

    name = text("What the audit calls it; never that of another.", LONGEST_NAME, required=True)
    scope = choice("operate includes read, admin both.", SCOPES, required=True)
    chargePoints = texts("Only for these charge points; else for all.", MOST_CHARGE_POINTS)
    expires = moment("Until when it is good; else until it is revoked.")


class Changes(Paged):
    """Which changes."""

    who = text("By `token:NAME`, or `cli:USER`.")
    subject = text("Of what, such as `charge-point CP1`.")
    since = moment("From this time on.")
    until = moment("Before this time.")


@access.add("GET", "/whoami", gives={200: ref("Token")})
def show_whoami(call: Call) -> Answer:
    """The token that asks."""
    return Answer(token_object(call.token))


@access.add("GET", "/tokens", "admin", whole=True, query=Paged, gives={200: page_of("Token")}, shows=("Link",))
def list_tokens(call: Call) -> Answer:
    """The tokens that there are and were, by name."""
    return call.page(call.office.tokens.page(call.query["limit"], call.after), token_object)


@access.add("POST", "/tokens", "admin", whole=True, body=NewToken, gives={201: ref("TokenWithText")}, tells=(409,))
def create_token(call: Call) -> Answer:
    """Makes a token; its text is told only now. 409 when there is or was one of that name."""
    new = call.body
    token, spoken = call.desk.tokens.create(new["name"], new["scope"], new.get("chargePoints"), new.get("expires"))
    return Answer({**token_object(token), "token": spoken}, 201)


@access.add("DELETE", "/tokens/<segment:token>", "admin", whole=True, gives={204: None}, tells=(409,))
def revoke_token(call: Call) -> Answer:
    """Takes a token out of use for good; 409 when it is already."""
    call.desk.tokens.revoke(call.path["token"])
    return Answer(status=204)


@access.add("GET", "/audit", "admin", whole=True, query=Changes, gives={200: page_of("AuditEntry")}, shows=("Link",))
def list_audit(call: Call) -> Answer:
    """Changes that people and programs made, newest first."""
    asked = call.query.get
    chosen = AuditFilter(asked("who"), asked("subject"), asked("since"), asked("until"))
    with call.office.store.reading() as work:
        return call.page(work.audit.page(chosen, call.query["limit"], call.after), audit_object)
