"""Warns of what compiles but is probably not meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.dataset import Dataset
from glacier.errors import Diagnostic
from glacier.graph import AnyTask, Graph, Verb
from glacier.plan.model import PlacedStorage, PlacedTask, Transfer, path_of
from glacier.plan.placement import Subject, subject_of
from glacier.target import Target
from glacier.terms import Address, Unsupported


def shared_without_a_name(storages: tuple[PlacedStorage, ...]) -> Iterator[Diagnostic]:
    """A storage that several datasets share takes its name from one of them, unless it has its own."""
    for storage in storages:
        resource = storage.holding.resource
        if resource is not None and resource.own_name is None and len(storage.holding.datasets) > 1:
            yield subject_of(storage.holding).warning(
                "name",
                f"share a storage that has no name of its own; it is called {storage.owner!r} after one of them",
                f"name it, so that adding a dataset cannot rename it: {type(resource).__name__}({resource.named_by}=…)",
            )


def one_name_twice(storages: tuple[PlacedStorage, ...]) -> Iterator[Diagnostic]:
    """Two storages of one cloud cannot share a name within the pipeline."""
    first: dict[tuple[str, str], PlacedStorage] = {}
    for storage in storages:
        other = first.setdefault((storage.home.cloud, storage.owner), storage)
        if other is not storage:
            yield subject_of(storage.holding).error(
                "name",
                f"two storages are called {storage.owner!r}; the other holds {subject_of(other.holding).name}",
                "use one storage object for both, or name one of them",
            )


def cannot_be_believed(
    storages: tuple[PlacedStorage, ...], known: Mapping[PlacedStorage, Address]
) -> Iterator[Diagnostic]:
    """A server that cannot prove to be itself would be sent passwords all the same: refused, never trusted unseen."""
    for storage in storages:
        authority = known[storage].authority
        if isinstance(authority, Unsupported):
            kind = type(storage.particular).__name__
            yield subject_of(storage.holding).error(
                "authority", f"{kind} in {storage.home.region}: {authority.why}", authority.instead
            )


def written_into_a_source(graph: Graph, keeps: Mapping[Dataset, PlacedStorage]) -> Iterator[Diagnostic]:
    """A source is all that is in its folder and below it; what a task writes there would be read as a part of it."""
    for source in graph.sources:
        storage, folder = keeps.get(source), path_of(source)
        if storage is None or storage.particular.kind != "object_storage" or not folder.endswith("/"):
            continue
        for dataset, task in graph.producers.items():
            if keeps.get(dataset) is storage and path_of(dataset).startswith(folder):
                yield Subject(f"dataset {source.name}", source.where).warning(
                    "path",
                    f"is all that is in {folder} and below it, where {task.name} writes {dataset.name}",
                    f"give one of them a folder that is not in the other's: Dataset({dataset.name!r}, …, path=…)",
                )


def reads_what_is_offline(
    graph: Graph, keeps: Mapping[Dataset, PlacedStorage], targets: Mapping[str, Target]
) -> Iterator[Diagnostic]:
    """A task reads a dataset whose storage class takes hours to bring back."""
    for access in graph.accesses:
        storage = keeps.get(access.dataset)
        if access.verb is not Verb.READ or storage is None:
            continue
        cls = type(storage.particular).__name__
        for (owner, name), limit in targets[storage.home.cloud].tables.limits.items():
            if owner == cls and limit.offline and getattr(storage.particular, name) in limit.offline:
                yield Subject(f"task {access.task.name}", access.task.where).warning(
                    "offline",
                    f"reads {access.dataset.name}, whose {name} {getattr(storage.particular, name)} is offline:"
                    " objects must be restored before they can be read",
                    "keep what tasks read in a class that is online, and archive a copy",
                )


def runs_longer_than_allowed(tasks: tuple[PlacedTask, ...]) -> Iterator[Diagnostic]:
    """A task's own timeout or expected time is more than its compute gives it."""
    for placed in tasks:
        allowed = getattr(placed.particular, "timeout", None)
        subject = Subject(f"task {placed.task.name}", placed.task.where)
        for word, seconds in (("timeout", placed.task.timeout), ("expected_duration", placed.task.expected_duration)):
            if allowed is not None and seconds is not None and seconds > allowed:
                yield subject.warning(
                    "timeout",
                    f"{word}={seconds:g} s, but its compute stops it after {allowed} s",
                    f"compute=compute.serverless(timeout={int(seconds)}), or a container",
                )


def foreign_for_each_message(
    crossing: tuple[Transfer, ...], keeps: Mapping[Dataset, PlacedStorage]
) -> Iterator[Diagnostic]:
    """A task that takes messages from a queue is called again and again, and goes abroad each time."""
    for transfer in crossing:
        task = transfer.access.task
        queues = [d.name for d in task.inputs.values() if d in keeps and keeps[d].particular.kind == "queue"]
        if transfer.between_clouds and queues:
            yield Subject(f"task {task.name}", task.where).warning(
                "transfer",
                f"takes the messages of {queues[0]}, and for each call {transfer.access.verb.value}s"
                f" {transfer.dataset.name} across clouds, from {transfer.source.cloud} to {transfer.destination.cloud}",
                f"gather messages and go there once for many, or keep {transfer.dataset.name} beside the task",
            )


def cannot_be_imported(tasks: tuple[AnyTask, ...], reachable: bool) -> Iterator[Diagnostic]:
    """A function in the cloud is imported by name, so it must have one."""
    if reachable:
        return
    for task in tasks:
        if "<locals>" in task.function.__qualname__ or task.function.__name__ == "<lambda>":
            yield Subject(f"task {task.name}", task.where).warning(
                "import",
                "is defined inside a function, and its pipeline is no variable of a module:"
                " the exported code cannot import it",
                "move it, or the pipeline, to the top level of its module",
            )
