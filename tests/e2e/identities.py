"""What Google Cloud and Azure say of a task that asks them who it is: a server that answers as theirs do.

The tokens are not signed by anybody, and the emulator of AWS does not ask: what it checks, and what is proven with it,
is that issuer, audience and subject are those that a role trusts.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.running import HOST


def token(claims: Mapping[str, Any]) -> str:
    """A token that says this, for the next hour."""
    now = int(time.time())
    said = [{"alg": "RS256", "typ": "JWT", "kid": "1"}, {"iat": now, "exp": now + 3600, **claims}]
    parts = [json.dumps(part).encode() for part in said] + [bytes(256)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@contextmanager
def identities(issuer: str, subject: str, audience: str | None = None) -> Iterator[str]:
    """Where a task learns who it is, as ``HOST:PORT``; it gets the audience that it asks for, unless one is given."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            asked = audience or query.get("audience") or query["resource"]
            made = token({"iss": issuer, "sub": subject, "aud": asked, "azp": subject, "tid": issuer, "oid": subject})
            azure = {"access_token": made, "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
            body = made.encode() if "audience" in query else json.dumps(azure).encode()
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Metadata-Flavor", "Google")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has where it is defined
            pass

    with ThreadingHTTPServer((HOST, 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{HOST}:{server.server_port}"
        server.shutdown()
