"""What HTTP adds to a SOAP message: path, peer, a body of bounded size, content encodings.

It reads a WSGI environ and knows nothing of what the bytes mean. Whatever can't be read is a `ProtocolError` with the
HTTP status that says why.
"""

from __future__ import annotations

import ipaddress
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..errors import ProtocolError
from ..protocol.reading import Flag

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BLOCK = 16 * 1024
DRAIN_BYTES = 8 * 1024 * 1024
DRAIN_SECONDS = 2.0
# Of an odd header, so much is noted.
MAX_HEADER = 200
_GZIP, _ZLIB, _RAW = 31, 15, -15


def identity_in(request: Mapping[str, Any], flags: list[Flag]) -> tuple[str | None, str | None]:
    """The chargeBoxIdentity and the secret in PATH_INFO: `/<identity>`, `/<identity>/<secret>`; None where none is.

    Any number of slashes parts them. Raises `ProtocolError` with 404 for a deeper path, with 400 for one that is not
    UTF-8.
    """
    whole = request.get("SCRIPT_NAME", "") + request.get("PATH_INFO", "")
    if "//" in whole:
        flags.append(Flag("path", None, "as with single slashes", "path-slashes"))
    try:
        parts = request.get("PATH_INFO", "").encode("latin-1").decode().split("/")
    except UnicodeError:
        raise ProtocolError("The path is not UTF-8.") from None
    identity, secret, *rest = [part for part in map(str.strip, parts) if part][:3] + [""] * 2
    if "\0" in identity:
        raise ProtocolError("The path holds a null character.")
    if rest and rest[0]:
        raise ProtocolError("There is nothing at this path: use …/ocpp or …/ocpp/<chargeBoxIdentity>.", status=404)
    return identity or None, secret or None


def shown_path(request: Mapping[str, Any]) -> str:
    """The path for the log, without what may be a secret: up to the second part, and how long it is in all."""
    path = request.get("SCRIPT_NAME", "") + request.get("PATH_INFO", "")
    path = path.removeprefix("/-/-/-")
    begin = [part[:MAX_HEADER] for part in path.split("/") if part][:2]
    return "/" + "/".join(begin) + ("/…" if len("".join(begin)) < len(path.replace("/", "")) else "")


def peer_of(request: Mapping[str, Any], trusted: Sequence[Network]) -> str | None:
    """The address of the station: REMOTE_ADDR, or what the trusted proxies in a row before us say of it."""
    remote = request.get("REMOTE_ADDR") or None
    forwarded = request.get("HTTP_X_FORWARDED_FOR") if trusted else None
    if not forwarded:
        return remote
    # A proxy on a Unix socket has no address; who may connect to that is a matter of the file system.
    for hop in (remote, *(_host(part) for part in reversed(forwarded.split(",")))):
        try:
            # A zone (fe80::1%eth0) says something on the machine that wrote it alone, and anybody can write one.
            address = ipaddress.ip_address(hop.partition("%")[0]) if hop else None
        except ValueError:
            break
        mapped = getattr(address, "ipv4_mapped", None)
        remote = str(mapped or address) if address else remote
        if address and not any((mapped or address) in network for network in trusted):
            break
    return remote


def _host(text: str) -> str:
    """The address of `1.2.3.4`, `1.2.3.4:5678`, `::1` or `[::1]:5678`."""
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def read_body(request: Mapping[str, Any], limit: int, flags: list[Flag]) -> bytes:
    """The request's body, content encodings undone, of at most `limit` bytes before and after.

    Raises `ProtocolError` with 413 for a longer one, with 415 for an encoding that is not known, with 411 for one whose
    end can't be told, and with 400 for one that ends too early.
    """
    _look_at_head(request, flags)
    raw = _body(request, limit)
    encoding = request.get("HTTP_CONTENT_ENCODING")
    return inflate(raw, encoding, limit, flags) if encoding else raw


def _look_at_head(request: Mapping[str, Any], flags: list[Flag]) -> None:
    """Notes what is unusual about the way a message is sent, however legal."""
    type_ = request.get("CONTENT_TYPE") or ""
    if not type_:
        flags.append(Flag("Content-Type", None, "SOAP 1.2", "no-content-type"))
    elif type_.partition(";")[0].strip().lower() != "application/soap+xml" or "," in type_:
        flags.append(Flag("Content-Type", type_[:MAX_HEADER], "SOAP 1.2", "odd-content-type"))
    if request.get("HTTP_TRANSFER_ENCODING"):
        flags.append(Flag("Transfer-Encoding", request["HTTP_TRANSFER_ENCODING"][:MAX_HEADER], "read whole", "chunked"))
    if request.get("SERVER_PROTOCOL") == "HTTP/1.0":
        flags.append(Flag("HTTP", "1.0", "answered in kind", "old-http"))


