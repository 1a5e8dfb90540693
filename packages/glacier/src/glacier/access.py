"""Who uses which storage, and how one program names what is in another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from glacier.graph import Verb
from glacier.naming import slug
from glacier.plan import PlacedStorage, PlacedTask, Plan, kind_of, path_of
from glacier.target import ComputeKind, Draft, Site, StorageKind


def program_name(plan: Plan, cloud: str) -> str:
    """What the Pulumi project of a cloud is called."""
    return f"{slug(plan.graph.name)}-{cloud}"


def site_of(plan: Plan, storage: PlacedStorage, draft: Draft, program: str) -> Site:
    """A storage as a program sees it: in the program itself, or in another one."""
    home = program_name(plan, storage.home.cloud)
    return Site(draft, storage.owner, "" if home == program else home)


def uses(plan: Plan, task: PlacedTask) -> Iterator[tuple[PlacedStorage, Verb, tuple[str, ...]]]:
    """Each storage a task reads or writes, with the paths it may touch there."""
    for verb, datasets in ((Verb.READ, task.task.inputs.values()), (Verb.WRITE, task.task.outputs)):
        paths: dict[PlacedStorage, list[str]] = {}
        for dataset in datasets:
            if path_of(dataset) not in paths.setdefault(plan.keeps[dataset], []):
                paths[plan.keeps[dataset]].append(path_of(dataset))
        for storage, found in sorted(paths.items(), key=lambda item: item[0].owner):
            yield storage, verb, tuple(sorted(found))


def storage_kind(plan: Plan, storage: PlacedStorage) -> StorageKind:
    """The module that speaks for a storage."""
    return cast("StorageKind", kind_of(plan.targets[storage.home.cloud], storage.particular))


def compute_kind(plan: Plan, task: PlacedTask) -> ComputeKind:
    """The module that speaks for a task's compute."""
    return cast("ComputeKind", kind_of(plan.targets[task.home.cloud], task.particular))
