"""Whatever stands in a header: it is answered, and what a client names as host is in no answer."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.settings import Settings
from ocpp_soap.store.schema import upgrade

from .messages import envelope

HEADERS = (
    *("Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type"),
    *("Cookie", "Date", "Expect", "Forwarded", "Host", "Idempotency-Key", "If-Match", "If-Modified-Since"),
    *("If-None-Match", "If-Range", "Origin", "Prefer", "Range", "Referer", "SOAPAction", "TE", "Transfer-Encoding"),
    *("Upgrade", "User-Agent", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix"),
    *("X-HTTP-Method-Override", "X-SSL-Client-Cert", "X-SSL-Client-Verify"),
)

# What a server hands on: any byte, as ISO-8859-1; blanks and words that mean something weigh more.
WORDS = (
    *("Basic", "Bearer", "bytes=0-", "0-0", "charset=utf-16", "gzip", "deflate,", "SUCCESS", "W/", "wait=", "*", ";"),
    *(":", ",", "=", "%", "-----BEGIN", "%0A", "fe80::1%"),
)
VALUES = st.lists(
    st.one_of(
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
        st.sampled_from([*WORDS, "\xa0", "\x85", "\x1c", "", " ", "Q1A6", "9" * 30, "[", "]", "\0", '"', "'"]),
    ),
    max_size=6,
).map(" ".join)


class Served:
    """A gateway in this process, with a token for its API."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'gateway.db'}"
        upgrade(url)
        environment = {"OCPP_SOAP_DATABASE_URL": url, "OCPP_SOAP_TRUSTED_PROXIES": "127.0.0.0/8"}
        self.gateway = Gateway(Settings.from_environment(environment))
        _, self.token = self.gateway.tokens.create("t", "admin")

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, dict[str, str]]:
        """The status and the headers of an answer."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "RAW_URI": path,
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True, "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0),
            "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key] = value
        begun: list[Any] = []
        b"".join(self.gateway.application(environ, lambda *said: begun.append(said)))
        return int(begun[0][0][:3]), dict(begun[0][1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway behind a trusted proxy."""
    found = Served(tmp_path_factory.mktemp("headers"))
    yield found
    found.gateway.store.close()


KNOWN = {"Content-Type": "application/json"}
REQUESTS = [
    ("POST", "/ocpp/CP1", envelope("Heartbeat", "CP1", {})),
    ("GET", "/ocpp", b""),
    ("GET", "/healthz/live", b""),
    ("GET", "/api/v1/charge-points", b""),
    ("POST", "/api/v1/charge-points/CP1/commands/ClearCache", b"{}"),
    ("PUT", "/api/v1/charge-points/CP1/callback", b'{"url": "http://10.0.0.1/"}'),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS, ids=lambda value: str(value)[:40])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=st.dictionaries(st.sampled_from(HEADERS), VALUES, min_size=1, max_size=4))
@example(headers={"Authorization": "\xa0"})
@example(headers={"Authorization": "\x85\x1c"})
@example(headers={"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-Cert": "-----BEGIN CERTIFICATE-----"})
@example(headers={"X-Forwarded-For": "fe80::1%" + "<b>" * 1000})
@example(headers={"Range": "bytes=\xb2-", "If-Range": "\0"})
def test_no_header_is_a_failure_of_ours(
    served: Served, caplog: pytest.LogCaptureFixture, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    """Each is read, ignored, or refused with the status that says why."""
    caplog.clear()
    status, _ = served.ask(method, path, {**KNOWN, "Authorization": f"Bearer {served.token}", **headers}, body)
    assert status < 500
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "//healthz//live"),
        ("OPTIONS", "*"),
        ("GET", "/healthz/live/"),
        ("GET", "//evil.example/"),
        ("GET", "/api//v1"),
        ("GET", "/api/v1//"),
        ("GET", "/ocpp//"),
        ("GET", ""),
        ("GET", "/api/v1/static//api.css"),
    ],
)
def test_no_answer_sends_to_the_host_that_a_client_named(served: Served, method: str, path: str) -> None:
    """A cache before it would hand the redirect to everybody."""
    _, headers = served.ask(method, path, {"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil" not in headers.get("Location", "")
