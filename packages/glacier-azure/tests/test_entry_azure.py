"""The exported entry point, as Azure's own library reads it and calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from glacier import Dataset, Pipeline
from glacier_azure import AzureCompiler

numbers = Dataset("numbers")
total = Dataset("total")
pipeline = Pipeline("sums")


@pipeline.task
def make() -> numbers:  # type: ignore[valid-type]
    return [1, 2, 3]


@pipeline.task
def add(values: numbers) -> total:  # type: ignore[valid-type]
    return sum(values)


# What Azure's worker does: index the functions of the folder, then call one with a message.
WORKER = """
import json, sys
sys.path.insert(0, ".")
import function_app
from azure.functions import QueueMessage

functions = {each.get_function_name(): each for each in function_app.app.get_functions()}
print(json.dumps({name: each.get_trigger().get_dict_repr() for name, each in functions.items()}, default=str))
message = QueueMessage(id="1", body=json.dumps({"task": sys.argv[1], "run": "r1"}))
functions["task"].get_user_function()(message)
"""


def test_azures_library_finds_the_functions_and_calls_them(tmp_path: Path) -> None:
    AzureCompiler().compile(pipeline).export_pulumi(tmp_path / "infra")
    folder = tmp_path / "infra" / "azure" / "functions" / "tasks"
    for task in ("make", "add"):
        done = subprocess.run(
            [sys.executable, "-c", WORKER, task],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "GLACIER_TASK": task,
                "GLACIER_STORE_SCRATCH": f"file://{tmp_path / 'data'}",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    triggers = json.loads(done.stdout.splitlines()[0])
    assert {name: trigger["queueName"] for name, trigger in triggers.items()} == {
        "task": "calls",
        "failed": "calls-poison",
    }
    assert {trigger["type"] for trigger in triggers.values()} == {"queueTrigger"}
    assert json.loads((tmp_path / "data" / "total" / "data.json").read_text()) == 6
