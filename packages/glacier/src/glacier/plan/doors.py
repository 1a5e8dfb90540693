"""Finds which tasks work inside a network, and by which of its doors they come to what is outside of it.

A door is there because somebody needs it: without the use there is none, and none is paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from glacier.dataset import Dataset
from glacier.errors import Diagnostic
from glacier.graph import AnyTask
from glacier.plan import money
from glacier.plan.cost import door_lines
from glacier.plan.model import Home, PlacedStorage, PlacedTask, Plan, Use, Way
from glacier.plan.placement import Subject
from glacier.secrets import Secret
from glacier.target import Draft, Site, StorageKind, Target
from glacier.terms import WAY_OUT, Address, Unsupported


def addresses(
    kinds: Mapping[PlacedStorage, StorageKind], targets: Mapping[str, Target]
) -> dict[PlacedStorage, Address]:
    """What each storage's kind says of where it is; nothing of it is known before deploying but its form."""
    return {
        storage: kind.address(storage.particular, Site(Draft(targets[storage.home.cloud], ""), storage.owner))
        for storage, kind in kinds.items()
    }


def inside(
    tasks: Iterable[PlacedTask], keeps: Mapping[Dataset, PlacedStorage], known: Mapping[PlacedStorage, Address]
) -> frozenset[AnyTask]:
    """The tasks that work inside a network, because something they read or write is reached from there only."""
    return frozenset(
        placed.task for placed in tasks if any(known[keeps[dataset]].network for dataset in placed.task.datasets)
    )


def ways(
    tasks: Iterable[PlacedTask],
    keeps: Mapping[Dataset, PlacedStorage],
    known: Mapping[PlacedStorage, Address],
    targets: Mapping[str, Target],
) -> tuple[Way, ...]:
    """The doors that tasks inside a network need, each once for a cloud."""
    tasks = [placed for placed in tasks if placed.particular.kind in targets[placed.home.cloud].confined]
    within = inside(tasks, keeps, known)
    found: dict[tuple[str, str], tuple[Home, list[Use]]] = {}
    for placed in (placed for placed in tasks if placed.task in within):
        held = tuple(dataset for dataset in placed.task.datasets if known[keeps[dataset]].network)
        for part, beyond in _doors(placed, keeps, known, targets[placed.home.cloud]).items():
            uses = found.setdefault((placed.home.cloud, part), (placed.home, []))[1]
            uses.append(Use(task=placed.task, inside=held, outside=tuple(beyond)))
    return tuple(Way(home=home, part=part, uses=tuple(uses)) for (_, part), (home, uses) in sorted(found.items()))


def _doors(
    placed: PlacedTask,
    keeps: Mapping[Dataset, PlacedStorage],
    known: Mapping[PlacedStorage, Address],
    target: Target,
) -> dict[str, dict[Dataset | Secret, None]]:
    """What one task goes through each door for."""
    found: dict[str, dict[Dataset | Secret, None]] = {}
    for dataset in placed.task.datasets:
        storage = keeps[dataset]
        door = WAY_OUT if storage.home.apart(placed.home) else known[storage].door
        if door:
            found.setdefault(door, {})[dataset] = None
    keeper = target.secrets
    if not isinstance(keeper, Unsupported) and keeper.DOOR:
        for secret in placed.task.secrets.values():
            found.setdefault(keeper.DOOR, {})[secret] = None
    return found


def let_out(found: Iterable[Way], targets: Mapping[str, Target]) -> Iterator[Diagnostic]:
    """Who needs a way out of the network, why, and what it costs: it is paid for by the hour, used or not."""
    for way in found:
        for use in way.uses if way.leads_anywhere else ():
            names = ", ".join(dataset.name for dataset in use.inside)
            confined = targets[way.home.cloud].confined
            other = "" if "container" in confined else "; compute=compute.container() goes out by an address of its own"
            yield Subject(f"task {use.task.name}", use.task.where).note(
                "network",
                needs(way, use, targets),
                f"it is one for all tasks on {way.home.cloud}; to do without, let a task there copy {names} to object"
                f" storage, and one that needs no network take it from there{other}",
            )


def needs(way: Way, use: Use, targets: Mapping[str, Target]) -> str:
    """That one task needs a door, for what, and what the door costs a month."""
    lines = [line for line in door_lines(way, targets) if line.per == "month"]
    known = [line.cost for line in lines if line.cost is not None]
    price = (
        f"{money.dollars(sum(known))} USD a month" if len(known) == len(lines) else "whose price is not in the table"
    )
    return (
        f"needs a way out of the network of {way.home.cloud}, since it {_does(use.task, use.inside)} inside it and"
        f" {_does(use.task, use.outside)} outside: {targets[way.home.cloud].doors[way.part].what}, {price}"
    )


def _does(task: AnyTask, what: Iterable[Dataset | Secret]) -> str:
    what = list(what)
    verbs = {
        "reads": [each.name for each in what if each in task.inputs.values()],
        "writes": [each.name for each in what if each in task.outputs],
        "is given": [each.name for each in what if isinstance(each, Secret)],
    }
    return " and ".join(f"{verb} {', '.join(names)}" for verb, names in verbs.items() if names)


def sentences(plan: Plan) -> Iterator[str]:
    """Who of those that cross clouds needs a way out, as sentences."""
    crosses = {transfer.access.task for transfer in plan.transfers if transfer.between_clouds}
    for way in plan.ways:
        for use in way.uses if way.leads_anywhere else ():
            if use.task in crosses:
                yield f"{use.task.name} {needs(way, use, plan.targets)}"
