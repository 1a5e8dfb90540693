"""Tasks in processes of their own: what crosses, what is stopped, and that nothing else runs there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import pytest
from glacier import Dataset, Pipeline, TaskError, compute
from glacier.execution import LocalExecutor
from glacier.execution.processes import Processes, _find, _named
from glacier.runtime.problems import Raised
from glacier.runtime.run import Step

pipeline = Pipeline("at top level")
numbers, total = Dataset("numbers"), Dataset("total")


@pipeline.task(timeout=30)
def add(x: Annotated[list[int], numbers]) -> Annotated[int, total]:
    return sum(x)


class Odd(Exception):
    """An exception that does not arrive: it takes other arguments than it keeps."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one + two)


def single(**options: Any) -> Any:
    """A pipeline of one task, and the executor's results for it."""

    def decorate(function: Any) -> Any:
        pipe = Pipeline("p")
        pipe.task(name="work", **options)(function)
        return lambda root, **more: LocalExecutor(root, **{"backoff": 0.01, **more}).execute(pipe)

    return decorate


@pytest.mark.parametrize("persist", [True, False])
def test_a_task_of_a_module(tmp_path: Path, persist: bool) -> None:
    assert _named(add.function) == (__name__, "add")
    results = LocalExecutor(tmp_path, persist=persist, inputs={"numbers": [1, 2]}).execute(pipeline)
    assert results["total"] == 3


@pytest.mark.parametrize("persist", [True, False])
def test_a_closure(tmp_path: Path, persist: bool) -> None:
    me, factor = os.getpid(), 3

    def work() -> Annotated[dict[str, int], Dataset("out")]:
        return {"pid": os.getpid(), "factor": factor}

    assert _named(work) is None
    found = single(timeout=30)(work)(tmp_path, persist=persist)["out"]
    assert found["factor"] == 3
    assert found["pid"] != me


@pytest.mark.slow
def test_side_by_side_in_processes(tmp_path: Path) -> None:
    """Two tasks that wait for each other's file end only when they run at once."""
    pipe = Pipeline("p")
    for number in range(2):

        def work(number: int = number) -> Dataset(f"out {number}"):  # type: ignore[valid-type]
            (tmp_path / f"here {number}").touch()
            until = time.monotonic() + 20
            while not (tmp_path / f"here {1 - number}").exists():
                assert time.monotonic() < until, "the other never began"
                time.sleep(0.005)
            return os.getpid()

        pipe.task(name=f"t{number}", compute=compute.serverless())(work)
    results = LocalExecutor(tmp_path / "root", workers=2).execute(pipe)
    assert len({*results.values(), os.getpid()}) == 3


def test_a_timeout_kills_the_task_and_leaves_nothing(tmp_path: Path) -> None:
    def work() -> Annotated[Iterator[bytes], Dataset("out")]:
        yield b"half of it"
        time.sleep(60)

    root = tmp_path / "root"
    with pytest.raises(TaskError, match=r"task work: was stopped after 0.3 s, its timeout") as caught:
        single(timeout=0.3)(work)(root)
    assert "timeout=0.6" in caught.value.help
    assert not [file for file in root.rglob("*") if file.is_file()]


@pytest.mark.slow
def test_a_task_is_tried_again_after_its_timeout(tmp_path: Path) -> None:
    def work() -> Dataset("out"):  # type: ignore[valid-type]
        if not (tmp_path / "was here").exists():
            (tmp_path / "was here").touch()
            time.sleep(60)
        return 1

    results = single(timeout=3, retries=1)(work)(tmp_path)
    assert (results["out"], results.tasks[0].attempts) == (1, 2)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes end otherwise there")
def test_a_process_that_ends_in_the_middle(tmp_path: Path) -> None:
    def work() -> Dataset("out"):  # type: ignore[valid-type]
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(TaskError, match="task work: its process ended in the middle of it"):
        single(timeout=30)(work)(tmp_path)


def test_the_users_exception_crosses_with_its_lines(tmp_path: Path) -> None:
    def deeper() -> None:
        raise ValueError("in there")

    def work() -> Dataset("out"):  # type: ignore[valid-type]
        return deeper()

    with pytest.raises(Raised, match="task work: ValueError: in there") as caught:
        single(timeout=30)(work)(tmp_path)
    assert isinstance(caught.value.__cause__, ValueError)
    assert [frame.name for frame in caught.value.frames] == ["work", "deeper"]


