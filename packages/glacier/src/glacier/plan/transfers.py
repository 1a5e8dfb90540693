"""Finds what crosses a cloud or a region, for reads and for writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.dataset import Dataset
from glacier.graph import AnyTask, Graph, Verb
from glacier.plan.model import PlacedStorage, PlacedTask, Transfer


def transfers(
    graph: Graph, keeps: Mapping[Dataset, PlacedStorage], runs: Mapping[AnyTask, PlacedTask]
) -> Iterator[Transfer]:
    """Every access whose task and dataset live apart, in the direction in which the data goes."""
    for access in graph.accesses:
        storage, worker = keeps.get(access.dataset), runs.get(access.task)
        if storage is None or worker is None:
            continue
        kept, run = storage.home, worker.home
        if (kept.cloud, kept.region) != (run.cloud, run.region):
            yield Transfer(access, *((kept, run) if access.verb is Verb.READ else (run, kept)))
