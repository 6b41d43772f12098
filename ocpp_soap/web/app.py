"""The Flask application for people, with the web API and the SOAP endpoint mounted beside it, at /api and /ocpp.

It knows nothing of either: they are any WSGI applications.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, render_template
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ..errors import StoreError
from .segments import belongs_to_api

log = logging.getLogger(__name__)


def create(endpoint: Any, *, ready: Callable[[], None], public_url: str, api: Any = None) -> Any:
    """The whole WSGI application. `ready` raises `StoreError` while the store can't be used.

    `api` is the web API, any WSGI application.
    """
    app = Flask("ocpp_soap.web")

    @app.get("/")
    def index() -> str:
        return render_template("index.html", public_url=public_url, version=version("ocpp-soap"))

    @app.get("/healthz/live")
    def live() -> Response:
        return _plain("ok", 200)

    @app.get("/healthz/ready")
    def is_ready() -> Response:
        try:
            ready()
        except StoreError as error:
            return _plain(str(error), 503)
        return _plain("ok", 200)

    def elsewhere(request: dict[str, Any], start_response: Any) -> Any:
        if api is not None and belongs_to_api(request["PATH_INFO"]):
            return api(request, start_response)
        # A station whose URL lacks /ocpp gets the endpoint's own fault for a path where nothing is, not a page.
        if request["REQUEST_METHOD"] == "POST":
            # The rest of the path may hold a secret.
            place = "/" + request["PATH_INFO"].lstrip("/").partition("/")[0]
            log.warning("a POST to %r from %s: stations call /ocpp", place, request.get("REMOTE_ADDR"))
            return endpoint({**request, "PATH_INFO": "/-/-/-" + request["PATH_INFO"]}, start_response)
        return app.wsgi_app(request, start_response)

    return DispatcherMiddleware(elsewhere, {"/ocpp": endpoint})


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status=status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
