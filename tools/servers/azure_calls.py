"""Calls to the emulator of Azure's storage as the owner of its account, for which no client is at hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.request
from collections.abc import Mapping
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import quote, urlencode

# Every emulator of Azure's storage has these (learn.microsoft.com/azure/storage/common/storage-use-azurite).
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Answer(NamedTuple):
    """What the storage said."""

    headers: Mapping[str, str]
    body: bytes


def call(url: str, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> Answer:
    """Ask blobs or queues at a URL for something; an answer of 400 or more is an ``HTTPError``.

    Signed as learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key.
    """
    known = f"x-ms-date:{formatdate(usegmt=True)}\nx-ms-version:2021-12-02"
    asked = "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
    length, kind = (str(len(body)), "application/xml") if body else ("", "")
    standard = "\n".join((method, "", "", length, "", kind, "", "", "", "", "", "", ""))
    text = f"{standard}{known}\n/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{quote(path)}{asked}"
    key = hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)
    headers = dict(line.split(":", 1) for line in known.splitlines())
    headers |= {"Authorization": f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(key).decode()}"}
    headers |= {"Content-Length": str(len(body))} | ({"Content-Type": kind} if kind else {})
    whole = f"{url}/{AZURE_ACCOUNT}/{quote(path)}?{urlencode(query)}"
    request = urllib.request.Request(whole, body or None, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return Answer(dict(answer.headers.items()), answer.read())


def as_message(text: str) -> bytes:
    """The body with which a text, Base64 already, is put into a queue."""
    return f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
