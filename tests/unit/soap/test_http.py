"""What HTTP adds: paths, peers behind proxies, bodies that are too long, end too early, or are compressed."""

from __future__ import annotations

import gzip
import io
import ipaddress
import zlib
from typing import Any

import pytest

from ocpp_soap.errors import ProtocolError
from ocpp_soap.protocol.reading import Flag
from ocpp_soap.soap import http

TEXT = b"<a>" + b"x" * 500 + b"</a>"
RAW_DEFLATE = zlib.compress(TEXT)[2:-4]
PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


def read(body: bytes, limit: int = 1000, flags: list[Flag] | None = None, **request: Any) -> bytes:
    """Reads a body with its Content-Length, or with what the keywords say instead."""
    wsgi = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/soap+xml"}
    return http.read_body(wsgi | request, limit, [] if flags is None else flags)


@pytest.mark.parametrize(
    ("path", "identity", "secret"),
    [
        ("", None, None),
        ("/", None, None),
        ("//", None, None),
        ("/CP 1", "CP 1", None),
        ("/CP1/", "CP1", None),
        ("/ CP1 /", "CP1", None),
        ("/CP1/s3cret", "CP1", "s3cret"),
        ("/CP1/s3cret/", "CP1", "s3cret"),
        ("//CP1", "CP1", None),
        ("///CP1//s3cret///", "CP1", "s3cret"),
    ],
)
def test_the_path_ends_with_the_identity_and_a_secret(path: str, identity: str | None, secret: str | None) -> None:
    """Slashes too many change nothing but are flagged, nor do blanks around the identity."""
    flags: list[Flag] = []
    assert (identity, secret) == http.identity_in({"SCRIPT_NAME": "/ocpp", "PATH_INFO": path}, flags)
    assert (["path-slashes"] if "//" in path else []) == [flag.quirk for flag in flags]


@pytest.mark.parametrize(("path", "status"), [("/a/b/c", 404), ("/a//b/c//", 404), ("/\xff", None)])
def test_other_paths_are_refused(path: str, status: int | None) -> None:
    """A deeper path is not found; one that is not UTF-8 is a bad request."""
    with pytest.raises(ProtocolError) as refused:
        http.identity_in({"PATH_INFO": path}, [])
    assert status == refused.value.status


@pytest.mark.parametrize(
    ("remote", "forwarded", "peer"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:5044", "198.51.100.1"),
        ("::ffff:10.0.0.1", "[2001:db8::7]:5044", "2001:db8::7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "fe80::1%eth0<b>", "fe80::1"),
        ("10.0.0.1", "[fe80::1%25x]:80", "fe80::1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("", "198.51.100.1", "198.51.100.1"),
        ("", None, None),
    ],
)
def test_the_peer_is_what_trusted_proxies_say(remote: str, forwarded: str | None, peer: str | None) -> None:
    """X-Forwarded-For is read from its end, as far as trusted proxies wrote it; a Unix socket is one of them."""
    request = {"REMOTE_ADDR": remote} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert peer == http.peer_of(request, PROXIES)


def test_without_trusted_proxies_nobody_can_forge_a_peer() -> None:
    """X-Forwarded-For counts for nothing then."""
    assert "10.0.0.1" == http.peer_of({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6"}, [])


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), "X-GZIP"),
        (zlib.compress(TEXT), "deflate"),
        (RAW_DEFLATE, "deflate"),
        (gzip.compress(zlib.compress(TEXT)), "deflate, gzip"),
    ],
    ids=["identity", "gzip", "x-gzip", "zlib", "raw", "both"],
)
def test_content_encodings_are_undone(body: bytes, encoding: str) -> None:
    """Gzip and deflate must be understood, deflate with and without zlib's frame (OCPP-S 1.6 §6.1)."""
    flags: list[Flag] = []
    assert TEXT == read(body, flags=flags, HTTP_CONTENT_ENCODING=encoding)
    undone = [name.strip().lower() for name in reversed(encoding.split(",")) if name != "identity"]
    assert [Flag("Content-Encoding", name, "inflated", "compressed") for name in undone] == flags


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_only_claims_to_be_compressed_is_taken_as_it_is(encoding: str) -> None:
    """Such a body is read and noted (soap-binding C.6, 56)."""
    flags: list[Flag] = []
    assert TEXT == read(TEXT, flags=flags, HTTP_CONTENT_ENCODING=encoding)
    assumed = "identity, since the body is not compressed"
    assert [Flag("Content-Encoding", encoding, assumed, "coding-without-compression")] == flags


@pytest.mark.parametrize(
    ("body", "request_", "status", "words"),
    [
        (TEXT, {"HTTP_CONTENT_ENCODING": "br"}, 415, "'br' is not supported"),
        (b"\x00\x01\x02", {"HTTP_CONTENT_ENCODING": "gzip"}, None, "The body is not gzip"),
        (gzip.compress(TEXT)[:-12], {"HTTP_CONTENT_ENCODING": "gzip"}, None, "The gzip body ends too early."),
        (gzip.compress(b"x" * 10**7), {"HTTP_CONTENT_ENCODING": "gzip"}, 413, "longer than 20000 bytes"),
        (b"x" * 20001, {}, 413, "longer than 20000 bytes"),
        (b"abc", {"CONTENT_LENGTH": "9"}, None, "ends after 3 of 9 bytes"),
        (b"abc", {"CONTENT_LENGTH": "-3"}, None, "not a number"),
        (b"abc", {"CONTENT_LENGTH": "9" * 60}, 413, "longer than"),
        (b"abc", {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411, "Send a Content-Length."),
    ],
    ids=["br", "not gzip", "cut gzip", "bomb", "long", "cut", "negative", "huge", "chunked"],
)
def test_a_body_that_can_not_be_read_is_refused_in_words(
    body: bytes, request_: dict[str, Any], status: int | None, words: str
) -> None:
    """The status is HTTP's own where it has one."""
    with pytest.raises(ProtocolError) as refused:
        read(body, 20000, **request_)
    assert status == refused.value.status
    assert words in refused.value.text


def test_a_chunked_body_is_read_to_its_end() -> None:
    """A server that unpacks chunks says so; then the end of the stream is the end of the body."""
    chunked: dict[str, Any] = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert TEXT == read(TEXT, **chunked)
    with pytest.raises(ProtocolError, match="longer than 100 bytes"):
        read(TEXT, 100, **chunked)


def test_a_stream_that_hands_out_little_at_a_time_is_read_whole() -> None:
    """WSGI allows a server to give fewer bytes than asked for."""

    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 7))

    dripping: dict[str, Any] = {"wsgi.input": Dripping(TEXT)}
    assert TEXT == read(TEXT, **dripping)


def test_the_rest_of_a_body_that_is_too_long_is_thrown_away_up_to_a_bound() -> None:
    """The client is still sending, and would not read the answer; but nobody may keep us reading for ever."""
    stream = io.BytesIO(b"x" * (http.DRAIN_BYTES + 5))
    endless: dict[str, Any] = {"wsgi.input": stream, "CONTENT_LENGTH": str(http.DRAIN_BYTES * 9)}
    with pytest.raises(ProtocolError):
        read(b"", 10, **endless)
    assert http.DRAIN_BYTES == stream.tell()
