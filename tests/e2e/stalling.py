"""A network that stops in the middle of an upload, so that a process can be killed exactly there."""

from __future__ import annotations

import contextlib
import socket
import threading

from e2e.between import PIECE, Between
from servers.running import HOST


class Stalling(Between):
    """Hands on what clients send, until so many bytes have come from them; then nothing moves any more."""

    def __init__(self, port: int, after: int) -> None:
        super().__init__(port)
        self._left = after
        self._lock = threading.Lock()
        self.stalled = threading.Event()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            server = socket.create_connection((HOST, self._behind))
            self._keep(server)
            threading.Thread(target=self._move, args=(server, client, False), daemon=True).start()
            self._move(client, server, True)

    def _move(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if counted and not self._may_pass(len(piece)):
                    return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def _may_pass(self, size: int) -> bool:
        with self._lock:
            self._left -= size
            if self._left < 0:
                self.stalled.set()
            return self._left >= 0
