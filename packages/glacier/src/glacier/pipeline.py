"""Pipelines and tasks, as a user declares them."""

from __future__ import annotations

import functools
import importlib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from glacier import secrets, signature
from glacier.compute import Serverless, check_requirements
from glacier.dataset import Dataset
from glacier.errors import Where, caller, reject
from glacier.include import patterns
from glacier.naming import NAME, NAME_HELP, slug
from glacier.residency import Residency, words
from glacier.resource import Resource
from glacier.runtime.absent import Absent
from glacier.secrets import Secret
from glacier.signature import Slot

P = ParamSpec("P")
R = TypeVar("R")
CompiledT_co = TypeVar("CompiledT_co", covariant=True)
ResultsT_co = TypeVar("ResultsT_co", covariant=True)

COMPUTE_KINDS = ("serverless", "container", "local")


class Compiles(Protocol[CompiledT_co]):
    """Anything that can compile a pipeline."""

    def compile(self, pipeline: Pipeline, /) -> CompiledT_co:
        """What the pipeline compiles to."""


class Executes(Protocol[ResultsT_co]):
    """Anything that can run a pipeline."""

    def execute(self, pipeline: Pipeline, /) -> ResultsT_co:
        """What the pipeline's datasets came to be."""


class Task(Generic[P, R]):
    """A function of a pipeline: what it reads, what it returns, and where it runs.

    It is called like the function it was made from.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        compute: Resource | None = None,
        retries: int = 0,
        timeout: float | None = None,
        name: str | None = None,
        expected_duration: float | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.where = _where(function)
        self.name = name if name is not None else function.__name__
        self._settings = {
            "compute": compute,
            "retries": retries,
            "timeout": timeout,
            "name": name,
            "expected_duration": expected_duration,
        }
        self.compute = compute if compute is not None else Serverless()
        self.retries, self.timeout, self.expected_duration = retries, timeout, expected_duration
        subject = f"task {self.name}"
        read = signature.read(function, subject, self.where)
        self.slots: Mapping[str, Slot] = read.inputs
        self.results: tuple[Slot, ...] = read.outputs
        self.secrets: Mapping[str, Secret] = read.secrets
        self._check(subject)

    @property
    def inputs(self) -> dict[str, Dataset]:
        """The dataset each parameter reads."""
        return {parameter: slot.dataset for parameter, slot in self.slots.items()}

    @property
    def outputs(self) -> tuple[Dataset, ...]:
        """The datasets it returns, in order."""
        return tuple(slot.dataset for slot in self.results)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """Every dataset it names, each once."""
        return tuple(dict.fromkeys((*self.inputs.values(), *self.outputs)))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function gives when it is called directly."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    def _check(self, subject: str) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            reject("name", f"{self.name!r} is not a task's name", subject=subject, where=self.where, help=NAME_HELP)
            self.name = str(self.name)
        if not isinstance(self.compute, Resource) or self.compute.kind not in COMPUTE_KINDS:
            what = self.compute.__name__ if isinstance(self.compute, type) else repr(self.compute)
            reject(
                "compute",
                f"compute={what} runs no tasks",
                subject=subject,
                where=self.where,
                help="compute.serverless(), compute.container(), compute.local()",
            )
        check_requirements(self.compute, subject, self.where)
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            reject("retries", f"retries={self.retries!r} is not a number of retries", subject=subject, where=self.where)
        for field in ("timeout", "expected_duration"):
            seconds = getattr(self, field)
            if seconds is not None and (
                isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf
            ):
                reject("seconds", f"{field}={seconds!r} is not a number of seconds", subject=subject, where=self.where)
        both = [d for d in self.outputs if d in self.inputs.values()]
        for dataset in both:
            reject(
                "cycle",
                f"reads and writes {dataset.name}: {self.name} → {dataset.name} → {self.name}",
                subject=subject,
                where=self.where,
                help="give the result a dataset of its own",
            )
        twice = {d.name for d in self.outputs if self.outputs.count(d) > 1}
        for name in twice:
            reject("producers", f"returns {name} twice", subject=subject, where=self.where)


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    compute: Resource | None = None,
    *,
    retries: int = 0,
    timeout: float | None = None,
    name: str | None = None,
    expected_duration: float | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(*given: Any, **settings: Any) -> Any:
    """Make a function a task, to be put into a pipeline later: ``Pipeline(tasks=[clean, report])``."""
    return _decorate(given, settings, lambda new: new)


def _decorate(
    given: tuple[Any, ...], settings: dict[str, Any], then: Callable[[Task[..., Any]], Task[..., Any]]
) -> Any:
    """What a decorator gives: a task, or without a function yet, what will make one of it."""

    def decorate(function: Any) -> Any:
        made = _make(function, settings)
        return then(made) if made is not None else function

    match given:
        case ():
            return decorate
        case (Resource() as compute,):
            settings = {"compute": compute, **settings}
            return decorate
        case (function,):
            return decorate(function)
    raise TypeError(f"task() takes one function, or settings by name; {len(given)} values were given")


def _make(function: Any, settings: Mapping[str, Any]) -> Task[..., Any] | None:
    """A task of a function, or of another task with some settings changed; ``None`` if it can be made of neither.

    A function whose decorator is not in this folder of code is another folder's task.
    """
    if isinstance(function, Absent):
        return None
    if isinstance(function, Task):
        return Task(function.function, **{**function._settings, **settings}) if settings else function
    if not callable(function) or not hasattr(inspect.unwrap(function), "__code__"):
        reject("task", f"a task is a function, not {function!r}", help="put @pipeline.task above a def")
        return None
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        reject(
            "task",
            "a task is a plain function, not an async one",
            subject=f"task {function.__name__}",
            where=_where(function),
            help="write def, and asyncio.run(…) inside it",
        )
        return None
    return Task(function, **settings)


class Pipeline:
    """A data pipeline: tasks, and the datasets that connect them.

    ``Pipeline("sales")`` with ``@pipeline.task``, and ``Pipeline(tasks=[…], name="sales")`` with ``@task``, say the
    same. ``residency`` is where all of its data must stay, and its tasks run (see :class:`~glacier.Dataset`).
    ``include`` are files that its tasks open, as patterns of paths beside the file that declares it
    (``"queries/*.sql"``, or a folder with all that is in it); where tasks run, they are beside that file too.
    Raises :class:`~glacier.errors.DeclarationError` on the line that declares something wrongly.
    """

    def __init__(
        self,
        name: str = "pipeline",
        tasks: Iterable[Task[..., Any]] = (),
        *,
        residency: Residency | None = None,
        include: Iterable[str] = (),
    ) -> None:
        self.where = caller()
        if not isinstance(name, str) or not NAME.fullmatch(name):
            reject("name", f"{name!r} is not a pipeline's name", help=NAME_HELP)
            name = "pipeline"
        self.name = name
        self.residency = words(residency, f"pipeline {name}") if residency is not None else ()
        self.include = patterns(include)
        self._tasks: dict[str, Task[..., Any]] = {}
        self._datasets: dict[str, Dataset] = {}
        self._secrets: dict[str, Secret] = {}
        self._producers: dict[Dataset, Task[..., Any]] = {}
        self._consumers: dict[Dataset, list[Task[..., Any]]] = {}
        for each in tasks:
            made = _make(each, {})
            if made is not None:
                self._add(made)

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(
        self,
        compute: Resource | None = None,
        *,
        retries: int = 0,
        timeout: float | None = None,
        name: str | None = None,
        expected_duration: float | None = None,
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...
    def task(self, *given: Any, **settings: Any) -> Any:
        """Add a function to the pipeline; its annotations name the datasets it reads and returns.

        ``retries`` is how often it is tried again, ``timeout`` and ``expected_duration`` are in seconds.
        """
        return _decorate(given, settings, self._add)

    @property
    def tasks(self) -> tuple[Task[..., Any], ...]:
        """The tasks, in the order in which they were declared."""
        return tuple(self._tasks.values())

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets its tasks name, in the order in which they were first named."""
        return tuple(self._datasets.values())

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets its tasks are given, each once, in the order in which they were first named."""
        return tuple(self._secrets.values())

    def compile(self, compiler: Compiles[CompiledT_co]) -> CompiledT_co:
        """Compile to the cloud, or clouds, of a compiler: ``pipeline.compile(AWSCompiler())``."""
        return compiler.compile(self)

    def run(self, executor: Executes[Any] | None = None) -> Any:
        """Run every task here, in order, and give every dataset: ``pipeline.run()["clean"]``.

        Without an executor, :class:`glacier.execution.LocalExecutor` with its defaults.
        Raises :class:`~glacier.errors.TaskError`.
        """
        if executor is None:
            # The one default that lies above this floor; it brings obstore, which `import glacier` must not.
            executor = importlib.import_module("glacier.execution").LocalExecutor()
        return executor.execute(self)

    def validate(self) -> None:
        """Check the pipeline as a whole; raises :class:`~glacier.errors.DeclarationError`.

        What a single line can get wrong was already refused on that line.
        """
        if not self._tasks:
            reject(
                "empty",
                "the pipeline has no tasks",
                subject=f"pipeline {self.name}",
                where=self.where,
                help="@pipeline.task above a function adds one",
            )

    def visualize(self) -> str:
        """The pipeline as text: each task with what it reads and writes."""
        rows = [
            (", ".join(d.name for d in dict.fromkeys(t.inputs.values())), t.name, ", ".join(d.name for d in t.outputs))
            for t in self.tasks
        ]
        left, middle = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
        lines = [
            f"{reads:>{left}} → [{name}]{'':{middle - len(name)}} → {writes}".rstrip(" →")
            for reads, name, writes in rows
        ]
        return "\n".join([f"{self.name}", *lines])

    def __repr__(self) -> str:
        return f"<Pipeline {self.name}: {len(self._tasks)} tasks, {len(self._datasets)} datasets>"

    def _add(self, new: Task[..., Any]) -> Task[..., Any]:
        self._refuse_taken_names(new)
        secrets.add(self._secrets, new.secrets, f"task {new.name}", new.where)
        self._refuse_second_producer(new)
        self._refuse_cycle(new)
        self._tasks[slug(new.name)] = new
        for dataset in new.datasets:
            self._datasets.setdefault(slug(dataset.name), dataset)
        for dataset in new.outputs:
            self._producers.setdefault(dataset, new)
        for dataset in dict.fromkeys(new.inputs.values()):
            self._consumers.setdefault(dataset, []).append(new)
        return new

    def _refuse_taken_names(self, new: Task[..., Any]) -> None:
        same = self._tasks.get(slug(new.name))
        if same is not None:
            reject(
                "name",
                f"the name is taken by the task {same.name!r} at {same.where}",
                subject=f"task {new.name}",
                where=new.where,
                help="@pipeline.task(name=…) gives it another",
            )
        own: dict[str, Dataset] = {}
        for dataset in new.datasets:
            known = self._datasets.get(slug(dataset.name)) or own.setdefault(slug(dataset.name), dataset)
            if known is not dataset:
                reject(
                    "name",
                    f"two datasets are named {dataset.name!r} (the other, {known.name!r}, is at {known.where})",
                    subject=f"task {new.name}",
                    where=new.where,
                    help="use one Dataset object for both, or give one another name",
                )

    def _refuse_second_producer(self, new: Task[..., Any]) -> None:
        for dataset in new.outputs:
            producer = self._producers.get(dataset)
            if producer is not None:
                reject(
                    "producers",
                    f"{dataset.name} is already written by {producer.name} at {producer.where}",
                    subject=f"task {new.name}",
                    where=new.where,
                    help="one task writes a dataset; give this one its own",
                )

    def _refuse_cycle(self, new: Task[..., Any]) -> None:
        """A new task closes a circle only if something reads what it writes and something writes what it reads."""
        goal = {self._producers[d] for d in new.inputs.values() if d in self._producers}
        if not goal or not any(d in self._consumers for d in new.outputs):
            return
        came_from: dict[Task[..., Any], tuple[Task[..., Any], Dataset]] = {}
        waiting = [new]
        for current in waiting:
            if current in goal:
                path = _circle(current, new, came_from)
                reject(
                    "cycle",
                    f"the tasks wait for each other: {path}",
                    subject=f"task {new.name}",
                    where=new.where,
                    help="let one of them write a dataset of its own",
                )
                return
            for dataset in current.outputs:
                for reader in self._consumers.get(dataset, ()):
                    if reader not in came_from:
                        came_from[reader] = (current, dataset)
                        waiting.append(reader)


def _circle(
    last: Task[..., Any], first: Task[..., Any], came_from: Mapping[Task[..., Any], tuple[Task[..., Any], Dataset]]
) -> str:
    closing = next(dataset for dataset in last.outputs if dataset in first.inputs.values())
    steps = [last.name, closing.name, first.name]
    while last is not first:
        last, dataset = came_from[last]
        steps[:0] = [last.name, dataset.name]
    return " → ".join(steps)


def _where(function: Callable[..., Any]) -> Where | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Where(code.co_filename, code.co_firstlineno) if code is not None else caller()
