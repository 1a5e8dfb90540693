from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from glacier.runtime import endpoints, passports
from guests import Start, starting


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    with starting(monkeypatch) as start:
        yield start


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What would have been waited for; passports of other tests are not used again."""
    waited: list[float] = []
    monkeypatch.setattr(endpoints, "time", SimpleNamespace(sleep=waited.append))
    passports._passport.cache_clear()
    yield waited
    passports._passport.cache_clear()
