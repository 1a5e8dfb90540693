"""What depends on what: the tasks in an order in which each comes after what it reads, and every access."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from glacier.dataset import Dataset
from glacier.naming import slug
from glacier.pipeline import Pipeline, Task
from glacier.resource import Resource

AnyTask: TypeAlias = Task[..., Any]

SCRATCH = "scratch"  # holds the datasets that have no storage of their own


class Verb(StrEnum):
    """What a task may do to a dataset."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Access:
    """A task reads or writes a dataset: the annotation, which is also the permission."""

    task: AnyTask
    dataset: Dataset
    verb: Verb


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holding:
    """A storage in use: its name within the pipeline, the user's resource (``None``: scratch), and what it holds."""

    owner: str
    resource: Resource | None
    datasets: tuple[Dataset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A pipeline with its order worked out; nothing in it depends on the order of declaration."""

    pipeline: Pipeline
    tasks: tuple[AnyTask, ...]
    datasets: tuple[Dataset, ...]
    accesses: tuple[Access, ...]
    producers: Mapping[Dataset, AnyTask]
    consumers: Mapping[Dataset, tuple[AnyTask, ...]]
    stages: Mapping[AnyTask, int]
    holdings: tuple[Holding, ...]

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.pipeline.name

    @property
    def sources(self) -> tuple[Dataset, ...]:
        """The datasets no task writes: somebody puts them there."""
        return tuple(d for d in self.datasets if d not in self.producers)

    def upstream(self, task: AnyTask) -> tuple[AnyTask, ...]:
        """The tasks that write what a task reads, each once."""
        return tuple(dict.fromkeys(self.producers[d] for d in task.inputs.values() if d in self.producers))


def build(pipeline: Pipeline) -> Graph:
    """The graph of a pipeline; raises :class:`~glacier.errors.DeclarationError` for an empty one."""
    pipeline.validate()
    by_name = sorted(pipeline.tasks, key=lambda task: task.name)
    producers = {dataset: task for task in by_name for dataset in task.outputs}
    consumers: dict[Dataset, list[AnyTask]] = {}
    for task in by_name:
        for dataset in dict.fromkeys(task.inputs.values()):
            consumers.setdefault(dataset, []).append(task)
    stages = _stages(by_name, producers, consumers)
    tasks = tuple(sorted(stages, key=lambda task: (stages[task], task.name)))
    accesses = [Access(t, d, Verb.READ) for t in tasks for d in dict.fromkeys(t.inputs.values())]
    accesses += [Access(t, d, Verb.WRITE) for t in tasks for d in t.outputs]
    return Graph(
        pipeline=pipeline,
        tasks=tasks,
        datasets=tuple(sorted(pipeline.datasets, key=lambda dataset: dataset.name)),
        accesses=tuple(accesses),
        producers=producers,
        consumers={dataset: tuple(readers) for dataset, readers in consumers.items()},
        stages=stages,
        holdings=_holdings(pipeline.datasets),
    )


def _holdings(datasets: Iterable[Dataset]) -> tuple[Holding, ...]:
    """One holding per storage object, named after the resource itself or else after its first dataset by name."""
    by_storage: dict[Resource | None, list[Dataset]] = {}
    for dataset in sorted(datasets, key=lambda dataset: dataset.name):
        by_storage.setdefault(dataset.storage, []).append(dataset)
    return tuple(
        Holding(
            owner=SCRATCH if resource is None else slug(resource.own_name or held[0].name),
            resource=resource,
            datasets=tuple(held),
        )
        for resource, held in by_storage.items()
    )


def _stages(
    tasks: list[AnyTask], producers: Mapping[Dataset, AnyTask], consumers: Mapping[Dataset, list[AnyTask]]
) -> dict[AnyTask, int]:
    """How many tasks lie before each on its longest way from a source (Kahn's algorithm, ties by name)."""
    missing = Counter({task: len({d for d in task.inputs.values() if d in producers}) for task in tasks})
    stage = dict.fromkeys((task for task in tasks if not missing[task]), 0)
    ready = [(task.name, task) for task in stage]
    heapq.heapify(ready)
    while ready:
        _, task = heapq.heappop(ready)
        for dataset in task.outputs:
            for reader in consumers.get(dataset, ()):
                stage[reader] = max(stage.get(reader, 0), stage[task] + 1)
                missing[reader] -= 1
                if not missing[reader]:
                    heapq.heappush(ready, (reader.name, reader))
    return stage
