"""A folder with a small pipeline in it, two small clouds, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from glacier import providers
from glacier.cli.app import app
from sample import SALES, Command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, with ``sales.py`` in it; what is imported from it is forgotten."""
    (tmp_path / "sales.py").write_text(SALES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


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

    def run(*words: str) -> Result:
        result = CliRunner().invoke(app, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
