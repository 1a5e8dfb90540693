"""A server of MySQL's protocol as far as signing in, which it then refuses."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading

from servers.running import HOST

# dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
_CAN = 0x00000200 | 0x00008000 | 0x00080000  # protocol 4.1, secure connection, plugins for authentication
_TLS = 0x00000800
_DENIED = b"\xff\x15\x04#28000Access denied"


class Greeting:
    """Greets one client, with TLS or saying that it has none; ``heard`` is what it was sent by one who believed it."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls, self.heard = tls, b""
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Greeting:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        can = _CAN | (_TLS if self._tls is not None else 0)
        salt, plugin = b"12345678", b"caching_sha2_password\0"
        greeting = b"\x0a8.4.0\0" + struct.pack("<I", 1) + salt + b"\0" + struct.pack("<H", can & 0xFFFF) + b"\xff"
        greeting += struct.pack("<HHB", 2, can >> 16, 21) + bytes(10) + b"901234567890\0" + plugin
        with contextlib.suppress(OSError), client:
            client.sendall(self._packet(0, greeting))
            if self._tls is None:
                self.heard = client.recv(4096)
                return
            client.recv(36, socket.MSG_WAITALL)  # "TLS from here on", which says nothing else
            with self._tls.wrap_socket(client, server_side=True) as inner:
                self.heard = inner.recv(4096)
                inner.sendall(self._packet(3, _DENIED))

    @staticmethod
    def _packet(number: int, content: bytes) -> bytes:
        return struct.pack("<I", len(content))[:3] + bytes([number]) + content
