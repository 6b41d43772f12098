"""HTTP as the web API wants it: the token, time limits, problems as exceptions, and repetition where that is safe.

It knows no resource. Each thread, and each process after a fork, has a connection of its own.
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
import random
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from .errors import BadAnswer, NoAnswer, Problem, kind_of
from .troubles import may_pass, no_answer

API = "/api/v1"

CONNECT_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
CHUNK = 65536

MAY_SUCCEED_LATER = frozenset({429, 502, 503, 504})
TOLD_TO_WAIT = 429

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no problem."""

    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    request: str

    def json(self) -> Any:
        """Its content; raises `BadAnswer` when that is no JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise BadAnswer(f"{self.request}: the answer is no JSON: {_begin(self.content)}") from None

    def object(self) -> dict[str, Any]:
        """Its content, an object."""
        found = self.json()
        if not isinstance(found, dict):
            raise BadAnswer(f"{self.request}: expected a JSON object: {_begin(self.content)}")
        return found


class _Token(requests.auth.AuthBase):
    """Adds the token; as an `auth` of requests it also keeps a ~/.netrc from taking its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Calls one gateway; `timeout` is the seconds that a call may take in all, its repetitions included."""

    def __init__(self, url: str, token: str, *, timeout: float, verify: bool | str | Path) -> None:
        """`url` with or without /api/v1; raises ValueError, which never quotes the token, for what can't be right."""
        if not 0 < timeout <= threading.TIMEOUT_MAX:
            raise ValueError(f"expected a timeout of more than 0 seconds, found {timeout}")
        if not isinstance(verify, bool) and not Path(verify).exists():
            raise ValueError(f"verify: there is no file {verify}")
        self.url = _address(url)
        self.timeout = timeout
        host = urlsplit(self.url).hostname or ""
        # HTTP_PROXY of the environment is for other machines: no proxy leads to this one.
        self._proxies = {"no_proxy": host} if _is_this_machine(host) else None
        self._verify = verify if isinstance(verify, bool) else str(verify)
        word = str(token or "").strip()
        if not word or not word.isascii() or not word.isprintable() or " " in word:
            raise ValueError("expected a token as `ocpp-soap tokens create` prints it")
        self._auth = _Token(word)
        self._own = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._closed = False

    def __getstate__(self) -> dict[str, Any]:
        # No token leaves the process: what is unpickled elsewhere can be looked at, and is closed.
        return {"url": self.url, "timeout": self.timeout, "_sessions": (), "_closed": True}

    def __deepcopy__(self, _: object) -> Transport:
        return self

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What this thread calls meanwhile has, for all of it, these seconds and those of a connection."""
        before = self._end()
        self._own.end = min(before, time.monotonic() + seconds + CONNECT_SECONDS)
        try:
            yield
        finally:
            self._own.end = before

    def _end(self) -> float:
        if self._closed:
            raise RuntimeError("this Gateway is closed, or came from another process: make a new one")
        return getattr(self._own, "end", math.inf)

    def close(self) -> None:
        """Closes every connection."""
        self._closed = True
        for session in list(self._sessions):
            session.close()

    def _session(self) -> requests.Session:
        if getattr(self._own, "process", None) != os.getpid():  # a connection must not be shared after a fork
            self._own.session, self._own.process = requests.Session(), os.getpid()
            self._sessions.add(self._own.session)
        session: requests.Session = self._own.session
        return session

    def get(self, path: str, query: Parameters | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Reads something."""
        return self.call("GET", path, query=query, headers=headers)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Parameters | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Sends a request and returns its answer; raises a `Problem`, `NoAnswer` or `BadAnswer`.

        `path` begins below /api/v1; `body` is sent as JSON, or as it is when it is bytes. It is repeated after a
        failure, with growing pauses or as Retry-After says, while the timeout lasts: where nothing was sent, or the
        gateway said 429, or where it may be done twice.
        """
        sent = {"Accept": "application/json, */*;q=0.5", "User-Agent": "ocpp-soap-client", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, allow_nan=False).encode()
            sent["Content-Type"] = "application/json"
        request = _Request(method, f"{self.url}{path}", f"{method} {path}", query, body, sent)
        deadline = min(time.monotonic() + self.timeout, self._end())
        repeated, paused = False, 0.0
        for pause in _pauses():
            try:
                return self._attempt(request, deadline, repeated)
            except (NoAnswer, Problem) as error:
                wait = _wait(error, request, pause)
                # Pauses are counted too: a test may have frozen time.
                if wait is None or time.monotonic() + wait >= deadline or paused + wait >= self.timeout:
                    raise
                repeated = repeated or (method != "GET" and _may_have_done(error))
                time.sleep(wait)
                paused += wait
        raise AssertionError("the pauses have no end")

    def _attempt(self, request: _Request, deadline: float, repeated: bool) -> Reply:
        left = max(deadline - time.monotonic(), 0.001)
        try:
            response = self._session().request(
                request.method,
                request.url,
                params=request.query,
                data=request.body,
                headers=request.headers,
                auth=self._auth,
                timeout=(min(CONNECT_SECONDS, left), left),
                verify=self._verify,
                proxies=self._proxies,
                # The API never redirects; what does may not have the token.
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = b"".join(_chunks(response, deadline))
        except (requests.RequestException, HTTPError, TimeoutError) as error:
            if isinstance(error, ValueError):  # an argument that no request can hold
                raise
            failure = no_answer(request.name, self.url, error)
            raise failure from failure.__cause__
        return self._judge(request, response, content, repeated)

    def _judge(self, request: _Request, response: requests.Response, content: bytes, repeated: bool) -> Reply:
        status, headers = response.status_code, response.headers
        if 200 <= status < 300:
            return Reply(headers, content, request.name)
        if 300 <= status < 400:
            where = headers.get("Location", "")[:200]
            raise BadAnswer(f"{request.name}: redirected to {where}, which is not followed; is {self.url} the gateway?")
        try:
            raw = json.loads(content)
        except (ValueError, RecursionError):
            raw = None
        if not isinstance(raw, dict) or not raw.keys() & {"title", "detail"}:
            if status not in MAY_SUCCEED_LATER:
                words = f"{self.url} is not the web API of a gateway: {status} {_begin(content)}"
                raise BadAnswer(f"{request.name}: {words}")
            raw = {"detail": f"{response.reason}, in the words of a proxy"}
        raise kind_of(status)(request.name, status, raw, _retry_after(headers), repeated)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    name: str
    query: Parameters | None
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str]

    @property
    def may_be_repeated(self) -> bool:
        """Whether twice is as good as once; what is changed is set, so that it is where the state is guarded."""
        known = CaseInsensitiveDict(self.headers)
        return self.method == "GET" or any(name in known for name in ("Idempotency-Key", "If-Match", "If-None-Match"))


def _address(url: str) -> str:
    """The URL of the API there; it never quotes what may be a password."""
    expected = "expected the gateway's address such as https://gateway.example:8443"
    try:
        parts = urlsplit(str(url or "").strip())
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:  # a port that is none
        raise ValueError(f"{expected}: {error}") from None
    if not right or parts.query or parts.fragment:
        raise ValueError(expected)
    if "@" in parts.netloc:
        raise ValueError("give the address without user and password; the token is all that the gateway wants")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(API)}{API}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311 so that clients don't come back together
        pause = min(pause * 2, LONGEST_PAUSE)


def _wait(error: NoAnswer | Problem, request: _Request, pause: float) -> float | None:
    """Seconds until it may be tried again; None: never."""
    if isinstance(error, NoAnswer):
        return pause if may_pass(error) and (not error.sent or request.may_be_repeated) else None
    if error.status not in MAY_SUCCEED_LATER or not (request.may_be_repeated or error.status == TOLD_TO_WAIT):
        return None
    return pause if error.retry_after is None else error.retry_after


def _chunks(response: requests.Response, deadline: float) -> Iterator[bytes]:
    """The body; one that trickles in ends with the deadline."""
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        yield chunk
        if time.monotonic() > deadline:
            raise TimeoutError("it was not whole in time")


def _may_have_done(error: NoAnswer | Problem) -> bool:
    return error.sent if isinstance(error, NoAnswer) else error.status != TOLD_TO_WAIT


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except ValueError:
        return None


def _begin(content: bytes) -> str:
    text = content[:200].decode("utf-8", "replace")
    return " ".join(text.split())[:100] or "nothing"


def segment(text: str | int) -> str:
    """A part of a path, whatever characters it has; raises ValueError for what no path can hold."""
    if text in ("", ".", ".."):  # these would be another path, however they are written
        raise ValueError(f"no URL can name {text!r}")
    return quote(str(text), safe="")
