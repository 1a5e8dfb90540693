"""Google Cloud keeps the contract of every provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from glacier.resource import Resource
from glacier.testing.contract import ProviderContract
from glacier_gcp import GCPCompiler
from glacier_gcp.compute import CloudFunction, CloudRunJob
from glacier_gcp.storage import GCS, CloudSQL, Memorystore, PubSub

KEY = "projects/example-project/locations/us-central1/keyRings/ring/cryptoKeys/key"


class TestGCP(ProviderContract):
    compiler = GCPCompiler()
    changes: ClassVar[Mapping[tuple[type[Resource], str], object]] = {
        (GCS, "bucket"): "example-bucket-1",
        (GCS, "location"): "europe-west1",
        (GCS, "prefix"): "in/",
        (GCS, "storage_class"): "NEARLINE",
        (GCS, "versioning"): True,
        (GCS, "kms_key"): KEY,
        (GCS, "retention_days"): 30,
        (GCS, "existing"): True,
        (GCS, "lifecycle_days"): 90,
        (GCS, "soft_delete_days"): 14,
        (GCS, "encryption"): False,
        (CloudSQL, "database_version"): "MYSQL_8_4",
        (CloudSQL, "tier"): "db-custom-2-7680",
        (CloudSQL, "storage_gb"): 100,
        (CloudSQL, "name"): "example-instance",
        (CloudSQL, "availability_type"): "REGIONAL",
        (CloudSQL, "backups"): 30,
        (CloudSQL, "database"): "books",
        (CloudSQL, "kms_key"): KEY,
        (Memorystore, "instance_id"): "example-cache",
        (Memorystore, "node_type"): "STANDARD_SMALL",
        (Memorystore, "mode"): "CLUSTER",
        (Memorystore, "shard_count"): 3,
        (Memorystore, "replica_count"): 1,
        (Memorystore, "engine_version"): "VALKEY_7_2",
        (Memorystore, "persistence_mode"): "RDB",
        (Memorystore, "kms_key"): KEY,
        (PubSub, "topic"): "example-topic",
        (PubSub, "enable_message_ordering"): True,
        (PubSub, "max_delivery_attempts"): 9,
        (PubSub, "ack_deadline"): 60,
        (PubSub, "retention_days"): 14,
        (PubSub, "kms_key"): KEY,
        (CloudFunction, "memory"): 2048,
        (CloudFunction, "cpu"): 1.0,
        (CloudFunction, "timeout"): 60,
        (CloudFunction, "concurrency"): 8,
        (CloudFunction, "min_instances"): 1,
        (CloudFunction, "max_instances"): 5,
        (CloudFunction, "ingress"): "ALLOW_ALL",
        (CloudFunction, "runtime"): "python312",
        (CloudFunction, "env"): {"MODE": "fast"},
        (CloudFunction, "requirements"): ["tabulate==0.9.0"],
        (CloudRunJob, "cpu"): 2.0,
        (CloudRunJob, "memory"): 2048,
        (CloudRunJob, "image"): "us-docker.pkg.dev/cloudrun/container/job",
        (CloudRunJob, "timeout"): 60,
        (CloudRunJob, "max_retries"): 2,
        (CloudRunJob, "env"): {"MODE": "fast"},
        (CloudRunJob, "requirements"): ["tabulate==0.9.0"],
    }
    complete: ClassVar[Mapping[tuple[type[Resource], str], Mapping[str, object]]] = {
        (GCS, "existing"): {"bucket": "example-bucket-1"},
        (CloudFunction, "concurrency"): {"cpu": 1.0},
        (CloudFunction, "min_instances"): {"max_instances": 1000},
        (Memorystore, "shard_count"): {"mode": "CLUSTER"},
    }
