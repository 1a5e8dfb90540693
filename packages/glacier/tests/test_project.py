"""Every file of a compiled pipeline: programs, settings, code, guide and record."""

from __future__ import annotations

import ast
import json
from typing import Annotated, Any

import pytest
import yaml
from glacier import Dataset, Pipeline, task
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.disk import RECORD, digest
from glacier.project import OVERRIDES, as_json, readable
from glacier.storage import Database, ObjectStorage
from glacier_aws import AWSCompiler
from glacier_aws.compute import FargateTask, Lambda
from toycloud import Robot, Shelf, TinCompiler, ToyCompiler

orders = Dataset("orders", ObjectStorage(), expected_size="2 GB")
clean = Dataset("clean", Shelf(region="cellar"))


@task
def collect() -> Annotated[Any, orders]: ...


@task(compute=Robot())
def tidy(rows: Annotated[Any, orders]) -> Annotated[Any, clean]: ...


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """One cloud of toys."""
    return ToyCompiler().compile(Pipeline("Sales", [collect, tidy]))


def test_the_files_beside_the_code(compiled: Compiled) -> None:
    assert sorted(path for path in compiled.files if "/functions/" not in path) == [
        "README.md",
        "glacier.json",
        "toy/Pulumi.yaml",
        "toy/__main__.py",
        "toy/overrides.py",
        "toy/requirements.txt",
    ]
    assert "toy/functions/tasks/manifest.json" in compiled.files


def test_each_cloud_has_a_folder() -> None:
    both = MultiCloudCompiler({"east": TinCompiler(), "west": ToyCompiler()})

    @task(compute=Robot())
    def west() -> Annotated[Any, Dataset("there", Shelf())]: ...

    @task
    def east() -> Annotated[Any, Dataset("here")]: ...

    assert {path.partition("/")[0] for path in both.compile(Pipeline("s", [west, east])).files} == {
        "README.md",
        "glacier.json",
        "east",
        "west",
    }


def test_programs_and_overrides_are_python(compiled: Compiled) -> None:
    for name in ("__main__", "overrides"):
        ast.parse(compiled.files[f"toy/{name}.py"])
    assert compiled.files["toy/overrides.py"].decode() == OVERRIDES
    assert "def transform(" in OVERRIDES


def test_requirements_are_what_the_cloud_says(compiled: Compiled) -> None:
    assert compiled.files["toy/requirements.txt"] == b"pulumi==3.0.0\n"


def test_the_settings_are_those_of_the_program() -> None:
    @task
    def store() -> Annotated[Any, Dataset("table", Database())]: ...

    compiled = AWSCompiler().compile(Pipeline("Sales all 1", [store]))
    settings = yaml.safe_load(compiled.files["aws/Pulumi.yaml"])
    assert settings["name"] == "sales-all-1-aws"
    assert settings["description"] == "The pipeline Sales all 1, compiled by Glacier"
    assert settings["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": "venv"}}
    said = {config.name: config for config in compiled.programs["aws"].settings}
    assert set(settings["config"]) == set(said)
    assert settings["config"]["keep_data"]["type"] == "boolean"
    assert settings["config"]["keep_data"]["default"] is True
    for name, row in settings["config"].items():
        assert row.get("secret", False) is said[name].secret
        assert row.get("default") == said[name].default
        assert row.get("description", "") == said[name].description


def test_a_program_without_settings_has_none(compiled: Compiled) -> None:
    assert "config" not in yaml.safe_load(compiled.files["toy/Pulumi.yaml"])


def test_the_record_lists_every_other_file(compiled: Compiled) -> None:
    record = json.loads(compiled.files[RECORD])
    listed = record["files"]
    assert set(listed) == set(compiled.files) - {RECORD}
    assert all(listed[path] == digest(content) for path, content in compiled.files.items() if path != RECORD)
    assert list(listed) == sorted(listed)


