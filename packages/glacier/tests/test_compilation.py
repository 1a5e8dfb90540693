"""Compiling, as a person does it: what they get, and what they are told when they get nothing."""

from __future__ import annotations

import gc
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from commanding import glacier, inside, there
from glacier import CompileError, Dataset, DeclarationError, Pipeline, compilation, compute, task
from glacier.compilation import Compiled, MultiCloudCompiler
from glacier.errors import Severity, collecting
from glacier.runtime import importing
from glacier.storage import ObjectStorage
from glacier_aws import AWSCompiler
from glacier_aws.compute import Lambda
from glacier_aws.storage import S3
from toycloud import Robot, Shelf, TinCompiler, ToyCompiler

kept = Dataset("kept", storage=ObjectStorage())


@task
def make() -> Annotated[Any, kept]: ...


# --- What one gets --------------------------------------------------------------------------------------------------


def test_a_compilation_is_a_plan_programs_and_files() -> None:
    compiled = ToyCompiler().compile(Pipeline("sales", [make]))
    assert compiled.name == "sales"
    assert compiled.plan is not None
    assert list(compiled.programs) == ["toy"]
    assert "toy/__main__.py" in compiled.files
    assert compiled.diagnostics == ()
    assert compiled.transfers == compiled.plan.transfers == ()
    assert compiled.estimate is compiled.plan.estimate


def test_printing_groups_resources_by_cloud() -> None:
    text = str(ToyCompiler().compile(Pipeline("sales", [make])))
    assert text.splitlines() == [
        "sales: 6 resources",
        "",
        "toy (6 resources)",
        "  Provider: Provider",
        "  Dataset kept: Shelf",
        "  Task make: Name, Key, Robot",
        "  The order in which the tasks run: Workflow",
    ]


def test_one_cloud_is_the_case_of_several() -> None:
    pipeline = Pipeline("sales", [make])
    alone, among = ToyCompiler().compile(pipeline), MultiCloudCompiler({"toy": ToyCompiler()}).compile(pipeline)
    assert alone.files == among.files
    assert alone.programs == among.programs


def test_a_pipeline_compiles_itself() -> None:
    pipeline = Pipeline("sales", [make])
    assert pipeline.compile(ToyCompiler()).files == ToyCompiler().compile(pipeline).files


def test_exporting_writes_the_files(tmp_path: Path) -> None:
    compiled = ToyCompiler().compile(Pipeline("sales", [make]))
    written = compiled.export_pulumi(tmp_path / "infra")
    assert {path.relative_to(tmp_path / "infra").as_posix() for path in written} == set(compiled.files)
    assert all(path.read_bytes() == compiled.files[path.relative_to(tmp_path / "infra").as_posix()] for path in written)
    assert compiled.export_pulumi(str(tmp_path / "infra")) == written


def test_a_changed_file_is_overwritten_by_force_only(tmp_path: Path) -> None:
    compiled = ToyCompiler().compile(Pipeline("sales", [make]))
    compiled.export_pulumi(tmp_path)
    (tmp_path / "toy" / "__main__.py").write_text("mine")
    with pytest.raises(CompileError, match="changed since they were generated"):
        compiled.export_pulumi(tmp_path)
    compiled.export_pulumi(tmp_path, force=True)
    assert (tmp_path / "toy" / "__main__.py").read_bytes() == compiled.files["toy/__main__.py"]


def test_warnings_and_notes_come_with_what_compiles() -> None:
    @task
    def dust() -> Annotated[Any, Dataset("dust", Shelf(tier="dusty"))]: ...

    found = ToyCompiler().compile(Pipeline("sales", [dust])).diagnostics
    assert [(d.code, d.severity) for d in found] == [("tier", Severity.WARNING), ("import", Severity.WARNING)]


