"""Every case, and every particular of Azure: what is proven against the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator

from glacier import Dataset, Pipeline
from glacier.compilation import Compiled
from glacier.resource import Resource
from glacier.testing.cases import CASES, on_compute, on_storage
from glacier_azure import AzureCompiler
from glacier_azure.compute import AzureFunction, ContainerAppJob
from glacier_azure.storage import BlobStorage, CosmosDB, ManagedRedis, PostgresFlexible, ServiceBus

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
IDENTITY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/keys"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
)
REFUSED = {"database"}  # it asks for MySQL

AZURE = AzureCompiler(location="westeurope", subscription_id=SUBSCRIPTION, naming_prefix="Acme", tags={"team": "data"})
ADOPTED = BlobStorage("example-adopted", account="exampleadopted", resource_group="example-group", lifecycle_days=9)
PARTICULARS: dict[str, Resource] = {
    "blob-all": BlobStorage(
        "example-all",
        account="exampleall",
        prefix="in/",
        tier="Cool",
        redundancy="GRS",
        versioning=True,
        kms_key="https://example.vault.azure.net/keys/data",
        kms_identity=IDENTITY,
        lifecycle_days=90,
        immutability_days=30,
    ),
    "blob-archive": BlobStorage(tier="Archive"),
    "blob-existing": BlobStorage(
        "example-existing", account="exampleexisting", resource_group="example-group", existing=True
    ),
    "postgres-all": PostgresFlexible("example-books", sku="Standard_D2ds_v5", storage_gb=128, high_availability=True),
    "cosmos": CosmosDB(),
    "cosmos-all": CosmosDB("example-documents", database="books", container="pages", consistency="Strong", ttl_days=30),
    "redis-all": ManagedRedis("example-hot", sku="MemoryOptimized_M10", high_availability=True, eviction="AllKeysLRU"),
    "bus-all": ServiceBus("example-jobs", fifo=True, max_receives=9, lock_seconds=60, duplicates=10),
    "function-all": AzureFunction(
        memory=4096, timeout=7200, max_instances=100, runtime="3.11", env={"MODE": "fast"}, requirements=["pytz"]
    ),
    "job-image": ContainerAppJob(image="docker.io/library/python:3.13", cpu=4, memory=8192),
}


def reads_and_writes() -> Pipeline:
    """Tasks that do both to one database and one cache, and so are one user of each."""
    table = Dataset("table", storage=PostgresFlexible())
    copy = Dataset("copy", storage=table.storage)
    entry = Dataset("entry", storage=ManagedRedis())
    other = Dataset("other", storage=entry.storage)
    pipeline = Pipeline("reads and writes")

    @pipeline.task
    def rows(value: table, old: entry) -> tuple[copy, other]:  # type: ignore[valid-type]
        return value, old

    @pipeline.task
    def more(value: copy, old: other) -> None:  # type: ignore[valid-type]
        return None

    return pipeline


def everything() -> Iterator[tuple[str, Compiled]]:
    """What is proven, by a name that becomes a folder."""
    for name, case in CASES.items():
        if name not in REFUSED:
            yield f"azure-{name}", AzureCompiler().compile(case())
    for name, resource in PARTICULARS.items():
        make = on_storage if resource.kind in AZURE.storage_kinds else on_compute
        yield name, AZURE.compile(make(resource))
    yield "azure-adopt", AZURE.compile(on_storage(ADOPTED), adopt=True)
    yield "azure-both", AZURE.compile(reads_and_writes())
