"""A folder with a small pipeline in it, two small clouds, and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import commanding
import pytest
from commanding import inside
from glacier import providers
from sample import SALES, Command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, with ``sales.py`` in it; what is imported from it is forgotten."""
    (tmp_path / "sales.py").write_text(SALES)
    monkeypatch.delenv("COLUMNS", raising=False)
    with inside(tmp_path, monkeypatch):
        yield tmp_path


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clouds ``toy`` and ``tin`` are installed, and no other."""
    points = {
        name: EntryPoint(name, f"toycloud:{cls}", "glacier.providers")
        for name, cls in (("tin", "TinCompiler"), ("toy", "ToyCompiler"))
    }
    monkeypatch.setattr(providers, "installed", lambda: points)


@pytest.fixture
def glacier(folder: Path) -> Command:
    """The command line, in that folder."""
    return commanding.glacier
