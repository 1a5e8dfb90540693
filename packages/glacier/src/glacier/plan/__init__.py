"""Plans a pipeline: where everything lives, in each cloud's own words, what crosses and what it costs.

:func:`plan` is the ordered list of passes. Each takes what the ones before it found; every diagnostic of every pass
is reported together, before anything is generated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from glacier.errors import Diagnostic, Severity
from glacier.graph import AnyTask, Graph
from glacier.plan import advice
from glacier.plan.cost import estimate
from glacier.plan.doors import addresses, inside, let_out, ways
from glacier.plan.limits import counts, within
from glacier.plan.model import (
    Estimate,
    Home,
    Line,
    PlacedSecret,
    PlacedStorage,
    PlacedTask,
    Plan,
    Rate,
    Transfer,
    Way,
    path_of,
    place_secrets,
)
from glacier.plan.placement import Clouds, Subject, place_storages, place_tasks, subject_of
from glacier.plan.residency import breaches
from glacier.plan.secrets import kept
from glacier.plan.transfers import out_of_reach, transfers, without_trust
from glacier.resource import Resource
from glacier.target import ComputeKind, Reviews, StorageKind, Target
from glacier.terms import Unsupported

__all__ = [
    "Clouds",
    "Estimate",
    "Home",
    "Line",
    "PlacedSecret",
    "PlacedStorage",
    "PlacedTask",
    "Plan",
    "Rate",
    "Transfer",
    "Way",
    "kind_of",
    "path_of",
    "plan",
]


def plan(graph: Graph, clouds: Clouds) -> Plan:
    """The plan of a graph for some clouds, with every diagnostic that can be found before lowering."""
    found: list[Diagnostic] = []
    storages = place_storages(graph, clouds, found)
    tasks = place_tasks(graph, clouds, found)
    storages = tuple(
        replace(s, particular=_sound(s.particular, clouds.targets[s.home.cloud], subject_of(s.holding), found))
        for s in storages
    )
    tasks = tuple(
        replace(
            t,
            particular=_sound(
                t.particular, clouds.targets[t.home.cloud], Subject(f"task {t.task.name}", t.task.where), found
            ),
        )
        for t in tasks
    )
    keeps = {dataset: placed for placed in storages for dataset in placed.holding.datasets}
    crossing = tuple(transfers(graph, keeps, {placed.task: placed for placed in tasks}, clouds.targets))
    storage_kinds = {s: cast("StorageKind", kind_of(clouds.targets[s.home.cloud], s.particular)) for s in storages}
    compute_kinds = {t: cast("ComputeKind", kind_of(clouds.targets[t.home.cloud], t.particular)) for t in tasks}
    secrets = place_secrets(tasks)
    found.extend(out_of_reach(crossing, keeps, storage_kinds, clouds.targets))
    found.extend(without_trust(crossing, clouds.targets))
    found.extend(advice.foreign_for_each_message(crossing, keeps))
    found.extend(kept(secrets, storages, clouds.targets))
    found.extend(breaches(graph, storages, tasks, clouds.targets))
    found.extend(counts(graph, tasks, clouds.targets))
    found.extend(advice.shared_without_a_name(storages))
    found.extend(advice.one_name_twice(storages))
    found.extend(advice.written_into_a_source(graph, keeps))
    found.extend(advice.reads_what_is_offline(graph, keeps, clouds.targets))
    found.extend(advice.runs_longer_than_allowed(tasks))
    networked: frozenset[AnyTask] = frozenset()
    out: tuple[Way, ...] = ()
    if all(diagnostic.severity is not Severity.ERROR for diagnostic in found):  # an address is made of sound fields
        known = addresses(storage_kinds, clouds.targets)
        found.extend(advice.cannot_be_believed(storages, known))
        networked, out = inside(tasks, keeps, known), ways(tasks, keeps, known, clouds.targets)
        found.extend(let_out(out, clouds.targets))
    costs = estimate(clouds.targets, storage_kinds, compute_kinds, crossing, secrets, out)
    return Plan(graph, clouds.targets, storages, tasks, crossing, costs, tuple(found), secrets, networked, out)


def kind_of(target: Target, particular: Resource) -> StorageKind | ComputeKind:
    """The module that speaks for a cloud's own class."""
    kinds: Mapping[type[Resource], StorageKind | ComputeKind] = {
        kind.PARTICULAR: kind
        for kind in (*target.storage_kinds.values(), *target.compute_kinds.values(), *target.more_kinds)
        if not isinstance(kind, Unsupported)
    }
    return kinds[type(particular)]


def _sound(particular: Resource, target: Target, subject: Subject, found: list[Diagnostic]) -> Resource:
    """A particular within its cloud's limits, reviewed by its kind where that has something to say."""
    fitted = within(particular, target.tables, subject, found)
    kind = kind_of(target, fitted)
    if isinstance(kind, Reviews):
        found.extend(replace(d, subject=subject.name, where=subject.where) for d in kind.review(fitted))
    return fitted
