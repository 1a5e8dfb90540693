"""Makes an empty bucket in each emulator, as deploying would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
from email.utils import formatdate

from servers.clouds import AZURE_ACCOUNT, AZURE_KEY
from servers.running import Server


def s3_bucket(client: object, name: str) -> None:
    """A bucket of S3, through a client of boto3."""
    client.create_bucket(Bucket=name)  # type: ignore[attr-defined]  # its methods are made when it is


def gcs_bucket(behind: Server, name: str) -> None:
    """A bucket of Cloud Storage."""
    body, headers = json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{behind.url}/storage/v1/b?project=example", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def azure_container(server: Server, name: str) -> None:
    """A container of the emulator's account; signed as learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key."""
    known = f"x-ms-date:{formatdate(usegmt=True)}\nx-ms-version:2021-12-02"
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + f"{known}\n{resource}"
    key = hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)
    headers = dict(line.split(":", 1) for line in known.splitlines())
    headers |= {"Authorization": f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(key).decode()}", "Content-Length": "0"}
    url = f"{server.url}/{AZURE_ACCOUNT}/{name}?restype=container"
    urllib.request.urlopen(urllib.request.Request(url, headers=headers, method="PUT"), timeout=30).close()
