"""Tasks in processes of their own: so that one can be stopped, and so that several compute at once.

A process is started without the user's main program, which would run again; it gets the function by the name it has
in its module, or by value when it has none (a closure, a notebook, a script), and opens the stores itself.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import threading
import types
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from functools import reduce
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, NamedTuple

from glacier.errors import TaskError
from glacier.runtime import importing
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.run import Done, Step, run
from glacier.runtime.secrets import Values, cleaned
from glacier.runtime.stores import Memory, Store, open_store
from glacier.runtime.who import Who

_starting = threading.Lock()
_LOOK = 0.2  # seconds between two looks at whether all is over
_GOODBYE = 10  # seconds that processes have to end


class Named(NamedTuple):
    """A function by its name in a module."""

    module: str
    qualname: str


class Module(NamedTuple):
    """A user's module, and its file: it may have been loaded by its path, from where nothing is imported by name."""

    name: str
    file: str


class Parcel(NamedTuple):
    """All that a process needs for a task: its step, and where its datasets are or, from memory, the values."""

    step: Step
    function: Named | None
    places: Mapping[str, Place]
    addresses: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]]
    secrets: Values


class Answer(NamedTuple):
    """What comes back: what was done with the values for memory; or the error, and the user's own exception."""

    done: Done | None
    values: Mapping[str, Mapping[str, Any]]
    error: TaskError | None = None
    cause: BaseException | None = None


