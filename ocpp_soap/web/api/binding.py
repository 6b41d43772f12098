"""Binds the endpoints' rows to Flask and to flask-smorest, which checks questions and writes the OpenAPI document.

The only module that knows that library. What it has no words for (the WSDL's payloads, answers that `central.shapes`
makes) comes as JSON Schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import quote

from flask import Flask, Request, Response, g, request
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema, ValidationError
from marshmallow.fields import List
from webargs.flaskparser import FlaskParser

from ...protocol.writing import to_json
from ..auth import Doorkeeper, must_cover
from ..segments import Number, Segment
from . import bodies, problems
from .endpoints import ROOT, Answer, Call, Endpoint, Routes
from .office import Office
from .problems import Wrong

ABOUT = """What programs do with this Central System.

Each request carries `Authorization: Bearer TOKEN`; `ocpp-soap tokens create NAME --scope operate` makes a token. Names
are those of OCPP {version}, times RFC 3339 in UTC, meter values in Wh. Errors are problem+json (RFC 9457)."""

# What each part of a path is.
PLACES = {
    "identity": "The charge point's chargeBoxIdentity; a `/` in it is spelled `%2F`.",
    "id_tag": "The idTag, in upper or lower case; a `/` in it is spelled `%2F`.",
    "number": "Its number.",
    "token": "The token's name.",
}

# The errors that every endpoint may answer, and those of endpoints that take a body.
ALWAYS = (401, 403, 414, 422, 429, 500, 503)
OF_BODIES = (400, 413, 415)

HEADERS = {
    name: {"description": about, "schema": {"type": "string"}}
    for name, about in {
        "ETag": "What operators decided of it, for If-Match.",
        "Link": 'The next page, rel="next"; not on the last one.',
        "Location": "Where it is from now on.",
        "Preference-Applied": "wait=N, when the caller's wish to wait was followed.",
    }.items()
}


class Parser(FlaskParser):
    """Reads questions with our own strictness; what is wrong is told as a problem with pointers."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012

    def load_json(self, req: Request, _: Schema) -> Any:
        """The body."""
        body = bodies.read_json(req)
        if body is None:
            raise problems.unfit([Wrong("#", "expected a JSON object, found no body")])
        return body

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query."""
        return bodies.read_query(req, [name for name, field in schema.fields.items() if isinstance(field, List)])

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raises the problem."""
        said = error.messages
        raise problems.unfit(_wrong(said if isinstance(said, dict) else {"json": said}))


def _wrong(messages: Mapping[str, Any]) -> Iterable[Wrong]:
    """What webargs lists by location, and in it by the path of the field."""
    for location, listed in messages.items():
        for path, words in _leaves(listed, ()):
            steps = [step for step in path if step != "_schema"]
            name = ".".join(map(str, steps))
            where = {"query": f"?{name}", "headers": name}.get(location) or problems.pointer(steps)
            yield Wrong(where, words)


def _leaves(listed: Any, path: tuple[Any, ...]) -> Iterable[tuple[tuple[Any, ...], str]]:
    if isinstance(listed, Mapping):
        for step, inner in listed.items():
            yield from _leaves(inner, (*path, step))
    else:
        yield path, "; ".join(map(str, listed))


