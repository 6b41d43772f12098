"""What is read of a request, before any resource sees it: JSON, queries, paths, ETags, cursors, the wish to wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Semaphore
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from ocpp_soap.central.records import Command
from ocpp_soap.web.api import bodies, etags, paging, waiting
from ocpp_soap.web.api.problems import Trouble
from ocpp_soap.web.segments import Segment, keep_slashes, spelled

COMMAND = Command(
    1, 1, "CP1", "Reset", {}, "queued", None, None, None, None, datetime(2024, 1, 31, tzinfo=UTC), None, None
)
LIST = paging.listed("/api/v1/commands", {"state": "queued", "limit": 2})


def asked(body: bytes = b"", query: str = "", **more: Any) -> Request:
    """A request with that body and query."""
    kind = {"content_type": "application/json", **more}
    request = Request(EnvironBuilder("/", method="POST", data=body, query_string=query, **kind).get_environ())
    request.max_content_length = 1024 * 1024
    return request


def refused(request: Request) -> tuple[int, str]:
    """How a body is refused."""
    with pytest.raises(Trouble) as raised:
        bodies.read_json(request)
    return raised.value.status, raised.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nothing",
        b"\xff\xfe{}",
        b'{"a": 1, "a": 1}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b"[" * 100 + b"]" * 100,
        b"[" * 200_000,
        b'{"a":' * 50_000,
    ],
    ids=lambda body: f"{body[:20]!r} of {len(body)}",
)
def test_what_other_programs_would_read_otherwise_is_no_json(body: bytes) -> None:
    """Names twice, NaN, endless numbers, null characters, half surrogates and deep nesting are a 400 in words."""
    status, words = refused(asked(body))
    assert (400, True) == (status, words.startswith("the body can't be read as JSON: "))


def test_a_body_of_another_kind_is_a_415_and_a_long_one_a_413() -> None:
    """The type must be JSON's, nothing may be compressed, and the limit holds."""
    assert 415 == refused(asked(b"{}", content_type="text/plain"))[0]
    assert 415 == refused(asked(b"{}", headers={"Content-Encoding": "gzip"}))[0]
    long = asked(b'{"a": "' + b"x" * 100 + b'"}')
    long.max_content_length = 50
    assert 413 == refused(long)[0]
    chunked = asked(b"[" + b" " * 50 + b"]", environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True})
    chunked.max_content_length = 51
    assert 413 == refused(chunked)[0]


def test_numbers_are_read_as_json_schema_has_them() -> None:
    """3.0 is the whole number 3, and no body at all is None."""
    assert {"a": [3, 3.5, -7]} == bodies.read_json(asked(b'{"a": [3.0, 3.5, -7]}', content_type="application/x+json"))
    assert isinstance(bodies.read_json(asked(b"[3.0]"))[0], int)
    assert bodies.read_json(asked(b"")) is None


@pytest.mark.parametrize("query", ["a=1&a=2", "a=%00", "a=%FF", "&".join(f"a{i}=1" for i in range(300))])
def test_an_odd_query_is_refused(query: str) -> None:
    """A parameter twice, a null character, what is no UTF-8, and too many are a 422."""
    with pytest.raises(Trouble) as raised:
        bodies.read_query(asked(query=query))
    assert 422 == raised.value.status


def test_a_query_is_read_as_it_is() -> None:
    """Blanks and empty values stay; a list may come in several parameters."""
    assert {"a": " x ", "b": "", "c": ["1", "2"]} == bodies.read_query(asked(query="a=+x%20&b=&c=1&c=2"), ["c", "d"])


@pytest.mark.parametrize("identity", ["CP1", "A/B", "A%2FB", "50 % é", "?#&+", "..", "%", "a//b"])
def test_an_identity_comes_through_a_path_as_it_is(identity: str) -> None:
    """Whatever is percent-encoded in a URL arrives unchanged, a slash and a percent sign too."""
    url = f"/api/v1/charge-points/{spelled(identity)}/callback"
    path = keep_slashes(EnvironBuilder(url).get_environ())["PATH_INFO"].encode("latin-1").decode()
    _, _, _, _, part, last = path.split("/")
    assert (identity, "callback") == (Segment.to_python(Segment.__new__(Segment), part), last)


