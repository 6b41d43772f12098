"""Whether the files for TLS to stations are of use: authorities, our certificate, its key.

It reads them and makes nothing of them; `tls` does.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path


def no_password() -> str:
    """Instead of a question on the terminal."""
    raise ValueError("the key is encrypted")


def problems(ca_file: Path | None, certificate: Path | None, key: Path | None) -> Iterator[tuple[str, str]]:
    """What is wrong with these files: the setting, and a sentence."""
    files = {"station_ca_file": ca_file, "client_certificate": certificate, "client_key": key}
    unreadable = [(name, words) for name, file in files.items() if file and (words := _unreadable(file))]
    if unreadable:
        yield from unreadable
        return
    if ca_file is not None and not _holds_certificates(ca_file):
        yield "station_ca_file", f"expected certificates in PEM, found something else in {str(ca_file)!r}"
    if certificate is None:
        if key is not None:
            yield "client_key", "it is of no use without OCPP_SOAP_CLIENT_CERTIFICATE"
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, no_password)
    except ValueError:
        yield "client_key", f"expected a key without a password, found an encrypted one in {str(key or certificate)!r}"
    except ssl.SSLError as error:
        yield _unfit(certificate, key, error)


def _unreadable(file: Path) -> str | None:
    try:
        file.read_bytes()
    except OSError as error:
        return f"{str(file)!r} can't be read: {(error.strerror or str(error)).lower()}"
    return None


def _holds_certificates(file: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        return False
    return True


def _unfit(certificate: Path, key: Path | None, error: ssl.SSLError) -> tuple[str, str]:
    if error.reason == "KEY_VALUES_MISMATCH":
        found = str(key or certificate)
        return "client_key", f"expected the key of {str(certificate)!r}, found that of another in {found!r}"
    if not _holds_certificates(certificate):
        return "client_certificate", f"expected a certificate in PEM, found something else in {str(certificate)!r}"
    if key is None:
        return "client_key", f"the key is missing: it is not in {str(certificate)!r}, so name its file here"
    return "client_key", f"expected a key in PEM, found something else in {str(key)!r}"
