"""Secrets in a plan and in what is made of it: one for each cloud that needs it, granted and named, without a value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest
from glacier import Dataset, Pipeline, task
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.errors import CompileError
from glacier.infra import Concat, Node, Ref, check
from glacier.pipeline import Task
from glacier.runtime.secrets import environment_key
from glacier.secrets import Secret
from glacier.storage import ObjectStorage
from glacier.tables import Tables
from glacier.target import Secrets
from glacier.terms import Unsupported
from hypothesis import given, settings
from hypothesis import strategies as st
from toycloud import PRICES, TABLES, Boxes, Robot, TinCompiler, ToyCompiler

PRICE = {"item": "box", "region": "*", "unit": "box", "usd": 0.5, "as_of": "2026-01-01", "source": "list"}
NAMES = {"source": "docs", "max": 12, "pattern": "[a-z-]+", "help": "short names"}


@dataclass(frozen=True)
class BoxCompiler(ToyCompiler):
    """A toy cloud that keeps secrets with short names."""

    secrets: ClassVar[Secrets | Unsupported] = Boxes()
    tables: ClassVar[Tables] = Tables(
        "toycloud",
        {
            **TABLES,
            "limits": {**TABLES["limits"], "limit": {"Secret": {"name": NAMES}}},
            "prices": {"price": [*PRICES, PRICE]},
        },
    )


@dataclass(frozen=True)
class TinBoxCompiler(TinCompiler):
    """Another one."""

    secrets: ClassVar[Secrets | Unsupported] = Boxes()


def two(secret: str = "db key", storage: ObjectStorage | None = None) -> Pipeline:
    pipeline, out = Pipeline("sales"), Dataset("out", storage=storage)

    @pipeline.task
    def load(key: Annotated[str, Secret(secret)], again: str = Secret(secret)) -> out:  # type: ignore[valid-type]
        return key + again

    @pipeline.task
    def send(value: out, key: str = Secret(secret), token: str = Secret("token")) -> None:  # type: ignore[valid-type]
        return None

    return pipeline


def nodes(compiled: Compiled, cloud: str = "toy") -> dict[str, Node]:
    return {node.id: node for node in compiled.programs[cloud].nodes}


def test_one_place_for_each_and_one_grant_for_each_task() -> None:
    compiled = BoxCompiler().compile(two())
    (program,) = compiled.programs.values()
    check(program)
    made = nodes(compiled)
    boxes = {name: node.name for name, node in made.items() if node.type == "toy.Box"}
    assert boxes == {"secret_db_key": "sales-secret-db-key", "secret_token": "sales-secret-token"}
    grants = {name: node.inputs["box"] for name, node in made.items() if "_reads_secret_" in name}
    assert grants == {
        "load_reads_secret_db_key": Ref("secret_db_key", ("id",)),
        "send_reads_secret_db_key": Ref("secret_db_key", ("id",)),
        "send_reads_secret_token": Ref("secret_token", ("id",)),
    }


def given_to(name: str, wanted: Sequence[str | None]) -> Task[..., Any]:
    """A task that is given some secrets."""

    @task(name=name)
    def work(a: Any = None, b: Any = None, c: Any = None) -> None:
        return None

    work.function.__defaults__ = tuple(Secret(each) if each else None for each in wanted)  # type: ignore[attr-defined]
    return task(name=name)(work.function)


NAMED = st.lists(st.sampled_from([None, "alpha", "beta", "gamma-ray"]), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(NAMED, min_size=1, max_size=4))
def test_what_is_granted_and_told_is_what_is_named(tasks: list[list[str | None]]) -> None:
    """For any tasks and secrets: a grant and a setting for each parameter, and none without one."""
    pipeline = Pipeline("any", [given_to(f"task-{number}", wanted) for number, wanted in enumerate(tasks)])
    made = nodes(BoxCompiler().compile(pipeline))
    wanted = {(f"task-{number}", name) for number, names in enumerate(tasks) for name in names if name}
    assert {(t, s) for t, s in grants(made)} == wanted
    assert {node.inputs["label"] for node in made.values() if node.type == "toy.Box"} == {name for _, name in wanted}
    told = {
        (node.inputs["env"]["GLACIER_TASK"], key)  # type: ignore[call-overload,index]
        for node in made.values()
        if node.type == "toy.Robot"
        for key in node.inputs["env"]  # type: ignore[union-attr]
        if "SECRET" in key
    }
    assert told == {(name, environment_key(secret)) for name, secret in wanted}


def grants(made: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """Each grant as a task and a secret."""
    labels = {name: node.inputs["label"] for name, node in made.items() if node.type == "toy.Box"}
    for node in made.values():
        box, holder = node.inputs.get("box"), node.inputs.get("holder")
        if isinstance(box, Ref) and isinstance(holder, Ref):
            yield holder.node.removesuffix("_name").replace("_", "-"), str(labels[box.node])


def test_a_tasks_environment_holds_references_only() -> None:
    made = nodes(BoxCompiler().compile(two()))
    environments: dict[str, Any] = {name: made[f"{name}_robot"].inputs["env"] for name in ("load", "send")}
    given = {
        name: {key: value for key, value in each.items() if "SECRET" in key} for name, each in environments.items()
    }
    db_key, token = (Concat(("toy:", Ref(f"secret_{name}", ("id",)))) for name in ("db_key", "token"))
    assert given["load"] == {"GLACIER_SECRET_DB_KEY": db_key}
    assert given["send"] == {"GLACIER_SECRET_DB_KEY": db_key, "GLACIER_SECRET_TOKEN": token}


def test_the_program_says_who_reads_it_and_exports_where_it_is() -> None:
    compiled = BoxCompiler().compile(two())
    (program,) = compiled.programs.values()
    sections = {section.title: section.statements[0].comment for section in program.sections}
    assert sections["Secret db key"].startswith("db key: read by load, send. Its value is not here")
    assert [section.title for section in program.sections].index("Secret db key") < [*sections].index("Task load")
    exported = {output.name: output.value for output in program.outputs}
    assert exported["secret_db_key"] == Ref("secret_db_key", ("id",))


def test_each_cloud_that_needs_it_has_its_own() -> None:
    clouds = MultiCloudCompiler({"toy": BoxCompiler(), "tin": TinBoxCompiler()})
    planned = clouds.plan(two())
    assert [(placed.secret.name, placed.cloud) for placed in planned.secrets] == [("db key", "toy"), ("token", "toy")]
    pipeline, out = Pipeline("sales"), Dataset("out")

    @pipeline.task(compute=Robot())
    def load(key: Annotated[str, Secret("key")]) -> None:
        return None

    clouds = MultiCloudCompiler({"tin": TinBoxCompiler(), "toy": BoxCompiler()})

    @pipeline.task
    def send(key: Annotated[str, Secret("key")]) -> out:  # type: ignore[valid-type]
        return 1

    planned = clouds.plan(pipeline)
    assert [(p.cloud, p.region, [task.name for task in p.tasks]) for p in planned.secrets] == [
        ("tin", "cellar", ["send"]),
        ("toy", "attic", ["load"]),
    ]
    assert {task.name: [p.cloud for p in given] for task, given in planned.given.items()} == {
        "load": ["toy"],
        "send": ["tin"],
    }


def test_it_is_in_the_estimate() -> None:
    lines = {line.subject: line.cost for line in BoxCompiler().compile(two()).estimate.lines if line.item == "box"}
    assert lines == {"secret db key": 0.5, "secret token": 0.5}


def test_the_readable_plan_has_names_only() -> None:
    record = json.loads(BoxCompiler().compile(two()).files["glacier.json"])
    assert record["secrets"] == [
        {"name": "db key", "cloud": "toy", "tasks": ["load", "send"]},
        {"name": "token", "cloud": "toy", "tasks": ["send"]},
    ]
    assert json.loads(ToyCompiler().compile(plain()).files["glacier.json"])["secrets"] == []


def plain() -> Pipeline:
    pipeline, out = Pipeline("plain"), Dataset("out")

    @pipeline.task
    def load() -> out:  # type: ignore[valid-type]
        return 1

    return pipeline


def test_the_guide_says_how_to_put_a_value_in_place() -> None:
    text = BoxCompiler().compile(two()).files["README.md"].decode()
    found = re.search(r"^## Put the secrets in place\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert found
    assert "| db key | toy | load, send |" in found[1]
    put = 'printf %s "$DB_KEY" | toy put "$(pulumi stack output secret_db_key)"'
    assert f"```sh\n(\ncd toy\nIFS= read -rs DB_KEY\n{put}\n)\n```\n" in found[1]
    assert '`cat FILE` (its whole path) in the place of `printf %s "$DB_KEY"`' in " ".join(found[1].split())
    assert "Put the secrets in place" not in ToyCompiler().compile(plain()).files["README.md"].decode()


@pytest.mark.parametrize("secret", ["db key 1", "a long long name"])
def test_a_name_that_the_cloud_refuses(secret: str) -> None:
    (error,) = [d for d in BoxCompiler().plan(two(secret)).diagnostics if d.severity == "error"]
    assert (error.code, error.subject) == ("limit", "task load")
    assert secret in error.message
    assert error.help == "short names\nsource: Toy limits, read 2026-01-01"
    assert error.where is not None


def test_a_cloud_that_keeps_none() -> None:
    with pytest.raises(CompileError) as refused:
        ToyCompiler().compile(two())
    errors = [d for d in refused.value.diagnostics if d.severity == "error"]
    assert [(d.code, d.subject) for d in errors] == [("unsupported", "task load"), ("unsupported", "task send")]
    assert errors[0].help == "run these tasks on a cloud that has one"
    assert errors[0].message == "is given the secret db key, and toy keeps none: it has no place for them yet"


def test_a_storage_with_the_name_of_a_secret() -> None:
    storage = ObjectStorage(resource_name="Secret token")
    (error,) = [d for d in BoxCompiler().plan(two(storage=storage)).diagnostics if d.severity == "error"]
    assert (error.code, error.subject, error.help) == ("name", "task send", "rename one of the two")


def test_no_value_is_in_what_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where one lies ready for running here."""
    value = "2retnuh"[::-1]
    for name in ("DB_KEY", "TOKEN", "GLACIER_SECRET_DB_KEY"):
        monkeypatch.setenv(name, value)
    compiled = BoxCompiler().compile(two())
    texts: Mapping[str, bytes] = compiled.files
    own = {path: text for path, text in texts.items() if "/functions/" not in path}
    assert not [path for path, text in texts.items() if value.encode() in text]
    assert own
    assert value not in f"{compiled} {compiled!r} {compiled.plan!r}"
