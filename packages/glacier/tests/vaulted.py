"""A value of a secret, and clouds that answer alike whatever they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from glacier.runtime import endpoints, vaults
from glacier.runtime.endpoints import Denied

VALUE = "hunter2 & \"Söhne\"\n\\ 'x'"
HUNTER = "2retnuh"[::-1]  # as no line of this file has it: a traceback shows lines
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sales-secret-key-1a2b3c"
GCP = "gcp:projects/p/secrets/s"
AZURE = "azure:https://v.vault.azure.net/secrets/db-key"


def asked(monkeypatch: pytest.MonkeyPatch, body: Mapping[str, Any] | Denied) -> list[tuple[str, str]]:
    """What is asked for from now on, with which token; each is answered alike."""
    found: list[tuple[str, str]] = []

    def ask(url: str, why: object, *, headers: Mapping[str, str]) -> bytes:
        found.append((f"GET {url}", headers["Authorization"]))
        if isinstance(body, Denied):
            raise body
        return json.dumps(body).encode()

    monkeypatch.setattr(endpoints, "ask", ask)
    monkeypatch.setattr(vaults, "google_token", lambda: "google")
    monkeypatch.setattr(vaults, "azure_token", lambda resource: f"azure for {resource}")
    return found


def refusal(status: int) -> Denied:
    """What a cloud answers that does not give a value."""
    return Denied("https://vault", str(status), "", endpoints.ONCE, status)
