"""Order, for random pipelines: what is read is there, stages are longest ways, declaration order is nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from glacier import Dataset, DeclarationError, Pipeline
from glacier.graph import Graph, Verb, build
from glacier.pipeline import Task
from glacier.storage import ObjectStorage
from hypothesis import given, settings
from hypothesis import strategies as st

often = settings(max_examples=max(60, settings().max_examples // 2), deadline=None, database=None)


def make(name: str, reads: list[Dataset], writes: list[Dataset]) -> Task[..., Any]:
    """A task that reads and writes some datasets."""

    parameters = [f"x{number}" for number in range(len(reads))]
    space: dict[str, Any] = {}
    exec(f"def work({', '.join(parameters)}): ...", space)
    work = space["work"]
    work.__annotations__ = {
        parameter: Annotated[Any, dataset] for parameter, dataset in zip(parameters, reads, strict=True)
    }
    work.__annotations__["return"] = tuple[tuple(Annotated[Any, dataset] for dataset in writes)] if writes else None
    return Task(work, name=name)


@st.composite
def acyclic(draw: st.DrawFn) -> list[Task[..., Any]]:
    """Tasks of which each reads only what comes before it, with names and a declaration order of their own."""
    shelves = [None, ObjectStorage(resource_name="one"), ObjectStorage()]
    count = draw(st.integers(1, 9))
    names = draw(st.permutations([f"task {letter}" for letter in "abcdefghi"[:count]]))
    known = [Dataset(f"source {number}", storage=draw(st.sampled_from(shelves))) for number in range(2)]
    tasks = []
    for number, name in enumerate(names):
        reads = draw(st.lists(st.sampled_from(known), max_size=4))
        writes = [
            Dataset(f"made {number} {part}", storage=draw(st.sampled_from(shelves)))
            for part in range(draw(st.integers(0, 2)))
        ]
        tasks.append(make(name, reads, writes))
        known.extend(writes)
    return draw(st.permutations(tasks))


def longest(graph: Graph, task: Task[..., Any]) -> int:
    """How many tasks lie before one on its longest way, found the slow way."""
    return max((longest(graph, before) + 1 for before in graph.upstream(task)), default=0)


@often
@given(acyclic())
def test_a_task_comes_after_what_it_reads(tasks: list[Task[..., Any]]) -> None:
    graph = build(Pipeline("random", tasks))
    assert sorted(each.name for each in graph.tasks) == sorted(each.name for each in tasks)
    there = {dataset for dataset in graph.datasets if dataset not in graph.producers}
    for each in graph.tasks:
        assert set(each.inputs.values()) <= there, f"{each} reads what is not made yet"
        there.update(each.outputs)


@often
@given(acyclic())
def test_a_stage_is_the_longest_way_to_a_task(tasks: list[Task[..., Any]]) -> None:
    graph = build(Pipeline("random", tasks))
    assert {each: graph.stages[each] for each in graph.tasks} == {each: longest(graph, each) for each in tasks}
    assert list(graph.tasks) == sorted(graph.tasks, key=lambda each: (graph.stages[each], each.name))


@often
@given(acyclic())
def test_accesses_are_exactly_the_annotations(tasks: list[Task[..., Any]]) -> None:
    graph = build(Pipeline("random", tasks))
    said = [(access.task, access.dataset, access.verb) for access in graph.accesses]
    assert len(said) == len(set(said))
    assert set(said) == {(t, d, Verb.READ) for t in tasks for d in t.inputs.values()} | {
        (t, d, Verb.WRITE) for t in tasks for d in t.outputs
    }


@often
@given(acyclic())
def test_every_dataset_is_held_once(tasks: list[Task[..., Any]]) -> None:
    graph = build(Pipeline("random", tasks))
    held = [dataset for holding in graph.holdings for dataset in holding.datasets]
    assert sorted(d.name for d in held) == [d.name for d in graph.datasets]
    for holding in graph.holdings:
        assert {dataset.storage for dataset in holding.datasets} == {holding.resource}


def said(graph: Graph) -> Iterator[Any]:
    """Everything a graph says, in its order."""
    yield graph.tasks
    yield graph.datasets
    yield graph.accesses
    yield list(graph.producers.items())
    yield sorted(((d.name, readers) for d, readers in graph.consumers.items()), key=lambda row: row[0])
    yield dict(graph.stages)
    yield [(holding.owner, holding.resource, holding.datasets) for holding in graph.holdings]
    yield graph.sources


@often
@given(acyclic(), st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_declaration(tasks: list[Task[..., Any]], shuffle: random.Random) -> None:
    other = [*tasks]
    shuffle.shuffle(other)
    first, second = build(Pipeline("random", tasks)), build(Pipeline("random", other))
    for one, another in zip(said(first), said(second), strict=True):
        assert one == another


@st.composite
def anything(draw: st.DrawFn) -> list[Task[..., Any]]:
    """Tasks that may wait for each other: one writes each dataset, whoever reads it."""
    datasets = [Dataset(f"data {number}") for number in range(draw(st.integers(1, 6)))]
    tasks = []
    for number, own in enumerate(datasets):
        others = [dataset for dataset in datasets if dataset is not own]
        reads = draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if others else []
        tasks.append(make(f"task {number}", reads, [own]))
    return tasks


def waits_for_itself(tasks: list[Task[..., Any]]) -> bool:
    """Whether some task cannot begin, found by running what can."""
    waiting, there = [*tasks], set[Dataset]()
    while able := [each for each in waiting if set(each.inputs.values()) <= there]:
        there.update(dataset for each in able for dataset in each.outputs)
        waiting = [each for each in waiting if each not in able]
    return bool(waiting)


@often
@given(anything())
def test_a_cycle_is_refused_exactly_when_there_is_one_and_shown_as_a_path(tasks: list[Task[..., Any]]) -> None:
    if not waits_for_itself(tasks):
        assert len(build(Pipeline("random", tasks)).tasks) == len(tasks)
        return
    with pytest.raises(DeclarationError) as caught:
        Pipeline("random", tasks)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "cycle"
    steps = diagnostic.message.partition(": ")[2].split(" → ")
    assert steps[0] == steps[-1]
    by_name = {each.name: each for each in tasks}
    for task, dataset, reader in zip(steps[::2], steps[1::2], steps[2::2], strict=False):
        assert dataset in [d.name for d in by_name[task].outputs]
        assert dataset in [d.name for d in by_name[reader].inputs.values()]
