"""The Flask application, with the web API in it and the SOAP endpoint mounted beside it at /ocpp.

It knows nothing of SOAP: the endpoint is any WSGI application.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, render_template
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ..errors import StoreError
from .segments import API, belongs_to_api, keep_slashes

if TYPE_CHECKING:
    from .api.office import Office

log = logging.getLogger(__name__)


def create(endpoint: Any, *, ready: Callable[[], None], public_url: str, office: Office | None = None) -> Any:
    """The whole WSGI application. `ready` raises `StoreError` while the store can't be used.

    Without an `office` there is no web API.
    """
    app = Flask("ocpp_soap.web", static_url_path=f"{API}/v1/static")
    app.url_map.merge_slashes = False
    if office is not None:
        from .interface import install  # the libraries behind it take a while to import

        install(app, office)

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
        if belongs_to_api(request["PATH_INFO"]):
            return app.wsgi_app(keep_slashes(request), start_response)
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
