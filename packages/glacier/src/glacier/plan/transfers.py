"""Finds what crosses a cloud or a region, for reads and for writes, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.dataset import Dataset
from glacier.errors import Diagnostic
from glacier.graph import AnyTask, Graph, Verb
from glacier.plan.model import Home, PlacedStorage, PlacedTask, Rate, Transfer
from glacier.plan.placement import Subject
from glacier.storage import ObjectStorage
from glacier.tables import Price
from glacier.target import Draft, Site, StorageKind, Target
from glacier.terms import Unsupported

_OUT = "network.egress.internet"  # the row of a price table for what leaves the cloud
_TO_REGION = "network.egress.inter_region.to."  # … and for what goes to another of its regions


def transfers(
    graph: Graph,
    keeps: Mapping[Dataset, PlacedStorage],
    runs: Mapping[AnyTask, PlacedTask],
    targets: Mapping[str, Target],
) -> Iterator[Transfer]:
    """Every access whose task and dataset live apart."""
    for access in graph.accesses:
        storage, worker = keeps.get(access.dataset), runs.get(access.task)
        if storage is None or worker is None:
            continue
        kept, run = storage.home, worker.home
        if kept.apart(run):
            is_read = access.verb is Verb.READ
            source, destination = (kept, run) if is_read else (run, kept)
            yield Transfer(
                access=access,
                producer=_at(kept, graph.producers.get(access.dataset), storage, runs) if is_read else access.task.name,
                consumer=access.task.name if is_read else _at(kept, None, storage, runs),
                source=source,
                destination=destination,
                because=f"{access.dataset.name} is kept on {kept.cloud} ({kept.because}),"
                f" and {access.task.name} runs on {run.cloud} ({run.because})",
                rate=rate(source, destination, targets[source.cloud], sends="storage" if is_read else "compute"),
            )


def _at(home: Home, task: AnyTask | None, storage: PlacedStorage, runs: Mapping[AnyTask, PlacedTask]) -> str:
    """Who stands at the storage's end: the task that writes it there, or the storage itself."""
    if task is not None and task in runs and not runs[task].home.apart(home):
        return task.name
    return f"{type(storage.particular).__name__} {storage.owner}"


def rate(source: Home, destination: Home, target: Target, *, sends: str) -> Rate | None:
    """The price of what one home sends to another, beside the usual price of sending; ``None`` when it is not known.

    What arrives is free on every cloud. Where the sender's region has no price, that of the first region with one
    stands in for it.
    """
    prices = target.tables.prices
    usual = _cheapest(prices, source.region)
    if source.provider == destination.provider:
        found = prices.get((f"{_TO_REGION}{destination.region}", source.region))
        regional = found or usual
        return _rate(regional, usual) if regional is not None else None
    item = target.egress.get(sends, _OUT)
    out = prices.get((item, source.region)) or prices.get((item, "*")) or _first(prices, item)
    if out is None:
        return None
    return _rate(out, usual or _cheapest(prices, out.region))


def _rate(price: Price, usual: Price | None) -> Rate:
    return Rate(
        usd=price.usd,
        usual=usual.usd if usual is not None else None,
        unit=price.unit,
        as_of=price.as_of,
        region=price.region,
    )


def _cheapest(prices: Mapping[tuple[str, str], Price], region: str) -> Price | None:
    """The least that sending to another region of the same cloud costs, from one region."""
    there = [price for (item, at), price in prices.items() if at == region and item.startswith(_TO_REGION)]
    return min(there, key=lambda price: price.usd, default=None)


def _first(prices: Mapping[tuple[str, str], Price], item: str) -> Price | None:
    return next((price for (name, _), price in prices.items() if name == item), None)


def out_of_reach(
    crossing: tuple[Transfer, ...],
    keeps: Mapping[Dataset, PlacedStorage],
    kinds: Mapping[PlacedStorage, StorageKind],
    targets: Mapping[str, Target],
) -> Iterator[Diagnostic]:
    """A task on one cloud cannot reach what only the inside of another cloud's network reaches."""
    for transfer in crossing:
        storage = keeps[transfer.dataset]
        address = kinds[storage].address(
            storage.particular, Site(Draft(targets[storage.home.cloud], ""), storage.owner)
        )
        if transfer.between_clouds and storage.particular.kind != ObjectStorage.kind:
            yield _only_objects(transfer, storage)
        elif address.network and transfer.source.cloud != transfer.destination.cloud:
            task, kind = transfer.access.task, type(storage.particular).__name__
            yield Subject(f"task {task.name}", task.where).error(
                "reach",
                f"{transfer.access.verb.value}s {transfer.dataset.name}, and {kind} {storage.owner} is reached from"
                f" inside its network on {storage.home.cloud} only",
                f"run {task.name} on {storage.home.cloud}, or let a task there copy the data to object storage",
            )


def _only_objects(transfer: Transfer, storage: PlacedStorage) -> Diagnostic:
    task, kind = transfer.access.task, type(storage.particular).__name__
    return Subject(f"task {task.name}", task.where).error(
        "reach",
        f"{transfer.access.verb.value}s {transfer.dataset.name} across clouds, and only object storage is reached from"
        f" another cloud: {kind} {storage.owner} is on {storage.home.cloud}",
        f"run {task.name} on {storage.home.cloud}, or let a task there copy the data to object storage",
    )


def without_trust(crossing: tuple[Transfer, ...], targets: Mapping[str, Target]) -> Iterator[Diagnostic]:
    """A pair of clouds of which one has no keyless way to be believed, or to believe: refused, never a stored key."""
    for transfer in crossing:
        for cloud in (transfer.source.cloud, transfer.destination.cloud) if transfer.between_clouds else ():
            lacking = targets[cloud].trust
            if isinstance(lacking, Unsupported):
                task = transfer.access.task
                yield Subject(f"task {task.name}", task.where).error(
                    "trust",
                    f"{transfer.access.verb.value}s {transfer.dataset.name} across clouds, and {cloud}: {lacking.why}",
                    lacking.instead or f"run {task.name} where {transfer.dataset.name} is kept",
                )
