"""Runs a pipeline on this machine, with the code that runs in a cloud, and with nothing to set up."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from glacier.dataset import Dataset
from glacier.errors import DeclarationError, Diagnostic, TaskError, nearest
from glacier.execution.processes import Processes
from glacier.execution.progress import Progress
from glacier.execution.results import NothingRan, Results, TaskRun
from glacier.execution.schedule import side_by_side
from glacier.execution.secrets import look_up
from glacier.graph import AnyTask, Graph, build
from glacier.naming import slug
from glacier.pipeline import Pipeline
from glacier.plan import path_of
from glacier.runtime import is_importing
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.run import Done, Step, run, step_of, trouble
from glacier.runtime.secrets import Values
from glacier.runtime.stores import Memory, Store, open_store

_ADDRESSES = {
    "object_storage": "file://{}",
    "database": "sqlite+tables://{}/tables.sqlite",
    "cache": "sqlite+keys://{}/keys.sqlite",
    "queue": "sqlite+messages://{}/messages.sqlite",
}
_INPUTS, _VALUES = "(inputs)", "(values)"  # no storage's name has brackets
_LONGEST_WAIT = 60.0  # seconds between two attempts


@dataclass(frozen=True)
class LocalExecutor:
    """Runs every task here, in an order in which each comes after what it reads.

    Datasets are kept below ``root``, as ``PIPELINE/STORAGE/DATASET``: objects as files, databases, caches and queues in
    SQLite files. With ``persist=False`` they are kept in memory, and nothing is serialised; only sources are read from
    ``root`` then. ``inputs`` gives sources a value by name. ``workers`` is how many tasks run side by side: in
    processes, or in threads with ``persist=False``. A task with a ``timeout`` always runs in a process, which is killed
    when its time is over. ``backoff`` is how many seconds pass before a task is tried again, about twice as many
    each time. When a task fails, no other is started; those beside it end first. Secrets are looked for in the
    environment, in ``.env`` and in the keyring before anything runs (:func:`glacier.execution.secrets.look_up`).
    """

    root: str | os.PathLike[str] = ".glacier"
    persist: bool = True
    inputs: Mapping[str, Any] | None = None
    workers: int = 1
    progress: Progress | None = None
    backoff: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.workers, bool) or not isinstance(self.workers, int) or self.workers < 1:
            raise DeclarationError(
                [Diagnostic(code="workers", message=f"workers={self.workers!r} is not a number of workers")]
            )

    def execute(self, pipeline: Pipeline) -> Results:
        """Run the pipeline; raises :class:`~glacier.errors.TaskError` for the first task that fails.

        While a module is being imported for its tasks nothing runs.
        """
        if is_importing():
            return NothingRan(pipeline.name)
        return _Run(self, build(pipeline)).all()


@dataclass
class _Run:
    """One run of one pipeline."""

    executor: LocalExecutor
    graph: Graph
    places: dict[str, Place] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    begun: set[AnyTask] = field(default_factory=set)
    secrets: Values = field(default_factory=lambda: Values({}))

    def __post_init__(self) -> None:
        inputs = {_name(key): value for key, value in (self.executor.inputs or {}).items()}
        _refuse_unknown(inputs, self.graph)
        folder = Path(self.executor.root).absolute() / slug(self.graph.name)
        for holding in self.graph.holdings:
            kind = holding.resource.kind if holding.resource is not None else "object_storage"
            if holding.owner in self.addresses:
                raise DeclarationError([_one_name(holding.owner, holding.datasets[0])])
            self.addresses[holding.owner] = _ADDRESSES[kind].format(
                (folder / holding.owner).as_uri().removeprefix("file://")
            )
            for dataset in holding.datasets:
                self.places[dataset.name] = self._place(dataset, holding.owner, inputs)
        self.stores = {_INPUTS: Memory(inputs), _VALUES: Memory()}
        used = {place.store for place in self.places.values()}
        for owner, address in self.addresses.items():
            if owner in used:
                self.stores[owner] = open_store(address)

    def _place(self, dataset: Dataset, owner: str, inputs: Mapping[str, Any]) -> Place:
        if dataset.name in inputs:
            return Place(store=_INPUTS, path=dataset.name, source=True)
        source = dataset not in self.graph.producers
        if not source and not self.executor.persist:
            return Place(store=_VALUES, path=dataset.name)
        return Place(
            store=owner,
            path=path_of(dataset),
            format=dataset.format,
            schema=dataset.schema,
            source=source,
            transfer=dataset.switched_on(crosses=False, abroad=False),  # here only what somebody asked for
        )

    def all(self) -> Results:
        """Run every task."""
        progress, tasks = self.executor.progress, self.graph.tasks
        self._look_for_sources()
        self.secrets = look_up(self.graph)
        steps = {task: step_of(task) for task in tasks}
        runs: list[TaskRun] = []
        processes = Processes(self.executor.workers)
        if progress is not None:
            progress.begin([task.name for task in tasks])
        try:
            if self.executor.workers == 1:
                runs.extend(self._one(task, steps[task], processes) for task in tasks)
            else:
                side_by_side(
                    self.graph,
                    self.executor.workers,
                    lambda task: self._one(task, steps[task], processes),
                    processes.close,
                    runs,
                )
            processes.finish()
        except TaskError as error:
            if skipped := self._skipped():
                error.add_note(f"did not run: {', '.join(skipped)}")
            raise
        finally:
            processes.close()
            for store in self.stores.values():
                store.close()
            if progress is not None:
                progress.end(self._skipped())
        return Results(self.places, self.stores, self._types(), tuple(runs))

    def _skipped(self) -> list[str]:
        return [task.name for task in self.graph.tasks if task not in self.begun]

    def _one(self, task: AnyTask, step: Step, processes: Processes) -> TaskRun:
        """Run a task until it succeeds, or has been tried as often as it may be."""
        progress = self.executor.progress
        self.begun.add(task)
        if progress is not None:
            progress.started(task.name)
        begin = perf_counter()
        if task.timeout is not None or (self.executor.workers > 1 and self.executor.persist):
            own = self.secrets.only(secret.name for secret in task.secrets.values())
            done, attempts = self._attempts(
                task,
                processes,
                lambda: processes.run(step, self.places, self.stores, self.addresses, task.timeout, own),
            )
        elif task.retries or progress is not None:
            done, attempts = self._attempts(task, processes, lambda: run(step, self.places, self.stores, self.secrets))
        else:
            done, attempts = run(step, self.places, self.stores, self.secrets), 1
        finished = TaskRun(task.name, perf_counter() - begin, attempts, done.outputs)
        if progress is not None:
            progress.finished(finished)
        return finished

    def _attempts(self, task: AnyTask, processes: Processes, once: Callable[[], Done]) -> tuple[Done, int]:
        progress = self.executor.progress
        try:
            return (once(), 1) if not task.retries else self._again(task, processes, once)
        except TaskError as error:
            if progress is not None:
                progress.failed(task.name, error)
            raise

    def _again(self, task: AnyTask, processes: Processes, once: Callable[[], Done]) -> tuple[Done, int]:
        import tenacity

        progress, backoff = self.executor.progress, self.executor.backoff

        def tell(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome is not None else None
            if progress is not None and isinstance(error, TaskError):
                progress.retrying(task.name, state.attempt_number, error, state.upcoming_sleep)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(task.retries + 1),
            wait=tenacity.wait_exponential(multiplier=backoff, max=_LONGEST_WAIT) + tenacity.wait_random(0, backoff),
            retry=tenacity.retry_if_exception_type(TaskError),
            before_sleep=tell,
            sleep=tenacity.sleep_using_event(processes.closed),  # nobody waits for a run that was interrupted
            reraise=True,
        )
        done = retrying(once)
        return done, int(retrying.statistics["attempt_number"])

    def _look_for_sources(self) -> None:
        """Every source must be there before anything runs; raises :class:`~glacier.errors.TaskError`."""
        missing: list[TaskError] = []
        for dataset in self.graph.sources:
            place = self.places[dataset.name]
            reader = self.graph.consumers[dataset][0].name
            try:
                if not self.stores[place.store].exists(place):
                    missing.append(trouble(reader, dataset.name, self.stores[place.store].missing(place)))
            except Problem as problem:
                missing.append(trouble(reader, dataset.name, problem))
        if not missing:
            return
        first, *others = missing
        by_hand = f'or give it a value: LocalExecutor(inputs={{"{first.dataset}": …}})'
        also = [f"also missing: {other.dataset}: {other.message}" for other in others]
        raise TaskError(first.task, first.message, dataset=first.dataset, help="\n".join([first.help, by_hand, *also]))

    def _types(self) -> dict[str, Any]:
        """The type in which each dataset is given: its task's, or a source's first reader's."""
        found: dict[str, Any] = {}
        for task in reversed(self.graph.tasks):
            for slot in task.slots.values():
                if slot.dataset not in self.graph.producers:
                    found[slot.dataset.name] = slot.type
            for slot in task.results:
                found[slot.dataset.name] = slot.type
        return found


def _name(key: object) -> str:
    return key.name if isinstance(key, Dataset) else str(key)


def _refuse_unknown(inputs: Mapping[str, Any], graph: Graph) -> None:
    """Refuse a value for what is no source; raises :class:`~glacier.errors.DeclarationError`."""
    sources = [dataset.name for dataset in graph.sources]
    written = {dataset.name: task.name for dataset, task in graph.producers.items()}
    for name in inputs:
        if name in written:
            message, help_ = f"inputs give {name}, which the task {written[name]} writes", "leave it out"
        elif name not in sources:
            meant = nearest(name, sources)
            message = f"inputs give {name!r}, which is no source of {graph.name}"
            help_ = f"did you mean {meant!r}?" if meant else f"its sources: {', '.join(sources) or 'none'}"
        else:
            continue
        raise DeclarationError([Diagnostic(code="inputs", message=message, help=help_)])


def _one_name(owner: str, dataset: Dataset) -> Diagnostic:
    return Diagnostic(
        code="name",
        message=f"two storages are called {owner!r}",
        subject=f"dataset {dataset.name}",
        help="use one storage object for both, or name one of them",
        where=dataset.where,
    )