class Processes:
    """A pool of processes, started when the first task needs one."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: Any = None
        self._lock = threading.Lock()
        self.closed = threading.Event()

    def run(
        self,
        step: Step,
        places: Mapping[str, Place],
        stores: Mapping[str, Store],
        addresses: Mapping[str, str],
        timeout: float | None,
        secrets: Values = Values({}),
    ) -> Done:
        """Run a task once, for at most so many seconds; raises :class:`~glacier.errors.TaskError`."""
        from pebble import ProcessExpired

        parcel = _pack(step, places, stores, addresses, secrets)
        future = self._started().schedule(work, args=(_module(step.function), parcel), timeout=timeout)
        try:
            answer = _unpack(self._result(future))
        except TimeoutError:
            raise TaskError(
                step.name,
                f"was stopped after {timeout:g} s, its timeout",
                help=f"give it longer: @pipeline.task(timeout={2 * (timeout or 0):g}), or less to do",
            ) from None
        except ProcessExpired as error:
            raise TaskError(
                step.name,
                f"its process ended in the middle of it (exit code {error.exitcode})",
                help="code in C that crashes, os._exit, or too little memory does this",
            ) from None
        except BaseException:
            future.cancel()
            raise
        if answer.error is not None:
            raise answer.error from answer.cause
        for name, values in answer.values.items():
            _memory(stores[name]).values.update(values)
        if answer.done is None:
            raise TaskError(step.name, "gave no answer")
        return answer.done

    def _result(self, future: Any) -> Any:
        """What a process gives; asked for again and again, since pebble forgets those of a pool that is stopped."""
        while not future.done():
            with contextlib.suppress(TimeoutError):  # this one is only ours
                return future.result(_LOOK)
            if self.closed.is_set() and not future.done():
                raise CancelledError
        return future.result()

    def finish(self) -> None:
        """Let every process end by itself, when all tasks have ended."""
        with self._lock:
            pool = self._pool
            if pool is None:
                return
            pool.close()
            try:
                pool.join(_GOODBYE)
            except TimeoutError:
                return  # it is stopped instead
            self.closed.set()
            self._pool = None

    def close(self) -> None:
        """Stop every process; what one is doing is lost, and nothing of it is half-written."""
        with self._lock:
            self.closed.set()
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.stop()
                with contextlib.suppress(TimeoutError):  # they are daemons, and end with this process at the latest
                    pool.join(_GOODBYE)

    def _started(self) -> Any:
        from pebble import ProcessPool

        with self._lock:
            if self.closed.is_set():
                raise CancelledError
            if self._pool is None:
                self._pool = ProcessPool(max_workers=self._workers, context=_Context())
            return self._pool


class _Process(SpawnProcess):
    """A process that is not told what the main program is, so that it cannot run it again."""

    def start(self) -> None:
        """Start the process."""
        with _starting:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = types.ModuleType("__main__")
            try:
                super().start()
            finally:
                sys.modules["__main__"] = main


class _Context(SpawnContext):
    """How processes are started: from nothing, since threads and libraries with threads do not survive a fork."""

    Process = _Process


def work(module: Module | None, parcel: bytes) -> bytes:
    """Run the task of a parcel, in this process; gives an :class:`Answer`.

    The user's module is imported first: what the parcel holds may be of a class that is declared there.
    """
    import cloudpickle  # type: ignore[import-untyped]  # it has no types

    name, secrets = "?", Values({})
    stores: dict[str, Store] = {}
    try:
        with importing():
            if module is not None:
                _import(module)
            given: Parcel = cloudpickle.loads(parcel)
            name, secrets = given.step.name, given.secrets
            step = given.step if given.function is None else given.step._replace(function=_find(given.function))
        stores = {key: Memory(values) for key, values in given.values.items()}
        stores |= {key: open_store(address, Who(name)) for key, address in given.addresses.items()}
        done = run(step, given.places, stores, secrets)
        values: dict[str, dict[str, Any]] = {}
        for dataset in done.outputs:
            place = given.places[dataset]
            store = stores[place.store]
            if isinstance(store, Memory):
                values.setdefault(place.store, {})[place.path] = store.values[place.path]
        return bytes(cloudpickle.dumps(Answer(done, values)))
    except TaskError as error:
        return _failed(error, error.__cause__)
    except Problem as problem:
        return _failed(TaskError(name, problem.message, help=problem.help), None)
    except Exception as error:
        message = secrets.hide(f"does not cross to a process of its own: {type(error).__name__}: {error}")
        return _failed(TaskError(name, message, help=_TO_CROSS), cleaned(error, secrets))
    finally:
        for store in stores.values():
            store.close()


_TO_CROSS = "define it at the top level of a module; or run it in this process: workers=1, and no timeout"


def _failed(error: TaskError, cause: BaseException | None) -> bytes:
    import cloudpickle

    try:
        packed = bytes(cloudpickle.dumps(Answer(None, {}, error, cause)))
        cloudpickle.loads(packed)  # an exception with its own signature may cross and not arrive
    except Exception:
        return bytes(cloudpickle.dumps(Answer(None, {}, error, None)))
    return packed


def _pack(
    step: Step,
    places: Mapping[str, Place],
    stores: Mapping[str, Store],
    addresses: Mapping[str, str],
    secrets: Values,
) -> bytes:
    import cloudpickle

    reads = [dataset for _, dataset, _ in step.reads]
    used = {dataset: places[dataset] for dataset in (*reads, *(dataset for dataset, _ in step.writes))}
    values: dict[str, dict[str, Any]] = {}
    for dataset, place in used.items():
        store = stores[place.store]
        if isinstance(store, Memory):
            kept = values.setdefault(place.store, {})
            if dataset in reads:
                kept[place.path] = store.values.get(place.path)
    named = _named(step.function)
    parcel = Parcel(
        step=step if named is None else step._replace(function=_nothing),
        function=named,
        places=used,
        addresses={place.store: addresses[place.store] for place in used.values() if place.store in addresses},
        values=values,
        secrets=secrets,
    )
    try:
        return bytes(cloudpickle.dumps(parcel))
    except Exception as error:
        raise TaskError(
            step.name, f"cannot be sent to a process of its own: {type(error).__name__}: {error}", help=_TO_CROSS
        ) from error


def _unpack(answer: bytes) -> Answer:
    import cloudpickle

    unpacked: Answer = cloudpickle.loads(answer)
    return unpacked


def _memory(store: Store) -> Memory:
    if not isinstance(store, Memory):
        raise TypeError(f"{store!r} keeps no values")
    return store


def _nothing() -> None:
    """Stands for a function that is sent by its name."""


def _named(function: Callable[..., Any]) -> Named | None:
    """The function's name, when what has it is this function, or the task that was made of it."""
    module = sys.modules.get(function.__module__)
    if module is None or function.__module__ == "__main__" or "<locals>" in function.__qualname__:
        return None
    named = Named(function.__module__, function.__qualname__)
    try:
        return named if _find(named) is function else None
    except (AttributeError, ImportError):
        return None


def _module(function: Callable[..., Any]) -> Module | None:
    """The module that a function is of; the main program is none, since importing it would run it."""
    file = getattr(sys.modules.get(function.__module__), "__file__", None)
    return Module(function.__module__, file) if file is not None and function.__module__ != "__main__" else None


def _import(module: Module) -> None:
    if module.name in sys.modules:
        return
    try:
        known = importlib.util.find_spec(module.name)
    except ModuleNotFoundError:
        known = None
    if known is not None and known.origin == module.file:
        importlib.import_module(module.name)
        return
    spec = importlib.util.spec_from_file_location(module.name, module.file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{module.file} is not a Python file")
    made = importlib.util.module_from_spec(spec)
    parents = module.name.split(".")[:-1]
    for depth in range(len(parents)):  # pickle looks at a name from its first part on
        sys.modules.setdefault(parent := ".".join(parents[: depth + 1]), types.ModuleType(parent))
    sys.modules[module.name] = made
    spec.loader.exec_module(made)


def _find(named: Named) -> Callable[..., Any]:
    found: Any = reduce(getattr, named.qualname.split("."), importlib.import_module(named.module))
    function: Callable[..., Any] = getattr(found, "function", found)
    return function
