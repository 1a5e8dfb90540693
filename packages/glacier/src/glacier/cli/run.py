"""``glacier run``: the pipeline on this machine, task by task, and where everything is afterwards."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import click

from glacier.cli import choosing, loading, show
from glacier.errors import Diagnostic, TaskError
from glacier.execution import LocalExecutor, Results, TaskRun
from glacier.pipeline import Pipeline
from glacier.runtime.problems import Raised

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_UNITS = ("B", "KB", "MB", "GB", "TB")


@click.command()
@choosing.reference
@click.option("--root", default=".glacier", show_default=True, type=click.Path(), help="The folder for its datasets.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Tasks side by side.")
@click.option("--no-persist", is_flag=True, help="Keep what tasks write in memory, and leave nothing on disk.")
def command(reference: str, root: str, workers: int, no_persist: bool) -> None:
    """Run the pipeline on this machine.

    Sources are read from, and datasets kept in, the folder ROOT/PIPELINE/STORAGE/DATASET. When a task fails, no other
    is started: what went wrong is shown, and what did not run.
    """
    pipeline = loading.load(reference).pipeline
    with _shown() as progress:
        try:
            results = LocalExecutor(root, persist=not no_persist, workers=workers, progress=progress).execute(pipeline)
        except TaskError as error:
            failure: TaskError | None = error
        else:
            failure = None
    if failure is not None:
        _explain(failure, pipeline, progress)
        raise SystemExit(1)
    _summary(pipeline, results)


class _Lines:
    """A line for each thing that happens, for what is not a terminal."""

    def __init__(self) -> None:
        self.skipped: Sequence[str] = ()
        self._all = self._ended = 0

    def begin(self, tasks: Sequence[str]) -> None:
        self._all = len(tasks)

    def started(self, task: str) -> None:
        """Its end is told."""

    def retrying(self, task: str, attempt: int, error: TaskError, wait: float) -> None:
        click.echo(f"{task}: attempt {attempt} failed ({error.message}); again in {wait:.1f} s", err=True)

    def finished(self, run: TaskRun) -> None:
        self._ended += 1
        tries = f", {run.attempts} attempts" if run.attempts > 1 else ""
        click.echo(f"[{self._ended}/{self._all}] {run.task}: {run.seconds:.2f} s{tries}", err=True)

    def failed(self, task: str, error: TaskError) -> None:
        click.echo(f"{task}: failed", err=True)

    def end(self, skipped: Sequence[str]) -> None:
        self.skipped = skipped


class _Live(_Lines):
    """What runs now, and a bar, in a terminal."""

    def __init__(self, bar: Bar) -> None:
        super().__init__()
        self._bar = bar
        self._whole = bar.add_task("", total=None)
        self._running: dict[str, float] = {}

    def begin(self, tasks: Sequence[str]) -> None:
        super().begin(tasks)
        self._bar.update(self._whole, total=len(tasks))

    def started(self, task: str) -> None:
        self._running[task] = monotonic()
        self._now()

    def retrying(self, task: str, attempt: int, error: TaskError, wait: float) -> None:
        self._bar.console.print(f"{task}: attempt {attempt} failed ({error.message}); again in {wait:.1f} s")

    def finished(self, run: TaskRun) -> None:
        self._ended += 1
        self._running.pop(run.task, None)
        self._bar.update(self._whole, completed=self._ended)
        self._now()

    def failed(self, task: str, error: TaskError) -> None:
        self._running.pop(task, None)
        self._now()

    def _now(self) -> None:
        self._bar.update(self._whole, description=", ".join(self._running))


@contextmanager
def _shown() -> Iterator[_Lines]:
    """Whoever tells how the run goes: a live display in a terminal, lines where there is none."""
    out = show.console(err=True)
    if not out.is_terminal:
        yield _Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        yield _Live(bar)


def _explain(error: TaskError, pipeline: Pipeline, progress: _Lines) -> None:
    """The error beside the task's own line, with the frames of the user's code, and what did not run because of it."""
    task = next((each for each in pipeline.tasks if each.name == error.task), None)
    message = error.message
    frames = error.frames if isinstance(error, Raised) else ()
    if frames:
        shown = [traceback.FrameSummary(show.path(f.filename), f.lineno, f.name, line=f.line) for f in frames]
        message = f"{message}\n{''.join(traceback.format_list(shown)).rstrip()}"
    subject = f"task {error.task}" + (f", dataset {error.dataset}" if error.dataset else "")
    where = task.where if task is not None else None
    show.diagnostics(
        [Diagnostic(code="task", message=message, subject=subject, help=error.help, where=where)], err=True
    )
    if progress.skipped:
        click.echo(f"did not run: {', '.join(progress.skipped)}", err=True)


def _summary(pipeline: Pipeline, results: Results) -> None:
    rows: list[tuple[str, ...]] = []
    for run in results.tasks:
        first = (run.task, f"{run.seconds:.2f}", str(run.attempts))
        for number, (dataset, written) in enumerate(run.outputs.items()):
            head = first if number == 0 else ("", "", "")
            rows.append((*head, dataset, _size(written.size), _size(written.saved), show.path(written.where)))
        if not run.outputs:
            rows.append((*first, "–", "", "", ""))
    columns = ("task", "seconds", "attempts", "output", "size", "saved", "where")
    left_out: set[str] = set()
    if all(run.attempts == 1 for run in results.tasks):
        left_out.add("attempts")
    if all(written.saved is None for run in results.tasks for written in run.outputs.values()):
        left_out.add("saved")
    keep = [number for number, column in enumerate(columns) if column not in left_out]
    show.table(
        f"{pipeline.name}: {len(results.tasks)} tasks ran",
        [columns[number] for number in keep],
        [[row[number] for number in keep] for row in rows],
        numbers=("seconds", "attempts", "size", "saved"),
    )


def _size(size: int | None) -> str:
    if size is None:
        return "–"
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"
