"""A folder with a small pipeline in it, two small clouds, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from glacier import providers
from glacier.cli.app import app

SALES = """\
from typing import Annotated

from glacier import Dataset, Pipeline, compute
from glacier.storage import ObjectStorage

pipeline = Pipeline("sales")

orders = Dataset("orders", storage=ObjectStorage(), format="json", expected_size="2 GB")
clean = Dataset("clean")
report = Dataset("report", storage=ObjectStorage(versioning=True))


@pipeline.task
def collect() -> Annotated[list[int], orders]:
    return [3, 4, 0]


@pipeline.task(compute=compute.serverless(memory=1024), retries=2)
def tidy(rows: Annotated[list[int], orders]) -> Annotated[list[int], clean]:
    return [row for row in rows if row]


@pipeline.task
def summarize(rows: Annotated[list[int], clean], factor: int = 2) -> Annotated[dict[str, int], report]:
    return {"total": sum(rows) * factor}
"""

Command = Callable[..., Result]


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