def test_an_iterators_exception_crosses_with_its_lines(tmp_path: Path) -> None:
    def work() -> Annotated[Iterator[dict[str, int]], Dataset("out")]:
        yield {"a": 1}
        yield {"a": int("oops")}

    with pytest.raises(Raised, match="task work: ValueError: invalid literal") as caught:
        single(timeout=30)(work)(tmp_path)
    assert isinstance(caught.value.__cause__, ValueError)
    assert [frame.name for frame in caught.value.frames] == ["work"]


@pytest.mark.slow
def test_an_exception_that_cannot_cross(tmp_path: Path) -> None:
    def work() -> Dataset("out"):  # type: ignore[valid-type]
        raise Odd(1, 2)

    with pytest.raises(Raised, match="task work: Odd: 3"):
        single(timeout=30)(work)(tmp_path)


def test_what_cannot_be_sent(tmp_path: Path) -> None:
    file = (tmp_path / "open").open("w")

    def work() -> Dataset("out"):  # type: ignore[valid-type]
        return file.name

    with file, pytest.raises(TaskError, match="task work: cannot be sent to a process of its own") as caught:
        single(timeout=30)(work)(tmp_path)
    assert "top level of a module" in caught.value.help


@pytest.mark.slow
def test_a_value_that_cannot_come_back(tmp_path: Path) -> None:
    def work() -> Dataset("out"):  # type: ignore[valid-type]
        return [threading.Lock()]

    with pytest.raises(TaskError, match="task work: does not cross to a process of its own"):
        single(timeout=30)(work)(tmp_path, persist=False)


def test_a_function_is_found_by_its_name() -> None:
    assert _named(os.path.join) is not None
    assert _find(_named(os.path.join)) is os.path.join  # type: ignore[arg-type]
    assert _named(lambda: 1) is None


SCRIPT = """\
from typing import Annotated
from glacier import Dataset, Pipeline
from glacier.execution import LocalExecutor

print("the script runs", flush=True)
pipeline = Pipeline("script")
out = Dataset("out")

def helper():
    return [1, 2]

@pipeline.task(timeout=30)
def work() -> Annotated[list[int], out]:
    print("the task runs", flush=True)
    return helper()

print(LocalExecutor("root").execute(pipeline)["out"])
"""


@pytest.mark.slow
def test_a_script_runs_once_although_its_task_runs_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["the script runs", "the task runs", "[1, 2]"]


def interrupted(process: subprocess.Popen[str]) -> str:
    """What a program said when Ctrl-C ended it; it is pressed again where Python was in a callback and ignored it."""
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=8)[1]
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.communicate()[1]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are not so there")
@pytest.mark.parametrize("workers", [1, 2])
def test_control_c_ends_everything(tmp_path: Path, workers: int) -> None:
    text = SCRIPT.replace("return helper()", "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    (tmp_path / "script.py").write_text(text.replace('"root"', f'"root", workers={workers}'))
    with subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        said = interrupted(process)
    assert "KeyboardInterrupt" in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(lines[2]), 0)
    assert not [file for file in (tmp_path / "root").rglob("*") if file.is_file()]


class Forgetful:
    """A pool that is stopped and says of nobody what became of them, as pebble's does now and then."""

    def __init__(self) -> None:
        self.scheduled = threading.Event()

    def schedule(self, *_: object, **__: object) -> Future[bytes]:
        self.scheduled.set()
        return Future()

    def stop(self) -> None: ...

    def join(self, seconds: float) -> None: ...


def test_who_waits_for_a_process_is_let_go_when_all_is_over() -> None:
    processes = Processes(1)
    processes._pool = pool = Forgetful()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(processes.run, Step("work", int, (), ()), {}, {}, {}, None)
        assert pool.scheduled.wait(10)
        processes.close()
        with pytest.raises(CancelledError):
            waiting.result(10)


@pytest.mark.parametrize("persist", [True, False])
def test_an_iterator_that_is_given_is_read_by_everybody(tmp_path: Path, persist: bool) -> None:
    pipe, given = Pipeline("p"), Dataset("given")
    tries: list[int] = []

    @pipe.task(retries=1)
    def one(rows: Annotated[Iterator[dict[str, int]], given]) -> Annotated[int, Dataset("first")]:
        found = len(list(rows))
        tries.append(found)
        if len(tries) == 1:
            raise ValueError
        return found

    @pipe.task
    def two(rows: Annotated[Iterator[dict[str, int]], given]) -> Annotated[int, Dataset("second")]:
        return len(list(rows))

    rows = ({"a": number} for number in range(3))
    results = LocalExecutor(tmp_path, persist=persist, inputs={"given": rows}, backoff=0.01).execute(pipe)
    assert (results["first"], results["second"], tries) == (3, 3, [3, 3])
