"""Keys and certificates for tests, and contexts of TLS servers that show them."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_USES = "content_commitment key_encipherment data_encipherment key_agreement crl_sign encipher_only decipher_only"
_USAGE = x509.KeyUsage(digital_signature=True, key_cert_sign=True, **dict.fromkeys(_USES.split(), False))


@dataclass(frozen=True)
class Identity:
    """A key and its certificate, in PEM."""

    key: Path
    certificate: Path

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).fingerprint(hashes.SHA256()).hex()


def make(folder: Path, name: str, *, place: str | None = None, days: tuple[int, int] = (-1, 2)) -> Identity:
    """A certificate that signs itself, for a name or an address; it holds between those days from now."""
    made = Identity(folder / f"{name}.key", folder / f"{name}.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start, end = (datetime.now(UTC) + timedelta(days=day) for day in days)
    alternative = x509.IPAddress(ip_address(place)) if place else x509.DNSName(name)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), start, end)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_USAGE, critical=True)  # Python 3.13 wants to know what an authority's key is for
    )
    made.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return made


def serving(
    identity: Identity, *, demands: Identity | None = None, newest: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    """A server's context; it `demands` that client certificate, and knows nothing newer than `newest`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    if demands is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(demands.certificate)
    if newest is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
