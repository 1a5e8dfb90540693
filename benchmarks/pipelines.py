"""Pipelines of any size: chains, fans, layers, and executions of real workflows in WfFormat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glacier import Dataset, Pipeline
from glacier.resource import Resource
from glacier_gcp.compute import CloudFunction


def task(
    pipeline: Pipeline,
    name: str,
    reads: Sequence[Dataset],
    writes: Sequence[Dataset],
    compute: Resource | None = None,
) -> None:
    """Add a task that reads and writes these datasets and does next to nothing."""
    parameters = ", ".join(f"a{number}" for number in range(len(reads)))
    result = ", ".join("1" for _ in writes) or "None"
    scope: dict[str, Any] = {}
    exec(f"def work({parameters}):\n    return {result}\n", scope)
    function = scope["work"]
    function.__annotations__ = {f"a{number}": dataset for number, dataset in enumerate(reads)}
    function.__annotations__["return"] = tuple[tuple(writes)] if len(writes) > 1 else writes[0] if writes else None
    function.__module__, function.__qualname__ = __name__, "task"
    function.__code__ = function.__code__.replace(co_filename=__file__)
    pipeline.task(name=name, compute=compute)(function)


def chain(size: int) -> Pipeline:
    """Each task reads what the one before wrote."""
    pipeline, last = Pipeline("chain"), Dataset("d0")
    for number in range(1, size + 1):
        made = Dataset(f"d{number}")
        task(pipeline, f"t{number}", [last], [made])
        last = made
    return pipeline


def fan(size: int) -> Pipeline:
    """One task, and all others read what it wrote."""
    pipeline, seed = Pipeline("fan"), Dataset("seed")
    task(pipeline, "start", [], [seed])
    for number in range(1, size):
        task(pipeline, f"t{number}", [seed], [Dataset(f"d{number}")])
    return pipeline


def layers(size: int, *, abroad: Resource | None = None) -> Pipeline:
    """Layers of a hundred tasks (fewer in a small pipeline), each reading three of the layer before.

    With ``abroad`` every tenth layer runs on it: what it reads and what the next one reads crosses.
    """
    pipeline, width = Pipeline("layers"), max(2, min(100, size // 10))
    before = [Dataset(f"in{number}") for number in range(width)]
    for start in range(0, size, width):
        compute = abroad if start // width % 10 == 1 else None
        made = [Dataset(f"d{start + number}") for number in range(min(width, size - start))]
        for number, dataset in enumerate(made):
            reads = dict.fromkeys(before[(number * step + start) % len(before)] for step in (1, 7, 13))
            task(pipeline, f"t{start + number}", list(reads), [dataset], compute)
        before = made
    return pipeline


def mixed(size: int) -> Pipeline:
    """The same layers, of which every tenth runs on another cloud."""
    return layers(size, abroad=CloudFunction())


def workflow(path: Path) -> Pipeline:
    """A workflow of wfcommons.org: its tasks, and its files as datasets."""
    document = json.loads(path.read_text(encoding="utf-8"))["workflow"]["specification"]
    sizes = {file["id"]: file["sizeInBytes"] for file in document["files"]}
    names: dict[str, str] = {}
    datasets: dict[str, Dataset] = {}
    written: set[str] = set()
    pipeline = Pipeline(path.stem.split("-")[0])

    def dataset(file: str) -> Dataset:
        if file not in datasets:
            names[file] = f"f{len(names)} " + "".join(c if c.isalnum() else "-" for c in file)[-40:]
            datasets[file] = Dataset(names[file], expected_size=sizes.get(file))
        return datasets[file]

    for number, each in enumerate(document["tasks"]):
        reads = [dataset(file) for file in dict.fromkeys(each.get("inputFiles", ()))]
        outputs = [file for file in dict.fromkeys(each.get("outputFiles", ())) if file not in written]
        writes = [dataset(file) for file in outputs if dataset(file) not in reads]
        written.update(outputs)
        task(pipeline, f"t{number} {''.join(c if c.isalnum() else '-' for c in each['name'])[:60]}", reads, writes)
    return pipeline


SHAPES = {"chain": chain, "fan": fan, "layers": layers, "mixed": mixed}
