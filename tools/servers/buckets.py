"""What deploying would have made, and what an owner can look up, on emulators for which no client is at hand."""

from __future__ import annotations

import json
import urllib.request

from servers.azure_calls import call
from servers.running import Server


def gcs_bucket(behind: Server, name: str) -> None:
    """A bucket of Cloud Storage."""
    body, headers = json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{behind.url}/storage/v1/b?project=example", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def azure_container(server: Server, name: str) -> None:
    """A container of the emulator's account."""
    call(server.url, "PUT", name, {"restype": "container"})


def azure_tier(server: Server, path: str) -> str:
    """The tier that a blob, by its container and name, was written in."""
    return call(server.url, "HEAD", path, {}).headers["x-ms-access-tier"]
