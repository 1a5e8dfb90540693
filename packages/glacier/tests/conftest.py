"""What every test of the core has in common."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_building(monkeypatch: pytest.MonkeyPatch) -> None:
    """``glacier compile`` installs nothing unless a test says ``--build``: most tests are not about packages."""
    monkeypatch.setenv("GLACIER_BUILD", "0")
