"""Every example runs here, and compiles; the folder of code it exports runs in an interpreter that has nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from glacier import CompileError
from glacier.execution import LocalExecutor
from glacier_aws import AWSCompiler
from mixes import COMPILERS, quietly
from workspace import EXAMPLES, compilers_of, give_inputs, load

EXPECTED: Mapping[str, tuple[str, Any]] = {
    "sales": ("report", {"east", "north", "south", "west"}),
    "lake": ("summary", "1 errors\n\n     2  /shop\n     1  /index.html\n"),
    "warehouse": ("front page", {"bolt": 100, "nut": 80}),
    "compliance": ("digest", {"A-1": 2}),
    "weather": ("warmest", {"s4": 16.53}),
    "wordcount": ("total", 3250),
    "hinted": ("daily", {"2024-05-01": 13.0, "2024-05-02": 23.0, "2024-05-03": 33.0}),
    "hybrid": ("scores", {"ann": 20.0, "bob": 3.2}),
    "relay": ("report", [("Nîmes", 31.0), ("Oslo", -1.125)]),
    "migration": ("report", {"bolt": 3, "nut": 1}),
    "costs": ("board", ["2 /", "1 /shop"]),
    "residency": ("study", "drug"),
    "best_of_breed": ("report", "c2: 150\nc1: 120\nc0: 90\n"),
}
SHOWN: Mapping[str, Callable[[Any], Any]] = {"sales": set, "wordcount": lambda counts: sum(counts.values())}


def test_every_example_has_an_expected_result() -> None:
    assert set(EXPECTED) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_runs_here(name: str, examples: Mapping[str, ModuleType], tmp_path: Path) -> None:
    give_inputs(tmp_path)
    results = LocalExecutor(root=tmp_path).execute(examples[name].pipeline)
    dataset, expected = EXPECTED[name]
    assert SHOWN.get(name, lambda value: value)(results[dataset]) == expected


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_compiles(name: str, examples: Mapping[str, ModuleType]) -> None:
    """With every compiler it defines, or else for each cloud."""
    module = examples[name]
    for compiler in compilers_of(module).values():
        compiled = quietly(compiler, module.pipeline)
        assert compiled.programs
        assert not [d for d in compiled.diagnostics if d.severity == "error"]


def test_costs_shows_the_difference(examples: Mapping[str, ModuleType]) -> None:
    module = examples["costs"]
    careless, careful = (quietly(c, module.pipeline) for c in (module.careless, module.careful))
    assert "45.00 USD for 500 GB each run" in careless.crossing
    assert "500 GB" not in careful.crossing
    assert "board: " in careful.crossing


def test_residency_fails_when_nothing_is_released(examples: Mapping[str, ModuleType]) -> None:
    module = examples["residency"]
    source = Path(str(module.__file__)).read_text(encoding="utf-8").replace(', residency="any"', "")
    scope: dict[str, Any] = {"__name__": "unreleased"}
    exec(compile(source, str(module.__file__), "exec"), scope)
    with pytest.raises(CompileError, match="patients → anonymize → averages → compare"):
        scope["compiler"].compile(scope["pipeline"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sales", "lake", "wordcount", "weather"])
def test_the_exported_code_runs_in_a_bare_interpreter(
    name: str, examples: Mapping[str, ModuleType], tmp_path: Path
) -> None:
    """As deployed: the exported folder with its requirements installed into it, and nothing else on the path."""
    module = examples[name]
    data, out = tmp_path / "data", tmp_path / "infra"
    give_inputs(data)
    compiled = AWSCompiler().compile(module.pipeline)
    compiled.export_pulumi(out)
    install = ["uv", "pip", "install", "--quiet", "--link-mode", "copy", "--python", sys.executable]
    folders: dict[str, Path] = {}
    for folder in (out / "aws" / "functions").iterdir():
        wanted = ["--requirements", str(folder / "requirements.txt")]
        subprocess.run([*install, "--target", str(folder), *wanted], check=True)
        folders |= dict.fromkeys(json.loads((folder / "manifest.json").read_text())["tasks"], folder)
    assert compiled.plan is not None
    stores = {
        f"GLACIER_STORE_{storage.owner.replace('-', '_').upper()}": f"file://{data / 'log-lake' / storage.owner}"
        for storage in compiled.plan.storages
    }
    for task in compiled.plan.graph.tasks:
        call = "import sys; sys.path.insert(0, '.'); import handler, json; print(json.dumps(handler.handler({}, None)))"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", call],
            cwd=folders[task.name],
            env={"PATH": os.environ["PATH"], "GLACIER_TASK": task.name, **stores},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout.splitlines()[-1])
        assert set(answer["outputs"]) == {dataset.name for dataset in task.outputs}


HANDLER = """\
from glacier import Dataset, Pipeline

pipeline = Pipeline("p")


@pipeline.task
def work() -> Dataset("made"):
    return 1
"""


def test_a_module_with_the_name_of_an_entry_point_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be overwritten in the folder of code, and never run."""
    (tmp_path / "handler.py").write_text(HANDLER)
    monkeypatch.setitem(sys.modules, "handler", load(tmp_path / "handler.py"))
    pipeline = sys.modules["handler"].pipeline
    with pytest.raises(CompileError) as caught:
        AWSCompiler().compile(pipeline)
    assert "has the name of the file by which aws calls a function, handler.py" in str(caught.value)
    assert "call it handler_tasks.py" in str(caught.value)
    assert COMPILERS["gcp"]().compile(pipeline).files["gcp/functions/tasks/handler.py"].decode() == HANDLER
