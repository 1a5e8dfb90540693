"""Entering from a cloud: an exported folder finds its task, runs it, and says what it did in lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from glacier.errors import TaskError
from glacier.runtime import entry, is_importing
from glacier.runtime.manifest import Manifest, Place

MODULE = """\
from collections.abc import Iterator
from typing import Annotated
from glacier import Dataset, Pipeline, task
from glacier.runtime import is_importing

numbers, total, other = Dataset("numbers"), Dataset("total"), Dataset("other")
pipeline = Pipeline("shop")
seen = is_importing()


@pipeline.task
def add(x: Annotated[list[int], numbers]) -> Annotated[int, total]:
    if not x:
        raise ValueError("there is nothing to add")
    return sum(x)


def make(number):
    @pipeline.task(name=f"made {number}")
    def inner(x: numbers) -> Annotated[int, Dataset(f"out {number}")]:
        return number
    return inner


made = [make(number) for number in range(2)]


@task
def alone(x: numbers) -> other:
    return {"seen": seen}


@pipeline.task
def lazily(x: Annotated[Iterator[int], numbers]) -> Annotated[Iterator[dict[str, float]], Dataset("slim")]:
    for number in x:
        yield {"n": 1 / (number - 3)}


results = pipeline.run()  # nothing runs while the module is only being imported
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of code as it is exported, which is the current directory; its store is a folder beside it."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "shop_for_entry.py").write_text(MODULE)
    write_manifest(code)
    data = tmp_path / "data" / "numbers"
    data.mkdir(parents=True)
    (data / "monday.json").write_text("[1, 2, 3]")
    monkeypatch.chdir(code)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("GLACIER_STORE_MY_STORE", f"file://{tmp_path / 'data'}")
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()
    yield code
    sys.modules.pop("shop_for_entry", None)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()


