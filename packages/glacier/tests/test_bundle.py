"""What goes into each folder of code, and which tasks share one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from glacier import Pipeline, compute
from glacier.bundle import (
    MACHINE,
    PYTHON,
    RUNTIME_REQUIREMENTS,
    Artifact,
    Needs,
    artifacts,
    environment_key,
    module_of,
    needs_of,
)
from glacier.errors import Diagnostic, Severity
from glacier.plan import Plan
from glacier.resource import Resource
from glacier.runtime.manifest import Manifest, Place
from glacier_aws import AWSCompiler
from toycloud import ToyCompiler

MODULE = """\
from glacier import Dataset, Pipeline, compute
from glacier.storage import ObjectStorage

{imports}
pipeline = Pipeline("sales")
orders = Dataset("orders", ObjectStorage(), format="json")
clean = Dataset("Clean data", schema={{"amount": "double"}}, path="in/clean.json")

@pipeline.task
def tidy(rows: orders) -> clean: ...

@pipeline.task(compute=compute.serverless({settings}))
def count(rows: clean) -> None: ...
"""

Import = Callable[..., ModuleType]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """Writes files, the first of which is imported by the name it has in its folder."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = {*sys.modules}

    def write_and_import(name: str, files: dict[str, str]) -> ModuleType:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        __import__(name)
        return sys.modules[name]

    yield write_and_import
    for name in {*sys.modules} - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def bundled(pipeline: Pipeline) -> tuple[Artifact, ...]:
    found: list[Diagnostic] = []
    made = artifacts(ToyCompiler().plan(pipeline), "toy", found)
    assert found == []
    return made


def the_users(artifact: Artifact) -> dict[str, str]:
    """The files of an artifact that are neither Glacier's nor written for it."""
    written = ("manifest.json", "requirements.txt")
    return {
        path: content.decode()
        for path, content in artifact.files.items()
        if path not in written and path.partition("/")[0] != "glacier"
    }


# --- Needs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Worker(Resource):
    """Compute with everything that a folder depends on."""

    kind: ClassVar[str] = "serverless"
    runtime: str = "python3.13"
    architecture: str = "x86_64"
    requirements: tuple[str, ...] | None = None


def needs(worker: Resource) -> Needs:
    pipeline = Pipeline("needs")

    @pipeline.task
    def work() -> None: ...

    (placed,) = ToyCompiler().plan(pipeline).tasks
    return needs_of(replace(placed, particular=worker))


def test_the_plainest_folder_is_called_tasks() -> None:
    assert needs(Worker()) == Needs(requirements=(), python=PYTHON, machine=MACHINE)
    assert needs(Worker()).folder == "tasks"


@pytest.mark.parametrize(
    ("runtime", "python"), [("python3.12", "3.12"), ("python312", "3.12"), ("3.11", "3.11"), ("latest", PYTHON)]
)
def test_each_cloud_writes_its_python_in_its_own_way(runtime: str, python: str) -> None:
    assert needs(Worker(runtime=runtime)).python == python


def test_the_folder_says_what_is_special_about_it() -> None:
    assert needs(Worker(runtime="python3.12")).folder == "tasks-py3.12"
    assert needs(Worker(architecture="arm64")).folder == "tasks-arm64"
    hashed = needs(Worker(requirements=("b==1", "a==2", "b==1")))
    assert hashed.requirements == ("a==2", "b==1")
    assert hashed == needs(Worker(requirements=("a==2", "b==1")))
    assert len(hashed.folder) == len("tasks-12345678")
    assert hashed.folder != needs(Worker(requirements=("a==2",))).folder


# --- Folders --------------------------------------------------------------------------------------------------------


def test_tasks_with_the_same_needs_share_a_folder(imported: Import) -> None:
    module = imported("shop", {"shop.py": MODULE.format(imports="", settings="")})
    (artifact,) = bundled(module.pipeline)
    assert artifact.name == "tasks"
    assert [task.name for task in artifact.tasks] == ["tidy", "count"]


def test_the_users_module_is_there_byte_for_byte(imported: Import) -> None:
    text = MODULE.format(imports="# é", settings="")
    (artifact,) = bundled(imported("shop", {"shop.py": text}).pipeline)
    assert the_users(artifact) == {"shop.py": text}


