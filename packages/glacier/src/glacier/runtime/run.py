"""Runs one task once: read what it reads, call it, write what it returned.

The local executor and every cloud's entry point come here. A task is known only by its shape (``slots``, ``results``,
``function``), so that nothing of the language is needed where it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from glacier.errors import TaskError
from glacier.runtime.manifest import Place
from glacier.runtime.problems import ENDING, Problem, raised
from glacier.runtime.secrets import Reveal, Values, cleaned, hidden, reveal_all
from glacier.runtime.stores import Store
from glacier.runtime.wanted import STREAMS, Form, check, described, form_of, library_form
from glacier.runtime.written import Written


class Step(NamedTuple):
    """A task as it runs: its function, what each parameter reads, what it returns; types are ``None`` for any.

    ``secrets`` are the parameters that are given a secret's value.
    """

    name: str
    function: Callable[..., Any]
    reads: tuple[tuple[str, str, Any], ...]  # parameter, dataset, type
    writes: tuple[tuple[str, Any], ...]  # dataset, type
    secrets: tuple[tuple[str, str], ...] = ()  # parameter, secret


class Done(NamedTuple):
    """What a task wrote, by dataset, and how many seconds its function took."""

    outputs: dict[str, Written]
    seconds: float


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class _Slot(Protocol):
    @property
    def dataset(self) -> _Named: ...
    @property
    def type(self) -> Any: ...


class TaskLike(Protocol):
    """A declared task, as far as running it goes."""

    name: str
    function: Callable[..., Any]

    @property
    def slots(self) -> Mapping[str, _Slot]:
        """What each parameter reads."""

    @property
    def results(self) -> tuple[_Slot, ...]:
        """What it returns, in order."""

    @property
    def secrets(self) -> Mapping[str, _Named]:
        """The secret whose value each parameter is given."""


def step_of(task: TaskLike) -> Step:
    """A declared task as it runs."""
    return Step(
        task.name,
        task.function,
        tuple((parameter, slot.dataset.name, slot.type) for parameter, slot in task.slots.items()),
        tuple((slot.dataset.name, slot.type) for slot in task.results),
        tuple((parameter, secret.name) for parameter, secret in task.secrets.items()),
    )


def run(
    step: Step,
    places: Mapping[str, Place],
    stores: Mapping[str, Store],
    reveal: Reveal = Values({}),
) -> Done:
    """Run a task once; raises :class:`~glacier.errors.TaskError`, and then nothing of a dataset is half-written.

    An exception of the function itself, or of an iterator that it returned, is the error's ``__cause__``, and its
    frames are kept (:class:`~glacier.runtime.problems.Raised`). The values of secrets, which ``reveal`` gives, are in
    no error.
    """
    arguments: dict[str, Any] = {}  # no secrets: what shows an error may show the variables of its frames
    for parameter, dataset, wanted in step.reads:
        place = places[dataset]
        try:
            value = stores[place.store].read(place, wanted)
        except ENDING:
            raise
        except BaseException as error:
            raise trouble(step.name, dataset, error) from _cause(error)
        is_stream = form_of(wanted) in STREAMS and isinstance(value, Iterator)
        arguments[parameter] = _of(dataset, value) if is_stream else value
    if not step.secrets:
        return _call(step, arguments, Values({}), places, stores)
    values = reveal_all(step.name, dict.fromkeys(secret for _, secret in step.secrets), reveal)
    try:
        return _call(step, arguments, values, places, stores)
    except TaskError as error:
        said, cause = hidden(error, values), error.__cause__
    except BaseException as error:  # as of sys.exit("…"), whose text Python itself shows
        cleaned(error, values)
        raise
    # Raised here, and not above, so that what it stands for is not its context.
    raise said from (cleaned(cause, values) if cause is not None else None)


def _of(dataset: str, items: Iterator[Any]) -> Iterator[Any]:
    """What a task reads bit by bit: bad data is that dataset's, wherever it is noticed."""
    try:
        yield from items
    except Problem as problem:
        problem.dataset = dataset
        raise


