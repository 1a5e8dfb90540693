"""Places a pipeline on a plane: one column for each stage's tasks and one for what they write, few crossings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from glacier.dataset import Dataset
from glacier.draw import facts
from glacier.graph import AnyTask, Graph, Verb
from glacier.pipeline import Task

Item: TypeAlias = Dataset | AnyTask
Link: TypeAlias = tuple[Item, Item]
Stop: TypeAlias = (
    Item | tuple[Item, int] | int
)  # an item, where lines from it pass a column, or a help that is not drawn
Step: TypeAlias = tuple[Stop, Stop]
Point: TypeAlias = tuple[float, float]

HEIGHT, ROW, GAP = 46, 64, 68  # of a box; from one box to the next below; between two columns
_NARROWEST, _WIDEST = 104, 216
_LETTER, _PADDING = 8.0, 30  # a generous width of a letter, for the reader's font is not known here


@dataclass(frozen=True, slots=True)
class Box:
    """Where a dataset or a task is drawn: its left upper corner, and its size."""

    x: float
    y: float
    width: float
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Wire:
    """A line from one box to another, and the level stretches on which it passes the columns between."""

    source: Item
    target: Item
    passes: tuple[tuple[Point, Point], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole drawing: boxes, lines, and the left and the right of each stage's tasks."""

    boxes: Mapping[Item, Box]
    wires: tuple[Wire, ...]
    stages: tuple[tuple[float, float], ...]
    width: float
    height: float


def place(graph: Graph) -> Layout:
    """A place for everything; needs ``fast-sugiyama``, which orders the boxes within the columns."""
    columns = _columns(graph)
    ways = {link: _way(link, columns) for link in _links(graph)}
    levels = _levels(columns, dict.fromkeys(step for way in ways.values() for step in pairwise(way)))
    widths = [0.0] * (max(columns.values()) + 1)
    for item, column in columns.items():
        widths[column] = max(widths[column], _width(item))
    sides = [(left := sum(widths[:c]) + GAP * c, left + width) for c, width in enumerate(widths)]
    return Layout(
        boxes={item: Box(sides[c][0], levels[item], widths[c]) for item, c in columns.items()},
        wires=tuple(
            Wire(*link, tuple(_pass(sides[stop[1]], levels[stop]) for stop in way if isinstance(stop, tuple)))
            for link, way in ways.items()
        ),
        stages=tuple(sides[1::2]),
        width=sides[-1][1],
        height=max(levels.values()) + HEIGHT,
    )


def _columns(graph: Graph) -> dict[Item, int]:
    """Tasks in the odd columns, by stage; a dataset right after its task, a source right before its first reader."""
    columns: dict[Item, int] = {task: 2 * stage + 1 for task, stage in graph.stages.items()}
    for dataset in graph.datasets:
        if dataset in graph.producers:
            columns[dataset] = columns[graph.producers[dataset]] + 1
        else:
            columns[dataset] = min(columns[task] for task in graph.consumers[dataset]) - 1
    return columns


def _links(graph: Graph) -> list[Link]:
    return [(a.dataset, a.task) if a.verb is Verb.READ else (a.task, a.dataset) for a in graph.accesses]


def _way(link: Link, columns: Mapping[Item, int]) -> list[Stop]:
    source, target = link
    return [source, *((source, column) for column in range(columns[source] + 1, columns[target])), target]


def _levels(columns: Mapping[Item, int], steps: Iterable[Step]) -> dict[Stop, float]:
    """How far down everything is; parts of a pipeline that share nothing stand below each other.

    Every step leads from one column to the next, and what begins in a later column hangs on a line that begins in
    the first: so the layers found there, the longest ways from a beginning, are our columns.
    """
    from fast_sugiyama import from_edges  # only who draws pays for it

    steps = list(steps)
    reached = {stop for _, stop in steps}
    late = [(item, column) for item, column in columns.items() if item not in reached and column > 0]
    line = range(max((column for _, column in late), default=0))
    steps += [*pairwise(line), *((column - 1, item) for item, column in late)]
    numbers: dict[Stop, int] = {}
    numbered = [(numbers.setdefault(a, len(numbers)), numbers.setdefault(b, len(numbers))) for a, b in steps]
    stops = list(numbers)
    found: dict[Stop, float] = {}
    floor = 0.0
    parts = from_edges(numbered, vertex_spacing=ROW, ranking_type="up", crossing_minimization="barycenter")
    for positions in sorted(([(int(n), xy[0]) for n, xy in part[0]] for part in parts), key=min):
        shown = _upright([(stops[n], x) for n, x in positions if not isinstance(stops[n], int)], columns)
        top = min(x for _, x in shown)
        found |= {stop: floor + x - top for stop, x in shown}
        floor = max(found.values()) + ROW
    return found


def _upright(shown: Sequence[tuple[Stop, float]], columns: Mapping[Item, int]) -> list[tuple[Stop, float]]:
    """The same upside down, if more names are then in their order: for crossings one is as good as the other."""
    placed = sorted((columns[stop], x, stop.name) for stop, x in shown if isinstance(stop, Dataset | Task))
    pairs = [(one[2], other[2]) for one, other in pairwise(placed) if one[0] == other[0]]
    falling = sum(one > other for one, other in pairs)
    return [(stop, -x) for stop, x in shown] if falling * 2 > len(pairs) else list(shown)


def _width(item: Item) -> float:
    detail = facts.storage(item) if isinstance(item, Dataset) else facts.kind(item.compute)
    longest = max(len(item.name), len(detail) * 0.85)
    return min(max(longest * _LETTER + _PADDING, _NARROWEST), _WIDEST)


def _pass(side: tuple[float, float], level: float) -> tuple[Point, Point]:
    return (side[0], level + HEIGHT / 2), (side[1], level + HEIGHT / 2)
