"""Prices what each kind says it is billed for, and leaves unknown what nobody said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from glacier.plan.model import Estimate, Line, PlacedSecret, PlacedStorage, PlacedTask, Transfer, Way, in_units
from glacier.target import ComputeKind, StorageKind, Target
from glacier.terms import Meter, Unsupported


def estimate(
    targets: Mapping[str, Target],
    storages: Mapping[PlacedStorage, StorageKind],
    tasks: Mapping[PlacedTask, ComputeKind],
    crossing: Iterable[Transfer],
    secrets: Sequence[PlacedSecret] = (),
    ways: Sequence[Way] = (),
) -> Estimate:
    """Every meter of every kind, at the price of its region; what is sent between homes; and every door."""
    lines: list[Line] = []
    for storage, kind in storages.items():
        sizes = [dataset.size for dataset in storage.holding.datasets]
        known = [size for size in sizes if size is not None]
        stored = sum(known) if len(known) == len(sizes) else None
        lines.extend(
            _lines(
                storage.owner, kind.meters(storage.particular, stored), storage.home.cloud, storage.home.region, targets
            )
        )
    for task, worker in tasks.items():
        meters = worker.meters(task.particular, task.task.expected_duration)
        lines.extend(_lines(task.task.name, meters, task.home.cloud, task.home.region, targets))
    for secret in secrets:
        keeper = targets[secret.cloud].secrets
        if not isinstance(keeper, Unsupported):
            subject = f"secret {secret.secret.name}"
            lines.extend(_lines(subject, keeper.meters(), secret.cloud, secret.region, targets))
    lines.extend(_sent(transfer) for transfer in crossing)
    lines.extend(line for way in ways for line in door_lines(way, targets))
    return Estimate(tuple(lines))


def door_lines(way: Way, targets: Mapping[str, Target]) -> Iterator[Line]:
    """What one door of a network is billed for, however many tasks go through it."""
    door = targets[way.home.cloud].doors[way.part]
    names = [use.task.name for use in way.uses]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    yield from _lines(f"{door.what} for {shown}", door.meters(way.size), way.home.cloud, way.home.region, targets)


def _sent(transfer: Transfer) -> Line:
    size, rate = transfer.dataset.size, transfer.rate
    unit = rate.unit if rate is not None else "GB"
    return Line(
        subject=f"{transfer.dataset.name} to {transfer.consumer}",
        item=f"transfer from {transfer.source.cloud} to {transfer.destination.cloud}",
        quantity=None if size is None else in_units(size, unit),
        unit=unit,
        per="run",
        usd=rate.usd if rate is not None else None,
        as_of=rate.as_of if rate is not None else "",
        of=f"{unit} sent",
    )


def _lines(
    subject: str, meters: Iterator[Meter], cloud: str, region: str, targets: Mapping[str, Target]
) -> Iterator[Line]:
    prices = targets[cloud].tables.prices
    for meter in meters:
        price = prices.get((meter.item, region)) or prices.get((meter.item, "*"))
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
