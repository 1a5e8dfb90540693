"""What a person declares: tasks and pipelines, and what is refused on the line that declares it wrongly."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Annotated, Any

import pytest
from declaring import declare
from glacier import Dataset, DeclarationError, Pipeline, compute, task
from glacier.compute import Container, Serverless
from glacier.errors import collecting
from glacier.pipeline import Task


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline("example")


raw, clean, report = Dataset("raw"), Dataset("clean"), Dataset("report")
Raw, Clean, Report = Annotated[list[int], raw], Annotated[list[int], clean], Annotated[dict[str, int], report]


# --- Tasks ----------------------------------------------------------------------------------------------------------


def test_a_task_is_called_like_its_function(pipeline: Pipeline) -> None:
    @pipeline.task
    def tidy(rows: Raw, least: int = 1) -> Clean:
        """Drop small ones."""
        return [row for row in rows if row >= least]

    assert tidy([0, 1, 2]) == [1, 2]
    assert tidy([0, 1, 2], least=2) == [2]
    assert (tidy.__name__, tidy.__doc__, tidy.__module__) == ("tidy", "Drop small ones.", __name__)
    assert repr(tidy) == "<Task tidy>"
    assert tidy.function([5]) == [5]


def test_brackets_are_optional(pipeline: Pipeline) -> None:
    @pipeline.task
    def first() -> Raw:
        return [1]

    @pipeline.task()
    def second(rows: Raw) -> Clean:
        return rows

    assert [each.name for each in pipeline.tasks] == ["first", "second"]


def test_settings_are_kept(pipeline: Pipeline) -> None:
    where = compute.container(cpu=2)

    @pipeline.task(compute=where, retries=3, timeout=60, name="Tidy up", expected_duration=1.5)
    def tidy(rows: Raw) -> Clean:
        return rows

    assert tidy.compute is where
    assert (tidy.retries, tidy.timeout, tidy.name, tidy.expected_duration) == (3, 60, "Tidy up", 1.5)
    assert tidy.where is not None
    assert tidy.where.file == __file__


def test_compute_may_be_given_by_position(pipeline: Pipeline) -> None:
    @pipeline.task(compute.container(), retries=1)
    def tidy(rows: Raw) -> Clean:
        return rows

    assert isinstance(tidy.compute, Container)
    assert tidy.retries == 1


def test_without_compute_a_task_is_serverless_with_its_defaults(pipeline: Pipeline) -> None:
    @pipeline.task
    def tidy(rows: Raw) -> Clean:
        return rows

    assert isinstance(tidy.compute, Serverless)
    assert (tidy.compute.memory, tidy.compute.timeout) == (512, 300)
    assert (tidy.retries, tidy.timeout, tidy.expected_duration) == (0, None, None)


def test_datasets_of_a_task_are_named_once_and_in_order() -> None:
    @task
    def join(a: Raw, b: Clean, again: Raw, factor: int = 2) -> Report:
        return {}

    assert join.inputs == {"a": raw, "b": clean, "again": raw}
    assert join.outputs == (report,)
    assert join.datasets == (raw, clean, report)


def test_several_outputs() -> None:
    @task
    def split(rows: Raw) -> tuple[Clean, Report]:
        return rows, {}

    assert split.outputs == (clean, report)
    assert split.results[0].type == list[int]


def test_neither_inputs_nor_outputs(pipeline: Pipeline) -> None:
    @pipeline.task
    def ping() -> None: ...

    @pipeline.task
    def pong(loud: bool = False): ...  # type: ignore[no-untyped-def]  # without any annotation

    assert (ping.inputs, ping.outputs, ping.datasets) == ({}, (), ())
    assert (pong.inputs, pong.outputs) == ({}, ())
    assert pipeline.datasets == ()


def test_a_wrapped_function_is_known_by_the_one_inside(tmp_path: Path) -> None:
    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return inner

    @task
    @logged
    def tidy(rows: Raw) -> Clean:
        return rows

    assert tidy.name == "tidy"
    assert tidy.inputs == {"rows": raw}
    assert tidy.where is not None
    assert tidy.where.file == __file__


# --- Pipelines ------------------------------------------------------------------------------------------------------


def test_standalone_tasks_say_the_same_as_the_decorator(pipeline: Pipeline) -> None:
    @task
    def tidy(rows: Raw) -> Clean:
        return rows

    @task(retries=2)
    def summarize(rows: Clean) -> Report:
        return {}

    decorated = [pipeline.task(tidy), pipeline.task(summarize)]
    listed = Pipeline(tasks=[tidy, summarize], name="example")
    assert decorated == [tidy, summarize]
    assert listed.tasks == pipeline.tasks == (tidy, summarize)
    assert listed.datasets == pipeline.datasets == (raw, clean, report)
    assert listed.name == pipeline.name
    assert listed.visualize() == pipeline.visualize()


def test_a_plain_function_in_the_list_becomes_a_task() -> None:
    def tidy(rows: Raw) -> Clean:
        return rows

    (made,) = Pipeline(tasks=[tidy]).tasks  # type: ignore[list-item]
    assert isinstance(made, Task)
    assert made.outputs == (clean,)


def test_a_task_may_be_in_two_pipelines_with_other_settings() -> None:
    @task(retries=2, timeout=30)
    def tidy(rows: Raw) -> Clean:
        return rows

    one, other = Pipeline("one", [tidy]), Pipeline("other")
    changed = other.task(retries=5)(tidy)
    assert one.tasks == (tidy,)
    assert (changed.retries, changed.timeout, changed.function) == (5, 30, tidy.function)
    assert tidy.retries == 2


def test_datasets_come_in_the_order_in_which_they_are_named(pipeline: Pipeline) -> None:
    @pipeline.task
    def late(rows: Clean) -> Report:
        return {}

    @pipeline.task
    def early(rows: Raw) -> Clean:
        return rows

    assert [dataset.name for dataset in pipeline.datasets] == ["clean", "report", "raw"]
    assert repr(pipeline) == "<Pipeline example: 2 tasks, 3 datasets>"


def test_visualize_is_a_line_per_task(pipeline: Pipeline) -> None:
    @pipeline.task
    def tidy(rows: Raw) -> Clean:
        return rows

    @pipeline.task
    def summarize(rows: Clean, more: Raw) -> Report:
        return {}

    @pipeline.task
    def ping() -> None: ...

    assert pipeline.visualize() == "\n".join(
        [
            "example",
            "       raw → [tidy]      → clean",
            "clean, raw → [summarize] → report",
            "           → [ping]",
        ]
    )
    assert Pipeline("empty").visualize() == "empty"


def test_compile_and_run_hand_the_pipeline_on(pipeline: Pipeline) -> None:
    class Anything:
        def compile(self, given: Pipeline, /) -> tuple[str, Pipeline]:
            return "compiled", given

        def execute(self, given: Pipeline, /) -> tuple[str, Pipeline]:
            return "run", given

    assert pipeline.compile(Anything()) == ("compiled", pipeline)
    assert pipeline.run(Anything()) == ("run", pipeline)


def test_an_empty_pipeline_is_refused_when_it_is_checked() -> None:
    empty = Pipeline("empty")
    with pytest.raises(DeclarationError) as caught:
        empty.validate()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "empty"
    assert diagnostic.subject == "pipeline empty"
    assert diagnostic.where == empty.where
    assert empty.where is not None
    assert empty.where.file == __file__
    assert "@pipeline.task" in diagnostic.help


# --- All at once ----------------------------------------------------------------------------------------------------


def test_everything_wrong_is_collected(tmp_path: Path) -> None:
    with collecting() as found:
        space = declare(
            tmp_path,
            """
            @pipeline.task(retries=-1, timeout=0)
            def one(x: raw) -> clean: ...
            @pipeline.task
            def two(x: int) -> clean: ...
            @pipeline.task(name="one")
            async def three(x: raw) -> report: ...
            bad = Pipeline("1")
            """,
        )
    assert [diagnostic.code for diagnostic in found] == [
        "retries",
        "seconds",
        "annotation",
        "producers",
        "task",
        "name",
    ]
    lines = [diagnostic.where.line for diagnostic in found if diagnostic.where]
    assert lines == sorted(lines)
    assert {os.path.dirname(d.where.file) for d in found if d.where} == {str(tmp_path)}
    assert space["bad"].name == "pipeline"


def test_a_name_that_is_taken_does_not_hide_the_first(tmp_path: Path) -> None:
    with collecting() as found:
        declare(
            tmp_path,
            """
            @pipeline.task
            def first(x: raw) -> clean: ...
            @pipeline.task(name="first")
            def f(x: report) -> None: ...
            """,
        )
    assert [diagnostic.code for diagnostic in found] == ["name"]


DATASETS_OF_A_FUNCTION = """
def build():
    here, there = Dataset("here"), Dataset("there")
    inner = Pipeline("inner")
    @inner.task
    def move(x: here, factor: int = 2) -> there:
        return x * factor
    return inner
made = build()
"""


@pytest.mark.parametrize("future", [False, True], ids=["objects", "text"])
def test_datasets_local_to_a_function(tmp_path: Path, future: bool) -> None:
    made = declare(tmp_path, DATASETS_OF_A_FUNCTION, future=future)["made"]
    (move,) = made.tasks
    assert [dataset.name for dataset in made.datasets] == ["here", "there"]
    assert move(3, factor=4) == 12