def test_the_collector_is_as_it_was() -> None:
    assert gc.isenabled()
    ToyCompiler().compile(Pipeline("sales", [make]))
    assert gc.isenabled()
    with pytest.raises(DeclarationError):
        ToyCompiler().compile(Pipeline("empty"))
    assert gc.isenabled()
    gc.disable()
    try:
        ToyCompiler().compile(Pipeline("sales", [make]))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_lambda_is_what_serverless_becomes() -> None:
    @task(compute=Lambda(memory=1024))
    def own() -> None: ...

    @task(compute=compute.serverless(memory=1024))
    def generic() -> None: ...

    (program,) = AWSCompiler().compile(Pipeline("same", [own, generic])).programs.values()
    functions = [node for node in program.nodes if node.type == "aws.lambda_.Function"]
    assert [node.inputs["memory_size"] for node in functions] == [1024, 1024]


# --- Errors come together ---------------------------------------------------------------------------------------------


def test_every_error_is_raised_at_once() -> None:
    a = Dataset("a", S3("Not_A_Bucket"))
    b = Dataset("b", ObjectStorage(aws_storage_class="COLD", aws_storage_clas="GLACIER"))

    @task(compute=compute.serverless(memory=100, timeout=901))
    def small() -> Annotated[Any, a]: ...

    @task(compute=compute.local())
    def here() -> Annotated[Any, b]: ...

    with pytest.raises(CompileError) as caught:
        AWSCompiler().compile(Pipeline("wrong", [small, here]))
    found = [(d.code, d.subject) for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    assert sorted(found) == [
        ("compute", "task here"),
        ("hint", "dataset b"),
        ("limit", "dataset a"),
        ("limit", "dataset b"),
        ("limit", "task small"),
        ("limit", "task small"),
    ]
    assert all(d.where is not None and d.where.file == __file__ for d in caught.value.diagnostics)


def test_a_plan_holds_its_errors_and_raises_none() -> None:
    @task(compute=compute.local())
    def here() -> None: ...

    assert [d.code for d in AWSCompiler().plan(Pipeline("wrong", [here])).diagnostics] == ["compute"]


def test_a_particular_of_a_cloud_that_is_not_compiled_for() -> None:
    @task(compute=Robot())
    def store() -> Annotated[Any, Dataset("kept", Shelf())]: ...

    with pytest.raises(CompileError) as caught:
        AWSCompiler().compile(Pipeline("elsewhere", [store]))
    assert [(d.code, d.subject) for d in caught.value.diagnostics if d.severity is Severity.ERROR] == [
        ("provider", "dataset kept"),
        ("provider", "task store"),
    ]
    assert "Shelf exists on toy only, and this compiles to aws" in str(caught.value)
    assert "MultiCloudCompiler({…, 'toy': …})" in str(caught.value)


def test_code_in_no_file_is_found_before_anything_is_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "lower", lambda *_, **__: pytest.fail("lowered"))
    space: dict[str, Any] = {"__name__": "nowhere"}
    exec(
        compile(
            "from glacier import Pipeline\npipeline = Pipeline('p')\n@pipeline.task\ndef f() -> None: ...\n",
            "<stdin>",
            "exec",
        ),
        space,
    )
    with pytest.raises(CompileError, match=r"put the pipeline into a \.py file"):
        ToyCompiler().compile(space["pipeline"])


# --- Several clouds -------------------------------------------------------------------------------------------------


def test_the_first_provider_is_the_default() -> None:
    clouds = {"tin": TinCompiler(), "toy": ToyCompiler()}
    assert MultiCloudCompiler(clouds).default_provider == "tin"
    assert MultiCloudCompiler(clouds, "toy").default_provider == "toy"
    named = MultiCloudCompiler(providers=clouds, default_provider="toy", enable_cross_cloud_warnings=False)
    assert (named.default_provider, named.enable_cross_cloud_warnings) == ("toy", False)
    assert list(named.compile(Pipeline("sales", [make])).programs) == ["toy"]
    assert list(MultiCloudCompiler(clouds).compile(Pipeline("sales", [make])).programs) == ["tin"]


