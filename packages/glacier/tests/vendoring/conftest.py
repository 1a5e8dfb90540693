"""An export for three clouds, and an index that is no network away."""

from __future__ import annotations

from pathlib import Path

import pytest
from glacier import Pipeline
from glacier.compilation import MultiCloudCompiler
from glacier.pipeline import Task
from glacier.vendoring import resolver
from glacier_aws import AWSCompiler
from glacier_azure import AzureCompiler
from glacier_gcp import GCPCompiler
from lights import TASKS, Exported, Index


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    """Compiles tasks for three clouds and writes them; again, when it is called again."""

    def export(*tasks: Task[..., None], to: str = "infra") -> Path:
        clouds = {"aws": AWSCompiler(), "gcp": GCPCompiler(), "azure": AzureCompiler()}
        compiled = MultiCloudCompiler(clouds).compile(Pipeline("lights", tasks or TASKS))
        compiled.export_pulumi(tmp_path / to)
        return tmp_path / to

    return export


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    """Stands where uv is; the cache is in the current directory, which is empty."""
    made = Index()
    for name in ("lock", "select", "install", "interpreter"):
        monkeypatch.setattr(resolver, name, getattr(made, name))
    monkeypatch.chdir(tmp_path)
    return made
