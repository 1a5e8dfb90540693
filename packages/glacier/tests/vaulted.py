"""A value of a secret, and clouds that answer alike whatever they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from glacier.runtime import vaults
from glacier.runtime.problems import Problem
from glacier.runtime.tokens import Answer

VALUE = "hunter2 & \"Söhne\"\n\\ 'x'"
HUNTER = "2retnuh"[::-1]  # as no line of this file has it: a traceback shows lines
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sales-secret-key-1a2b3c"
GCP = "gcp:projects/p/secrets/s"
AZURE = "azure:https://v.vault.azure.net/secrets/db-key"


def asked(monkeypatch: pytest.MonkeyPatch, body: Mapping[str, Any] | Problem) -> list[tuple[str, str]]:
    """What is asked for from now on, with which token; each is answered alike."""
    found: list[tuple[str, str]] = []

    def call(method: str, url: str, *, headers: Mapping[str, str]) -> Answer:
        found.append((f"{method} {url}", headers["Authorization"]))
        if isinstance(body, Problem):
            raise body
        return Answer(200, {}, json.dumps(body).encode())

    monkeypatch.setattr(vaults, "call", call)
    monkeypatch.setattr(vaults, "google_token", lambda: "google")
    monkeypatch.setattr(vaults, "azure_token", lambda resource: f"azure for {resource}")
    return found