WRONG: list[tuple[Callable[[], object], str, str]] = [
    (lambda: MultiCloudCompiler({}), "no provider was given", 'MultiCloudCompiler({"aws": AWSCompiler()})'),
    (
        lambda: MultiCloudCompiler({"toy": ToyCompiler}),  # type: ignore[dict-item]
        "'toy': ToyCompiler is not a compiler",
        "call it: {'toy': ToyCompiler()}",
    ),
    (lambda: MultiCloudCompiler({"aws": "us-east-1"}), "'aws': 'us-east-1' is not a compiler", ""),  # type: ignore[dict-item]
    (
        lambda: MultiCloudCompiler({"toy": ToyCompiler()}, "aws"),
        "default_provider='aws' is none of toy",
        "",
    ),
    (lambda: MultiCloudCompiler({"../toy": ToyCompiler()}), "'../toy' does not name a folder", "lower-case letters"),
    (lambda: MultiCloudCompiler({"": ToyCompiler()}), "'' does not name a folder", "lower-case letters"),
    (lambda: MultiCloudCompiler({1: ToyCompiler()}), "1 does not name a folder", "'aws-west'"),  # type: ignore[dict-item]
    (lambda: AWSCompiler(region="us-eastt-1"), "aws has no region 'us-eastt-1'", "did you mean 'us-east-1'?"),
]


@pytest.mark.parametrize(("wrong", "message", "help_"), WRONG, ids=[row[1] for row in WRONG])
def test_wrong_arguments_are_refused_where_they_are_given(
    wrong: Callable[[], object], message: str, help_: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        wrong()
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert help_ in diagnostic.help
    assert diagnostic.where is not None
    assert diagnostic.where.file == __file__


def test_wrong_arguments_are_collected() -> None:
    with collecting() as found:
        MultiCloudCompiler({"Toy": ToyCompiler, "tin": 3}, "gold")  # type: ignore[dict-item]
    assert len(found) == 4


# --- While a module is only imported for its tasks ------------------------------------------------------------------


def test_nothing_is_compiled_while_importing(tmp_path: Path) -> None:
    with importing():
        compiled = ToyCompiler().compile(Pipeline("sales", [make]))
        broken = AWSCompiler().compile(Pipeline("empty"))
    assert compiled == Compiled(name="sales", plan=None, programs={}, files={}, diagnostics=())
    assert broken.plan is None
    assert compiled.transfers == ()
    assert compiled.estimate.lines == ()
    assert str(compiled) == "sales: 0 resources"
    assert compiled.export_pulumi(tmp_path / "infra") == []
    assert not (tmp_path / "infra").exists()


AT_MODULE_LEVEL = """\
from glacier import Dataset, Pipeline
from glacier_aws import AWSCompiler

pipeline = Pipeline("sales")
made = Dataset("made")

@pipeline.task
def make() -> made: ...

infra = pipeline.compile(AWSCompiler())
infra.export_pulumi("written")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory; what is imported from it is forgotten."""
    monkeypatch.setenv("COLUMNS", "200")
    with inside(tmp_path, monkeypatch):
        yield tmp_path


def test_a_file_that_compiles_does_so_when_it_is_run_and_not_when_it_is_imported(folder: Path) -> None:
    path = folder / "sales.py"
    path.write_text(AT_MODULE_LEVEL)
    with importing():
        runpy.run_path(str(path))
    assert set(there(folder)) == {"sales.py"}
    runpy.run_path(str(path), run_name="sales")
    assert (folder / "written" / "aws" / "__main__.py").exists()


def test_the_command_compiles_such_a_file_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered: list[object] = []
    lower = compilation.lower

    def counted(*given: Any, **more: Any) -> Any:
        lowered.append(given)
        return lower(*given, **more)

    monkeypatch.setattr(compilation, "lower", counted)
    (folder / "sales.py").write_text(AT_MODULE_LEVEL)
    result = glacier("compile", "sales.py", "--to", "aws", "--out", "infra")
    assert result.exit_code == 0, result.output
    assert len(lowered) == 1
    assert (folder / "infra" / "aws" / "__main__.py").exists()
    assert not (folder / "written").exists()
