"""A door before an emulator's storage that no one passes without a token that was given out on loopback.

Ours, and plainly so: fake-gcs-server asks for no token, and Azurite does not check who signed one. Behind the door is
the emulator itself, for which the door has a key of its own. What the holder of a token may do there is not asked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode, urlsplit

from servers.azure_calls import AZURE_ACCOUNT, AZURE_KEY
from servers.running import HOST

_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}  # of one connection, not of the answer


class Tokens:
    """The tokens that were given out for one cloud's storage, and until when each holds."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def give(self, seconds: float, token: str | None = None) -> str:
        """Another one; a negative number of seconds makes one whose time has passed."""
        token = token or secrets.token_urlsafe(60)
        self._ends[token] = time.time() + seconds
        return token

    def believed(self, authorization: str) -> bool:
        """Whether a header shows one that still holds."""
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self._ends.get(token, 0) > time.time()


@contextmanager
def door(behind: str, tokens: Tokens, key: str = "") -> Iterator[str]:
    """The URL of a door before a server; ``key`` is added to the query of whatever passes."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if tokens.believed(self.headers.get("Authorization", "")):
                self._pass_on(body)
            else:
                self._answer(401, {}, b"who are you?")

        def _pass_on(self, body: bytes) -> None:
            own = {"authorization", "host", "connection"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in own}
            path = self.path + (f"{'&' if '?' in self.path else '?'}{key}" if key else "")
            inside = http.client.HTTPConnection(urlsplit(behind).netloc, timeout=60)
            try:
                inside.request(self.command, path, body, headers)
                answer = inside.getresponse()
                said = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
                self._answer(answer.status, said, answer.read())
            finally:
                inside.close()

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            if self.command != "HEAD":
                headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
                headers["Content-Length"] = str(len(body))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the server's own names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has where it is defined
            """Say nothing."""

    with ThreadingHTTPServer((HOST, 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


def azure_key() -> str:
    """The right to all blobs of the emulator's account for an hour, signed by the account's key, as a query.

    learn.microsoft.com/rest/api/storageservices/create-account-sas
    """
    ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"sv": "2019-12-12", "ss": "b", "srt": "sco", "sp": "rwdlac", "se": ends}
    text = "\n".join((AZURE_ACCOUNT, said["sp"], said["ss"], said["srt"], "", ends, "", "", said["sv"], ""))
    made = hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)
    return urlencode({**said, "sig": base64.b64encode(made).decode()})
