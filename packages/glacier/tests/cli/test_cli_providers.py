"""``glacier providers``: what is installed, what it supports, and why not."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from glacier import providers
from sample import Command


def test_kinds_by_cloud(glacier: Command) -> None:
    result = glacier("providers")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["ObjectStorage", "Shelf", "Shelf"] in rows
    assert ["Database", "no", "no"] in rows
    assert "toy has no Database: toys keep no records; ObjectStorage()" in result.stdout
    assert "toy has no Cache, Queue, Container: not in its tables" in result.stdout
    assert "aws is not installed: pip install glacier-aws" in result.stdout


def test_a_broken_cloud_does_not_hide_the_others(glacier: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {**providers.installed(), "rusty": EntryPoint("rusty", "nowhere_zzz:Compiler", "glacier.providers")}
    monkeypatch.setattr(providers, "installed", lambda: points)
    result = glacier("providers")
    assert result.exit_code == 0
    assert "rusty does not load: ModuleNotFoundError" in result.stdout
    assert "Shelf" in result.stdout
