"""Draws a pipeline as text: stage by stage, each task between what it reads and what it writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple, TypeAlias

from glacier.draw import facts
from glacier.graph import AnyTask, Graph


class Role(StrEnum):
    """What a piece of text is, so that a terminal can color it."""

    TITLE = "title"
    HEADING = "heading"
    SOURCE = "source"
    DATASET = "dataset"
    TASK = "task"
    LINE = "line"
    FAINT = "faint"
    PLAIN = "plain"


Piece: TypeAlias = tuple[str, Role]
Row: TypeAlias = Sequence[Piece]


def text(graph: Graph) -> str:
    """The pipeline as plain text."""
    return "".join("".join(piece for piece, _ in row).rstrip() + "\n" for row in lines(graph))


def lines(graph: Graph) -> Iterator[Row]:
    """The pipeline, a row of pieces for each line of text."""
    yield [(graph.name, Role.TITLE), (f"  {facts.summary(graph)}", Role.FAINT)]
    left = max((len(dataset.name) for dataset in graph.consumers), default=0)
    middle = max(len(task.name) for task in graph.tasks)
    for stage, tasks in groupby(graph.tasks, key=lambda task: graph.stages[task]):
        yield []
        yield [(f"stage {stage + 1}", Role.HEADING)]
        for task in tasks:
            yield from _task(task, graph, left, middle)
    yield []
    yield [("datasets", Role.HEADING)]
    yield from _datasets(graph)


def _task(task: AnyTask, graph: Graph, left: int, middle: int) -> Iterator[Row]:
    reads = list(dict.fromkeys(task.inputs.values()))
    writes = list(task.outputs)
    for row in range(max(len(reads), len(writes), 1)):
        pieces: list[Piece] = [("  ", Role.LINE)]
        if row < len(reads):
            role = Role.DATASET if reads[row] in graph.producers else Role.SOURCE
            pieces += [(" " * (left - len(reads[row].name)), Role.LINE), (reads[row].name, role)]
            pieces += [(f" ─{_IN.at(row, len(reads))}{'─▶' if row == 0 else '  '} ", Role.LINE)]
        else:
            pieces += [(" " * (left + 6), Role.LINE)]
        pieces += [(task.name if row == 0 else " " * len(task.name), Role.TASK)]
        if row < len(writes):
            filled = ("─" if row == 0 else " ") * (middle - len(task.name) + 1)
            pieces += [(f" {filled}{_OUT.at(row, len(writes))}─▶ ", Role.LINE), (writes[row].name, Role.DATASET)]
        yield pieces


class _Joints(NamedTuple):
    """The characters at which lines from, or to, several datasets meet, from above to below."""

    alone: str
    first: str
    middle: str
    last: str

    def at(self, row: int, rows: int) -> str:
        """The character in one of so many rows."""
        if row == 0:
            return self.alone if rows == 1 else self.first
        return self.last if row == rows - 1 else self.middle


_IN, _OUT = _Joints("─", "┬", "┤", "╯"), _Joints("─", "┬", "├", "╰")


def _datasets(graph: Graph) -> Iterator[Row]:
    name = max((len(dataset.name) for dataset in graph.datasets), default=0)
    nature = max((len(facts.nature(dataset)) for dataset in graph.datasets), default=0)
    for dataset in graph.datasets:
        role = Role.DATASET if dataset in graph.producers else Role.SOURCE
        written = facts.producer(dataset, graph) or "(source)"
        read = facts.consumers(dataset, graph) or "(result)"
        yield [
            (f"  {dataset.name:<{name}}", role),
            (f"  {facts.nature(dataset):<{nature}}", Role.FAINT),
            (f"  {written} → {read}", Role.PLAIN),
        ]