def test_a_path_that_is_not_the_raw_one_is_taken_as_it_is() -> None:
    """Without a raw URL, or with one that tells of another path, no part holds a slash, but a percent sign may stay."""
    assert "/a/b%2525" == keep_slashes({"PATH_INFO": "/a/b%25"})["PATH_INFO"]
    assert "/x%25" == keep_slashes({"PATH_INFO": "/x%", "RAW_URI": "/a%2Fb"})["PATH_INFO"]
    assert "/a%2Fb" == keep_slashes({"PATH_INFO": "/a/b", "RAW_URI": "http://host/a%2fb?x=/"})["PATH_INFO"]


def test_a_cursor_leads_back_to_its_place() -> None:
    """The position after a page comes back as it was, whatever the size of the next page."""
    position = ("CP/é\u2028", 2**62, -1)
    again = paging.listed("/api/v1/commands", {"state": "queued", "limit": 500, "cursor": "x"})
    assert position == paging.position_in(paging.cursor_of(position, LIST), again)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "A",
        "é",
        "x" * 100,
        paging.cursor_of((1,), LIST)[:-1],
        paging.cursor_of((1,), LIST) + "A",
        paging.cursor_of((1,), paging.listed("/api/v1/commands", {"state": "sending"})),
        paging.cursor_of((1,), paging.listed("/api/v1/batches", {"state": "queued"})),
        paging.cursor_of((None,), LIST),  # type: ignore[arg-type]
        paging.cursor_of(("\0",), LIST),
        paging.cursor_of(("\ud800",), LIST),
    ],
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    """One that was changed, or belongs to another list or other filters, is a 422 that names the parameter."""
    with pytest.raises(Trouble) as raised:
        paging.position_in(cursor, LIST)
    assert (422, "?cursor") == (raised.value.status, raised.value.wrong[0].pointer)


def test_an_etag_says_which_state_was_seen() -> None:
    """It is the same for the same state; another one is a 412, none a 428, and proxies may have weakened it."""
    seen = {"status": "Accepted", "interval": None}
    tag = etags.tag_of(dict(reversed(seen.items())))
    for good in (tag, "*", f'"x", W/{tag}', f' {tag} , "y"'):
        etags.must_match(good, seen)
    for status, bad in ((428, None), (412, '"x"'), (412, tag.strip('"')), (412, "W/*")):
        with pytest.raises(Trouble) as raised:
            etags.must_match(bad, seen)
        assert (status, bad) == (raised.value.status, bad)
    assert tag != etags.tag_of({**seen, "interval": 0})


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ('Wait = "7"; x', 7),
        ("wait=99999999999", 30),
        ("wait=-1", 0),
        ("wait=1e9", 0),
        ("wait=5.9", 0),
        ("x; wait=5", 0),
    ],
)
def test_a_wish_to_wait_is_read_with_its_limit(prefer: str | None, seconds: int) -> None:
    """Prefer: wait=N is followed up to 30 seconds."""
    assert seconds == waiting.wished(prefer)


class Waiting:
    """Commands that are never finished; says who waits for them."""

    def __init__(self) -> None:
        self.waiting, self.over = Semaphore(0), Event()

    def wait(self, _: int, __: float) -> Command:
        """Waits until it is over."""
        self.waiting.release()
        self.over.wait(10)
        return COMMAND


def test_at_most_a_quarter_of_the_threads_wait() -> None:
    """Of sixteen threads four may wait for commands; the next one is answered at once, and later again not."""
    commands = Waiting()
    room = waiting.WaitingRoom(commands, 16)  # type: ignore[arg-type]
    with ThreadPoolExecutor(4) as threads:
        waiters = [threads.submit(room.wait, COMMAND, 10) for _ in range(4)]
        assert all(commands.waiting.acquire(timeout=60) for _ in waiters)
        room.wait(COMMAND, 10)
        assert not commands.waiting.acquire(blocking=False)
        commands.over.set()
    room.wait(COMMAND, 10)
    assert commands.waiting.acquire(blocking=False)
    waiting.WaitingRoom(commands, 3).wait(COMMAND, 10)  # type: ignore[arg-type]
    room.wait(COMMAND, 0)
    assert not commands.waiting.acquire(blocking=False)
