"""What is refused on the line that declares it: settings, names, producers, circles, annotations."""

from __future__ import annotations

from pathlib import Path

import pytest
from declaring import declare, refused
from glacier import Pipeline, compute, task

SETTINGS = [
    ("name='1st'", "name", "'1st' is not a task's name", "start with a letter"),
    ("name=7", "name", "7 is not a task's name", "start with a letter"),
    ("compute=ObjectStorage()", "compute", "runs no tasks", "compute.serverless()"),
    ("compute=compute.serverless", "compute", "compute=Serverless runs no tasks", "compute.serverless()"),
    ("compute='lambda'", "compute", "compute='lambda' runs no tasks", "compute.serverless()"),
    ("retries=-1", "retries", "retries=-1 is not a number of retries", ""),
    ("retries=True", "retries", "retries=True is not", ""),
    ("retries=1.5", "retries", "retries=1.5 is not", ""),
    ("timeout=0", "seconds", "timeout=0 is not a number of seconds", ""),
    ("timeout=float('inf')", "seconds", "timeout=inf is not", ""),
    ("timeout=float('nan')", "seconds", "timeout=nan is not", ""),
    ("timeout='1h'", "seconds", "timeout='1h' is not", ""),
    ("expected_duration=-3", "seconds", "expected_duration=-3 is not", ""),
    ("expected_duration=True", "seconds", "expected_duration=True is not", ""),
]


@pytest.mark.parametrize(("written", "code", "message", "help_"), SETTINGS, ids=[row[0] for row in SETTINGS])
def test_a_wrong_setting_is_refused(tmp_path: Path, written: str, code: str, message: str, help_: str) -> None:
    text = f"@pipeline.task({written})  # here\ndef f(x: raw) -> clean: ..."
    diagnostic = refused(tmp_path, text)
    assert diagnostic.code == code
    assert message in diagnostic.message
    assert help_ in diagnostic.help
    assert diagnostic.subject.startswith("task ")


NO_PACKAGES = ["-r requirements.txt", "-e ./mylib", "./mylib", "../mylib", "lib/x.whl", "", " ", "# c", "a\\nb", "~/x"]


@pytest.mark.parametrize("line", NO_PACKAGES)
@pytest.mark.parametrize(
    "given", ["compute.serverless({})", "compute.container({})", "compute.serverless(aws_{})", "Lambda({})"]
)
def test_a_requirement_that_is_no_package(line: str, given: str, tmp_path: Path) -> None:
    settings = given.format(f"requirements=['idna', '{line}']")
    text = f"@pipeline.task(compute={settings})  # here\ndef f(x: raw) -> clean: ..."
    diagnostic = refused(tmp_path, f"from glacier_aws.compute import Lambda\n{text}")
    assert (diagnostic.code, diagnostic.subject) == ("requirements", "task f")
    assert diagnostic.message.startswith("requirements=['")
    assert "'idna'" not in diagnostic.message
    assert "list the packages themselves" in diagnostic.help


@pytest.mark.parametrize(
    "line",
    [
        "idna",
        "zlib-ng >= 1, < 2",
        "pandas[parquet]~=2.0; python_version > '3.11'",
        "lamp @ https://example.org/lamp-1.0-py3-none-any.whl",
        "https://example.org/lamp-1.0-py3-none-any.whl",
        "google.cloud_x==1",
    ],
)
def test_a_requirement_that_is_one(line: str) -> None:
    @task(compute=compute.serverless(requirements=[line]))
    def f() -> None: ...


def test_settings_that_do_not_exist_are_a_type_error() -> None:
    pipeline = Pipeline("example")
    with pytest.raises(TypeError, match="retrys"):
        pipeline.task(retrys=2)(lambda: None)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="2 values were given"):
        pipeline.task(compute.serverless(), 3)  # type: ignore[call-overload]


NO_FUNCTIONS = [
    ("pipeline.task(7)  # here", "a task is a function, not 7", "put @pipeline.task above a def"),
    ("pipeline.task(len)  # here", "not <built-in function len>", "put @pipeline.task above a def"),
    ("Pipeline(tasks=[raw])  # here", "a task is a function, not Dataset(name='raw'", "above a def"),
    ("@pipeline.task  # here\nclass f: ...", "a task is a function, not <class", "above a def"),
    ("@pipeline.task  # here\nasync def f(x: raw) -> clean: ...", "not an async one", "asyncio.run"),
    ("@pipeline.task  # here\nasync def f(x: raw) -> clean: yield 1", "not an async one", "asyncio.run"),
]


@pytest.mark.parametrize(("written", "message", "help_"), NO_FUNCTIONS, ids=[row[0] for row in NO_FUNCTIONS])
def test_what_is_no_function_is_refused(tmp_path: Path, written: str, message: str, help_: str) -> None:
    diagnostic = refused(tmp_path, written)
    assert diagnostic.code == "task"
    assert message in diagnostic.message
    assert help_ in diagnostic.help


DECLARED = "@pipeline.task\ndef first(x: raw) -> clean: ...\n"


@pytest.mark.parametrize("name", ["first", "First", "FIRST", "first "])
def test_a_task_name_is_given_once(tmp_path: Path, name: str) -> None:
    text = f"{DECLARED}@pipeline.task(name={name!r})  # here\ndef f(x: clean) -> report: ..."
    diagnostic = refused(tmp_path, text)
    assert diagnostic.code == "name"
    assert "the name is taken by the task 'first' at " in diagnostic.message
    assert diagnostic.message.endswith(":7")
    assert diagnostic.help == "@pipeline.task(name=…) gives it another"


