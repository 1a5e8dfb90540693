"""Draws a pipeline as a page of HTML with a picture and two tables; it is one file and fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from glacier.draw import facts
from glacier.draw.picture import STYLE, lines
from glacier.graph import Graph

_PAGE_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #0f172a; --faint: #64748b; --rule: #e2e8f0 }
@media (prefers-color-scheme: dark) { :root { --paper: #0f172a; --ink: #f1f5f9; --faint: #94a3b8; --rule: #334155 } }
body { margin: 0 auto; max-width: 1800px; padding: 24px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
h1 { font-size: 22px; margin: 0 } h2 { font-size: 15px; margin: 28px 0 8px }
p { margin: 2px 0 16px; color: var(--faint) }
.drawing { overflow: auto; border: 1px solid var(--rule); border-radius: 10px }
.drawing svg { display: block; margin: 0 auto }
.tables { overflow: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 5px 16px 5px 0; border-bottom: 1px solid var(--rule) }
th { color: var(--faint); font-weight: 600 } td:first-child { font-weight: 600 }
.item { cursor: default; outline: none } .item, .link { transition: opacity .12s }
.focused .item:not(.near), .focused .link:not(.near) { opacity: .18 }
"""
_SCRIPT = """
const svg = document.querySelector("svg"), links = [...svg.querySelectorAll(".link")];
const focus = item => {
  svg.querySelectorAll(".near").forEach(other => other.classList.remove("near"));
  svg.classList.toggle("focused", !!item);
  if (!item) return;
  item.classList.add("near");
  for (const link of links) {
    const { from, to } = link.dataset;
    if (from !== item.id && to !== item.id) continue;
    for (const near of [link, svg.getElementById(from), svg.getElementById(to)]) near.classList.add("near");
  }
};
for (const item of svg.querySelectorAll(".item")) {
  for (const event of ["mouseenter", "focus"]) item.addEventListener(event, () => focus(item));
  for (const event of ["mouseleave", "blur"]) item.addEventListener(event, () => focus(null));
}
"""


def html(graph: Graph) -> str:
    """The pipeline as a page of its own."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>'
    yield f"<title>{escape(graph.name)}</title>\n<style>{STYLE}{_PAGE_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{escape(graph.name)}</h1>\n<p>{escape(facts.summary(graph))}</p>"
    yield '<div class="drawing">'
    yield from lines(graph, alone=False)
    yield '</div>\n<div class="tables">\n<h2>Datasets</h2>'
    yield from _table(("dataset", "kept in", "written by", "read by"), _datasets(graph))
    yield "<h2>Tasks</h2>"
    yield from _table(("task", "stage", "runs on", "reads", "writes"), _tasks(graph))
    yield f"</div>\n<script>{_SCRIPT}</script>\n</body>\n</html>"


def _datasets(graph: Graph) -> Iterator[Sequence[str]]:
    for dataset in graph.datasets:
        written, read = facts.producer(dataset, graph), facts.consumers(dataset, graph)
        yield dataset.name, facts.nature(dataset), written or "– (a source)", read or "– (a result)"


def _tasks(graph: Graph) -> Iterator[Sequence[str]]:
    for task in graph.tasks:
        reads = ", ".join(dict.fromkeys(dataset.name for dataset in task.inputs.values()))
        writes = ", ".join(dataset.name for dataset in task.outputs)
        yield task.name, str(graph.stages[task] + 1), facts.kind(task.compute), reads or "–", writes or "–"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield "<table>\n<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
    yield from ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    yield "</table>"