def test_the_readable_plan(compiled: Compiled) -> None:
    assert compiled.plan is not None
    plan: dict[str, Any] = readable(compiled.plan, compiled.programs)
    record = json.loads(compiled.files[RECORD])
    record.pop("files")
    record.pop("folders")
    assert record == json.loads(json.dumps(plan))
    assert (plan["schema"], plan["pipeline"]) == (1, "Sales")
    assert plan["clouds"] == {"toy": {"provider": "toy", "region": "attic"}}
    assert [row["name"] for row in plan["storages"]] == ["clean", "orders"]
    assert plan["storages"][0] | {"because": ""} == {
        "name": "clean",
        "cloud": "toy",
        "region": "cellar",
        "because": "",
        "is": "Shelf",
        "datasets": {"clean": "clean/"},
    }
    assert [(row["name"], row["is"], row["stage"]) for row in plan["tasks"]] == [
        ("collect", "Robot", 0),
        ("tidy", "Robot", 1),
    ]
    assert plan["grants"] == [
        {"task": "tidy", "may": "read", "dataset": "orders"},
        {"task": "collect", "may": "write", "dataset": "orders"},
        {"task": "tidy", "may": "write", "dataset": "clean"},
    ]
    (transfer,) = plan["transfers"]
    assert (transfer["dataset"], transfer["task"], transfer["verb"]) == ("clean", "tidy", "write")
    shelf = next(row for row in plan["estimate"] if row["for"] == "orders")
    assert (shelf["quantity"], shelf["usd"], shelf["as_of"]) == (2.0, 0.5, "2026-01-01")
    assert {"type": "toy.Shelf", "name": "sales-orders"} in plan["resources"]["toy"]


def test_diagnostics_are_in_the_record() -> None:
    @task
    def dust() -> Annotated[Any, Dataset("dust", Shelf(tier="dusty"))]: ...

    record = json.loads(ToyCompiler().compile(Pipeline("s", [dust])).files[RECORD])
    (row,) = record["diagnostics"]
    assert row == {
        "code": "tier",
        "severity": "warning",
        "subject": "dataset dust",
        "message": "this shelf is dusty",
        "help": "tier='open'",
    }


@pytest.mark.parametrize(
    "value",
    [{}, [], {"a": {}}, {"a": []}, {"a": [1, {"b": "é"}], "c": {"d": [2], 'e"': None}}, {"a": "x\ny", "b": 1.5}],
)
def test_as_json_is_json(value: Any) -> None:
    record = value if isinstance(value, dict) else {"a": value}
    assert json.loads(as_json(record)) == record


def test_as_json_has_a_row_a_line() -> None:
    assert as_json({"a": [1, 2], "b": {"c": {"d": 1}}, "e": "é"}) == (
        '{\n"a": [\n 1,\n 2\n],\n"b": {\n "c": {"d": 1}\n},\n"e": "é"\n}\n'
    )


def test_the_record_says_what_building_needs() -> None:
    @task(compute=Lambda(runtime="python3.11", architecture="arm64", requirements=["idna"]))
    def old() -> None: ...

    @task(compute=FargateTask(requirements=["idna"]))
    def image() -> None: ...

    compiled = AWSCompiler().compile(Pipeline("s", [old, image]))
    image_row, row = sorted(
        json.loads(compiled.files[RECORD])["folders"], key=lambda row: str(row["python"]), reverse=True
    )
    assert row["path"] == f"aws/functions/{row['lock']}-py3.11-arm64"
    assert (row["python"], row["platform"], row["packages"]) == ("3.11", "aarch64-manylinux2014", ".")
    assert row["requires"] == compiled.files[f"{row['path']}/requirements.txt"].decode().splitlines()
    assert row["limits"]["unzipped"]["max"] == 250
    assert image_row["lock"] == row["lock"]
    assert (image_row["packages"], image_row["limits"]) == (None, {})