def test_what_it_imports_from_beside_it_comes_along(imported: Import) -> None:
    files = {
        "shop.py": MODULE.format(imports="import prices, json\nfrom tools import text", settings=""),
        "prices.py": "def late():\n    import taxes\n",
        "taxes.py": "",
        "tools/__init__.py": "",
        "tools/text.py": "from . import __name__\n",
        "tools/words.txt": "data",
        "tools/__pycache__/old.pyc": "",
        "unrelated.py": "",
        "other/__init__.py": "",
    }
    (artifact,) = bundled(imported("shop", files).pipeline)
    assert sorted(the_users(artifact)) == [
        "prices.py",
        "shop.py",
        "taxes.py",
        "tools/__init__.py",
        "tools/text.py",
        "tools/words.txt",
    ]


def test_a_module_that_was_edited_since_the_last_time(imported: Import, tmp_path: Path) -> None:
    """As in a notebook, whose process stays: what was edited is what is exported, with what it imports by now."""
    text = MODULE.format(imports="import prices", settings="")
    files = {"shop.py": text, "prices.py": "# 1", "taxes.py": "", "rates.py": ""}
    shop = imported("shop", files)
    seconds = (tmp_path / "prices.py").stat().st_mtime
    wanted = [("# 2", []), ("import taxes", ["taxes.py"]), ("import rates", ["rates.py"]), ("# 3", [])]
    for number, (edited, also) in enumerate(wanted):
        (artifact,) = bundled(shop.pipeline)
        (tmp_path / "prices.py").write_text(edited)
        os.utime(tmp_path / "prices.py", (seconds, seconds))  # a file system, or an editor, may keep the time
        (tmp_path / "shop.py").write_text(text := f"{text}# {number}\n")
        (again,) = bundled(shop.pipeline)
        assert the_users(again) == {
            "shop.py": text,
            "prices.py": edited,
            **{name: files[name] for name in also},
        }
        assert again.digest != artifact.digest


def test_a_module_that_is_not_valid_python_any_more(imported: Import, tmp_path: Path) -> None:
    shop = imported("shop", {"shop.py": MODULE.format(imports="import prices", settings=""), "prices.py": ""})
    (tmp_path / "prices.py").write_text("\ndef price(:\n")
    found: list[Diagnostic] = []
    artifacts(ToyCompiler().plan(shop.pipeline), "toy", found)
    (error,) = found
    assert (error.code, error.subject, error.severity) == ("import", "task tidy", Severity.ERROR)
    assert error.message.startswith(f"needs {tmp_path / 'prices.py'}, which is not valid Python: line 2, ")


def test_a_module_in_a_package_brings_the_package(imported: Import) -> None:
    files = {
        "app/__init__.py": "",
        "app/flows/__init__.py": "",
        "app/flows/shop.py": MODULE.format(imports="from app import prices", settings=""),
        "app/prices.py": "",
    }
    (artifact,) = bundled(imported("app.flows.shop", files).pipeline)
    assert sorted(the_users(artifact)) == sorted(files)
    assert manifest(artifact).module == "app.flows.shop"
    assert manifest(artifact).tasks["tidy"] == "app.flows.shop:tidy"


def test_installed_packages_are_not_copied(imported: Import) -> None:
    (artifact,) = bundled(imported("shop", {"shop.py": MODULE.format(imports="import click", settings="")}).pipeline)
    assert set(the_users(artifact)) == {"shop.py"}


def test_the_runtime_comes_along_without_what_only_a_compiler_needs(imported: Import) -> None:
    (artifact,) = bundled(imported("shop", {"shop.py": MODULE.format(imports="", settings="")}).pipeline)
    ours = {path for path in artifact.files if path.startswith("glacier/")}
    assert {"glacier/__init__.py", "glacier/pipeline.py", "glacier/runtime/__init__.py"} <= ours
    assert {path.split("/")[1] for path in ours} & {"testing", "cli", "draw", "mypy.py", "__pycache__"} == set()


def test_a_provider_package_comes_along_when_the_module_imports_it(imported: Import) -> None:
    files = {"shop.py": MODULE.format(imports="from glacier_aws.storage import S3", settings="")}
    (artifact,) = bundled(imported("shop", files).pipeline)
    assert "glacier_aws/storage.py" in artifact.files
    assert "glacier_gcp/__init__.py" not in artifact.files


def test_requirements_are_pinned_sorted_and_named_once(imported: Import) -> None:
    text = MODULE.format(imports="", settings="requirements=['zlib-ng==1', 'attrs==2', 'attrs==2']")
    pipeline = imported("shop", {"shop.py": text}).pipeline
    found: list[Diagnostic] = []
    plain, special = artifacts(AWSCompiler().plan(pipeline), "aws", found)
    assert found == []
    assert [task.name for task in plain.tasks] == ["tidy"]
    assert [task.name for task in special.tasks] == ["count"]
    ours = set(plain.files["requirements.txt"].decode().split())
    assert set(RUNTIME_REQUIREMENTS) <= ours
    listed = special.files["requirements.txt"].decode().split()
    assert listed == sorted({"attrs==2", "zlib-ng==1", *ours})


