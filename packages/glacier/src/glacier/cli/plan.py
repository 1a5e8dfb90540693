"""``glacier plan``: homes, accesses, resources and costs, before anything is generated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from glacier import project
from glacier.cli import choosing, loading, show
from glacier.compilation import Compiled
from glacier.errors import CompileError, DeclarationError, Diagnostic
from glacier.plan import Line, Plan, money, path_of

_TRANSFERS = ("dataset", "from", "to", "times a usual transfer", "USD a run")


@click.command()
@choosing.reference
@choosing.options
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def command(reference: str, to: tuple[str, ...], region: tuple[str, ...], using: str | None, as_json: bool) -> None:
    """Show homes, accesses, resources and costs, before anything is generated. Nothing is written."""
    wanted = choosing.Wanted(to, region, using)
    if as_json:
        data, sound = _data(reference, wanted)
        click.echo(json.dumps(data, indent=1, ensure_ascii=False))
        if not sound:
            raise SystemExit(1)
        return
    loaded = loading.load(reference)
    compiled = choosing.compiler(loaded, wanted).compile(loaded.pipeline)
    if compiled.plan is not None:
        _show(compiled, compiled.plan)
    show.crossing(compiled.crossing)
    show.diagnostics(compiled.diagnostics, err=True)


def _data(reference: str, wanted: choosing.Wanted) -> tuple[dict[str, Any], bool]:
    """The plan as plain data, as much of it as there is, and whether it can be compiled."""
    data: dict[str, Any] = {"schema": 1, "pipeline": None}
    found: Sequence[Diagnostic] = ()
    sound = False
    try:
        loaded = loading.load(reference)
        pipeline, compiler = loaded.pipeline, choosing.compiler(loaded, wanted)
        data["pipeline"] = pipeline.name
        planned = compiler.plan(pipeline)
        data, found = project.readable(planned, {}), planned.diagnostics
        compiled = compiler.compile(pipeline)
        data, found, sound = project.readable(planned, compiled.programs), compiled.diagnostics, True
    except (DeclarationError, CompileError) as error:
        found = error.diagnostics
    return {**data, "diagnostics": [show.as_json(diagnostic) for diagnostic in found]}, sound


def _show(compiled: Compiled, plan: Plan) -> None:
    clouds = " and ".join(f"{cloud} ({plan.targets[cloud].place})" for cloud in plan.clouds)
    show.line(f"{compiled.name} on {clouds}\n", "bold")
    show.table("Datasets", ("dataset", "kept in", "home", "path", "because"), _datasets(plan))
    show.table("Tasks", ("stage", "task", "runs on", "home", "may read", "may write"), _tasks(plan), numbers=["stage"])
    if plan.secrets:
        show.table("Secrets", ("secret", "cloud", "may be read by"), _secrets(plan))
    if plan.transfers:
        show.table("Transfers", _TRANSFERS, _transfers(plan), numbers=_TRANSFERS[3:])
    show.table("Resources", ("cloud", "type", "count"), _resources(compiled), numbers=["count"])
    lines = plan.estimate.lines
    if lines:
        columns = ("for", "item", "quantity", "price in USD", "USD", "a", "as of")
        show.table("Estimate", columns, map(_priced, lines), numbers=("quantity", "USD"))
    _total(plan)


def _datasets(plan: Plan) -> Iterator[Sequence[str]]:
    for dataset in plan.graph.datasets:
        placed = plan.keeps[dataset]
        kept = f"{type(placed.particular).__name__} {placed.owner}"
        yield dataset.name, kept, f"{placed.home.cloud} {placed.home.region}", path_of(dataset), placed.home.because


def _tasks(plan: Plan) -> Iterator[Sequence[str]]:
    for placed in plan.tasks:
        task = placed.task
        reads = ", ".join(dict.fromkeys(dataset.name for dataset in task.inputs.values()))
        writes = ", ".join(dataset.name for dataset in task.outputs)
        home = f"{placed.home.cloud} {placed.home.region}"
        runs_on = type(placed.particular).__name__
        yield str(plan.graph.stages[task] + 1), task.name, runs_on, home, reads or "–", writes or "–"


def _secrets(plan: Plan) -> Iterator[Sequence[str]]:
    for placed in plan.secrets:
        yield placed.secret.name, placed.cloud, ", ".join(task.name for task in placed.tasks)


def _transfers(plan: Plan) -> Iterator[Sequence[str]]:
    for transfer in plan.transfers:
        source = f"{transfer.producer} ({transfer.source.cloud} {transfer.source.region})"
        destination = f"{transfer.consumer} ({transfer.destination.cloud} {transfer.destination.region})"
        times = transfer.rate.times if transfer.rate is not None else None
        usual = "unknown" if times is None else f"{times:.1f}"
        yield transfer.dataset.name, source, destination, usual, money.dollars(transfer.usd)


def _resources(compiled: Compiled) -> Iterator[Sequence[str]]:
    for cloud, program in compiled.programs.items():
        counts = Counter(node.type for node in program.nodes)
        yield from ((cloud, node_type, str(count)) for node_type, count in sorted(counts.items()))
        yield cloud, "all", str(counts.total())


def _priced(line: Line) -> Sequence[str]:
    quantity, price = money.quantity(line), money.price(line)
    return line.subject, line.item, quantity, price, money.dollars(line.cost), line.per, line.as_of


def _total(plan: Plan) -> None:
    estimate = plan.estimate
    unknown = len(estimate.unknown)
    known = f"{money.dollars(estimate.monthly)} USD a month and {money.dollars(estimate.per_run)} USD a run"
    rest = f"; {unknown} of {len(estimate.lines)} lines are not known, and not in it" if unknown else ""
    show.line(f"Known: {known}, at list prices before free tiers{rest}.\n")
