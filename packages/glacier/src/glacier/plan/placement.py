"""Decides the home of each storage and each task, and says it in that cloud's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from glacier.errors import DeclarationError, Diagnostic, Severity, Where, nearest
from glacier.graph import Graph, Holding
from glacier.plan.model import Home, PlacedStorage, PlacedTask
from glacier.resource import Generic, Resource, public_fields
from glacier.storage import ObjectStorage
from glacier.target import ComputeKind, StorageKind, Target
from glacier.terms import Unsupported


@dataclass(frozen=True, slots=True)
class Clouds:
    """The compilers of this compilation, and which of them generic resources go to."""

    targets: Mapping[str, Target]
    default: str

    def home_of(self, resource: Resource) -> str | None:
        """The cloud a resource must or may live in; ``None`` when that cloud is not compiled for."""
        if resource.provider is None:
            return self.default
        able = [key for key, target in self.targets.items() if target.provider == resource.provider]
        here = [key for key in able if self.targets[key].place == resource.own_place]
        return next(iter([*here, *(key for key in able if key == self.default), *able]), None)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a diagnostic speaks of: ``dataset raw``, and where the user wrote it."""

    name: str
    where: Where | None

    def error(self, code: str, message: str, help_: str = "") -> Diagnostic:
        """An error about this subject."""
        return Diagnostic(code=code, message=message, subject=self.name, where=self.where, help=help_)

    def warning(self, code: str, message: str, help_: str = "") -> Diagnostic:
        """A warning about this subject."""
        return replace(self.error(code, message, help_), severity=Severity.WARNING)

    def note(self, code: str, message: str, help_: str = "") -> Diagnostic:
        """A note about this subject."""
        return replace(self.error(code, message, help_), severity=Severity.NOTE)


def place_storages(graph: Graph, clouds: Clouds, found: list[Diagnostic]) -> tuple[PlacedStorage, ...]:
    """Every storage with its home; what cannot be placed is left out and reported."""
    placed: list[PlacedStorage] = []
    for holding in graph.holdings:
        for cloud, part in _split_scratch(holding, graph, clouds):
            resource = part.resource or ObjectStorage(resource_name=part.owner)
            subject = subject_of(part)
            home = _home(resource, cloud, clouds, subject, found)
            if home is None:
                continue
            kind = _kind(clouds.targets[home.cloud], resource, subject, found, clouds)
            particular = _particular(kind, resource, home, clouds, subject, found) if kind is not None else None
            if particular is not None:
                placed.append(PlacedStorage(part, particular, home))
    return tuple(sorted(placed, key=lambda storage: (storage.owner, storage.home.cloud)))


def place_tasks(graph: Graph, clouds: Clouds, found: list[Diagnostic]) -> tuple[PlacedTask, ...]:
    """Every task with its home; what cannot be placed is left out and reported."""
    placed: list[PlacedTask] = []
    for task in graph.tasks:
        subject = Subject(f"task {task.name}", task.where)
        if task.compute.kind == "local":
            found.append(
                subject.error(
                    "compute",
                    "compute.local() runs on this machine; no cloud can run it",
                    "compute.serverless() or compute.container(), or leave compute out",
                )
            )
            continue
        home = _home(task.compute, None, clouds, subject, found)
        if home is None:
            continue
        kind = _kind(clouds.targets[home.cloud], task.compute, subject, found, clouds)
        particular = _particular(kind, task.compute, home, clouds, subject, found) if kind is not None else None
        if particular is not None:
            placed.append(PlacedTask(task, particular, home))
    return tuple(placed)


def subject_of(holding: Holding) -> Subject:
    """How a storage is spoken of: by its dataset, or by all it holds."""
    names = ", ".join(dataset.name for dataset in holding.datasets)
    where = holding.resource.where if holding.resource is not None else holding.datasets[0].where
    return Subject(("dataset " if len(holding.datasets) == 1 else "datasets ") + names, where)