class Resource(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint with our parser."""

    ARGUMENTS_PARSER = Parser()


class Interface(Api):  # type: ignore[misc]  # flask-smorest has no types
    """The library's API with our own errors: `problems` tells them, and each endpoint documents its own."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Left to whoever makes the application."""

    def _register_responses(self) -> None:
        problem = {problems.PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for status in HTTPStatus:
            # Nobody but the server sees a request line that is too long.
            content = {"text/html": {}} if status is HTTPStatus.REQUEST_URI_TOO_LONG else problem
            self.spec.components.response(status.name, {"description": status.phrase, "content": content}, lazy=True)


def bind(app: Flask, tables: Iterable[Routes], office: Office, components: Mapping[str, Any]) -> dict[str, Any]:
    """Enters the endpoints into the application; returns the OpenAPI document."""
    app.url_map.converters.update(segment=Segment, number=Number)
    options = {"info": {"description": ABOUT.format(version=office.catalog.newest.name)}}
    app.config.update(API_TITLE="ocpp_soap", API_VERSION="1", OPENAPI_VERSION="3.1.0", API_SPEC_OPTIONS=options)
    api = Interface(app)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for name, schema in components.items():
        api.spec.components.schema(name, schema)
    door = Doorkeeper(office.tokens, office.failures, office.clock)
    for routes in tables:
        resource = Resource(routes.name, __name__, url_prefix=ROOT, description=routes.about)
        for endpoint in routes.endpoints:
            places = [name for name in PLACES if f":{name}>" in endpoint.path]
            resource.add_url_rule(
                endpoint.path,
                endpoint.name,
                _view(resource, endpoint, office, door),
                methods=[endpoint.method],
                parameters=[{"name": name, "in": "path", "description": PLACES[name]} for name in places],
            )
        api.register_blueprint(resource)
    document: dict[str, Any] = api.spec.to_dict()
    return document


def _view(resource: Resource, endpoint: Endpoint, office: Office, door: Doorkeeper) -> Callable[..., Response]:
    """What Flask calls: the door first, then what is asked is checked, then the endpoint answers."""

    def view(query: Any = None, body: Any = None, headers: Any = None, **path: Any) -> Response:
        asked = list(request.args.items(multi=True))
        where = quote(request.path, safe="/%")
        if endpoint.takes is not None:
            body = bodies.read(request, endpoint.takes["content"], max(office.max_body, endpoint.longest))
        call = Call(office, g.token, where, asked, path, query or {}, body, headers or {})
        return _response(endpoint.view(call), endpoint.answers_as)

    view.__doc__ = endpoint.about
    wrapped: Callable[..., Response] = view
    for location, schema in (("json", endpoint.body), ("headers", endpoint.headers), ("query", endpoint.query)):
        if schema is not None:
            name = "body" if location == "json" else location
            wrapped = resource.arguments(schema, location=location, arg_name=name)(wrapped)
    wrapped = _documented(resource, endpoint, wrapped)

    @wraps(wrapped)
    def guarded(**path: Any) -> Response:
        token = door.admit(request.headers.get("Authorization"), request.remote_addr)
        must_cover(token, endpoint.scope, endpoint.whole)
        g.token = token
        return wrapped(**path)

    return guarded


def _documented(resource: Resource, endpoint: Endpoint, view: Callable[..., Response]) -> Callable[..., Response]:
    takes = endpoint.body is not None or endpoint.takes is not None
    statuses = {*ALWAYS, *(OF_BODIES if takes else ()), *endpoint.tells}
    if ":" in endpoint.path:
        statuses.add(HTTPStatus.NOT_FOUND)
    for status in sorted(statuses):
        view = resource.alt_response(status, HTTPStatus(status).name)(view)
    shown = {name: HEADERS[name] for name in endpoint.shows}
    for status, schema in endpoint.gives.items():
        type_ = endpoint.answers_as if schema is not None else None
        view = resource.alt_response(status, schema=schema, content_type=type_, headers=shown or None, success=True)(
            view
        )
    manual: dict[str, Any] = {"operationId": endpoint.name, "security": [{"token": [endpoint.scope]}]}
    if endpoint.takes is not None:
        manual["requestBody"] = endpoint.takes
    documented: Callable[..., Response] = resource.doc(**manual)(view)
    return documented


def _response(answer: Answer, type_: str) -> Response:
    if answer.body is None:
        return Response(status=answer.status, headers=answer.headers)
    is_json = isinstance(answer.body, dict)
    body = json.dumps(answer.body, default=to_json) + "\n" if is_json else answer.body
    return Response(body, answer.status, answer.headers, content_type=type_)
