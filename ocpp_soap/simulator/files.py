"""Carries files for a charge point: diagnostics up, firmware down, by HTTP or FTP (OCPP 1.6 §5.9, §5.19).

It knows bytes and URLs, nothing of charge points.
"""

from __future__ import annotations

import ftplib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from urllib.parse import unquote, urlsplit

import requests

# Seconds for connecting and for each read.
TIMEOUT = 10.0

FAILURES = (OSError, EOFError, ValueError, ftplib.Error, requests.RequestException)
"""What `upload` and `download` raise when the file could not be carried."""


def upload(folder: str, name: str, content: bytes) -> None:
    """Puts a file of that name into the folder that the URL names; raises one of `FAILURES`."""
    address = f"{folder.rstrip('/')}/{name}"
    if urlsplit(address).scheme == "ftp":
        with _ftp(address) as (server, path):
            server.storbinary(f"STOR {path}", BytesIO(content))
        return
    with _http() as session:
        session.put(address, data=content, timeout=TIMEOUT).raise_for_status()


def download(address: str) -> bytes:
    """The content of the file at the URL; raises one of `FAILURES`."""
    if urlsplit(address).scheme == "ftp":
        content = BytesIO()
        with _ftp(address) as (server, path):
            server.retrbinary(f"RETR {path}", content.write)
        return content.getvalue()
    with _http() as session:
        answer = session.get(address, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.content


@contextmanager
def _http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@contextmanager
def _ftp(address: str) -> Iterator[tuple[ftplib.FTP, str]]:
    """A server that is logged in to, anonymously unless the URL says otherwise, and the path on it."""
    parts = urlsplit(address)
    with ftplib.FTP(timeout=TIMEOUT) as server:  # noqa: S321  the standard asks for FTP
        server.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT)
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        yield server, unquote(parts.path).lstrip("/")