@pytest.mark.parametrize("name", ["raw", "Raw", "RAW"])
def test_a_dataset_name_is_given_once(tmp_path: Path, name: str) -> None:
    text = f"{DECLARED}other = Dataset({name!r})\n@pipeline.task  # here\ndef f(x: other) -> report: ..."
    diagnostic = refused(tmp_path, text)
    assert diagnostic.code == "name"
    assert f"two datasets are named {name!r} (the other, 'raw', is at " in diagnostic.message
    assert "use one Dataset object for both" in diagnostic.help


@pytest.mark.parametrize("name", ["raw", "RAW"])
def test_a_dataset_name_is_given_once_within_one_task(tmp_path: Path, name: str) -> None:
    text = f"other = Dataset({name!r})\n@pipeline.task  # here\ndef f(x: raw, y: other) -> clean: ..."
    diagnostic = refused(tmp_path, text)
    assert diagnostic.code == "name"
    assert f"two datasets are named {name!r} (the other, 'raw', is at " in diagnostic.message


def test_a_dataset_has_one_producer(tmp_path: Path) -> None:
    diagnostic = refused(tmp_path, f"{DECLARED}@pipeline.task  # here\ndef second() -> clean: ...")
    assert diagnostic.code == "producers"
    assert "clean is already written by first at " in diagnostic.message
    assert diagnostic.subject == "task second"
    assert "one task writes a dataset" in diagnostic.help


def test_a_dataset_is_returned_once(tmp_path: Path) -> None:
    diagnostic = refused(tmp_path, "@pipeline.task  # here\ndef f(x: raw) -> tuple[clean, clean]: ...")
    assert (diagnostic.code, diagnostic.message) == ("producers", "returns clean twice")


def test_a_task_does_not_read_what_it_writes(tmp_path: Path) -> None:
    diagnostic = refused(tmp_path, "@pipeline.task  # here\ndef f(x: raw) -> raw: ...")
    assert diagnostic.code == "cycle"
    assert "f → raw → f" in diagnostic.message
    assert diagnostic.help == "give the result a dataset of its own"


def test_a_cycle_is_shown_as_a_path(tmp_path: Path) -> None:
    diagnostic = refused(
        tmp_path,
        """
        @pipeline.task
        def tidy(x: raw) -> clean: ...
        @pipeline.task
        def sum_up(x: clean) -> report: ...
        @pipeline.task  # here
        def feed_back(x: report) -> raw: ...
        """,
    )
    assert diagnostic.code == "cycle"
    assert diagnostic.message.endswith("feed_back → raw → tidy → clean → sum_up → report → feed_back")
    assert diagnostic.help == "let one of them write a dataset of its own"


def test_the_shortest_circle_is_shown(tmp_path: Path) -> None:
    diagnostic = refused(
        tmp_path,
        """
        more = Dataset("more")
        @pipeline.task
        def long(x: raw) -> clean: ...
        @pipeline.task
        def longer(x: clean) -> more: ...
        @pipeline.task
        def both(x: raw, y: more) -> report: ...
        @pipeline.task  # here
        def back(x: report) -> raw: ...
        """,
    )
    assert diagnostic.message.endswith("back → raw → both → report → back")


def test_a_diamond_is_no_cycle(tmp_path: Path) -> None:
    space = declare(
        tmp_path,
        """
        left, right = Dataset("left"), Dataset("right")
        @pipeline.task
        def join(a: left, b: right) -> report: ...
        @pipeline.task
        def go_left(x: raw) -> left: ...
        @pipeline.task
        def go_right(x: raw) -> right: ...
        @pipeline.task
        def start() -> raw: ...
        """,
    )
    assert len(space["pipeline"].tasks) == 4


@pytest.mark.parametrize("name", ["", "1st", "é", "a/b", "x" * 101, None])
def test_a_pipeline_name(tmp_path: Path, name: object) -> None:
    diagnostic = refused(tmp_path, f"Pipeline({name!r})  # here")
    assert diagnostic.code == "name"
    assert f"{name!r} is not a pipeline's name" in diagnostic.message
    assert "start with a letter" in diagnostic.help


def test_the_same_task_twice_is_a_taken_name(tmp_path: Path) -> None:
    diagnostic = refused(tmp_path, "@task  # here\ndef f(x: raw) -> None: ...\nPipeline(tasks=[f, f])", raised=False)
    assert "the name is taken by the task 'f'" in diagnostic.message


NOT_DATASETS = [
    ("x: int", "parameter 'x' is annotated with int, which is not a dataset", "write Annotated[int, dataset]"),
    ("x: 'rew'", "'rew' is declared nowhere", "did you mean 'raw'?"),
    ("x", "parameter 'x' has no annotation", "annotate it with a dataset"),
    ("x: ObjectStorage()", "annotated with ObjectStorage, a storage", "put a dataset on it: Dataset('name'"),
]


@pytest.mark.parametrize(("written", "message", "help_"), NOT_DATASETS, ids=[row[0] for row in NOT_DATASETS])
def test_an_annotation_that_is_no_dataset(tmp_path: Path, written: str, message: str, help_: str) -> None:
    diagnostic = refused(tmp_path, f"@pipeline.task  # here\ndef f({written}) -> clean: ...")
    assert diagnostic.code == "annotation"
    assert message in diagnostic.message
    assert help_ in diagnostic.help


def test_an_output_nobody_declared(tmp_path: Path) -> None:
    diagnostic = refused(tmp_path, "@pipeline.task  # here\ndef f(x: raw) -> 'result': ...")
    assert diagnostic.code == "annotation"
    assert "returns 'result', but 'result' is declared nowhere" in diagnostic.message
    assert diagnostic.help == "declare it above the function: result = Dataset('result')"