def _split_scratch(holding: Holding, graph: Graph, clouds: Clouds) -> Iterator[tuple[str | None, Holding]]:
    """Scratch data lives in the cloud of the task that writes it, or else of the first that reads it."""
    if holding.resource is not None:
        yield None, holding
        return
    by_cloud: dict[str, list[int]] = {}
    for index, dataset in enumerate(holding.datasets):
        task = graph.producers.get(dataset) or graph.consumers[dataset][0]
        by_cloud.setdefault(clouds.home_of(task.compute) or clouds.default, []).append(index)
    for cloud, indices in sorted(by_cloud.items()):
        yield cloud, replace(holding, datasets=tuple(holding.datasets[index] for index in indices))


def _home(
    resource: Resource, cloud: str | None, clouds: Clouds, subject: Subject, found: list[Diagnostic]
) -> Home | None:
    chosen = cloud or clouds.home_of(resource)
    if chosen is None:
        given = ", ".join(clouds.targets)
        found.append(
            subject.error(
                "provider",
                f"{type(resource).__name__} exists on {resource.provider} only, and this compiles to {given}",
                f"give a compiler for it: MultiCloudCompiler({{…, {resource.provider!r}: …}})\n"
                "or use a generic resource, which any cloud can provide",
            )
        )
        return None
    target = clouds.targets[chosen]
    if cloud is not None:
        because = "scratch data lives with the task that writes it"
    elif resource.provider is not None:
        because = f"{type(resource).__name__} exists on {resource.provider} only"
    else:
        because = "generic; the default cloud" if len(clouds.targets) > 1 else "generic; the only cloud compiled for"
    return Home(chosen, target.provider, resource.own_place or target.place, because)


def _kind(
    target: Target, resource: Resource, subject: Subject, found: list[Diagnostic], clouds: Clouds
) -> StorageKind | ComputeKind | None:
    for kind in (*target.storage_kinds.values(), *target.compute_kinds.values(), *target.more_kinds):
        if not isinstance(kind, Unsupported) and kind.PARTICULAR is type(resource):
            return kind
    generic = target.storage_kinds.get(resource.kind) or target.compute_kinds.get(resource.kind)
    if generic is None or isinstance(generic, Unsupported):
        why = generic.why if generic is not None else f"{target.provider} has no {resource.kind}"
        others = [
            name for name, other in clouds.targets.items() if other is not target and other.supports(resource.kind)
        ]
        instead = generic.instead if generic is not None else ""
        found.append(
            subject.error(
                "unsupported",
                f"{resource.kind} is not available on {target.provider}: {why}",
                instead or (f"{', '.join(others)} has it" if others else ""),
            )
        )
        return None
    return generic


def _particular(
    kind: StorageKind | ComputeKind,
    resource: Resource,
    home: Home,
    clouds: Clouds,
    subject: Subject,
    found: list[Diagnostic],
) -> Resource | None:
    if not isinstance(resource, Generic):
        return resource
    provider = clouds.targets[home.cloud].provider
    particular = kind.specialize(resource)
    if isinstance(particular, Unsupported):
        said = f"{resource!r} is not available on {provider}: {particular.why}"
        found.append(subject.error("unsupported", said, particular.instead))
        return None
    for hinted, hints in resource.hints.items():
        if hinted == provider:
            particular = _hinted(particular, hints, provider, subject, found)
        elif not any(target.provider == hinted for target in clouds.targets.values()):
            names = ", ".join(f"{hinted}_{name}" for name in hints)
            found.append(subject.note("hint", f"{names}: not used here, since this does not compile to {hinted}"))
    return particular


def _hinted(
    particular: Resource, hints: Mapping[str, object], provider: str, subject: Subject, found: list[Diagnostic]
) -> Resource:
    choices = {f.name for f in public_fields(type(particular))}
    for name, value in hints.items():
        if name not in choices:
            meant = nearest(name, choices)
            help_ = (
                f"did you mean {provider}_{meant}?"
                if meant
                else "it has: " + ", ".join(f.name for f in fields(particular) if f.name in choices)
            )
            found.append(subject.error("hint", f"{type(particular).__name__} has no {name!r}", help_))
            continue
        try:
            particular = replace(particular, **cast("dict[str, Any]", {name: value}))
        except DeclarationError as error:
            found.extend(replace(d, subject=subject.name, where=subject.where) for d in error.diagnostics)
    return particular
