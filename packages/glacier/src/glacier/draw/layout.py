"""Places a pipeline on a plane: one column for each stage's tasks and one for what they write, few crossings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from glacier.dataset import Dataset
from glacier.draw import facts
from glacier.graph import AnyTask, Graph

Item: TypeAlias = Dataset | AnyTask
Point: TypeAlias = tuple[float, float]
Link: TypeAlias = tuple[Item, Item]

HEIGHT, ROW, GAP = 46.0, 66.0, 72.0  # of a box; from one box to the next below; between two columns
NARROWEST, WIDEST = 96.0, 260.0
_LETTER, _PADDING = 7.6, 34.0  # a generous average width, for the reader's own font is not known here


@dataclass(frozen=True, slots=True)
class Box:
    """Where a dataset or a task is drawn: its left upper corner, and its size."""

    x: float
    y: float
    width: float
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Wire:
    """A line from one box to another, and the points it passes between other boxes on its way."""

    source: Item
    target: Item
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole drawing: boxes, lines, and the middle of each stage's column."""

    boxes: Mapping[Item, Box]
    wires: tuple[Wire, ...]
    stages: tuple[float, ...]
    width: float
    height: float


def place(graph: Graph) -> Layout:
    """A place for everything; needs ``fast-sugiyama``, which orders the boxes of each column."""
    columns = _columns(graph)
    links = [(d, a.task) if d in a.task.inputs.values() else (a.task, d) for a in graph.accesses for d in [a.dataset]]
    paths = {link: [(link, column) for column in range(columns[link[0]] + 1, columns[link[1]])] for link in links}
    steps: list[tuple[_Place, _Place]] = []
    for (source, target), between in paths.items():
        way: list[_Place] = [source, *between, target]
        steps.extend(zip(way, way[1:], strict=False))
    heights = _heights(steps, columns)
    widths = _widths(columns)
    lefts = [sum(widths[:column]) + GAP * column for column in range(len(widths))]
    boxes = {
        item: Box(lefts[c] + (widths[c] - _width(item)) / 2, heights[item], _width(item)) for item, c in columns.items()
    }
    wires = tuple(
        Wire(source, target, tuple(_ends(lefts, widths, c, heights[p]) for p in between for c in [p[1]]))
        for (source, target), between in paths.items()
    )
    return Layout(
        boxes=boxes,
        wires=wires,
        stages=tuple(lefts[c] + widths[c] / 2 for c in range(1, len(widths), 2)),
        width=lefts[-1] + widths[-1],
        height=max(box.y + box.height for box in boxes.values()),
    )
