"""Every example runs here, and compiles; the folder of code it exports runs in an interpreter that has nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from glacier.execution import LocalExecutor
from glacier_aws import AWSCompiler
from workspace import EXAMPLES, give_inputs

EXPECTED = {
    "sales": ("report", {"east", "north", "south", "west"}),
    "lake": ("summary", "1 errors\n\n     2  /shop\n     1  /index.html\n"),
    "warehouse": ("front page", {"bolt": 100, "nut": 80}),
    "compliance": ("digest", {"A-1": 2}),
    "weather": ("warmest", {"s4": 16.5}),
    "wordcount": ("total", 3250),
}


def test_every_example_has_an_expected_result() -> None:
    assert set(EXPECTED) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs_here(name: str, examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    give_inputs(tmp_path)
    results = LocalExecutor(root=tmp_path).execute(examples[name].pipeline)
    dataset, expected = EXPECTED[name]
    value = results[dataset]
    if name == "sales":
        value = set(value)
    if name == "wordcount":
        value = sum(value.values())
    if name == "weather":
        value = {station: pytest.approx(celsius) for station, celsius in value.items()}
    assert value == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sales", "lake", "wordcount"])
def test_the_exported_code_runs_in_a_bare_interpreter(
    name: str, examples: Mapping[str, ModuleType], tmp_path: Path
) -> None:
    """As deployed: the exported folder with its requirements installed into it, and nothing else on the path."""
    module = examples[name]
    data, out = tmp_path / "data", tmp_path / "infra"
    give_inputs(data)
    compiled = AWSCompiler().compile(module.pipeline)
    compiled.export_pulumi(out)
    folder = out / "aws" / "functions" / "tasks"
    install = ["uv", "pip", "install", "--quiet", "--link-mode", "copy", "--python", sys.executable]
    subprocess.run([*install, "--target", str(folder), "--requirements", str(folder / "requirements.txt")], check=True)
    assert compiled.plan is not None
    stores = {
        f"GLACIER_STORE_{storage.owner.replace('-', '_').upper()}": f"file://{data / 'log-lake' / storage.owner}"
        for storage in compiled.plan.storages
    }
    for task in compiled.plan.graph.tasks:
        call = "import sys; sys.path.insert(0, '.'); import handler, json; print(json.dumps(handler.handler({}, None)))"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", call],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "GLACIER_TASK": task.name, **stores},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout.splitlines()[-1])
        assert set(answer["outputs"]) == {dataset.name for dataset in task.outputs}
