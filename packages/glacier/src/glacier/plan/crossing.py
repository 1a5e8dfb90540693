"""Says what crosses clouds, what that costs beside a usual transfer, and what would make it cheaper."""

from __future__ import annotations

from collections.abc import Iterator

from glacier.dataset import Dataset
from glacier.graph import AnyTask
from glacier.plan import doors, money
from glacier.plan.model import PlacedTask, Plan, Transfer
from glacier.resource import Generic

HEADING = "⚠️  CROSS-PROVIDER DATA TRANSFERS DETECTED"
_PLAIN_FORMATS = ("csv", "json", "text")


def text(plan: Plan) -> str:
    """The whole of it, as a block to read; empty when nothing crosses."""
    crossing = between_clouds(plan)
    if not crossing:
        return ""
    lines = [HEADING, ""]
    for transfer in crossing:
        lines += [f"  • {_arrow(transfer)}", f"    {cost(transfer)}"]
    lines += [f"  • {sentence}" for sentence in doors.sentences(plan)]
    lines += ["", "  Recommendations:", *(f"  • {advice}" for advice in recommendations(plan))]
    return "\n".join(lines)


def between_clouds(plan: Plan) -> tuple[Transfer, ...]:
    """The transfers that leave a provider, each dataset's together."""
    crossing = [transfer for transfer in plan.transfers if transfer.between_clouds]
    return tuple(sorted(crossing, key=lambda transfer: (transfer.dataset.name, transfer.access.verb)))


def _arrow(transfer: Transfer) -> str:
    source, destination = transfer.source, transfer.destination
    return f"{transfer.dataset.name}: {transfer.producer} ({source.cloud}) → {transfer.consumer} ({destination.cloud})"


def cost(transfer: Transfer) -> str:
    """The price beside the usual one, and in dollars when the size is known."""
    rate, dataset = transfer.rate, transfer.dataset
    if rate is None:
        return f"Estimated cost: not known, since the price of leaving {transfer.source.cloud} is not in the table"
    price = f"{money.number(rate.usd)} USD per {rate.unit} out of {rate.region}, as of {rate.as_of}"
    if rate.times is None or rate.usual is None:
        return f"Estimated cost: {price}"
    usual = f"between its regions {money.number(rate.usual)} USD"
    whole = f"Estimated cost: ~{rate.times:.1f}x normal transfer ({price}; {usual})"
    if transfer.usd is None:
        return whole
    return f"{whole}: {money.dollars(transfer.usd)} USD for {dataset.expected_size} each run"


def recommendations(plan: Plan) -> tuple[str, ...]:
    """What fits this pipeline, the most useful first."""
    crossing = between_clouds(plan)
    found = [
        *_move_tasks(plan, crossing),
        *_copy_once(crossing),
        *_compress(plan, crossing),
        *_gather(plan, crossing),
        *_watch(crossing),
    ]
    return tuple(dict.fromkeys(found))


def _move_tasks(plan: Plan, crossing: tuple[Transfer, ...]) -> Iterator[str]:
    """A task all of whose data is on one other cloud would send nothing if it ran there."""
    foreign: dict[AnyTask, set[str]] = {}
    for transfer in crossing:
        foreign.setdefault(transfer.access.task, set()).add(transfer.dataset.name)
    for task, names in foreign.items():
        placed = plan.runs[task]
        homes = {plan.keeps[dataset].home.cloud for dataset in task.datasets}
        if len(homes) == 1 and homes != {placed.home.cloud}:
            yield f"Co-locate: run {task.name} on {next(iter(homes))}, where all of its data is; {_how(placed)}"
        elif len(homes) > 1:
            yield (
                f"Co-locate: {task.name} works on {' and '.join(sorted(homes))}; keep {', '.join(sorted(names))} on"
                f" {placed.home.cloud}, or split the task so that each part runs beside its data"
            )


def _how(placed: PlacedTask) -> str:
    if isinstance(placed.task.compute, Generic):
        return "its compute is generic, so default_provider decides"
    return f"its compute is {type(placed.task.compute).__name__}, so another class moves it"


def _copy_once(crossing: tuple[Transfer, ...]) -> Iterator[str]:
    readers: dict[tuple[Dataset, str], list[AnyTask]] = {}
    for transfer in crossing:
        if transfer.access.verb == "read":
            readers.setdefault((transfer.dataset, transfer.destination.cloud), []).append(transfer.access.task)
    for (dataset, cloud), tasks in readers.items():
        if len(tasks) > 1:
            names = ", ".join(task.name for task in tasks)
            yield f"Copy once: {dataset.name} goes to {cloud} {len(tasks)} times ({names}); let one task copy it there"


def _compress(plan: Plan, crossing: tuple[Transfer, ...]) -> Iterator[str]:
    """What tasks write is packed on its way unless somebody switched it off; what others put there may not be."""
    for dataset in dict.fromkeys(transfer.dataset for transfer in crossing):
        if dataset.format not in _PLAIN_FORMATS:
            continue
        packed = "compress" in dataset.switched_on(crosses=True, abroad=True) and dataset in plan.graph.producers
        said = "packed on its way; format='parquet' is often smaller" if packed else "which is not; format='parquet' is"
        yield f"Compress: {dataset.name} is {dataset.format}, {said}"


def _gather(plan: Plan, crossing: tuple[Transfer, ...]) -> Iterator[str]:
    for task in dict.fromkeys(transfer.access.task for transfer in crossing):
        if any(plan.keeps[dataset].particular.kind == "queue" for dataset in task.inputs.values()):
            yield f"Batch: {task.name} is called for its messages; take many at a time, so that it goes abroad once"


def _watch(crossing: tuple[Transfer, ...]) -> Iterator[str]:
    unsized = [dataset.name for dataset in dict.fromkeys(t.dataset for t in crossing) if dataset.size is None]
    if unsized:
        yield f"Say how large: Dataset({unsized[0]!r}, expected_size='2 GB') puts a price on it ({', '.join(unsized)})"
    known = [transfer.usd for transfer in crossing if transfer.usd is not None]
    clouds = " and ".join(dict.fromkeys(transfer.source.cloud for transfer in crossing))
    at = f", {sum(known):,.2f} USD a run at the sizes given" if known else ""
    yield f"Watch egress: set a budget alert for data transfer out of {clouds}{at}"
