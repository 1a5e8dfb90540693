"""Where storages and tasks go, in whose words, and what is said of those that can go nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from glacier import Dataset, Pipeline, compute, providers
from glacier.compilation import MultiCloudCompiler
from glacier.errors import Diagnostic, Severity
from glacier.graph import build
from glacier.pipeline import Task
from glacier.plan import Clouds, Plan, plan
from glacier.resource import Resource
from glacier.storage import Database, ObjectStorage
from toycloud import Robot, Shelf, TinCompiler, ToyCompiler


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """``toy_…`` and ``tin_…`` are hints."""
    monkeypatch.setattr(providers, "is_provider", lambda name: name in ("toy", "tin", "aws"))


def moving(
    reads: Sequence[Dataset], writes: Sequence[Dataset], where: Resource | None = None, name: str = "move"
) -> Task[..., Any]:
    """A task that reads and writes some datasets."""
    space: dict[str, Any] = {}
    exec(f"def work({', '.join(f'x{number}' for number in range(len(reads)))}): ...", space)
    work = space["work"]
    work.__annotations__ = {f"x{number}": dataset for number, dataset in enumerate(reads)}
    work.__annotations__["return"] = tuple[tuple(writes)] if writes else None
    return Task(work, compute=where, name=name)


BOTH = {"toy": ToyCompiler(), "tin": TinCompiler()}


def planned(*tasks: Task[..., Any], clouds: Mapping[str, Any] | None = None, default: str = "toy") -> Plan:
    return plan(build(Pipeline("moves", tasks)), Clouds(clouds or {"toy": ToyCompiler()}, default))


def homes(planned: Plan) -> dict[str, tuple[str, str, str]]:
    found = {s.owner: (s.home.cloud, s.home.region, s.home.because) for s in planned.storages}
    return found | {t.owner: (t.home.cloud, t.home.region, t.home.because) for t in planned.tasks}


# --- Homes ----------------------------------------------------------------------------------------------------------


def test_what_is_generic_goes_to_the_only_cloud() -> None:
    kept = Dataset("kept", storage=ObjectStorage())
    assert homes(planned(moving([], [kept]))) == {
        "kept": ("toy", "attic", "generic; the only cloud compiled for"),
        "move": ("toy", "attic", "generic; the only cloud compiled for"),
    }


def test_what_is_generic_goes_to_the_default_cloud() -> None:
    kept = Dataset("kept", storage=ObjectStorage())
    found = homes(planned(moving([], [kept]), clouds=BOTH, default="tin"))
    assert found["kept"] == found["move"] == ("tin", "cellar", "generic; the default cloud")


def test_a_particular_goes_to_its_own_cloud_and_region() -> None:
    kept = Dataset("kept", storage=Shelf(region="cellar"))
    found = homes(planned(moving([], [kept], Robot()), clouds=BOTH, default="tin"))
    assert found["kept"] == ("toy", "cellar", "Shelf exists on toy only")
    assert found["move"] == ("toy", "attic", "Robot exists on toy only")


def test_a_cloud_may_have_another_name_here() -> None:
    clouds = {"west": TinCompiler(), "east": ToyCompiler(region="cellar")}
    kept = Dataset("kept", storage=Shelf())
    found = homes(planned(moving([], [kept]), clouds=clouds, default="west"))
    assert found["kept"][:2] == ("east", "cellar")
    assert found["move"][:2] == ("west", "cellar")


def test_scratch_data_lives_with_who_writes_it_or_first_reads_it() -> None:
    given, made, other = Dataset("given"), Dataset("made"), Dataset("other")
    result = planned(
        moving([given], [made], Robot(), "first"), moving([made], [other], None, "second"), clouds=BOTH, default="tin"
    )
    held = {(s.owner, s.home.cloud): [d.name for d in s.holding.datasets] for s in result.storages}
    assert held == {("scratch", "toy"): ["given", "made"], ("scratch", "tin"): ["other"]}
    assert {s.home.because for s in result.storages} == {"scratch data lives with the task that writes it"}


# --- Words ----------------------------------------------------------------------------------------------------------


def test_a_generic_resource_is_said_in_the_clouds_words() -> None:
    kept = Dataset("kept", storage=ObjectStorage())
    result = planned(moving([], [kept], compute.serverless(memory=1024)))
    (storage,), (task,) = result.storages, result.tasks
    assert isinstance(storage.particular, Shelf)
    assert isinstance(task.particular, Robot)
    assert task.particular.memory == 1024
    assert result.keeps == {kept: storage}
    assert result.runs == {task.task: task}


def test_a_particular_is_taken_as_it_is() -> None:
    shelf = Shelf(tier="high")
    (storage,) = planned(moving([], [Dataset("kept", storage=shelf)])).storages
    assert storage.particular is shelf


def test_a_hint_sets_a_field_of_its_own_cloud_only() -> None:
    kept = Dataset("kept", storage=ObjectStorage(toy_tier="high", tin_tier="low"))
    for default, tier in (("toy", "high"), ("tin", "low")):
        result = planned(moving([], [kept]), clouds=BOTH, default=default)
        (storage,) = result.storages
        assert isinstance(storage.particular, Shelf)
        assert storage.particular.tier == tier
        assert result.diagnostics == ()


# --- What is said ---------------------------------------------------------------------------------------------------


def one(result: Plan) -> Diagnostic:
    (diagnostic,) = result.diagnostics
    assert diagnostic.where is not None
    assert diagnostic.where.file == __file__
    return diagnostic


def test_a_hint_for_a_cloud_that_is_not_compiled_for_is_a_note() -> None:
    kept = Dataset("kept", storage=ObjectStorage(aws_storage_class="X", aws_prefix="a/"))
    note = one(planned(moving([], [kept])))
    assert (note.code, note.severity, note.subject) == ("hint", Severity.NOTE, "dataset kept")
    assert note.message == "aws_storage_class, aws_prefix: not used here, since this does not compile to aws"


@pytest.mark.parametrize(
    ("hint", "help_"),
    [
        ("toy_teir", "did you mean toy_tier?"),
        ("toy_wheels", "it has: tier, region"),
        ("toy_where", "it has: tier, region"),
    ],
)
def test_a_hint_that_names_no_field(hint: str, help_: str) -> None:
    kept = Dataset("kept", storage=ObjectStorage(**{hint: "x"}))
    error = one(planned(moving([], [kept])))
    assert (error.code, error.severity, error.help) == ("hint", Severity.ERROR, help_)
    assert error.message == f"Shelf has no {hint.removeprefix('toy_')!r}"


def test_a_hint_with_a_wrong_value_is_about_the_dataset() -> None:
    storage = ObjectStorage(toy_tier=3)
    error = one(planned(moving([], [Dataset("kept", storage=storage)])))
    assert error.code == "field"
    assert error.message == "Shelf(tier=3) takes str"
    assert (error.subject, error.where) == ("dataset kept", storage.where)


def test_a_particular_of_a_cloud_that_is_not_compiled_for() -> None:
    kept = Dataset("kept", storage=Shelf())
    result = planned(moving([], [kept]), clouds={"tin": TinCompiler()}, default="tin")
    error = one(result)
    assert error.code == "provider"
    assert error.message == "Shelf exists on toy only, and this compiles to tin"
    assert error.help.startswith("give a compiler for it: MultiCloudCompiler({…, 'toy': …})")
    assert "generic resource" in error.help
    assert result.storages == ()
    assert len(result.tasks) == 1


def test_a_task_of_a_cloud_that_is_not_compiled_for() -> None:
    task = moving([], [Dataset("kept", storage=ObjectStorage())], Robot())
    result = planned(task, clouds={"tin": TinCompiler()}, default="tin")
    (error,) = result.diagnostics
    assert (error.code, error.subject) == ("provider", "task move")
    assert result.tasks == ()


def test_a_kind_that_a_cloud_does_not_have() -> None:
    error = one(planned(moving([], [Dataset("table", storage=Database())])))
    assert error.code == "unsupported"
    assert error.message == "database is not available on toy: toys keep no records"
    assert error.help == "ObjectStorage()"


def test_a_kind_that_a_cloud_never_heard_of() -> None:
    (error,) = planned(moving([], [], compute.container())).diagnostics
    assert error.message == "container is not available on toy: toy has no container"
    assert (error.subject, error.help) == ("task move", "")


def test_local_compute_goes_to_no_cloud() -> None:
    result = planned(moving([], [], compute.local()))
    (error,) = result.diagnostics
    assert (error.code, error.subject) == ("compute", "task move")
    assert "compute.local() runs on this machine" in error.message
    assert "compute.serverless()" in error.help
    assert result.tasks == ()


def test_everything_that_is_wrong_is_found() -> None:
    datasets = [Dataset("a", storage=Database()), Dataset("b", storage=ObjectStorage(toy_teir=1))]
    result = planned(moving([], datasets, Robot(memory=9999)), moving([], [], compute.local(), "here"))
    assert [d.code for d in result.diagnostics] == ["unsupported", "hint", "compute", "limit"]


def test_shared_storage_is_spoken_of_by_all_it_holds() -> None:
    shelf = Shelf(tier="dusty")
    datasets = [Dataset(name, storage=shelf) for name in ("a", "b")]
    found = {d.code: d for d in planned(moving([], datasets)).diagnostics}
    assert found["tier"].subject == "datasets a, b"
    assert found["tier"].where == shelf.where


def test_the_order_of_declaration_is_nothing() -> None:
    kept = [Dataset(name, storage=ObjectStorage()) for name in ("b", "a", "c")]
    tasks = [moving([], [dataset], name=f"make {dataset.name}") for dataset in kept]
    result, other = planned(*tasks), planned(*reversed(tasks))
    assert [s.owner for s in result.storages] == [s.owner for s in other.storages] == ["a", "b", "c"]
    assert [t.owner for t in result.tasks] == [t.owner for t in other.tasks]


def test_the_compiler_plans_the_same() -> None:
    pipeline = Pipeline("moves", [moving([], [Dataset("kept", storage=Shelf())])])
    assert homes(ToyCompiler().plan(pipeline)) == homes(MultiCloudCompiler({"toy": ToyCompiler()}).plan(pipeline))
