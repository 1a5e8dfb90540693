"""The plan's values: where everything lives, who may touch it, what crosses, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from glacier.dataset import Dataset
from glacier.errors import Diagnostic
from glacier.graph import Access, AnyTask, Graph, Holding
from glacier.naming import slug
from glacier.resource import Resource
from glacier.secrets import Secret
from glacier.target import Target
from glacier.terms import WAY_OUT


@dataclass(frozen=True, slots=True)
class Home:
    """Where something lives: the compiler's name for the cloud, whose it is, its region, and why there."""

    cloud: str
    provider: str
    region: str
    because: str

    def apart(self, other: Home) -> bool:
        """Whether the other is on another provider's cloud, or in another region."""
        return (self.provider, self.region) != (other.provider, other.region)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedStorage:
    """A storage with its home, in its cloud's own words."""

    holding: Holding
    particular: Resource
    home: Home

    @property
    def owner(self) -> str:
        """Its name within the pipeline."""
        return self.holding.owner


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTask:
    """A task with its home, and its compute in its cloud's own words."""

    task: AnyTask
    particular: Resource
    home: Home

    @property
    def owner(self) -> str:
        """Its name within the pipeline, as a slug."""
        return slug(self.task.name)


@dataclass(frozen=True, slots=True)
class PlacedSecret:
    """A secret on one of the clouds whose tasks are given it: each keeps its own, of the same value."""

    secret: Secret
    cloud: str
    region: str
    tasks: tuple[AnyTask, ...]

    @property
    def owner(self) -> str:
        """Its name within the pipeline: beside it there may be a task or a dataset of the same name."""
        return f"secret-{slug(self.secret.name)}"


