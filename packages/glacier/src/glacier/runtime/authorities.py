"""Whom a connection to a database or a cache believes: the authority that has signed the server's certificate.

``sslmode`` in an address says what is verified, in libpq's words (postgresql.org/docs/current/libpq-ssl.html):

===============  =======================================================================================================
``verify-full``  the authority, and the host's name; so it is when an address says nothing
``verify-ca``    the authority alone, for a server whose authority signs for nobody else
``disable``      nothing, and without TLS: for a database on this machine
===============  =======================================================================================================
"""

from __future__ import annotations

import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult

from glacier.runtime.problems import Problem

FULL, AUTHORITY, NOTHING = "verify-full", "verify-ca", "disable"

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
# What libpq and PyMySQL say of a server that does not prove who it is, or that will not even speak TLS.
_UNPROVEN = ("certificate verify failed", "does not match host name", "server does not support SSL", "SSL is required")


@dataclass(frozen=True, slots=True)
class Server:
    """Who an address leads to, and what it must prove; ``authority`` is PEM, or nothing for those everybody trusts."""

    address: str
    host: str
    mode: str
    authority: str

    @contextmanager
    def file(self) -> Iterator[str]:
        """The authorities as a file, for a client that reads them only while it connects."""
        known = ssl.get_default_verify_paths().cafile
        if not self.authority and known is not None:
            yield known
            return
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "authorities.pem"
            file.write_text(self.authority or _everybodys(), encoding="utf-8")
            yield str(file)

    def context(self) -> ssl.SSLContext:
        """The same for a client that takes Python's own description of TLS."""
        if not self.authority:
            return ssl.create_default_context()
        # Nobody else is believed: create_default_context(cadata=…) does not add those of the system.
        context = ssl.create_default_context(cadata=self.authority)
        context.check_hostname = self.mode == FULL
        # A cloud's own authorities may lack what RFC 5280 asks for and Python 3.13 insists on: Cloud SQL's do not say
        # what their key is for (docs.python.org/3/library/ssl.html#ssl.create_default_context).
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    @contextmanager
    def demanded(self) -> Iterator[None]:
        """Raises :class:`~glacier.runtime.problems.Problem` when a client that connects finds the server unproven."""
        try:
            yield
        except Exception as error:
            found = _unproven(error)
            if found is None:
                raise
            raise self.unproven(found) from error

    def unproven(self, error: BaseException) -> Problem:
        """What to say of a server that has not proven who it is."""
        why = " ".join(str(error).split())
        if self.authority:
            todo = (
                "if its cloud has given it another authority, `pulumi up --refresh` tells the task; if not, somebody"
                " else answers in its place"
            )
        else:
            todo = (
                "does the address name the host as its certificate does, and are this machine's authorities current"
                " (ca-certificates, or SSL_CERT_FILE)? If so, somebody else answers in its place"
            )
        return Problem(
            f"{self.address}: whoever answers at {self.host} has not proven to be it, and was sent no password: {why}",
            todo,
        )


def server_of(parts: SplitResult, options: Mapping[str, str], authority: str, modes: Sequence[str]) -> Server:
    """What an address demands; ``authority`` is any text with certificates: PEM, or JSON with PEM in it.

    Raises :class:`~glacier.runtime.problems.Problem` when the demand would prove nothing.
    """
    shown, mode = f"{parts.scheme}://{parts.hostname}{parts.path}".rstrip("/"), options.get("sslmode", FULL)
    if mode not in modes:
        raise Problem(
            f"{shown} says sslmode={mode}, with which anybody could answer in its place",
            f"sslmode is one of {', '.join(modes)}; without it, it is {FULL}",
        )
    found = "".join(f"{each}\n" for each in _CERTIFICATE.findall(authority.replace("\\n", "\n")))
    if mode == AUTHORITY and not found:
        # Anybody has a certificate of an authority that everybody trusts, for some name.
        raise Problem(
            f"{shown} is proven by its own authority alone (sslmode={mode}), and nobody says which that is",
            "set GLACIER_AUTHORITY_… beside GLACIER_STORE_… to its certificate, as the generated program does",
        )
    return Server(shown, str(parts.hostname), mode, found)


def _everybodys() -> str:
    """The authorities that this machine trusts, where they are a folder: as OpenSSL finds them, by their hashes."""
    folder = ssl.get_default_verify_paths().capath
    files = sorted(Path(folder).glob("*.[0-9]")) if folder is not None else []
    if not files:
        raise Problem(
            "this machine has no list of the authorities that everybody trusts",
            "install ca-certificates in the image, or name a list in SSL_CERT_FILE",
        )
    return "".join(file.read_text(encoding="utf-8") for file in files)


def _unproven(error: BaseException) -> BaseException | None:
    """The error by which a client says that a server is unproven: Python's own, or else one with the words for it."""
    behind, words = [error], None
    while following := behind[-1].__cause__ or behind[-1].__context__:
        behind.append(following)
    for each in behind:
        if isinstance(each, ssl.SSLCertVerificationError):
            return each
        words = words or (each if any(known in str(each) for known in _UNPROVEN) else None)
    return words
