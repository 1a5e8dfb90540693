"""Draws a pipeline as SVG: light or dark as the reader's screen is, and with nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from glacier.dataset import Dataset
from glacier.draw import facts
from glacier.draw.layout import HEIGHT, Box, Item, Layout, Wire, place
from glacier.graph import Graph

STYLE = """
text { font: 600 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #0f172a }
.detail { font-weight: 400; font-size: 11px; fill: #64748b }
.stage { font-weight: 600; font-size: 11px; fill: #64748b; letter-spacing: .06em }
.band { fill: #f1f5f9 }
.wire { fill: none; stroke: #94a3b8; stroke-width: 1.5 }
.tip { fill: #94a3b8 }
.dataset .shape { fill: #e0f2fe; stroke: #0284c7 }
.source .shape { fill: #ffffff; stroke: #0284c7; stroke-dasharray: 5 3 }
.task .shape { fill: #fffbeb; stroke: #d97706 }
.task .edge { fill: #d97706 }
@media (prefers-color-scheme: dark) {
  text { fill: #f1f5f9 }
  .detail, .stage { fill: #94a3b8 }
  .band { fill: #1e293b }
  .wire { stroke: #64748b }
  .tip { fill: #64748b }
  .dataset .shape { fill: #0c4a6e; stroke: #38bdf8 }
  .source .shape { fill: #0f172a; stroke: #38bdf8 }
  .task .shape { fill: #451a03; stroke: #f59e0b }
  .task .edge { fill: #f59e0b }
}
"""
_MARGIN, _TOP, _BAND = 24, 58, 20
_WIDE, _NARROW = 8.0, 6.4  # of a letter of a name, and of what stands below it


def svg(graph: Graph) -> str:
    """The pipeline as a picture of its own."""
    return "".join(f"{line}\n" for line in lines(graph, alone=True))


def lines(graph: Graph, *, alone: bool) -> Iterator[str]:
    """The picture, line by line; when it is not alone, the page around it has the background and the style."""
    layout = place(graph)
    width, height = layout.width + 2 * _MARGIN, layout.height + _TOP + _MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="{-_MARGIN} {-_TOP} {width:g} {height:g}" role="img" aria-label="{escape(graph.name)}">'
    )
    if alone:
        yield f"<title>{escape(graph.name)}: {escape(facts.summary(graph))}</title>"
        yield f"<style>{STYLE}.paper {{ fill: #ffffff }}"
        yield "@media (prefers-color-scheme: dark) { .paper { fill: #0f172a } }</style>"
        yield f'<rect class="paper" x="{-_MARGIN}" y="{-_TOP}" width="{width:g}" height="{height:g}"/>'
    yield from _stages(layout)
    ids = {item: f"n{number}" for number, item in enumerate(layout.boxes)}
    yield from (_wire(wire, layout, ids[wire.source], ids[wire.target]) for wire in layout.wires)
    for item, box in layout.boxes.items():
        yield from _box(item, box, graph, ids[item])
    yield "</svg>"


def _stages(layout: Layout) -> Iterator[str]:
    for number, (left, right) in enumerate(layout.stages, start=1):
        yield (
            f'<rect class="band" x="{left - _BAND:g}" y="{16 - _TOP}" width="{right - left + 2 * _BAND:g}" '
            f'height="{layout.height + _TOP - 16 + _MARGIN / 2:g}" rx="10"/>'
        )
        yield _text("stage", f"STAGE {number}", (left + right) / 2, 38 - _TOP)


def _wire(wire: Wire, layout: Layout, source: str, target: str) -> str:
    start, end = layout.boxes[wire.source], layout.boxes[wire.target]
    x, y = start.x + start.width, start.y + HEIGHT / 2
    path = [f"M{x:g} {y:g}"]
    tip = (end.x - 7, end.y + HEIGHT / 2)
    for (left, level), (right, _) in (*wire.passes, (tip, tip)):
        bend = (left - x) / 2
        path.append(f"C{x + bend:g} {y:g} {left - bend:g} {level:g} {left:g} {level:g}")
        if right != left:
            path.append(f"H{right:g}")
        x, y = right, level
    return (
        f'<g class="link" data-from="{source}" data-to="{target}"><path class="wire" d="{"".join(path)}"/>'
        f'<path class="tip" d="M{tip[0] + 6:g} {tip[1]:g}l-8 -4.5v9z"/></g>'
    )


def _box(item: Item, box: Box, graph: Graph, id_: str) -> Iterator[str]:
    x, y = box.x, box.y
    if isinstance(item, Dataset):
        style, radius = ("dataset" if item in graph.producers else "dataset source"), HEIGHT / 2
        title, detail = facts.about_dataset(item, graph), facts.storage(item)
    else:
        style, radius = "task", 6.0
        title, detail = facts.about_task(item, graph), facts.kind(item.compute)
    yield f'<g class="item {style}" id="{id_}" tabindex="0"><title>{escape(title)}</title>'
    yield f'<rect class="shape" x="{x:g}" y="{y:g}" width="{box.width:g}" height="{HEIGHT}" rx="{radius:g}"/>'
    if style == "task":
        yield f'<path class="edge" d="M{x + 5:g} {y:g}v{HEIGHT}a6 6 0 0 1 -5 -6v{12 - HEIGHT}a6 6 0 0 1 5 -6z"/>'
    yield from _label(item.name, detail, box)
    yield "</g>"


def _label(name: str, detail: str, box: Box) -> Iterator[str]:
    middle = box.x + box.width / 2
    for text, style, letter, down in ((name, "name", _WIDE, 20), (detail, "detail", _NARROW, 35)):
        fitting = int((box.width - 24) / letter)
        shown = text if len(text) <= fitting else f"{text[: fitting - 1]}…"
        yield _text(style, shown, middle, box.y + down)


def _text(style: str, text: str, middle: float, y: float) -> str:
    return f'<text class="{style}" x="{middle:g}" y="{y:g}" text-anchor="middle">{escape(text)}</text>'
