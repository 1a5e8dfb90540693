"""The places where datasets are kept, opened by their addresses.

=====================================  ======================================================================
``file:///folder``                     files below a folder
``memory://``                          objects in memory
``s3://BUCKET/PREFIX?region=…``        S3; ``storage_class`` is the class each object is written in
``gs://BUCKET/PREFIX``                 Google Cloud Storage
``az://ACCOUNT/CONTAINER/PREFIX``      Azure Blob Storage
``sqlite+keys:///file``                a cache, ``sqlite+tables`` a database, ``sqlite+messages`` a queue, here
``postgres://``, ``mysql://``          a table in a database
``valkeys://``, ``rediss://``          a key in a cache
``sqs+https://``                       messages in a queue
=====================================  ======================================================================
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from glacier.errors import TaskError
from glacier.runtime.buckets import Disk, Remote
from glacier.runtime.codecs import in_memory
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.written import Written


class Store(Protocol):
    """A place where datasets are kept; raises :class:`~glacier.runtime.problems.Problem` for what cannot be."""

    def read(self, place: Place, wanted: Any, /) -> Any:
        """A dataset in the form that an annotation's type asks for."""

    def write(self, place: Place, value: Any, wanted: Any, /) -> Written:
        """Replace a dataset by what a task returned, all of it or nothing."""

    def exists(self, place: Place, /) -> bool:
        """Whether the dataset is there."""

    def missing(self, place: Place, /) -> Problem:
        """What to say of a dataset that is not there: where it was looked for, and what to put there."""

    def settle(self, place: Place, /) -> None:
        """The task that read this dataset has succeeded: what is read once only may go."""

    def close(self) -> None:
        """Let go of connections and of files that were only for reading."""


class Memory:
    """Datasets as the very objects that tasks returned; nothing is serialised.

    An iterator becomes a list, since several tasks may read it. Tasks share the objects: one that changes what it
    reads changes it for all.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.values: dict[str, Any] = dict(values or {})

    def read(self, place: Place, wanted: Any) -> Any:
        """The object, or what the annotation makes of it."""
        try:
            value = self.values[place.path]
        except KeyError:
            raise self.missing(place) from None
        return value if wanted is None else in_memory(value, wanted)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Keep the object."""
        if hasattr(value, "__next__"):
            value = value.read_all() if hasattr(value, "read_all") else list(value)
        self.values[place.path] = value
        return _IN_MEMORY

    def exists(self, place: Place) -> bool:
        """Whether it was written, or given."""
        return place.path in self.values

    def missing(self, place: Place) -> Problem:
        """There is no folder to put it into."""
        return Problem("is given by nobody", "LocalExecutor(inputs={NAME: value}), or persist=True to read it from disk")

    def settle(self, place: Place) -> None:
        """It stays."""

    def close(self) -> None:
        """Keep everything: the results are read from here."""


_IN_MEMORY = Written("memory", None)


def open_store(address: str, task: str = "") -> Store:
    """The store at an address, for a task, whose name some stores sign in with.

    Raises :class:`~glacier.runtime.problems.Problem` for an address that nothing here can open.
    """
    parts = urlsplit(address)
    opener = _OPENERS.get(parts.scheme)
    if opener is None:
        raise Problem(
            f"nothing here opens an address that begins with {parts.scheme or address}://",
            f"an address begins with one of {', '.join(f'{scheme}://' for scheme in _OPENERS)}",
        )
    return opener(parts, task)


def _file(parts: SplitResult, task: str) -> Store:
    return Objects(Disk(unquote(parts.path)))


def _keys(parts: SplitResult, task: str) -> Store:
    return Objects(embedded().Keys(unquote(parts.path)))


def _tables(parts: SplitResult, task: str) -> Store:
    store: Store = embedded().tables(unquote(parts.path))
    return store


def _messages(parts: SplitResult, task: str) -> Store:
    store: Store = embedded().Messages(unquote(parts.path))
    return store


def embedded() -> Any:
    """The stores of this machine, which need ``sqlite3``: not every cloud's Python has it, and none needs it."""
    return importlib.import_module("glacier.runtime.embedded")


def _memory(parts: SplitResult, task: str) -> Store:
    from obstore.store import MemoryStore

    return Objects(Remote(MemoryStore(), "memory:"))


def _s3(parts: SplitResult, task: str) -> Store:
    from obstore.store import S3Store

    options = dict(parse_qsl(parts.query))
    storage_class = options.pop("storage_class", None)
    prefix = unquote(parts.path).strip("/")
    store = S3Store(parts.netloc, prefix=prefix or None, **options)  # type: ignore[arg-type]  # region, endpoint, …
    attributes = {"Storage-Class": storage_class} if storage_class else None
    return Objects(Remote(store, f"s3://{parts.netloc}/{prefix}", attributes))


def _gs(parts: SplitResult, task: str) -> Store:
    from obstore.store import GCSStore

    prefix = unquote(parts.path).strip("/")
    store = GCSStore(parts.netloc, prefix=prefix or None)
    return Objects(Remote(store, f"gs://{parts.netloc}/{prefix}"))


def _az(parts: SplitResult, task: str) -> Store:
    from obstore.store import AzureStore

    container, _, prefix = unquote(parts.path).strip("/").partition("/")
    store = AzureStore(container, prefix=prefix or None, account_name=parts.netloc)
    return Objects(Remote(store, f"az://{parts.netloc}/{container}/{prefix}"))


_OPENERS: dict[str, Callable[[SplitResult, str], Store]] = {
    "file": _file,
    "memory": _memory,
    "sqlite+keys": _keys,
    "sqlite+tables": _tables,
    "sqlite+messages": _messages,
    "s3": _s3,
    "gs": _gs,
    "az": _az,
}


def environment_key(store: str) -> str:
    """The environment variable that holds a store's address; stores are named by slugs."""
    return f"GLACIER_STORE_{store.replace('-', '_').upper()}"


def open_from(environment: Mapping[str, str], names: Mapping[str, str], task: str) -> dict[str, Store]:
    """The stores of a task, whose addresses are in the environment; ``names`` maps each to a dataset it keeps."""
    opened: dict[str, Store] = {}
    for name, dataset in names.items():
        key = environment_key(name)
        if key not in environment:
            raise TaskError(
                task, f"its storage {name} has no address", dataset=dataset, help=f"set {key} in the environment"
            )
        try:
            opened[name] = open_store(environment[key], task)
        except Problem as problem:
            raise TaskError(task, problem.message, dataset=dataset, help=problem.help) from problem.__cause__
    return opened
