"""Where datasets are kept on each emulator: an address as a generated program makes it, and how to get there."""

from __future__ import annotations

import contextlib
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from glacier.runtime.objects import Objects
from glacier.runtime.stores import open_store
from servers import clouds
from servers.buckets import azure_container, gcs_bucket
from servers.running import Server

BUCKET = "glacier-data"


@dataclass(frozen=True)
class Home:
    """A folder in a bucket of one emulator; ``environment`` is what the cloud's own machine would know."""

    server: Server
    scheme: str
    place: str
    environment: Mapping[str, str]
    options: str = ""

    @property
    def address(self) -> str:
        """What a task finds in its environment."""
        return f"{self.scheme}://{self.place}/{self.options}"

    def open(self) -> Objects:
        """A store as a task opens it."""
        store = open_store(self.address)
        assert isinstance(store, Objects)
        return store

    def behind(self, port: int) -> Home:
        """The same, reached through another port."""
        known = {key: value.replace(f":{self.server.ports[0]}", f":{port}") for key, value in self.environment.items()}
        return replace(self, environment=known)


def s3_home(server: Server, client: Any, folder: str) -> Home:
    """S3, with an infrequent class for what is written."""
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=BUCKET)
    environment = clouds.aws_environment(server.url)
    return Home(server, "s3", f"{BUCKET}/{folder}", environment, f"?region={clouds.REGION}&storage_class=STANDARD_IA")


def gcs_home(behind: Server, server: Server, folder: str) -> Home:
    """Cloud Storage."""
    _once(gcs_bucket, behind)
    return Home(server, "gs", f"{BUCKET}/{folder}", clouds.google_environment(server.url))


def azure_home(server: Server, folder: str) -> Home:
    """Blob Storage, in the cool tier."""
    _once(azure_container, server)
    place = f"{clouds.AZURE_ACCOUNT}/{BUCKET}/{folder}"
    return Home(server, "az", place, clouds.azure_environment(server), "?tier=Cool")


def _once(make: Any, server: Server) -> None:
    """A bucket that is there already is good enough."""
    try:
        make(server, BUCKET)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise


def reached(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process know what a cloud's own machine would."""
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    # boto3 keeps one session for the whole process, with the keys that it found first.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
