"""The places where datasets are kept, opened by their addresses.

=====================================  ======================================================================
``file:///folder``                     files below a folder
``memory://``                          objects in memory
``s3://BUCKET/PREFIX?region=…``        S3; ``storage_class`` is the class each object is written in
``gs://BUCKET/PREFIX``                 Google Cloud Storage
``az://ACCOUNT/CONTAINER/PREFIX``      Azure Blob Storage; ``tier`` is the tier each blob is written in
``sqlite+keys:///file``                a cache in a file; ``sqlite+tables`` a database, ``sqlite+messages`` a queue
``postgres://``, ``mysql://``          a table in a database
``valkeys://``, ``rediss://``          a key in a cache
``sqs+https://``, ``pubsub://``,       messages in a queue
``servicebus://``
``cosmosdb://HOST/DATABASE/CONTAINER``  documents of Cosmos DB
=====================================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from glacier.errors import TaskError
from glacier.runtime.addresses import local_path, words
from glacier.runtime.buckets import Disk, Remote
from glacier.runtime.codecs import in_memory
from glacier.runtime.manifest import Place, authority_key
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.warm import warm
from glacier.runtime.who import Who
from glacier.runtime.written import Written

NOBODY = Who()


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
        self.values: dict[str, Any] = {name: _kept(value) for name, value in (values or {}).items()}

    def read(self, place: Place, wanted: Any) -> Any:
        """The object, or what the annotation makes of it."""
        try:
            value = self.values[place.path]
        except KeyError:
            raise self.missing(place) from None
        return value if wanted is None else in_memory(value, wanted)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Keep the object."""
        self.values[place.path] = _kept(value)
        return _IN_MEMORY

    def exists(self, place: Place) -> bool:
        """Whether it was written, or given."""
        return place.path in self.values

    def missing(self, place: Place) -> Problem:
        """There is no folder to put it into."""
        return Problem(
            "is given by nobody", "LocalExecutor(inputs={NAME: value}), or persist=True to read it from disk"
        )

    def settle(self, place: Place) -> None:
        """It stays."""

    def close(self) -> None:
        """Keep everything: the results are read from here."""


_IN_MEMORY = Written("memory", None)


def _kept(value: Any) -> Any:
    """A value that can be read as often as somebody wants to."""
    if not hasattr(value, "__next__"):
        return value
    return value.read_all() if hasattr(value, "read_all") else list(value)


def open_store(address: str, who: Who = NOBODY) -> Store:
    """The store at an address; raises :class:`~glacier.runtime.problems.Problem` for one that nothing here opens."""
    parts = urlsplit(address)
    opener = _OPENERS.get(parts.scheme)
    if opener is None:
        raise Problem(
            f"nothing here opens an address that begins with {parts.scheme or address}://",
            f"an address begins with one of {', '.join(f'{scheme}://' for scheme in _OPENERS)}",
        )
    found: Callable[[SplitResult, Who], Store] = resolve_name(opener) if isinstance(opener, str) else opener
    return found(parts, who)


def _file(parts: SplitResult, who: Who) -> Store:
    return Objects(Disk(local_path(parts)))


def _memory(parts: SplitResult, who: Who) -> Store:
    from obstore.store import MemoryStore

    return Objects(Remote(MemoryStore(), "memory:"))


def _s3(parts: SplitResult, who: Who) -> Store:
    from obstore.store import S3Store

    options, credentials = words(parts)
    storage_class = options.pop("storage_class", None)
    prefix = unquote(parts.path).strip("/")
    store = warm(S3Store, parts.netloc, prefix=prefix or None, credential_provider=credentials, **options)
    attributes = {"Storage-Class": storage_class} if storage_class else None
    return Objects(Remote(store, f"s3://{parts.netloc}/{prefix}", attributes, guest=bool(credentials)))


def _gs(parts: SplitResult, who: Who) -> Store:
    from obstore.store import GCSStore

    _, credentials = words(parts)
    prefix = unquote(parts.path).strip("/")
    store = warm(GCSStore, parts.netloc, prefix=prefix or None, credential_provider=credentials)
    return Objects(Remote(store, f"gs://{parts.netloc}/{prefix}", guest=bool(credentials)))


def _az(parts: SplitResult, who: Who) -> Store:
    from obstore.store import AzureStore

    options, credentials = words(parts)
    container, _, prefix = unquote(parts.path).strip("/").partition("/")
    at = {"account_name": parts.netloc, "prefix": prefix or None}
    store = warm(AzureStore, container, **at, credential_provider=credentials)
    tier = options.get("tier")
    attributes = {"Storage-Class": tier} if tier else None
    return Objects(Remote(store, f"az://{parts.netloc}/{container}/{prefix}", attributes, guest=bool(credentials)))


# Those that are named are imported when one is opened: most tasks need none of them.
_OPENERS: dict[str, Callable[[SplitResult, Who], Store] | str] = {
    "file": _file,
    "memory": _memory,
    "s3": _s3,
    "gs": _gs,
    "az": _az,
    "sqlite+keys": "glacier.runtime.embedded:keys",
    "sqlite+tables": "glacier.runtime.embedded:tables",
    "sqlite+messages": "glacier.runtime.embedded:messages",
    "postgres": "glacier.runtime.databases:postgres",
    "mysql": "glacier.runtime.databases:mysql",
    "valkeys": "glacier.runtime.caches:keys",
    "rediss": "glacier.runtime.caches:keys",
    "redis": "glacier.runtime.caches:keys",
    "sqs+https": "glacier.runtime.queues:sqs",
    "pubsub": "glacier.runtime.queues:pubsub",
    "servicebus": "glacier.runtime.queues:service_bus",
    "servicebus+sessions": "glacier.runtime.sessions:service_bus",
    "cosmosdb": "glacier.runtime.documents:cosmos",
}


def environment_key(store: str) -> str:
    """The environment variable that holds a store's address; stores are named by slugs."""
    return f"GLACIER_STORE_{store.replace('-', '_').upper()}"


def open_from(
    environment: Mapping[str, str], names: Mapping[str, str], who: Who, authorities: Mapping[str, str] | None = None
) -> dict[str, Store]:
    """The stores of a task, whose addresses are in the environment; ``names`` maps each to a dataset it keeps.

    ``authorities`` are those that were known when compiling; the environment may name another.
    """
    opened: dict[str, Store] = {}
    for name, dataset in names.items():
        key = environment_key(name)
        if key not in environment:
            raise TaskError(
                who.task, f"its storage {name} has no address", dataset=dataset, help=f"set {key} in the environment"
            )
        try:
            authority = environment.get(authority_key(key)) or (authorities or {}).get(name, "")
            opened[name] = open_store(environment[key], who._replace(authority=authority))
        except Problem as problem:
            raise TaskError(who.task, problem.message, dataset=dataset, help=problem.help) from problem.__cause__
    return opened
