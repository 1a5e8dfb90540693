"""Tasks side by side: each once, after what it reads, and no more at once than may be."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

from glacier import Dataset, Pipeline, compute
from glacier.execution import LocalExecutor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_side_by_side_in_memory(tmp_path: Path) -> None:
    """Two tasks that wait for each other end only when they run at once."""
    pipeline, barrier = Pipeline(), threading.Barrier(2, timeout=10)
    outs = [Dataset(f"out{number}") for number in range(2)]
    for number, out in enumerate(outs):

        def work() -> out:  # type: ignore[valid-type]
            return barrier.wait()

        pipeline.task(name=f"t{number}")(work)
    assert sorted(LocalExecutor(tmp_path, persist=False, workers=2).execute(pipeline).values()) == [0, 1]


def test_a_local_compute_bounds_its_own_tasks(tmp_path: Path) -> None:
    pipeline, one, two = Pipeline(), compute.local(workers=1), compute.local(workers=2)
    most, now, lock = {"one": 0, "two": 0}, {"one": 0, "two": 0}, threading.Lock()
    for name, place in (("one", one), ("two", two)):
        for number in range(4):

            def work(name: str = name) -> Dataset(f"{name}{number}"):  # type: ignore[valid-type]
                with lock:
                    now[name] += 1
                    most[name] = max(most[name], now[name])
                time.sleep(0.01)
                with lock:
                    now[name] -= 1
                return 1

            pipeline.task(compute=place, name=f"{name} {number}")(work)
    LocalExecutor(tmp_path, persist=False, workers=6).execute(pipeline)
    assert most["one"] == 1
    assert most["two"] <= 2


@st.composite
def graphs(draw: st.DrawFn) -> list[set[int]]:
    """What each task reads, of the tasks before it."""
    size = draw(st.integers(1, 8))
    return [draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set() for number in range(size)]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), st.integers(1, 3), st.booleans())
def test_each_task_runs_once_after_what_it_reads(
    tmp_path: Path, graph: list[set[int]], workers: int, shuffled: bool
) -> None:
    datasets = [Dataset(f"d{number}") for number in range(len(graph))]
    ended: list[int] = []
    order = list(range(len(graph)))
    if shuffled:
        random.Random(len(graph)).shuffle(order)
    pipeline = Pipeline("g")
    for number in order:

        def work(number: int = number, **reads: Any) -> Any:
            assert set(graph[number]) <= set(ended)
            ended.append(number)
            return sum(reads.values()) + 1

        parameters = ", ".join(f"a{each}" for each in graph[number])
        scope: dict[str, Any] = {"work": work}
        calls = ", ".join(f"a{each}=a{each}" for each in graph[number])
        exec(f"def f({parameters}):\n    return work({calls})", scope)
        function = scope["f"]
        function.__annotations__ = {f"a{each}": datasets[each] for each in graph[number]} | {"return": datasets[number]}
        function.__module__ = __name__
        pipeline.task(name=f"t{number}")(function)
    results = LocalExecutor(tmp_path, persist=False, workers=workers).execute(pipeline)
    assert sorted(ended) == list(range(len(graph)))
    expected: list[int] = []
    for reads in graph:
        expected.append(sum(expected[each] for each in reads) + 1)
    assert [results[dataset] for dataset in datasets] == expected
