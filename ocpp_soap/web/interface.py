"""The web API as a Flask application: its endpoints, its OpenAPI document, the page that people read, its errors."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import cache
from typing import Any

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import MethodNotAllowed

from ..errors import NotFound
from .api import problems
from .api.access import access
from .api.answers import COMPONENTS
from .api.batches import batches
from .api.binding import bind
from .api.charge_points import charge_points
from .api.commands import commands, sending
from .api.endpoints import ROOT, STATION
from .api.holdings import charging_profiles, local_lists, reservations
from .api.id_tags import id_tags
from .api.office import Office
from .api.payloads import components
from .api.transactions import transactions
from .reference import Reference, marked
from .segments import keep_slashes

# Nothing of it belongs into a cache, a frame, or what a browser guesses of it; and nothing is loaded from elsewhere.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

RESOURCES = (
    charge_points,
    commands,
    batches,
    transactions,
    id_tags,
    reservations,
    charging_profiles,
    local_lists,
    access,
)


def create(office: Office) -> Any:
    """The API as a WSGI application."""
    app = Flask("ocpp_soap.web", static_url_path=f"{ROOT}/static")
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = office.max_body
    app.add_template_filter(marked)
    first, *others = RESOURCES
    tables = (first, sending(office.catalog), *others)
    document = bind(app, tables, office, {**COMPONENTS, **components(office.catalog)})
    _show(app, document)
    _tell_of_operations(app, list(office.catalog.newest.charge_point.operations))

    @app.errorhandler(Exception)
    def tell(error: Exception) -> Response:
        return problems.response(problems.of(error, request.method))

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    def answer(request: dict[str, Any], start_response: Any) -> Any:
        known = {**keep_slashes(request), "REMOTE_ADDR": office.peer_of(request) or ""}
        return app.wsgi_app(known, start_response)

    return answer


def _show(app: Flask, document: dict[str, Any]) -> None:
    """The OpenAPI document, for programs and for people."""
    text = json.dumps(document, indent=1) + "\n"

    @app.get(f"{ROOT}/openapi.json")
    def openapi() -> Response:
        return Response(text, mimetype="application/json")

    @cache
    def page() -> str:
        reference = Reference(document)
        return render_template("api.html", reference=reference, groups=list(reference.groups()), **document["info"])

    @app.get(ROOT, strict_slashes=False)
    @app.get(f"{ROOT}/")
    def read() -> str:
        return page()


def _tell_of_operations(app: Flask, known: list[str]) -> None:
    """What the path of an operation that there is not answers; that of each other one is an endpoint."""

    @app.route(f"{ROOT}{STATION}/commands/<segment:operation>", methods=["GET", "POST"])
    def unknown(operation: str, **_: str) -> Response:
        if operation in known:
            raise MethodNotAllowed(["POST"])
        near = [one for one in known if one.lower() == operation.lower()] or get_close_matches(operation, known, 1)
        hint = f"did you mean {near[0]}?" if near else "there is " + ", ".join(sorted(known))
        raise NotFound(f"charge points have no operation {operation[:80]!r}; {hint}")
