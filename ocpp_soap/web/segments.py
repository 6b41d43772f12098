"""The API's paths, whose parts may hold a slash: `%2F` in an identity is not the `/` between two parts.

WSGI hands on paths decoded, where both look alike; the server's raw URL still tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from werkzeug.routing import BaseConverter, ValidationError

from ..central.authentication import Network, within
from ..protocol.reading import INT_RANGE

# Everything below it is the web API's, whatever its version.
API = "/api"


# A path without dots alone, double slashes and whatever a browser might take for another host.
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")


def prefix_of(request: Mapping[str, Any], trusted: tuple[Network, ...]) -> str:
    """The path below which the proxy shows the gateway, such as `/csms`: X-Forwarded-Prefix of a trusted one, or ""."""
    prefix = str(request.get("HTTP_X_FORWARDED_PREFIX") or "").rstrip("/")
    is_trusted = bool(trusted) and within(request.get("REMOTE_ADDR"), trusted)
    return prefix if is_trusted and len(prefix) < 200 and _PREFIX.fullmatch(prefix) else ""


def belongs_to_api(path: str) -> bool:
    """Whether a path is one of the API's."""
    return path == API or path.startswith(API + "/")


def keep_slashes(request: dict[str, Any]) -> dict[str, Any]:
    """The WSGI request with a PATH_INFO in which `%2F` and `%25` stay as they were spelled.

    Where the server does not hand on the raw URL, or somebody has changed the path since, no part can hold a slash.
    """
    path = request.get("PATH_INFO", "")
    raw = str(request.get("RAW_URI") or request.get("REQUEST_URI") or "")
    if "://" in raw.partition("?")[0]:  # the absolute form (RFC 9112 §3.2.2)
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    raw = raw.partition("?")[0]
    if request.get("SCRIPT_NAME") or unquote_to_bytes(raw.encode("latin-1")).decode("latin-1") != path:
        return {**request, "PATH_INFO": path.replace("%", "%25")}
    parts = (unquote_to_bytes(part.encode("latin-1")) for part in raw.split("/"))
    kept = b"/".join(part.replace(b"%", b"%25").replace(b"/", b"%2F") for part in parts)
    return {**request, "PATH_INFO": kept.decode("latin-1")}


def spelled(part: str) -> str:
    """One part of a path, as it stands in a URL."""
    return quote(part, safe="")


class Segment(BaseConverter):
    """One part of such a path, decoded; what is not UTF-8 or holds a null character is nothing's name."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Called with what `keep_slashes` left."""
        if "\0" in value or "\ufffd" in value:
            raise ValidationError
        return value.replace("%2F", "/").replace("%25", "%")

    def to_url(self, value: str) -> str:
        """The part in a URL."""
        return spelled(value)


class Number(Segment):
    """An id, which has 32 bits in the store; anything else is nothing's number."""

    regex = "[0-9]{1,10}"

    def to_python(self, value: str) -> Any:
        """The number."""
        number = int(value)
        if number not in INT_RANGE:
            raise ValidationError
        return number
