"""The web API as a Flask application: its endpoints, its OpenAPI document, the page that people read, its errors."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import cache
from typing import Any

from flask import Flask, Response, render_template, request
from flask_cors import CORS
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

# What a page of an allowed origin may read and send beside what every page may.
SHOWN = ("ETag", "Idempotent-Replayed", "Link", "Location", "Preference-Applied", "Retry-After", "X-Request-ID")
SENT = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "X-Request-ID")
# Seconds for which a browser need not ask again.
PREFLIGHT_AGE = 3600

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

    if office.cors_origins:
        # By its own key, no cookie: what a browser sends by itself lets nobody in.
        origins = list(office.cors_origins)
        CORS(app, origins=origins, allow_headers=SENT, expose_headers=SHOWN, max_age=PREFLIGHT_AGE, vary_header=True)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        for name, begin in (("Location", "/"), ("Link", "</")):
            if request.script_root and response.headers.get(name, "").startswith(begin):
                response.headers[name] = begin[:-1] + request.script_root + response.headers[name][len(begin) - 1 :]
        return response

    def answer(request: dict[str, Any], start_response: Any) -> Any:
        own = {"REMOTE_ADDR": office.peer_of(request) or "", "SCRIPT_NAME": office.prefix_of(request)}
        return app.wsgi_app({**keep_slashes(request), **own}, start_response)

    return answer


def _show(app: Flask, document: dict[str, Any]) -> None:
    """The OpenAPI document, for programs and for people."""
    text = json.dumps({**document, "servers": [{"url": "/"}]}, indent=1) + "\n"

    @app.get(f"{ROOT}/openapi.json")
    def openapi() -> Response:
        own = text.replace('"url": "/"', f'"url": "{request.script_root}"', 1) if request.script_root else text
        return Response(own, mimetype="application/json")

    @cache
    def page(here: str) -> str:
        told = {**document["info"], "here": here}
        reference = Reference(document)
        return render_template("api.html", reference=reference, groups=list(reference.groups()), **told)

    @app.get(ROOT, strict_slashes=False)
    @app.get(f"{ROOT}/")
    def read() -> str:
        # Its links are relative, so that they hold below any path of a proxy.
        return page("" if request.path.endswith("/") else ROOT.rpartition("/")[2] + "/")


def _tell_of_operations(app: Flask, known: list[str]) -> None:
    """What the path of an operation that there is not answers; that of each other one is an endpoint."""

    @app.route(f"{ROOT}{STATION}/commands/<segment:operation>", methods=["GET", "POST"])
    def unknown(operation: str, **_: str) -> Response:
        if operation in known:
            raise MethodNotAllowed(["POST"])
        near = [one for one in known if one.lower() == operation.lower()] or get_close_matches(operation, known, 1)
        hint = f"did you mean {near[0]}?" if near else "there is " + ", ".join(sorted(known))
        raise NotFound(f"charge points have no operation {operation[:80]!r}; {hint}")
