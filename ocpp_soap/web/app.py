"""The Flask application for people, with the web API and the SOAP endpoint mounted beside it, at /api and /ocpp.

It knows nothing of either: they are any WSGI applications. A door for stations alone has neither page nor API, one for
people alone has no endpoint.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from importlib.metadata import version
from threading import Lock
from typing import Any

from flask import Flask, Response, render_template
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ..errors import StoreError
from ..logs import request_id
from .segments import belongs_to_api

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")

NO_STATIONS = (
    "Charge points do not call here: this door is for people and programs. `serve --doors stations` is theirs."
)


# Before a path that is not the endpoint's, so that nothing is there.
NOWHERE = "/-/-/-"


def create(endpoint: Any, *, ready: Callable[[], None], public_url: str, api: Any = None, has_page: bool = True) -> Any:
    """The whole WSGI application. `ready` raises `StoreError` while the store can't be used.

    `endpoint` is the SOAP endpoint and `api` the web API, any WSGI applications; None where they are not.
    """
    app = Flask("ocpp_soap.web")
    # A redirect would be made of the Host that the client named.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    if has_page:
        _show_page(app, public_url=public_url, has_endpoint=endpoint is not None, has_api=api is not None)

    @app.get("/healthz/live")
    def live() -> Response:
        return _plain("ok", 200)

    @app.get("/healthz/ready")
    def is_ready() -> Response:
        try:
            ready()
        except StoreError as error:
            log.error("the store can't be used: %s", error)
            return _plain("the store can't be used now; the gateway's log says why", 503)
        return _plain("ok", 200)

    stations = endpoint or _plain(NO_STATIONS, 404)

    def elsewhere(request: dict[str, Any], start_response: Any) -> Any:
        if api is not None and belongs_to_api(request["PATH_INFO"]):
            return api(request, start_response)
        path = request["PATH_INFO"]
        place, slash, rest = path.lstrip("/").partition("/")
        if place == "ocpp":  # with more than one slash before it
            return stations({**request, "SCRIPT_NAME": f"//{place}", "PATH_INFO": slash + rest}, start_response)
        # A station whose URL lacks /ocpp gets the endpoint's own fault for a path where nothing is, not a page.
        if request["REQUEST_METHOD"] == "POST" and endpoint is not None:
            return endpoint({**request, "PATH_INFO": f"{NOWHERE}{path}"}, start_response)
        return app.wsgi_app(request, start_response)

    return _named(_rooted(DispatcherMiddleware(elsewhere, {"/ocpp": stations})))


def _rooted(mounted: Any) -> Any:
    """The application for targets that are a path: nothing that Flask would complete by a redirect."""

    def answer(request: dict[str, Any], start_response: Any) -> Any:
        if request["PATH_INFO"][:1] not in ("", "/"):  # `OPTIONS *` asks about the server, which has nothing to say
            return _plain("There is nothing at this path.", 404)(request, start_response)
        # An absolute URL without a path means the root.
        return mounted({**request, "PATH_INFO": request["PATH_INFO"] or "/"}, start_response)

    return answer


def _named(app: Any) -> Any:
    """The application with each request known by its X-Request-ID, where a proxy or program gave it a usable one."""

    def answer(request: dict[str, Any], start_response: Any) -> Any:
        name = request.get("HTTP_X_REQUEST_ID")
        if not name or not _REQUEST_ID.fullmatch(name):
            return app(request, start_response)

        # The rest of a path may hold a secret.
        place = "/" + request["PATH_INFO"].lstrip("/").partition("/")[0]

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            log.debug("%s %s: %s", request["REQUEST_METHOD"], place, status)
            return start_response(status, [*headers, ("X-Request-ID", name)], *failure)

        reset = request_id.set(name)
        try:
            return app(request, start)
        finally:
            request_id.reset(reset)

    return answer


class Late:
    """A WSGI application that is made when it is first called: many processes never are, and it takes a while."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._lock = make, Lock()
        self._app: Any = None

    def __call__(self, request: dict[str, Any], start_response: Any) -> Any:
        """Answers one request (PEP 3333)."""
        with self._lock:
            self._app = self._app or self._make()
        return self._app(request, start_response)


def _show_page(app: Flask, **told: Any) -> None:
    @app.get("/")
    def index() -> str:
        return render_template("index.html", version=version("ocpp-soap"), **told)


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status=status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
