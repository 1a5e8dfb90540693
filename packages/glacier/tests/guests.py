"""What the tests of guests share: a task in one cloud, and a storage on another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

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
        for sign in (sign for signs in proofs._SIGNS.values() for sign in signs):
            patch.delenv(sign, raising=False)
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
    """Nothing that was ever given to anybody is in a text, plain or escaped."""
    assert clouds.secrets
    for text in texts:
        for said in (str(text), repr(text)):
            assert not any(secret in said or quote(secret, safe="") in said for secret in clouds.secrets)