def _body(request: Mapping[str, Any], limit: int) -> bytes:
    stream = request["wsgi.input"]
    given = request.get("CONTENT_LENGTH")
    if given:
        if not (given.isascii() and given.isdigit()):
            raise ProtocolError("The Content-Length is not a number.")
        length = int(given) if len(given) < 16 else 1 << 62
        if length > limit:
            _drain(stream, length)
            raise _too_long(limit)
        raw = _read(stream, length)
        if len(raw) < length:
            raise ProtocolError(f"The message ends after {len(raw)} of {length} bytes.")
        return raw
    if not request.get("HTTP_TRANSFER_ENCODING"):
        return b""
    if not request.get("wsgi.input_terminated"):
        raise ProtocolError("Send a Content-Length.", status=411)
    raw = _read(stream, limit + 1)
    if len(raw) > limit:
        _drain(stream, DRAIN_BYTES)
        raise _too_long(limit)
    return raw


def _read(stream: Any, length: int) -> bytes:
    """Up to `length` bytes; fewer only when the stream ends."""
    try:
        data: bytes = stream.read(length)
        if len(data) == length or not data:
            return data
        parts = [data]
        missing = length - len(data)
        while missing and (data := stream.read(min(missing, BLOCK))):
            parts.append(data)
            missing -= len(data)
    except Exception as error:  # each server tells in its own way of a broken chunk or a client that is gone
        raise ProtocolError("The body can't be read to its end.") from error
    return b"".join(parts)


def discard(request: Mapping[str, Any]) -> None:
    """Throws a body away that nobody wants."""
    given = request.get("CONTENT_LENGTH") or ""
    if given.isascii() and given.isdigit():
        _drain(request["wsgi.input"], int(given[:15]))


def _drain(stream: Any, most: int) -> None:
    """Reads a bounded rest: a client that is still sending would not read our answer but meet a reset."""
    most = min(most, DRAIN_BYTES)
    until = time.monotonic() + DRAIN_SECONDS
    with suppress(Exception):  # a client that is gone misses nothing
        while most > 0 and time.monotonic() < until and (data := stream.read(min(most, BLOCK))):
            most -= len(data)


def inflate(raw: bytes, encoding: str, limit: int, flags: list[Flag]) -> bytes:
    """Undoes a Content-Encoding (gzip, deflate as zlib or raw, identity; several, last first) up to `limit` bytes.

    A body that never was compressed is taken as it is, and flagged (soap-binding C.6, 56). Raises `ProtocolError`: 415
    for an unknown encoding, 413 for too long a result.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",")][:4]):
        if name in ("gzip", "x-gzip"):
            windows: tuple[int, ...] = (_GZIP,)
        elif name == "deflate":
            windows = (_ZLIB, _RAW)
        elif name in ("identity", ""):
            continue
        else:
            raise ProtocolError(
                f"The Content-Encoding {name[:40]!r} is not supported; send gzip, deflate or none.", status=415
            )
        raw = _inflated(raw, name, windows, limit, flags)
    return raw


def _inflated(raw: bytes, name: str, windows: tuple[int, ...], limit: int, flags: list[Flag]) -> bytes:
    for bits in windows:
        inflater = zlib.decompressobj(bits)
        try:
            data = inflater.decompress(raw, limit + 1)
        except zlib.error:
            continue
        if len(data) > limit:
            raise _too_long(limit)
        if not inflater.eof:
            raise ProtocolError(f"The {name} body ends too early.")
        flags.append(Flag("Content-Encoding", name, "inflated", "compressed"))
        return data
    if raw.lstrip()[:1] in (b"<", b"\xef"):
        assumed = "identity, since the body is not compressed"
        flags.append(Flag("Content-Encoding", name, assumed, "coding-without-compression"))
        return raw
    raise ProtocolError(f"The body is not {name}, although its Content-Encoding says so.")


def _too_long(limit: int) -> ProtocolError:
    return ProtocolError(f"The message is longer than {limit} bytes.", status=413)
