"""Every case on Google Cloud, and its own classes with everything set: what is proven against the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator

from glacier import compute
from glacier.compilation import Compiled
from glacier.resource import Resource
from glacier.storage import Cache, Database, ObjectStorage, Queue
from glacier.testing.cases import CASES, on_compute, on_storage
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction, CloudRunJob
from glacier_gcp.storage import GCS, CloudSQL, Memorystore, PubSub

KEY = "projects/example-project/locations/europe-west1/keyRings/ring/cryptoKeys/key"
EU_KEY = KEY.replace("europe-west1", "europe")

GCP = GCPCompiler(project="example-project", region="europe-west1", naming_prefix="Acme", tags={"team": "data"})
PARTICULARS: dict[str, Resource] = {
    "gcs-all": GCS("example-all", location="EU", prefix="in/", kms_key=EU_KEY, retention_days=9, lifecycle_days=90),
    "gcs-cold": GCS(storage_class="ARCHIVE", versioning=True, lifecycle_days=900, soft_delete_days=0),
    "gcs-existing": GCS("example-existing", existing=True),
    "sql-all": CloudSQL(
        database_version="MYSQL_8_4",
        tier="db-custom-2-7680",
        name="example",
        availability_type="REGIONAL",
        backups=30,
        kms_key=KEY,
    ),
    "sql-bare": CloudSQL(backups=0, tier="db-f1-micro"),
    "memorystore-all": Memorystore(
        instance_id="example-cache",
        node_type="HIGHMEM_MEDIUM",
        mode="CLUSTER",
        shard_count=3,
        replica_count=1,
        persistence_mode="AOF",
        kms_key=KEY,
    ),
    "pubsub-all": PubSub(topic="example-topic", enable_message_ordering=True, kms_key=KEY),
    "function-all": CloudFunction(memory=4096, cpu=2, concurrency=10, min_instances=1, ingress="ALLOW_ALL"),
    "job-image": CloudRunJob(image="us-docker.pkg.dev/cloudrun/container/job", cpu=4, memory=8192, max_retries=3),
}
GENERIC = {
    "archive": ObjectStorage(access_pattern="archive"),
    "books": Database(size="large", storage_gb=100),
    "hot": Cache(size_mb=200_000),
    "jobs": Queue(max_receives=9),
}


def everything() -> Iterator[tuple[str, Compiled]]:
    """What is proven, by a name that becomes a folder."""
    for name, case in CASES.items():
        yield f"gcp-{name}", GCPCompiler().compile(case())
    for name, resource in PARTICULARS.items():
        make = on_storage if resource.kind in GCP.storage_kinds else on_compute
        yield name, GCP.compile(make(resource))
    for name, resource in GENERIC.items():
        yield f"generic-{name}", GCP.compile(on_storage(resource))
    yield "generic-small", GCP.compile(on_compute(compute.serverless(memory=128), retries=3))
    yield "gcp-adopt", GCPCompiler().compile(on_storage(GCS("example-adopted")), adopt=True)
