"""What stands between clients and a server, on a port of its own, and ends with the ``with`` block."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from servers.running import HOST

PIECE = 1 << 16


class Between:
    """Takes clients, each in a thread; what is kept is closed in the end, and what comes later at once."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._open: list[socket.socket] = []
        self._has_ended = False
        self._keeping = threading.Lock()
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._keeping:
            self._has_ended = True
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._keep(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _keep(self, each: socket.socket) -> None:
        with self._keeping:
            if not self._has_ended:
                self._open.append(each)
                return
        each.close()
        raise OSError("it has ended")

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError
