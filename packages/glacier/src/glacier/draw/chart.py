"""Draws a pipeline as a Mermaid flowchart, which documentation sites and code hosts render."""

from __future__ import annotations

from collections.abc import Iterator

from glacier.draw import facts
from glacier.graph import Graph
from glacier.naming import identifier, slug


def mermaid(graph: Graph) -> str:
    """The pipeline as a Mermaid flowchart; ids come from names, so that an edit elsewhere changes no line."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    for dataset in graph.datasets:
        yield f'  {_id("d", dataset.name)}[("{_quoted(dataset.name)}<br/>{_quoted(facts.storage(dataset))}")]:::dataset'
    for task in graph.tasks:
        yield f'  {_id("t", task.name)}["{_quoted(task.name)}<br/>{_quoted(facts.kind(task.compute))}"]:::task'
    for task in graph.tasks:
        here = _id("t", task.name)
        for dataset in dict.fromkeys(task.inputs.values()):
            yield f"  {_id('d', dataset.name)} --> {here}"
        for dataset in task.outputs:
            yield f"  {here} --> {_id('d', dataset.name)}"
    yield "  classDef dataset fill:#e0f2fe,stroke:#0284c7,color:#0c4a6e"
    yield "  classDef task fill:#fef3c7,stroke:#d97706,color:#451a03"


def _id(prefix: str, name: str) -> str:
    return identifier(prefix, slug(name))


def _quoted(text: str) -> str:
    """Text inside quotes: Mermaid reads ``#`` as the beginning of a character's number, and ``<`` as HTML."""
    return "".join(character if character not in '#"<>&`\\' else f"#{ord(character)};" for character in text)
