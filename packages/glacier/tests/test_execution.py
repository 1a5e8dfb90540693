"""Running here: order, folders, inputs, retries, failures, and what one gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import polars as pl
import pytest
from glacier import Dataset, DeclarationError, Pipeline, TaskError
from glacier.execution import LocalExecutor, TaskRun
from glacier.runtime import importing
from glacier.storage import Cache, Database, ObjectStorage, Queue


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []

    def begin(self, tasks: Any) -> None:
        self.all.append(("begin", list(tasks)))

    def started(self, task: str) -> None:
        self.all.append(("started", task))

    def retrying(self, task: str, attempt: int, error: TaskError, wait: float) -> None:
        self.all.append(("retrying", (task, attempt)))

    def finished(self, run: TaskRun) -> None:
        self.all.append(("finished", run.task))

    def failed(self, task: str, error: TaskError) -> None:
        self.all.append(("failed", task))

    def end(self, skipped: Any) -> None:
        self.all.append(("end", list(skipped)))


def three(fail: bool = False) -> tuple[Pipeline, Dataset, Dataset, Dataset]:
    pipeline = Pipeline("My shop")
    raw, clean, report = Dataset("raw"), Dataset("clean", storage=ObjectStorage()), Dataset("report", format="text")

    @pipeline.task
    def tidy(rows: Annotated[list[int], raw]) -> Annotated[tuple[int, ...], clean]:
        return tuple(row for row in rows if row)

    @pipeline.task
    def tell(rows: Annotated[tuple[int, ...], clean], factor: int = 2) -> Annotated[str, report]:
        if fail:
            raise ValueError("no")
        return str(sum(rows) * factor)

    @pipeline.task
    def count(text: Annotated[str, report]) -> Annotated[int, Dataset("length")]:
        return len(text)

    return pipeline, raw, clean, report


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("persist", [True, False])
def test_every_dataset_by_name_and_by_itself(tmp_path: Path, persist: bool, workers: int) -> None:
    if persist and workers > 1:
        return  # that is for processes, in test_execution_processes.py
    pipeline, _, clean, report = three()
    results = LocalExecutor(tmp_path, persist, {"raw": [1, 0, 2]}, workers).execute(pipeline)
    assert results["report"] == results[report] == "6"
    assert results[clean] == (1, 2)
    assert results["raw"] == [1, 0, 2]
    assert set(results) == {"raw", "clean", "report", "length"}
    assert len(results) == 4
    assert clean in results
    assert [run.task for run in results.tasks] == ["tidy", "tell", "count"]
    assert all(run.attempts == 1 and run.seconds >= 0 for run in results.tasks)
    files = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file())
    folders = ["my-shop/clean/clean/data.json", "my-shop/scratch/length/data.json", "my-shop/scratch/report/data.txt"]
    assert files == (folders if persist else [])
    with pytest.raises(KeyError, match="did you mean 'clean'"):
        results["claen"]


def test_nothing_is_serialised_in_memory(tmp_path: Path) -> None:
    pipeline, value = Pipeline(), object()
    made, seen = Dataset("made"), Dataset("seen")

    @pipeline.task
    def make() -> made:
        return value

    @pipeline.task
    def look(x: made) -> seen:
        return [x]

    assert LocalExecutor(tmp_path, persist=False).execute(pipeline)["seen"][0] is value


def test_through_the_same_serialisation_as_in_a_cloud(tmp_path: Path) -> None:
    pipeline = Pipeline()
    made, seen = Dataset("made"), Dataset("seen")

    @pipeline.task
    def make() -> made:
        return (1, 2)

    @pipeline.task
    def look(x: made) -> seen:
        return type(x).__name__

    assert LocalExecutor(tmp_path).execute(pipeline)["seen"] == "list"


def test_frames_between_libraries_and_lazily(tmp_path: Path) -> None:
    pipeline = Pipeline()
    table = Dataset("table")

    @pipeline.task
    def make() -> Annotated[pl.DataFrame, table]:
        return pl.DataFrame({"x": [1, 2, 3]})

    @pipeline.task
    def lazily(x: Annotated[pl.LazyFrame, table]) -> Annotated[int, Dataset("total")]:
        return int(x.sum().collect()["x"][0])

    @pipeline.task
    def pandas(x: Annotated[pd.DataFrame, table]) -> Annotated[pd.DataFrame, Dataset("doubled")]:
        return x * 2

    @pipeline.task
    def rows(x: Annotated[Iterator[dict[str, int]], table]) -> Annotated[Iterator[dict[str, int]], Dataset("squares")]:
        return ({"x": row["x"] ** 2} for row in x)

    for persist in (True, False):
        results = LocalExecutor(tmp_path, persist=persist).execute(pipeline)
        assert results["total"] == 6
        assert list(results["doubled"]["x"]) == [2, 4, 6]
        assert [row["x"] for row in results["squares"]] == [1, 4, 9]
        assert isinstance(results["table"], pl.DataFrame)


def test_databases_caches_and_queues(tmp_path: Path) -> None:
    pipeline = Pipeline("w")
    events, stock, page = Dataset("events", Queue()), Dataset("stock", Database()), Dataset("page", Cache())

    @pipeline.task
    def receive() -> Annotated[list[dict[str, int]], events]:
        return [{"a": 1}, {"a": 2}]

    @pipeline.task
    def count(x: Annotated[list[dict[str, int]], events]) -> Annotated[list[dict[str, int]], stock]:
        return x

    @pipeline.task
    def show(x: Annotated[pl.DataFrame, stock]) -> Annotated[dict[str, int], page]:
        return {"sum": int(x["a"].sum())}

    for _ in range(2):  # the messages of the first run do not come again
        results = LocalExecutor(tmp_path).execute(pipeline)
        assert results["page"] == {"sum": 3}
        assert results["events"] == results["stock"] == [{"a": 1}, {"a": 2}]
    assert sorted(file.name for file in tmp_path.rglob("*.sqlite")) == [
        "keys.sqlite",
        "messages.sqlite",
        "tables.sqlite",
    ]


# Sources


def test_a_source_that_is_missing_says_where_and_what_to_type(tmp_path: Path) -> None:
    pipeline, *_ = three()
    with pytest.raises(TaskError) as caught:
        LocalExecutor(tmp_path).execute(pipeline)
    assert (caught.value.task, caught.value.dataset) == ("tidy", "raw")
    folder = f"{tmp_path}/my-shop/scratch/raw/"
    assert caught.value.message == f"there is no file in {folder}"
    assert f"mkdir -p {folder} && cp FILE {folder}" in caught.value.help
    assert 'LocalExecutor(inputs={"raw": …})' in caught.value.help
    assert list(tmp_path.rglob("*")) == []  # looking leaves nothing behind


def test_every_missing_source_is_told(tmp_path: Path) -> None:
    pipeline = Pipeline()
    one, two = Dataset("one"), Dataset("two", path="in/two.csv")

    @pipeline.task
    def both(x: one, y: two) -> Dataset("out"):
        return 1

    with pytest.raises(TaskError) as caught:
        LocalExecutor(tmp_path).execute(pipeline)
    assert "also missing: two: there is no file at" in caught.value.help


@pytest.mark.parametrize("persist", [True, False])
def test_a_source_on_disk(tmp_path: Path, persist: bool) -> None:
    pipeline, *_ = three()
    folder = tmp_path / "my-shop" / "scratch" / "raw"
    folder.mkdir(parents=True)
    (folder / "anything.json").write_text("[1, 2]")
    assert LocalExecutor(tmp_path, persist=persist).execute(pipeline)["report"] == "6"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"rwa": 1}, r"which is no source of My shop\n  help: did you mean 'raw'"),
        ({"clean": 1}, "inputs give clean, which the task tidy writes"),
    ],
)
def test_inputs_that_are_no_sources(tmp_path: Path, inputs: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        LocalExecutor(tmp_path, inputs=inputs).execute(three()[0])


def test_an_input_of_another_type(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="task tidy, dataset raw: holds an int, not a list"):
        LocalExecutor(tmp_path, inputs={"raw": 1}).execute(three()[0])


def test_arguments_that_make_no_sense() -> None:
    for workers in (0, -1, True, "2"):
        with pytest.raises(DeclarationError, match="is not a number of workers"):
            LocalExecutor(workers=workers)  # type: ignore[arg-type]


def test_two_storages_of_one_name(tmp_path: Path) -> None:
    pipeline = Pipeline()
    one, two = Dataset("one", ObjectStorage(resource_name="x")), Dataset("two", ObjectStorage(resource_name="x"))

    @pipeline.task
    def both(x: one) -> two:
        return x

    with pytest.raises(DeclarationError, match="two storages are called 'x'"):
        LocalExecutor(tmp_path, inputs={"one": 1}).execute(pipeline)


# Failing, and trying again


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_stops_the_run(tmp_path: Path, workers: int) -> None:
    told = Told()
    pipeline, *_ = three(fail=True)
    executor = LocalExecutor(tmp_path, workers == 1, {"raw": [1]}, workers, told)
    with pytest.raises(TaskError, match="task tell: ValueError: no") as caught:
        executor.execute(pipeline)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__notes__ == ["did not run: count"]
    assert told.all == [
        ("begin", ["tidy", "tell", "count"]),
        ("started", "tidy"),
        ("finished", "tidy"),
        ("started", "tell"),
        ("failed", "tell"),
        ("end", ["count"]),
    ]


def flaky(failures: int, retries: int) -> tuple[Pipeline, list[int]]:
    pipeline, calls = Pipeline(), []

    @pipeline.task(retries=retries)
    def work() -> Dataset("out"):
        calls.append(1)
        if len(calls) <= failures:
            raise ValueError(f"attempt {len(calls)}")
        return len(calls)

    return pipeline, calls


def test_a_task_is_tried_again(tmp_path: Path) -> None:
    pipeline, calls = flaky(failures=2, retries=2)
    told = Told()
    results = LocalExecutor(tmp_path, progress=told, backoff=0.001).execute(pipeline)
    assert (results["out"], len(calls), results.tasks[0].attempts) == (3, 3, 3)
    assert [what for what in told.all if what[0] == "retrying"] == [
        ("retrying", ("work", 1)),
        ("retrying", ("work", 2)),
    ]


def test_a_task_is_tried_as_often_as_it_says(tmp_path: Path) -> None:
    pipeline, calls = flaky(failures=9, retries=2)
    with pytest.raises(TaskError, match="attempt 3"):
        LocalExecutor(tmp_path, backoff=0.001).execute(pipeline)
    assert len(calls) == 3


def test_without_retries_once(tmp_path: Path) -> None:
    pipeline, calls = flaky(failures=1, retries=0)
    with pytest.raises(TaskError):
        LocalExecutor(tmp_path).execute(pipeline)
    assert len(calls) == 1


def test_an_interruption_leaves_nothing_half_written(tmp_path: Path) -> None:
    pipeline, told = Pipeline(), Told()

    @pipeline.task
    def work() -> Annotated[Iterator[dict[str, int]], Dataset("out")]:
        yield {"a": 1}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalExecutor(tmp_path, progress=told).execute(pipeline)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() or file.name == ".writing"]
    assert told.all[-1] == ("end", [])


def test_running_again_replaces(tmp_path: Path) -> None:
    pipeline, *_ = three()
    for rows, report in (([1], "2"), ([5], "10")):
        assert LocalExecutor(tmp_path, inputs={"raw": rows}).execute(pipeline)["report"] == report


def test_nothing_runs_while_a_module_is_imported(tmp_path: Path) -> None:
    pipeline, *_ = three()
    with importing():
        results = pipeline.run()
    assert list(results) == []
    with pytest.raises(TaskError, match="nothing ran") as caught:
        results["report"]
    assert 'if __name__ == "__main__":' in caught.value.help
