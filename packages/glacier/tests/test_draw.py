"""Drawings: well-formed, with everything in them, escaped, and the same every time."""

from __future__ import annotations

import types
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import combinations, pairwise
from typing import Any

import pytest
from glacier import Dataset, Pipeline, Task, draw
from glacier.draw import facts
from glacier.draw.layout import GAP, HEIGHT, Layout, place
from glacier.graph import Graph, build
from glacier.storage import Queue

SVG = "{http://www.w3.org/2000/svg}"


def chain(*edges: tuple[str, str, str], name: str = "drawn") -> Graph:
    """A graph from rows of (what is read, task, what is written), each with commas."""
    datasets: dict[str, Dataset] = {}
    tasks = []
    for reads, task, writes in edges:
        inputs = [datasets.setdefault(word, Dataset(word)) for word in reads.split(",") if word]
        outputs = tuple(datasets.setdefault(word, Dataset(word)) for word in writes.split(",") if word)

        names = [f"p{n}" for n in range(len(inputs))]
        namespace: dict[str, Any] = {}
        exec(f"def made({', '.join(names)}): ...", namespace)
        annotations: dict[str, Any] = dict(zip(names, inputs, strict=True))
        if outputs:
            annotations["return"] = types.GenericAlias(tuple, outputs) if len(outputs) > 1 else outputs[0]
        namespace["made"].__annotations__ = annotations
        tasks.append(Task(namespace["made"], name=task))
    return build(Pipeline(name, tasks=tasks))


FORK = chain(("raw", "split", "left,right"), ("left,right,rates", "join", "out"), ("raw,out", "report", "final"))


def test_text_shows_who_reads_and_writes_what() -> None:
    assert draw.text(FORK) == (
        "drawn  3 tasks in 3 stages, 6 datasets (2 sources)\n"
        "\n"
        "stage 1\n"
        "    raw ───▶ split ──┬─▶ left\n"
        "                     ╰─▶ right\n"
        "\n"
        "stage 2\n"
        "   left ─┬─▶ join ─────▶ out\n"
        "  right ─┤\n"
        "  rates ─╯\n"
        "\n"
        "stage 3\n"
        "    raw ─┬─▶ report ───▶ final\n"
        "    out ─╯\n"
        "\n"
        "datasets\n"
        "  final  scratch  report → (result)\n"
        "  left   scratch  split → join\n"
        "  out    scratch  join → report\n"
        "  rates  scratch  (source) → join\n"
        "  raw    scratch  (source) → report, split\n"
        "  right  scratch  split → join\n"
    )


def test_mermaid_has_a_line_for_every_box_and_every_arrow() -> None:
    lines = draw.mermaid(FORK).splitlines()
    assert lines[0] == "flowchart LR"
    assert sum("-->" in line for line in lines) == len(FORK.accesses)
    assert '  d_raw[("raw<br/>scratch")]:::dataset' in lines
    assert "  d_raw --> t_report" in lines
    assert "  t_report --> d_final" in lines


def test_a_word_that_mermaid_reserves_is_no_id() -> None:
    assert '  t_end["end<br/>serverless"]:::task' in draw.mermaid(chain(("a", "end", "class"))).splitlines()


def test_the_order_of_declaration_changes_nothing() -> None:
    rows = [("raw", "split", "left,right"), ("left,right,rates", "join", "out"), ("raw,out", "report", "final")]
    other = chain(*reversed(rows))
    assert (draw.mermaid(other), draw.svg(other), draw.html(other)) == (
        draw.mermaid(FORK),
        draw.svg(FORK),
        draw.html(FORK),
    )


def overlaps(layout: Layout) -> list[tuple[object, object]]:
    return [
        (a, b)
        for (a, p), (b, q) in combinations(layout.boxes.items(), 2)
        if p.x < q.x + q.width and q.x < p.x + p.width and p.y < q.y + q.height and q.y < p.y + p.height
    ]


WIDE = chain(
    *((f"s{n}", f"t{n}", f"m{n}") for n in range(12)),
    (",".join(f"m{n}" for n in range(12)), "merge", "all"),
    ("all,s0,m3", "late", "end"),
    ("x", "apart", "y"),
    ("", "alone", ""),
)


