"""What deploying would have made, and what an owner can look up, on emulators for which no client is at hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import quote, urlencode

from servers.clouds import AZURE_ACCOUNT, AZURE_KEY
from servers.running import Server


def gcs_bucket(behind: Server, name: str) -> None:
    """A bucket of Cloud Storage."""
    body, headers = json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{behind.url}/storage/v1/b?project=example", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def azure_container(server: Server, name: str) -> None:
    """A container of the emulator's account."""
    _azure(server, "PUT", name, {"restype": "container"})


def azure_tier(server: Server, path: str) -> str:
    """The tier that a blob, by its container and name, was written in."""
    return _azure(server, "HEAD", path, {})["x-ms-access-tier"]


def _azure(server: Server, method: str, path: str, query: Mapping[str, str]) -> Mapping[str, str]:
    """A call without a body; the headers of its answer.

    Signed as learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key.
    """
    known = f"x-ms-date:{formatdate(usegmt=True)}\nx-ms-version:2021-12-02"
    asked = "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
    text = method + "\n" * 12 + f"{known}\n/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{quote(path)}{asked}"
    key = hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)
    headers = dict(line.split(":", 1) for line in known.splitlines())
    headers |= {"Authorization": f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(key).decode()}", "Content-Length": "0"}
    url = f"{server.url}/{AZURE_ACCOUNT}/{quote(path)}?{urlencode(query)}"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers, method=method), timeout=30) as answer:
        return dict(answer.headers.items())