def place_secrets(tasks: Iterable[PlacedTask]) -> tuple[PlacedSecret, ...]:
    """Every secret, once on each cloud that runs a task which is given it."""
    users: dict[tuple[Secret, str], list[PlacedTask]] = {}
    for placed in tasks:
        for secret in dict.fromkeys(placed.task.secrets.values()):
            users.setdefault((secret, placed.home.cloud), []).append(placed)
    made = (
        PlacedSecret(secret, cloud, given[0].home.region, tuple(placed.task for placed in given))
        for (secret, cloud), given in users.items()
    )
    return tuple(sorted(made, key=lambda placed: (placed.owner, placed.cloud)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What it costs to send a unit of data, and what it usually costs: between two regions of the sending cloud.

    ``region`` is the one whose price it is, when the sender's own is not in the table.
    """

    usd: float
    usual: float | None
    unit: str
    as_of: str
    region: str

    @property
    def times(self) -> float | None:
        """How many times the usual price."""
        return self.usd / self.usual if self.usual else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A dataset on its way from one home to another because of one access, in the direction in which the bytes go.

    ``producer`` and ``consumer`` are the task at one end and, at the other, the task there or else the storage;
    ``because`` says why the two ends lie apart.
    """

    access: Access
    producer: str
    consumer: str
    source: Home
    destination: Home
    because: str
    rate: Rate | None

    @property
    def dataset(self) -> Dataset:
        """What is transferred."""
        return self.access.dataset

    @property
    def between_clouds(self) -> bool:
        """Whether it leaves a provider, and not only a region."""
        return self.source.provider != self.destination.provider

    @property
    def usd(self) -> float | None:
        """US dollars for the whole dataset once, when its size and the price are known."""
        if self.rate is None or self.dataset.size is None:
            return None
        return self.rate.usd * in_units(self.dataset.size, self.rate.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What keeps a task inside a network, and what it leaves it for."""

    task: AnyTask
    inside: tuple[Dataset, ...]
    outside: tuple[Dataset | Secret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A door of a cloud's network, by the shared part that it is, with all that it is used for."""

    home: Home
    part: str
    uses: tuple[Use, ...]

    @property
    def leads_anywhere(self) -> bool:
        """Whether it leads to other clouds and regions, and not to one service alone."""
        return self.part == WAY_OUT

    @property
    def size(self) -> int | None:
        """The bytes that one run takes through it, when every dataset says how large it is."""
        sizes = [each.size for use in self.uses for each in use.outside if isinstance(each, Dataset)]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None


def in_units(size: int, unit: str) -> float:
    """Bytes as a price table counts them: in ``GiB`` or in ``GB``."""
    return size / (2**30 if unit.startswith("GiB") else 1e9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing billed: ``quantity`` is ``None`` when nobody said how much, ``usd`` per unit when it has no price."""

    subject: str
    item: str
    quantity: float | None
    unit: str
    per: str
    usd: float | None
    as_of: str
    of: str = ""

    @property
    def cost(self) -> float | None:
        """US dollars, when both the quantity and the price are known."""
        return None if self.quantity is None or self.usd is None else self.quantity * self.usd


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the plan is billed for, at dated list prices before free tiers."""

    lines: tuple[Line, ...]

    @property
    def monthly(self) -> float:
        """The known part of a month, in US dollars."""
        return sum(line.cost or 0 for line in self.lines if line.per == "month")

    @property
    def per_run(self) -> float:
        """The known part of one run, in US dollars."""
        return sum(line.cost or 0 for line in self.lines if line.per == "run")

    @property
    def unknown(self) -> tuple[Line, ...]:
        """The lines without a sum, because a quantity or a price is not known."""
        return tuple(line for line in self.lines if line.cost is None)


@dataclass(frozen=True)
class Plan:
    """Everything decided about a pipeline before any infrastructure is written."""

    graph: Graph
    targets: Mapping[str, Target]
    storages: tuple[PlacedStorage, ...]
    tasks: tuple[PlacedTask, ...]
    transfers: tuple[Transfer, ...]
    estimate: Estimate
    diagnostics: tuple[Diagnostic, ...]
    secrets: tuple[PlacedSecret, ...] = ()
    inside: frozenset[AnyTask] = frozenset()  # the tasks that work inside their cloud's network
    ways: tuple[Way, ...] = ()

    @cached_property
    def keeps(self) -> Mapping[Dataset, PlacedStorage]:
        """The storage each dataset lives in."""
        return {dataset: placed for placed in self.storages for dataset in placed.holding.datasets}

    @cached_property
    def runs(self) -> Mapping[AnyTask, PlacedTask]:
        """Each task with its home."""
        return {placed.task: placed for placed in self.tasks}

    @cached_property
    def given(self) -> Mapping[AnyTask, tuple[PlacedSecret, ...]]:
        """The secrets that a task is given, of its own cloud; tasks that are given none are not in it."""
        found: dict[AnyTask, tuple[PlacedSecret, ...]] = {}
        for secret in self.secrets:
            for task in secret.tasks:
                found[task] = (*found.get(task, ()), secret)
        return found

    @cached_property
    def legs(self) -> Mapping[AnyTask, int]:
        """How often the work has changed clouds before each task, at the most: what one cloud can do without waiting.

        On one cloud there is one leg; tasks of a leg wait only for tasks of their own cloud, or of earlier legs.
        """
        legs: dict[AnyTask, int] = {}
        for task in self.graph.tasks:
            here = self.runs[task].home.cloud
            legs[task] = max(
                (legs[before] + (self.runs[before].home.cloud != here) for before in self.graph.upstream(task)),
                default=0,
            )
        return legs

    @cached_property
    def crossing(self) -> frozenset[Dataset]:
        """The datasets that some task reads or writes from another provider's cloud."""
        return frozenset(transfer.dataset for transfer in self.transfers if transfer.between_clouds)

    @property
    def clouds(self) -> tuple[str, ...]:
        """The compilers that have something to make, in the order in which they were given."""
        used = {placed.home.cloud for placed in self.storages} | {placed.home.cloud for placed in self.tasks}
        return tuple(cloud for cloud in self.targets if cloud in used)


def path_of(dataset: Dataset) -> str:
    """Where in its storage a dataset lives: its own folder unless it says otherwise."""
    return dataset.path if dataset.path is not None else f"{slug(dataset.name)}/"