@pytest.mark.parametrize("graph", [FORK, WIDE, chain(("", "only", ""))], ids=["fork", "wide", "one task"])
def test_boxes_stand_apart_and_stages_go_to_the_right(graph: Graph) -> None:
    layout = place(graph)
    assert set(layout.boxes) == {*graph.tasks, *graph.datasets}
    assert overlaps(layout) == []
    for task in graph.tasks:
        left, right = layout.stages[graph.stages[task]]
        assert (layout.boxes[task].x, layout.boxes[task].width) == (left, right - left)
    for (_, right), (left, _) in pairwise(layout.stages):
        assert left > right + GAP
    for wire in layout.wires:
        source, target = layout.boxes[wire.source], layout.boxes[wire.target]
        assert source.x + source.width < target.x
    assert len(layout.wires) == len(graph.accesses)
    assert all(0 <= box.y <= layout.height - HEIGHT for box in layout.boxes.values())
    assert all(0 <= box.x <= layout.width - box.width for box in layout.boxes.values())


def test_a_long_line_passes_between_the_boxes() -> None:
    layout = place(WIDE)
    for wire in layout.wires:
        for (left, level), _ in wire.passes:
            for item, box in layout.boxes.items():
                inside = box.x <= left <= box.x + box.width and box.y <= level <= box.y + box.height
                assert not inside, (wire.source, wire.target, item)


def test_svg_is_well_formed_and_whole() -> None:
    root = ET.fromstring(draw.svg(FORK))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    for item in (*FORK.tasks, *FORK.datasets):
        assert item.name in texts
    assert [text for text in texts if (text or "").startswith("STAGE")] == ["STAGE 1", "STAGE 2", "STAGE 3"]
    links = [g for g in root.iter(f"{SVG}g") if g.get("class") == "link"]
    ids = {g.get("id") for g in root.iter(f"{SVG}g") if "item" in str(g.get("class"))}
    assert len(links) == len(FORK.accesses)
    assert {link.get(end) for link in links for end in ("data-from", "data-to")} <= ids
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert "join: serverless, stage 2\nreads left, right, rates\nwrites out" in titles
    assert "raw: scratch\nwritten by no task (a source)\nread by report, split" in titles


def test_a_long_name_is_shortened_and_told_in_full() -> None:
    name = "a rather long name that no box can hold without being wider than the whole page"
    root = ET.fromstring(draw.svg(chain((name, "task", "out"))))
    shown = [str(element.text) for element in root.iter(f"{SVG}text")]
    assert any(text.endswith("…") and name.startswith(text[:-1]) for text in shown)
    assert any(str(element.text).startswith(name) for element in root.iter(f"{SVG}title"))


@pytest.mark.parametrize("form", [draw.svg, draw.html])
def test_nothing_is_fetched(form: Callable[[Graph], str]) -> None:
    text = form(FORK).replace("http://www.w3.org/2000/svg", "")
    for word in ("http:", "https:", "@import", "src=", "url("):
        assert word not in text
    assert "prefers-color-scheme: dark" in text


class _Tags(HTMLParser):
    """Collects tags, and fails on one that is closed without having been opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_well_formed_and_has_both_tables() -> None:
    text = draw.html(FORK)
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.seen.count("table") == 2
    assert tags.seen.count("tr") == 2 + len(FORK.tasks) + len(FORK.datasets)
    assert "default-src 'none'" in text


def test_text_from_elsewhere_is_escaped() -> None:
    graph = chain(("raw", "task", "out"))
    odd = '<b>&"x"'
    object.__setattr__(graph.datasets[0], "name", odd)  # a name cannot be so; what draws must not depend on it
    assert "<b>" not in draw.svg(graph)
    assert "<b>" not in draw.html(graph)
    assert any(element.text == odd for element in ET.fromstring(draw.svg(graph)).iter(f"{SVG}text"))
    assert "#60;b#62;#38;#34;x#34;" in draw.mermaid(graph)


@pytest.mark.parametrize(
    ("size", "said"), [(0, "0 B"), (999, "999 B"), (2_000_000_000, "2 GB"), (1_500_000_000_000, "1.5 TB")]
)
def test_sizes(size: int, said: str) -> None:
    assert facts.amount(size) == said


def test_what_a_dataset_is() -> None:
    assert facts.nature(Dataset("a", storage=Queue(), format="json", expected_size="3 MB")) == "queue, json, 3 MB"
    assert facts.nature(Dataset("a")) == "scratch"
