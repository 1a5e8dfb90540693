"""Small pipelines that between them use everything a cloud can be asked for; each is a case of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from glacier import Dataset, Pipeline, compute
from glacier.resource import Resource
from glacier.secrets import Secret
from glacier.storage import Cache, Database, ObjectStorage, Queue


def on_storage(storage: Resource | None, name: str = "case") -> Pipeline:
    """One dataset on a storage, written by one task and read by another."""
    kept, result = Dataset("kept", storage=storage), Dataset("result")
    pipeline = Pipeline(name)

    @pipeline.task
    def produce() -> kept:  # type: ignore[valid-type]  # the bare form, which a plug-in makes checkable
        return {"a": 1}

    @pipeline.task
    def consume(value: kept) -> result:  # type: ignore[valid-type]
        return value

    return pipeline


def on_compute(where: Resource | None, *, retries: int = 0, name: str = "case") -> Pipeline:
    """One task on a compute, between a dataset that is given and one that it makes."""
    given, made = Dataset("given", storage=ObjectStorage()), Dataset("made")
    pipeline = Pipeline(name)

    @pipeline.task(compute=where, retries=retries, expected_duration=60)
    def work(value: given) -> made:  # type: ignore[valid-type]
        return value

    return pipeline


def shared_storage(*, reads_both: bool = True) -> Pipeline:
    """Three datasets in one bucket, read and written side by side; or the same with one read less."""
    lake = ObjectStorage(resource_name="lake", versioning=True)
    raw, left, right = (Dataset(name, storage=lake) for name in ("raw", "left", "right"))
    pipeline = Pipeline("shared")

    @pipeline.task
    def split(value: raw) -> tuple[left, right]:  # type: ignore[valid-type]
        return value, value

    def join(a: left, b: right) -> None:  # type: ignore[valid-type]
        return None

    def join_less(a: left) -> None:  # type: ignore[valid-type]
        return None

    pipeline.task(name="join")(join if reads_both else join_less)
    return pipeline


def fan() -> Pipeline:
    """Five tasks side by side between one that starts them and one that gathers what they made."""
    seed, gathered = Dataset("seed"), Dataset("gathered")
    parts = [Dataset(f"part {number}") for number in range(5)]
    pipeline = Pipeline("fan out")

    @pipeline.task
    def start() -> seed:  # type: ignore[valid-type]
        return 1

    for part in parts:

        @pipeline.task(name=f"make {part.name}", retries=1)
        def make(value: seed) -> part:  # type: ignore[valid-type]
            return value

    @pipeline.task(compute=compute.container(cpu=2, memory=4096))
    def gather(
        a: parts[0],  # type: ignore[valid-type]
        b: parts[1],  # type: ignore[valid-type]
        c: parts[2],  # type: ignore[valid-type]
        d: parts[3],  # type: ignore[valid-type]
        e: parts[4],  # type: ignore[valid-type]
    ) -> gathered:  # type: ignore[valid-type]
        return [a, b, c, d, e]

    return pipeline


def with_secrets(*, both: bool = True) -> Pipeline:
    """A function inside the network and a container, which share a secret; the function has one of its own, or not."""
    entry, sent = Dataset("entry", storage=Cache()), Dataset("sent")
    pipeline = Pipeline("secrets")

    def sign(value: entry, key: Annotated[str, Secret("signing key")], password: str = Secret("db_password")) -> sent:  # type: ignore[valid-type]
        return [value, len(key), len(password)]

    def sign_less(value: entry, password: Annotated[str, Secret("db_password")]) -> sent:  # type: ignore[valid-type]
        return [value, len(password)]

    pipeline.task(name="sign")(sign if both else sign_less)

    @pipeline.task(compute=compute.container())
    def deliver(value: sent, password: Annotated[str, Secret("db_password")]) -> None:  # type: ignore[valid-type]
        return None

    return pipeline


def leaves_the_network() -> Pipeline:
    """A task that is inside the network because of a database, and sends messages, which are outside."""
    rows, messages = Dataset("rows", storage=Database()), Dataset("messages", storage=Queue())
    pipeline = Pipeline("leaving")

    @pipeline.task
    def send(value: rows) -> messages:  # type: ignore[valid-type]
        return value

    return pipeline


def everything() -> Pipeline:
    """Every generic kind of storage and compute at once."""
    bucket = Dataset("bucket", storage=ObjectStorage(access_pattern="archive", lifecycle_days=400))
    table = Dataset("table", storage=Database())
    entry = Dataset("entry", storage=Cache())
    messages = Dataset("messages", storage=Queue())
    pipeline = Pipeline("everything")

    @pipeline.task(compute=compute.serverless(memory=1024, env={"MODE": "fast"}, requirements=["tabulate==0.9.0"]))
    def load(value: bucket) -> table:  # type: ignore[valid-type]
        return value

    @pipeline.task(timeout=60)
    def warm(rows: table) -> entry:  # type: ignore[valid-type]
        return rows

    @pipeline.task(compute=compute.container())
    def announce(value: entry, rows: table) -> messages:  # type: ignore[valid-type]
        return [value, rows]

    @pipeline.task
    def listen(items: messages) -> None:  # type: ignore[valid-type]
        return None

    return pipeline


CASES: Mapping[str, Callable[[], Pipeline]] = {
    "scratch": lambda: on_storage(None, "scratch only"),
    "bucket": lambda: on_storage(ObjectStorage(versioning=True), "bucket"),
    "database": lambda: on_storage(Database(engine="mysql"), "database"),
    "cache": lambda: on_storage(Cache(size_mb=2048), "cache"),
    "queue": lambda: on_storage(Queue(fifo=True), "queue"),
    "container": lambda: on_compute(compute.container(cpu=0.5, memory=1024), retries=2, name="container"),
    "shared": shared_storage,
    "fan": fan,
    "secrets": with_secrets,
    "leaving": leaves_the_network,
    "everything": everything,
}

# For every generic class: how to put it into a pipeline, and a legal other value for each field.
GENERIC: Mapping[type[Resource], tuple[Callable[[Any], Pipeline], Mapping[str, object]]] = {
    ObjectStorage: (
        on_storage,
        {
            "resource_name": "lake",
            "access_pattern": "archive",
            "versioning": True,
            "encryption": False,
            "lifecycle_days": 90,
        },
    ),
    Database: (on_storage, {"engine": "mysql", "size": "large", "storage_gb": 100, "resource_name": "books"}),
    Cache: (on_storage, {"size_mb": 4096, "resource_name": "hot"}),
    Queue: (on_storage, {"fifo": True, "max_receives": 9, "resource_name": "jobs"}),
    compute.Serverless: (
        on_compute,
        {"memory": 2048, "timeout": 60, "env": {"MODE": "fast"}, "requirements": ["tabulate==0.9.0"]},
    ),
    compute.Container: (
        on_compute,
        {
            "image": "registry.example/image:1",
            "cpu": 2.0,
            "memory": 8192,
            "timeout": 60,
            "env": {"MODE": "fast"},
            "requirements": ["tabulate==0.9.0"],
        },
    ),
}