def write_manifest(code: Path, **changes: Any) -> None:
    names = {"numbers": True, "total": False, "other": False, "slim": False, "out 1": False}
    module = "shop_for_entry"
    fields: dict[str, Any] = {
        "pipeline": "shop",
        "module": module,
        "attribute": "pipeline",
        "tasks": {
            "add": f"{module}:add",
            "lazily": f"{module}:lazily",
            "made 1": f"{module}:make.<locals>.inner",
            "gone": f"{module}:gone",
        },
        "places": {name: Place(store="my-store", path=f"{name}/", source=source) for name, source in names.items()},
    }
    (code / "manifest.json").write_text(Manifest(**{**fields, **changes}).to_json())


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_function_of_aws(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answer = entry.aws_handler({"task": "add", "run": "r-1"}, None)
    assert (answer["task"], answer["run"]) == ("add", "r-1")
    assert answer["outputs"] == {"total": {"bytes": 1, "where": f"{tmp_path}/data/total/data.json"}}
    assert json.loads(json.dumps(answer)) == answer
    started, finished = lines(capsys.readouterr().err)
    assert (started["event"], started["task"], started["run"], started["pipeline"]) == ("started", "add", "r-1", "shop")
    assert finished["event"] == "finished"
    assert finished["outputs"]["total"]["bytes"] == 1
    assert finished["seconds"] >= finished["function_seconds"]
    assert not is_importing()


def test_the_task_of_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLACIER_TASK", "made 1")
    context = SimpleNamespace(aws_request_id="request")
    assert entry.aws_handler({}, context)["run"] == "request"
    assert entry.aws_handler(None, context)["outputs"].keys() == {"out 1"}
    with pytest.raises(TaskError, match="task made 1: was asked to run 'add'"):
        entry.aws_handler({"task": "add"}, context)


def test_the_other_clouds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = SimpleNamespace(get_json=lambda silent: {"task": "add", "run": "g"})
    assert entry.gcp_handler(request)["run"] == "g"
    assert entry.azure_main({"task": "add", "run": "a"})["run"] == "a"
    monkeypatch.setenv("GLACIER_RUN", "env")
    assert entry.azure_main({"task": "add"})["run"] == "env"
    monkeypatch.setenv("GLACIER_TASK", "add")
    assert entry.gcp_handler(SimpleNamespace(get_json=lambda silent: None))["run"] == "env"


def test_a_container(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GLACIER_TASK", "add")
    monkeypatch.setenv("GLACIER_RUN", "r-2")
    monkeypatch.setattr(sys, "argv", ["-m"])
    assert entry.main() == 0
    assert json.loads(capsys.readouterr().out)["run"] == "r-2"
    monkeypatch.setattr(sys, "argv", ["-m", "other"])
    assert entry.main() == 1
    assert "was asked to run 'other'" in capsys.readouterr().err


def test_a_failure_of_an_iterator_is_logged_as_any_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TaskError):
        entry.aws_handler({"task": "lazily"}, None)
    failed = lines(capsys.readouterr().err)[-1]
    assert (failed["error"], failed["dataset"]) == ("ZeroDivisionError: division by zero", None)
    first, second, *_ = failed["traceback"].splitlines()
    assert first.endswith("in lazily")
    assert second.strip() == 'yield {"n": 1 / (number - 3)}'


def test_a_failure_is_logged_with_the_users_lines_first(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "numbers" / "monday.json").write_text("[]")
    with pytest.raises(TaskError) as caught:
        entry.aws_handler({"task": "add"}, None)
    assert isinstance(caught.value.__cause__, ValueError)
    failed = lines(capsys.readouterr().err)[-1]
    assert (failed["event"], failed["level"]) == ("failed", "error")
    assert failed["error"] == "ValueError: there is nothing to add"
    assert failed["traceback"].splitlines()[0].endswith('shop_for_entry.py", line 14, in add')
    assert len(failed["traceback"].splitlines()) == 2


@pytest.mark.parametrize("error", [KeyError("access_token"), KeyboardInterrupt("enough")])
def test_whatever_is_raised_is_logged_with_the_task(
    folder: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake of Glacier's, or what ends a process."""

    def mistaken(*given: Any) -> Any:
        raise error

    monkeypatch.setattr(entry, "open_from", mistaken)
    with pytest.raises(type(error)) as caught:
        entry.aws_handler({"task": "add", "run": "r-1"}, None)
    assert caught.value is error
    failed = lines(capsys.readouterr().err)[-1]
    assert (failed["event"], failed["level"], failed["task"], failed["run"]) == ("failed", "error", "add", "r-1")
    assert failed["error"] == f"{type(error).__name__}: {error}"
    assert "in mistaken" in failed["traceback"]
    assert ("please report it" in failed["help"]) == isinstance(error, Exception)


@pytest.mark.parametrize(
    ("task", "changes", "said"),
    [
        (None, {}, "nobody said which"),
        ("ad", {}, "is no task of this folder, which has add, gone, lazily, made 1"),
        ("gone", {}, "gone is not found in shop_for_entry when it is imported"),
        (
            "add",
            {"tasks": {"add": "nowhere_zzz:add"}, "module": None, "attribute": None},
            "its module does not import: ModuleNotFoundError",
        ),
    ],
)
def test_what_is_not_found(folder: Path, task: str | None, changes: dict[str, Any], said: str) -> None:
    write_manifest(folder, **changes)
    with pytest.raises(TaskError, match=said) as caught:
        entry.aws_handler({"task": task}, None)
    assert caught.value.task == (task or "?")


def test_a_task_without_a_pipeline_in_the_module(folder: Path) -> None:
    write_manifest(
        folder, module=None, attribute=None, tasks={"alone": "shop_for_entry:alone", "add": "shop_for_entry:add"}
    )
    entry.aws_handler({"task": "alone"}, None)
    entry.aws_handler({"task": "add"}, None)
    assert json.loads((folder.parent / "data" / "other" / "data.json").read_text()) == {"seen": True}


def test_a_folder_without_a_manifest(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TaskError, match=r"there is no manifest.json in .* or "):
        entry.aws_handler({"task": "add"}, None)


def test_as_a_process(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "glacier.runtime"],
        env={**os.environ, "GLACIER_TASK": "add"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["outputs"]) == {"total"}


def test_importing_the_runtime_loads_what_it_needs_and_no_more() -> None:
    code = (
        "import sys, glacier.runtime.entry, obstore.store; "
        "print([name for name in ('pyarrow', 'pandas', 'polars', 'numpy', 'sqlite3', 'urllib.request', 'ssl', 'pebble',"
        " 'cloudpickle', 'tenacity', 'rich', 'glacier.compilation', 'glacier.execution') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