def _call(
    step: Step, arguments: Mapping[str, Any], values: Values, places: Mapping[str, Place], stores: Mapping[str, Store]
) -> Done:
    begin = perf_counter()
    try:
        returned = step.function(**arguments, **{parameter: values(secret) for parameter, secret in step.secrets})
    except ENDING:
        raise
    except BaseException as error:
        raise _failed(step, error) from _cause(error)
    seconds = perf_counter() - begin
    outputs = _write(step, returned, places, stores) if step.writes else {}
    for _, dataset, _ in step.reads:
        place = places[dataset]
        try:
            stores[place.store].settle(place)
        except Exception as error:
            raise trouble(step.name, dataset, error) from _cause(error)
    return Done(outputs, seconds)


def _failed(step: Step, error: BaseException) -> TaskError:
    """What the user's code ended with: its own error, or data that it read bit by bit and that is bad."""
    return trouble(step.name, error.dataset, error) if isinstance(error, Problem) else raised(step.name, error)


def _followed(step: Step, value: Any) -> Any:
    """What a task returned; where its code has yet to run, with :func:`_made` around that."""
    form = library_form(value)
    if form is Form.READER:  # of batches that the task makes, perhaps
        return type(value).from_batches(value.schema, _made(step, value))
    return _made(step, value) if form is None and isinstance(value, Iterator) else value


def _made(step: Step, items: Iterator[Any]) -> Iterator[Any]:
    """What a task gives bit by bit: its code runs while its output is written, and ends as it does in a call."""
    try:
        yield from items
    except ENDING:
        raise
    except BaseException as error:
        raise _failed(step, error) from _cause(error)


def _write(step: Step, returned: Any, places: Mapping[str, Place], stores: Mapping[str, Store]) -> dict[str, Written]:
    values = (returned,) if len(step.writes) == 1 else _parts(step, returned)
    # Every value is looked at before the first is written.
    for (dataset, wanted), value in zip(step.writes, values, strict=True):
        try:
            _check(value, wanted)
        except Problem as problem:
            raise trouble(step.name, dataset, problem) from None
    outputs: dict[str, Written] = {}
    for (dataset, wanted), value in zip(step.writes, values, strict=True):
        place = places[dataset]
        try:
            outputs[dataset] = stores[place.store].write(place, _followed(step, value), wanted)
        except (TaskError, *ENDING):
            raise
        except BaseException as error:
            raise trouble(step.name, dataset, error) from _cause(error)
    return outputs


def _check(value: Any, wanted: Any) -> None:
    if wanted is None:
        if value is None:
            check(value, wanted, "returned")
    elif form_of(wanted) not in STREAMS or not hasattr(value, "__iter__"):
        check(value, wanted, "returned")


def _parts(step: Step, returned: Any) -> tuple[Any, ...]:
    """The values of several outputs; raises :class:`~glacier.errors.TaskError` when there are more or fewer."""
    names = ", ".join(dataset for dataset, _ in step.writes)
    if not isinstance(returned, tuple | list):
        raise TaskError(
            step.name,
            f"returned {described(returned)}, and not {len(step.writes)} values ({names})",
            help=f"return a tuple: return {names.replace(' ', '_').replace(',_', ', ')}",
        )
    if len(returned) != len(step.writes):
        raise TaskError(
            step.name,
            f"returned {len(returned)} values; its annotation names {len(step.writes)}: {names}",
            help="return one value for each, in this order",
        )
    return tuple(returned)


def trouble(task: str, dataset: str | None, error: BaseException) -> TaskError:
    """What became of a dataset, with the names of both."""
    if isinstance(error, Problem):
        return TaskError(task, error.message, dataset=dataset, help=error.help)
    return TaskError(task, f"{type(error).__name__}: {error}", dataset=dataset)


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ if isinstance(error, Problem) else error
