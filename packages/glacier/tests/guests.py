"""What the tests of guests share: a task in one cloud, and a storage on another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from glacier.runtime import proofs
from glacier.runtime.problems import Problem
from glacier.runtime.stores import open_store
from hosts import Clouds

PAIRS = [(home, host) for home in ("aws", "gcp", "azure") for host in ("aws", "gcp", "azure") if home != host]
Start = Callable[[str, str], Clouds]


@contextmanager
def starting(patch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Clouds that are up until the end, in the environment of a task."""
    started: list[Clouds] = []

    def start(home: str, host: str) -> Clouds:
        clouds = Clouds(home, host)
        started.append(clouds)
        signs = {sign for signs in proofs._SIGNS.values() for sign in signs}
        for name in list(os.environ):  # nothing of whoever runs the tests
            if name in signs or name.startswith(("AWS_", "AZURE_", "GOOGLE_", "GCE_")):
                patch.delenv(name)
        for name, value in clouds.environment().items():
            patch.setenv(name, value)
        return clouds

    yield start
    for clouds in started:
        clouds.close()


def refused(clouds: Clouds) -> Problem:
    """What is said when the storage is opened."""
    with pytest.raises(Problem) as caught:
        open_store(clouds.address())
    return caught.value


def no_secret(clouds: Clouds, *texts: object) -> None:
    """No part of anything that was ever given to anybody is in a text."""
    pieces = {secret[at : at + 24] for secret in clouds.secrets for at in range(0, len(secret) - 23, 8)}
    assert pieces
    for text in texts:
        said = f"{text} {text!r}"
        assert not [piece for piece in pieces if piece in said]
