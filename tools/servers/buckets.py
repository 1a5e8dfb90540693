"""What deploying would have made, and what an owner can look up, on emulators for which no client is at hand."""

from __future__ import annotations

import json
import urllib.request
from urllib.parse import quote, urlencode

from servers.azure_calls import call
from servers.running import Server


def gcs_bucket(behind: Server, name: str) -> None:
    """A bucket of Cloud Storage."""
    body, headers = json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{behind.url}/storage/v1/b?project=example", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def gcs_folder(behind: Server, bucket: str, name: str) -> None:
    """What a console makes for a folder, ``name/``, which a client that knows paths only cannot."""
    query = urlencode({"uploadType": "media", "name": f"{name}/"})
    url = f"{behind.url}/upload/storage/v1/b/{quote(bucket)}/o?{query}"
    urllib.request.urlopen(urllib.request.Request(url, b"", method="POST"), timeout=30).close()


def azure_container(server: Server, name: str) -> None:
    """A container of the emulator's account."""
    call(server.url, "PUT", name, {"restype": "container"})


def azure_tier(server: Server, path: str) -> str:
    """The tier that a blob, by its container and name, was written in."""
    return call(server.url, "HEAD", path, {}).headers["x-ms-access-tier"]
