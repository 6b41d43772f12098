"""Settings: read once, refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ocpp_soap.errors import SettingsError
from ocpp_soap.settings import Settings
from tests.certificates import make


def test_defaults_are_the_safe_ones() -> None:
    """Nothing set: an embedded store, production, unknown stations wait, unknown tags are refused."""
    settings = Settings.from_environment({"PATH": "/bin", "OCPP_SOAP_PUBLIC_URL": ""})
    expected = ("sqlite:///ocpp_soap.db", "production", "pending", "reject", 7, "http://127.0.0.1:8180/ocpp")
    found = (
        settings.database_url,
        settings.environment,
        settings.unknown_charge_points,
        settings.unknown_tags,
        settings.journal_days,
        settings.public_url,
    )
    assert expected == found


def test_postgresql_is_read_as_psycopg() -> None:
    """The URL that everybody writes selects psycopg 3."""
    settings = Settings.from_environment({"OCPP_SOAP_DATABASE_URL": "postgresql://u:p@h/d"})
    assert "postgresql+psycopg://u:p@h/d" == settings.database_url


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ENVIROMENT", "production", "did you mean OCPP_SOAP_ENVIRONMENT"),
        ("ENVIRONMENT", "prod", "one of production, development"),
        ("MAX_BODY", "1MB", "a whole number from"),
        ("CONNECT_TIMEOUT", "0", "a number from"),
        ("READ_TIMEOUT", "nan", "a number from"),
        ("PUBLIC_URL", "gateway.example", "a URL such as"),
        ("PUBLIC_URL", "http://x:0/", "a URL such as"),
        ("PUBLIC_URL", "http://x:99999/", "a URL such as"),
        ("CALLBACK_ALLOW", "10.0.0.1/8", "networks, ports and schemes"),
        ("TRUSTED_PROXIES", "proxy", "networks such as"),
        ("WSDL_DIR", "/no/such/folder", "an existing folder"),
        ("DATABASE_URL", "mysql://root:secret@h/d", "sqlite:///file.db or postgresql://"),
        ("JOURNAL_HEARTBEATS", "maybe", "true or false"),
    ],
)
def test_a_bad_setting_is_refused_in_words(name: str, value: str, words: str) -> None:
    """The error names the setting and what it expects."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"OCPP_SOAP_{name}": value})
    assert words in str(caught.value)
    assert f"OCPP_SOAP_{name}" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"CLIENT_CERTIFICATE": "one.pem", "CLIENT_KEY": "one.key", "STATION_CA_FILE": "other.pem"}, ()),
        ({"CLIENT_CERTIFICATE": "both.pem"}, ()),
        ({"CLIENT_CERTIFICATE": "one.pem", "CLIENT_KEY": "other.key"}, ("CLIENT_KEY: expected the key of",)),
        ({"CLIENT_CERTIFICATE": "one.pem"}, ("CLIENT_KEY: the key is missing",)),
        ({"CLIENT_KEY": "one.key"}, ("CLIENT_KEY: it is of no use without OCPP_SOAP_CLIENT_CERTIFICATE",)),
        ({"CLIENT_CERTIFICATE": "one.pem", "CLIENT_KEY": "text"}, ("CLIENT_KEY: expected a key in PEM",)),
        ({"CLIENT_CERTIFICATE": "one.pem", "CLIENT_KEY": "locked.key"}, ("CLIENT_KEY: expected a key without a pass",)),
        (
            {"CLIENT_CERTIFICATE": "text", "CLIENT_KEY": "one.key", "STATION_CA_FILE": "one.key"},
            ("CLIENT_CERTIFICATE: expected a certificate in PEM", "STATION_CA_FILE: expected certificates in PEM"),
        ),
        ({"CLIENT_CERTIFICATE": "none", "CLIENT_KEY": "one.key"}, ("CLIENT_CERTIFICATE: expected an existing file",)),
    ],
)
def test_certificates_and_keys_have_to_fit(tmp_path: Path, files: dict[str, str], words: tuple[str, ...]) -> None:
    """They are looked at before anything starts, and nobody is asked for a password."""
    one, _ = make(tmp_path, "one"), make(tmp_path, "other")
    (tmp_path / "both.pem").write_bytes(one.certificate.read_bytes() + one.key.read_bytes())
    (tmp_path / "text").write_text("hello")
    key = serialization.load_pem_private_key(one.key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    locked = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    (tmp_path / "locked.key").write_bytes(locked)
    given = {f"OCPP_SOAP_{name}": str(tmp_path / file) for name, file in files.items()}
    told: list[str] = []
    try:
        Settings.from_environment(given)
    except SettingsError as error:
        told = str(error).splitlines()
    assert [] == [line for line in told if not line.startswith(tuple(f"OCPP_SOAP_{word}" for word in words))]
    assert len(words) == len(told)


def test_all_mistakes_are_told_at_once() -> None:
    """One line for each bad setting."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"OCPP_SOAP_THREADS": "x", "OCPP_SOAP_WORKERS": "y", "OCPP_SOAP_NONSENSE": "z"})
    assert 3 == len(str(caught.value).splitlines())


def test_passwords_do_not_show() -> None:
    """Printing the settings hides the database URL."""
    assert "secret" not in repr(Settings(database_url="postgresql+psycopg://u:secret@h/d"))
