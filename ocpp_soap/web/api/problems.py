"""Errors as problem+json (RFC 9457): which status each has, and in what words it is told.

Nothing of an exception that is not meant for the caller gets out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response, json
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ...central.records import Json
from ...errors import Busy, Conflict, InvalidPayload, NotFound, Refused, StoreError

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

# Seconds after which it is worth to ask a busy store again.
SOON = "1"

# What werkzeug's own words leave open.
WORDS = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path; GET /api/v1/ lists what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take {method}; it takes {allow}",
}

_STEP = re.compile(r"\.|\[(\d+)\]\.?")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: `pointer` into the body (`#/idTag`), or `?limit` for a parameter, and what to do."""

    pointer: str
    detail: str


@dataclass(slots=True)
class Trouble(Exception):
    """A request that is answered with this status and these words; `headers` go with it."""

    status: int
    detail: str
    wrong: tuple[Wrong, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def unfit(wrong: Iterable[Wrong]) -> Trouble:
    """422, with everything that is wrong."""
    listed = tuple(wrong)
    return Trouble(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(f"{one.pointer}: {one.detail}" for one in listed), listed)


def response(trouble: Trouble) -> Response:
    """The answer."""
    said = {"type": "about:blank", "title": HTTPStatus(trouble.status).phrase, "status": int(trouble.status)}
    body: Json = {**said, "detail": trouble.detail}
    if trouble.wrong:
        body["errors"] = [{"pointer": one.pointer, "detail": one.detail} for one in trouble.wrong]
    return Response(json.dumps(body) + "\n", trouble.status, trouble.headers, content_type=PROBLEM_TYPE)


def of(error: Exception, method: str = "") -> Trouble:
    """How an exception is told; what nobody expected is logged, and told as our own failure."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error, method)
    if isinstance(error, InvalidPayload):
        return unfit(pointed(error))
    if isinstance(error, StoreError):
        log.error("the store failed: %s", error)
        headers = {"Retry-After": SOON} if isinstance(error, Busy) else {}
        busy = "the store is busy; nothing was changed, try again" if headers else "the store can't be used now"
        return Trouble(HTTPStatus.SERVICE_UNAVAILABLE, busy, headers=headers)
    if isinstance(error, Refused):
        kinds = {NotFound: HTTPStatus.NOT_FOUND, Conflict: HTTPStatus.CONFLICT}
        status = next((s for kind, s in kinds.items() if isinstance(error, kind)), HTTPStatus.UNPROCESSABLE_ENTITY)
        return Trouble(status, str(error))
    log.error("a request failed", exc_info=error)
    return Trouble(HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed; its log says why")


def _of_http(error: HTTPException, method: str) -> Trouble:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    words = WORDS.get(HTTPStatus(status), error.description or HTTPStatus(status).phrase)
    return Trouble(status, words.format(method=method, allow=headers.get("Allow", "nothing")), headers=headers)


def pointed(error: InvalidPayload, *within: str) -> Iterator[Wrong]:
    """What is wrong with a payload that stands in this place of the body."""
    for problem in error.problems:
        found = "it is missing" if problem.raw is None else f"found {problem.raw[:80]!r}"
        steps = [step for step in _STEP.split(problem.path) if step]
        yield Wrong(pointer([*within, *steps]), f"expected {problem.expected}, {found}")


def pointer(steps: Iterable[Any]) -> str:
    """A JSON pointer as a fragment (RFC 6901 §6)."""
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return "#" + "".join(f"/{quote(step, safe='~')}" for step in escaped)
