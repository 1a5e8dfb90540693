"""A network that stops in the middle of an upload, so that a process can be killed exactly there."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from servers.running import HOST

_PIECE = 1 << 16


class Stalling:
    """Hands on what clients send, until so many bytes have come from them; then nothing moves any more."""

    def __init__(self, port: int, after: int) -> None:
        self._behind, self._left = port, after
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.stalled = threading.Event()

    def __enter__(self) -> Stalling:
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
                server = socket.create_connection((HOST, self._behind))
                self._open += [client, server]
                threading.Thread(target=self._move, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._move, args=(server, client, False), daemon=True).start()

    def _move(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
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