# --- The manifest ---------------------------------------------------------------------------------------------------


def manifest(artifact: Artifact) -> Manifest:
    return Manifest.from_json(artifact.files["manifest.json"].decode())


def test_the_manifest_says_where_tasks_and_datasets_are(imported: Import) -> None:
    (artifact,) = bundled(imported("shop", {"shop.py": MODULE.format(imports="", settings="")}).pipeline)
    assert manifest(artifact) == Manifest(
        pipeline="sales",
        module="shop",
        attribute="pipeline",
        tasks={"tidy": "shop:tidy", "count": "shop:count"},
        places={
            "Clean data": Place(store="scratch", path="in/clean.json", schema={"amount": "double"}),
            "orders": Place(store="orders", path="orders/", format="json", source=True),
        },
    )
    assert json.loads(artifact.files["manifest.json"])["pipeline"] == "sales"


def test_a_pipeline_without_a_variable_has_no_module(imported: Import) -> None:
    text = MODULE.format(imports="", settings="") + "holder = [pipeline]\ndel pipeline\n"
    module = imported("shop", {"shop.py": text})
    assert module_of(module.holder[0], module.holder[0].tasks) == (None, None)
    (artifact,) = bundled(module.holder[0])
    assert manifest(artifact).module is None
    assert manifest(artifact).tasks["tidy"] == "shop:tidy"


def test_the_main_module_is_imported_by_its_files_name(
    imported: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = imported("shop", {"shop.py": MODULE.format(imports="", settings="")})
    monkeypatch.setitem(sys.modules, "__main__", module)
    for task in module.pipeline.tasks:
        task.function.__module__ = "__main__"
    (artifact,) = bundled(module.pipeline)
    assert manifest(artifact).module == "shop"
    assert manifest(artifact).tasks["count"] == "shop:count"
    assert set(the_users(artifact)) == {"shop.py"}


def test_code_in_no_file_cannot_be_exported() -> None:
    space: dict[str, Any] = {"__name__": "nowhere"}
    exec(compile(MODULE.format(imports="", settings=""), "<stdin>", "exec"), space)
    plan: Plan = ToyCompiler().plan(space["pipeline"])
    found: list[Diagnostic] = []
    artifacts(plan, "toy", found)
    (diagnostic,) = found
    assert (diagnostic.code, diagnostic.subject) == ("import", "task tidy")
    assert diagnostic.message == "is defined in no file, so its code cannot be exported"
    assert diagnostic.help == "put the pipeline into a .py file"


# --- Digests --------------------------------------------------------------------------------------------------------


def artifact(**files: str) -> Artifact:
    return Artifact(needs=Needs(requirements=()), tasks=(), files={path: text.encode() for path, text in files.items()})


def test_a_digest_changes_when_and_only_when_a_file_does() -> None:
    one = artifact(a="x", b="y")
    assert len(one.digest) == 12
    assert artifact(b="y", a="x").digest == one.digest
    others = [artifact(a="x", b="z"), artifact(a="x", c="y"), artifact(a="x"), artifact(a="xby"), artifact()]
    assert len({one.digest, *(other.digest for other in others)}) == 6


@pytest.mark.parametrize(
    ("owner", "key"),
    [("raw", "GLACIER_STORE_RAW"), ("the-lake", "GLACIER_STORE_THE_LAKE"), ("My lake.2", "GLACIER_STORE_MY_LAKE_2")],
)
def test_the_environment_names_a_storage(owner: str, key: str) -> None:
    assert environment_key(owner) == key


def test_compute_without_an_image_of_its_own_gets_a_dockerfile() -> None:
    pipeline = Pipeline("images")

    @pipeline.task(compute=compute.container())
    def built() -> None: ...

    @pipeline.task(compute=compute.container(image="registry.example/image:1"))
    def given() -> None: ...

    found: list[Diagnostic] = []
    (made,) = artifacts(AWSCompiler().plan(pipeline), "aws", found)
    assert found == []
    text = made.files["Dockerfile"].decode()
    assert f"FROM python:{PYTHON}-slim" in text
    assert 'CMD ["python", "-m", "glacier.runtime"]' in text
    assert text.index("COPY . .") < text.index("chmod --recursive a+rX .") < text.index("USER task")
    assert "handler.py" in made.files
