"""Places for data that any cloud has: object storage, databases, caches and queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from glacier.errors import reject
from glacier.naming import NAME, NAME_HELP
from glacier.resource import Generic

AccessPattern = Literal["frequent", "infrequent", "archive"]
Engine = Literal["postgres", "mysql"]
Size = Literal["small", "medium", "large"]


@dataclass(frozen=True, eq=False)
class GenericStorage(Generic):
    """A place for data that any cloud has; ``resource_name`` is what it is called within the pipeline."""

    named_by: ClassVar[str | None] = "resource_name"

    def __post_init__(self) -> None:
        Generic.__post_init__(self)
        if self.own_name is not None and not NAME.fullmatch(self.own_name):
            reject("name", f"{type(self).__name__}(resource_name={self.own_name!r}) is not a name", help=NAME_HELP)


@dataclass(frozen=True, eq=False, init=False)
class ObjectStorage(GenericStorage):
    """A bucket for objects of any size: S3, Cloud Storage, Blob Storage.

    ``resource_name`` names the bucket within the pipeline (needed for a stable name when several datasets share
    it); ``access_pattern`` chooses the storage class; ``lifecycle_days`` deletes objects after so many days.
    """

    kind: ClassVar[str] = "object_storage"
    resource_name: str | None
    access_pattern: AccessPattern
    versioning: bool
    encryption: bool
    lifecycle_days: int | None

    def __init__(
        self,
        resource_name: str | None = None,
        access_pattern: AccessPattern = "frequent",
        versioning: bool = False,
        encryption: bool = True,
        lifecycle_days: int | None = None,
        **hints: object,
    ) -> None:
        self._init(locals())


@dataclass(frozen=True, eq=False, init=False)
class Database(GenericStorage):
    """A relational database; a dataset kept in it is a table: RDS, Cloud SQL, Database for PostgreSQL.

    ``storage_gb`` is the disk to start with, in GB.
    """

    kind: ClassVar[str] = "database"
    engine: Engine
    size: Size
    storage_gb: int
    resource_name: str | None

    def __init__(
        self,
        engine: Engine = "postgres",
        size: Size = "small",
        storage_gb: int = 20,
        resource_name: str | None = None,
        **hints: object,
    ) -> None:
        self._init(locals())


@dataclass(frozen=True, eq=False, init=False)
class Cache(GenericStorage):
    """A key-value store in memory; a dataset kept in it is one key: ElastiCache, Memorystore, Managed Redis.

    ``size_mb`` is the memory for data, in MiB.
    """

    kind: ClassVar[str] = "cache"
    size_mb: int
    resource_name: str | None

    def __init__(self, size_mb: int = 512, resource_name: str | None = None, **hints: object) -> None:
        self._init(locals())


@dataclass(frozen=True, eq=False, init=False)
class Queue(GenericStorage):
    """A queue; a dataset kept in it is its messages: SQS, Pub/Sub, Service Bus.

    ``fifo`` keeps the order of messages; ``max_receives`` is how often one is tried before it is set aside
    with the dead letters.
    """

    kind: ClassVar[str] = "queue"
    fifo: bool
    max_receives: int
    resource_name: str | None

    def __init__(
        self, fifo: bool = False, max_receives: int = 5, resource_name: str | None = None, **hints: object
    ) -> None:
        self._init(locals())
