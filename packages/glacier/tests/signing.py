"""Certificates of the tests' own: an authority, what it signs for a host, and TLS with that for one client."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_BEGIN = dt.datetime(2026, 1, 1)
_END = dt.datetime(2126, 1, 1)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Signs certificates; as Cloud SQL's own, it does not say what its key is for."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        certificate = self._certificate(self._name, self._key.public_key())
        self._own = certificate.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.pem = self._own.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def _certificate(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(issuer_name=self._name, subject_name=subject, public_key=key)
        numbered = made.serial_number(x509.random_serial_number())
        return numbered.not_valid_before(_BEGIN).not_valid_after(_END)

    def signed(self, host: str, folder: Path) -> ssl.SSLContext:
        """How a server speaks TLS that has a certificate made out to a host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file(host, folder))
        return context

    def file(self, host: str, folder: Path) -> Path:
        """The certificate and its key, for a server that reads them itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        made = self._certificate(_named("server"), key.public_key())
        made = made.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        certificate = made.sign(self._key, hashes.SHA256())
        file = folder / f"{x509.random_serial_number()}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
        return file
