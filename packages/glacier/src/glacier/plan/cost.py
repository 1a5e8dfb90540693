"""Prices what each kind says it is billed for, and leaves unknown what nobody said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glacier.plan.model import Estimate, Home, Line, PlacedStorage, PlacedTask
from glacier.target import ComputeKind, Meter, StorageKind, Target


def estimate(
    storages: tuple[PlacedStorage, ...],
    tasks: tuple[PlacedTask, ...],
    targets: Mapping[str, Target],
    storage_kinds: Mapping[PlacedStorage, StorageKind],
    compute_kinds: Mapping[PlacedTask, ComputeKind],
) -> Estimate:
    """Every meter of every kind, at the price of its region."""
    lines: list[Line] = []
    for storage in storages:
        sizes = [dataset.size for dataset in storage.holding.datasets]
        known = [size for size in sizes if size is not None]
        stored = sum(known) if len(known) == len(sizes) else None
        meters = storage_kinds[storage].meters(storage.particular, stored)
        lines.extend(_lines(storage.owner, meters, storage.home, targets))
    for task in tasks:
        meters = compute_kinds[task].meters(task.particular, task.task.expected_duration)
        lines.extend(_lines(task.task.name, meters, task.home, targets))
    return Estimate(tuple(lines))


def _lines(subject: str, meters: Iterator[Meter], home: Home, targets: Mapping[str, Target]) -> Iterator[Line]:
    prices = targets[home.cloud].tables.prices
    for meter in meters:
        price = prices.get((meter.item, home.region)) or prices.get((meter.item, "*"))
        yield Line(
            subject=subject,
            item=meter.item,
            quantity=meter.quantity,
            unit=price.unit if price else "",
            per=meter.per,
            usd=price.usd if price else None,
            as_of=price.as_of if price else "",
            of=meter.of,
        )
