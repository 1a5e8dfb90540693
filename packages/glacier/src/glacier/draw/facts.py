"""Says in a few words what each dataset and each task is; every drawing uses the same words."""

from __future__ import annotations

from glacier.dataset import Dataset
from glacier.graph import SCRATCH, AnyTask, Graph
from glacier.resource import Resource


def kind(resource: Resource) -> str:
    """A resource in a word or two: ``object storage`` for a generic one, ``S3`` for a cloud's own."""
    return resource.kind.replace("_", " ") if resource.provider is None else type(resource).__name__


def storage(dataset: Dataset) -> str:
    """What a dataset is kept in."""
    return SCRATCH if dataset.storage is None else kind(dataset.storage)


def nature(dataset: Dataset) -> str:
    """What a dataset is kept in, its format and its size, as far as they were given."""
    size = "" if dataset.size is None else amount(dataset.size)
    return ", ".join(part for part in (storage(dataset), dataset.format or "", size) if part)


def producer(dataset: Dataset, graph: Graph) -> str:
    """The task that writes a dataset; a source is put in place by somebody else."""
    return graph.producers[dataset].name if dataset in graph.producers else ""


def consumers(dataset: Dataset, graph: Graph) -> str:
    """The tasks that read a dataset."""
    return ", ".join(task.name for task in graph.consumers.get(dataset, ()))


def about_dataset(dataset: Dataset, graph: Graph) -> str:
    """Everything about a dataset, in three lines."""
    written = producer(dataset, graph) or "no task (a source)"
    return f"{dataset.name}: {nature(dataset)}\nwritten by {written}\nread by {consumers(dataset, graph) or 'no task'}"


def about_task(task: AnyTask, graph: Graph) -> str:
    """Everything about a task, in three lines."""
    reads = ", ".join(dict.fromkeys(dataset.name for dataset in task.inputs.values())) or "nothing"
    writes = ", ".join(dataset.name for dataset in task.outputs) or "nothing"
    return f"{task.name}: {kind(task.compute)}, stage {graph.stages[task] + 1}\nreads {reads}\nwrites {writes}"


def summary(graph: Graph) -> str:
    """How much there is of everything: ``2 tasks in 2 stages, 3 datasets``."""
    stages = len(set(graph.stages.values()))
    return (
        f"{count(len(graph.tasks), 'task')} in {count(stages, 'stage')}, "
        f"{count(len(graph.datasets), 'dataset')} ({count(len(graph.sources), 'source')})"
    )


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 task``, ``2 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def amount(size: int) -> str:
    """Bytes as a person says them, in powers of 1000: ``2 GB``, ``1.5 TB``."""
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if number < 999.5 or unit == "PB":
            break
        number /= 1000
    return f"{number:.3g} {unit}"
