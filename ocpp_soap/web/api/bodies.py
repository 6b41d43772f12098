"""Reads what a request says: a JSON body, strictly, and a query, where nothing is guessed.

RFC 7493 is what is taken as JSON: names once, UTF-8, no half surrogates, numbers that other programs read alike. It
knows no resource.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from ...central.records import Json
from .problems import Trouble, Wrong, unfit

JSON = "application/json"

# Deeper than any message of the WSDLs.
DEEPEST = 32
# Digits of a number: more than any field holds.
LONGEST_NUMBER = 40
MOST_PARAMETERS = 200


def read(request: Request, types: Collection[str], longest: int) -> Any:
    """A body that the endpoint checks itself: of JSON its value, of anything else the bytes."""
    request.max_content_length = longest
    if JSON in types:
        return read_json(request)
    if request.mimetype not in types:
        _unsupported(f"send {', '.join(types)}")
    return read_bytes(request)


def read_json(request: Request) -> Any:
    """The body as plain values; None when there is none.

    Raises `Trouble`: 400 for what is no JSON (RFC 7493), 413 for what is too long, 415 for another type or an encoding.
    """
    data = read_bytes(request)
    if not data:
        return None
    if request.mimetype != JSON and not request.mimetype.endswith("+json"):
        _unsupported("send JSON, with Content-Type: application/json")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=lambda text: int(_number(text)),
            parse_float=_float,
            parse_constant=lambda text: _refuse(f"{text} is no number of JSON"),
        )
    except UnicodeDecodeError as error:
        _refuse(f"it is not UTF-8: byte {error.start}")
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg}: line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse(f"it is nested deeper than {DEEPEST}")
    _look(value)
    return value


def read_bytes(request: Request) -> bytes:
    """The body as it came. Raises `Trouble`: 413 for one that is too long, 415 for a Content-Encoding."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        _unsupported("send the body as it is, without a Content-Encoding")
    most = request.max_content_length or 0
    # One byte more, since a body without a Content-Length is else cut off at the limit.
    request.max_content_length = most + 1
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        data = None
    except Exception as error:  # each server tells in its own way of a broken chunk or a client that is gone
        raise Trouble(HTTPStatus.BAD_REQUEST, "the body can't be read to its end") from error
    if data is None or len(data) > most:
        raise Trouble(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {most} bytes")
    return data


def read_query(request: Request, many: Iterable[str] = ()) -> Json:
    """The query's parameters; those in `many` as lists. Raises `Trouble` (422) for one that is given twice, or odd."""
    found: Json = {name: [] for name in many}
    try:
        text = request.query_string.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise unfit([Wrong("?", "expected at most 200 parameters in percent-encoded UTF-8")]) from None
    for name, value in pairs:
        if "\0" in name + value:
            raise unfit([Wrong("?" + name.replace("\0", ""), "it holds a null character")])
        if isinstance(found.get(name), list):
            found[name].append(value)
        elif name in found:
            raise unfit([Wrong("?" + name, "it is given more than once")])
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value != []}


def _object(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(f"the name {ascii(twice)[:80]} stands twice in one object")
    return made


def _number(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        _refuse(f"a number has more than {LONGEST_NUMBER} characters")
    return text


def _float(text: str) -> float | int:
    number = float(_number(text))
    if number in (float("inf"), float("-inf")):
        _refuse(f"the number {text} is too large")
    # 3.0 is the number 3 (JSON Schema draft 2020-12 §4.2.2).
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _look(value: Any) -> None:
    """Refuses what no text and no database can hold, and what is nested too deep."""
    level = [value]
    for _ in range(DEEPEST):
        texts = [one for one in level if isinstance(one, str)]
        lists = [one for one in level if isinstance(one, list)]
        objects = [one for one in level if isinstance(one, dict)]
        for text in (*texts, *(name for one in objects for name in one)):
            if "\0" in text:
                _refuse("a text holds a null character")
            if any("\ud800" <= character <= "\udfff" for character in text):
                _refuse("a text holds half a surrogate pair")
        level = [item for one in lists for item in one] + [item for one in objects for item in one.values()]
        if not level:
            return
    _refuse(f"it is nested deeper than {DEEPEST}")


def _refuse(words: str) -> NoReturn:
    raise Trouble(HTTPStatus.BAD_REQUEST, f"the body can't be read as JSON: {words}")


def _unsupported(words: str) -> NoReturn:
    raise Trouble(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words)
