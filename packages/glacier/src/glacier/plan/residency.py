"""Holds where everything lives against where data must stay, and everything that is made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from glacier.dataset import Dataset
from glacier.errors import Diagnostic
from glacier.graph import Graph
from glacier.plan.model import Home, PlacedStorage, PlacedTask
from glacier.plan.placement import Subject
from glacier.residency import ANYWHERE, allows
from glacier.target import Target


@dataclass(frozen=True, slots=True)
class Rule:
    """Where some data must stay, and the way from what the rule was given for to here."""

    words: tuple[str, ...]
    way: tuple[str, ...]

    def then(self, *names: str) -> Rule:
        """The same rule, further down."""
        return Rule(self.words, (*self.way, *names))


def breaches(
    graph: Graph,
    storages: tuple[PlacedStorage, ...],
    tasks: tuple[PlacedTask, ...],
    targets: Mapping[str, Target],
) -> Iterator[Diagnostic]:
    """Every storage and every task that is outside of where data it holds or reads must stay."""
    if not graph.pipeline.residency and all(dataset.residency is None for dataset in graph.datasets):
        return
    rules = _rules(graph)
    for storage in storages:
        for dataset in storage.holding.datasets:
            subject = Subject(f"dataset {dataset.name}", dataset.where)
            yield from _outside(subject, "is kept", rules[dataset], storage.home, targets)
    for placed in tasks:
        subject = Subject(f"task {placed.task.name}", placed.task.where)
        read = [rule.then(placed.task.name) for d in dict.fromkeys(placed.task.inputs.values()) for rule in rules[d]]
        if graph.pipeline.residency:
            read.append(Rule(graph.pipeline.residency, (f"pipeline {graph.name}", placed.task.name)))
        yield from _outside(subject, "runs", tuple(read), placed.home, targets)


def _rules(graph: Graph) -> dict[Dataset, tuple[Rule, ...]]:
    """The rules of each dataset: its own, and those of all it is made from unless it is released."""
    rules = {dataset: _own(dataset, graph) for dataset in graph.sources}
    for task in graph.tasks:
        inherited: dict[tuple[str, ...], Rule] = {}
        for source in dict.fromkeys(task.inputs.values()):
            for rule in rules[source]:
                inherited.setdefault(rule.words, rule.then(task.name))
        for made in task.outputs:
            own = _own(made, graph)
            is_released = made.residency is not None and ANYWHERE in made.residency
            merged = {} if is_released else {words: rule.then(made.name) for words, rule in inherited.items()}
            rules[made] = tuple({**merged, **{rule.words: rule for rule in own}}.values())
    return rules


def _own(dataset: Dataset, graph: Graph) -> tuple[Rule, ...]:
    if dataset.residency is not None:
        words = tuple(dataset.residency)
        return () if ANYWHERE in words else (Rule(words, (dataset.name,)),)
    if graph.pipeline.residency:
        return (Rule(graph.pipeline.residency, (f"pipeline {graph.name}", dataset.name)),)
    return ()


def _outside(
    subject: Subject, does: str, rules: tuple[Rule, ...], home: Home, targets: Mapping[str, Target]
) -> Iterator[Diagnostic]:
    country = targets[home.cloud].tables.countries.get(home.region)
    for words, way in {rule.words: rule.way for rule in reversed(rules)}.items():
        if not allows(words, home.region, country):
            there = f"{home.region} on {home.cloud}" + (f", in {country}" if country else ", in no known country")
            yield subject.error(
                "residency",
                f"{does} in {there}, and must stay in {' or '.join(words)}: {' → '.join(way)}",
                f"compile for a region in {' or '.join(words)}, or name one there; what no longer needs to stay is"
                " released by residency='any'",
            )
