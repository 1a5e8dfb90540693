"""Holds every field against its cloud's table of limits; rounds what the cloud takes only in steps."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from glacier.errors import Diagnostic, nearest
from glacier.graph import Graph
from glacier.plan.model import PlacedTask
from glacier.plan.placement import Subject
from glacier.resource import Resource
from glacier.tables import Limit, Pairs, Tables, matches
from glacier.target import Target

# Rows of a limits table that bound what is made of one task, and of a whole pipeline, rather than a field of a class.
TASK_DATASETS = ("Task", "datasets")
WORKFLOW_TASKS = ("Workflow", "tasks")
_OURS = "GLACIER_"  # begins the settings by which a task is told what it is and where its data is


def within(particular: Resource, tables: Tables, subject: Subject, found: list[Diagnostic]) -> Resource:
    """A particular whose fields its cloud takes; what it would refuse is reported.

    A row holds for each item of a list, and for each key of a mapping: the values in it may be anybody's secrets.
    """
    cls = type(particular).__name__
    for name in getattr(particular, "env", None) or ():
        if name.startswith(_OURS):
            message = f"{cls}.env: {name!r} begins with {_OURS}, which is Glacier's own"
            found.append(subject.error("limit", message, "another name"))
    for (owner, name), limit in tables.limits.items():
        value = getattr(particular, name) if owner == cls else None
        if value is not None:
            for each in value if isinstance(value, Collection) and not isinstance(value, str) else (value,):
                shown = f"{cls}.{name} = {each!r}" if each is value else f"{cls}.{name}: {each!r}"
                for message, help_ in breaches_of(tables, (owner, name), each):
                    found.append(subject.error("limit", f"{shown} {message}", help_))
            if limit.steps and isinstance(value, int | float):
                particular = _stepped(particular, name, value, limit.steps, subject, found)
    pairs = tables.pairs.get(cls)
    return _paired(particular, pairs, subject, found) if pairs is not None else particular


def breaches_of(tables: Tables, row: tuple[str, str], value: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a value by a row of the table, if there is one; and what to do, with where it was read."""
    limit = tables.limits.get(row)
    if limit is not None:
        for message, help_ in _breaches(limit, value):
            read = tables.sources("limits")[limit.source]
            yield message, "\n".join(filter(None, [help_ or limit.help, f"source: {read.title}, read {read.read_on}"]))


def counts(graph: Graph, tasks: tuple[PlacedTask, ...], targets: Mapping[str, Target]) -> Iterator[Diagnostic]:
    """More datasets than one task's permissions can name, and more tasks than one workflow can run in order."""
    for placed in tasks:
        limit = targets[placed.home.cloud].tables.limits.get(TASK_DATASETS)
        named = len(placed.task.datasets)
        if limit is not None and limit.max is not None and named > limit.max:
            yield Subject(f"task {placed.task.name}", placed.task.where).error(
                "limit", f"names {named} datasets, and its permissions can hold {limit.max:g}", limit.help
            )
    for cloud, number in Counter(placed.home.cloud for placed in tasks).items():
        limit = targets[cloud].tables.limits.get(WORKFLOW_TASKS)
        if limit is not None and limit.max is not None and number > limit.max:
            yield Subject(f"pipeline {graph.name}", graph.pipeline.where).warning(
                "workflow",
                f"{number} tasks on {cloud} are more than one workflow can hold, {limit.max:g}: none is made, and the"
                " guide lists the order in which to call them",
                limit.help,
            )


def _breaches(limit: Limit, value: Any) -> Iterator[tuple[str, str]]:
    unit = f" {limit.unit}" if limit.unit else ""
    if limit.one_of is not None and value not in limit.one_of:
        meant = nearest(str(value), map(str, limit.one_of))
        yield f"is none of {', '.join(map(str, limit.one_of))}", f"did you mean {meant!r}?" if meant else ""
    measure = len(value) if isinstance(value, str) else value
    if limit.min is not None and measure < limit.min:
        yield f"is below the least, {limit.min:g}{unit}", f"{limit.min:g}{unit} or more"
    if limit.max is not None and measure > limit.max:
        yield f"is above the most, {limit.max:g}{unit}", ""
    if limit.pattern is not None and not matches(limit.pattern, value):
        yield "has a character or a shape that is not allowed", ""
    for pattern, why in limit.forbid:
        if matches(pattern, value):
            yield why, ""


def _stepped(
    particular: Resource, name: str, value: float, steps: tuple[int, ...], subject: Subject, found: list[Diagnostic]
) -> Resource:
    """Round a number up to the nearest step the cloud has; one above the last is for the range to refuse."""
    step = next((step for step in steps if step >= value), None)
    if step is None or step == value:
        return particular
    asked = f"{type(particular).__name__}({name}={value:g})"
    found.append(subject.note("rounded", f"{asked} becomes {name}={step}, the nearest the cloud has"))
    changed: dict[str, Any] = {name: step}
    return replace(particular, **changed)


def _paired(particular: Resource, pairs: Pairs, subject: Subject, found: list[Diagnostic]) -> Resource:
    """Round a pair up to the nearest the cloud has: the smallest first, then the smallest second beside it."""
    first, second = getattr(particular, pairs.first), getattr(particular, pairs.second)
    asked = f"{type(particular).__name__}({pairs.first}={first:g}, {pairs.second}={second})"
    for step, beside in pairs.steps:
        place = 0 if second is None else bisect_left(beside, second)
        if step < first or place == len(beside):
            continue
        fitting = beside[place]
        if step == first and second in (None, fitting):
            filled: dict[str, Any] = {pairs.second: fitting}
            return particular if second == fitting else replace(particular, **filled)
        found.append(
            subject.note(
                "rounded",
                f"{asked} becomes {pairs.first}={step:g}, {pairs.second}={fitting}, the nearest pair the cloud has",
            )
        )
        return replace(particular, **{pairs.first: type(first)(step), pairs.second: fitting})
    step, beside = pairs.steps[-1]
    found.append(
        subject.error(
            "limit",
            f"{asked} is above the largest pair, {step:g} and {beside[-1]}",
        )
    )
    return particular
