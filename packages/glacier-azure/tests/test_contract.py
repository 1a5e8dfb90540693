"""Azure keeps the contract of every provider."""

from __future__ import annotations

from glacier.testing.contract import ProviderContract
from glacier_azure import AzureCompiler
from glacier_azure.compute import AzureFunction, ContainerAppJob
from glacier_azure.storage import BlobStorage, CosmosDB, ManagedRedis, PostgresFlexible, ServiceBus

KEY = "https://example.vault.azure.net/keys/data"
IDENTITY = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/keys"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
)


class TestAzure(ProviderContract):
    compiler = AzureCompiler()
    changes = {
        (BlobStorage, "container"): "example-data",
        (BlobStorage, "account"): "exampledata1",
        (BlobStorage, "resource_group"): "example-group",
        (BlobStorage, "prefix"): "in/",
        (BlobStorage, "tier"): "Cool",
        (BlobStorage, "redundancy"): "GRS",
        (BlobStorage, "versioning"): True,
        (BlobStorage, "kms_key"): "https://example.vault.azure.net/keys/other",
        (BlobStorage, "kms_identity"): f"{IDENTITY}-2",
        (BlobStorage, "immutability_days"): 30,
        (BlobStorage, "existing"): True,
        (BlobStorage, "encryption"): False,
        (BlobStorage, "lifecycle_days"): 90,
        (AzureFunction, "memory"): 2048,
        (AzureFunction, "timeout"): 60,
        (AzureFunction, "max_instances"): 100,
        (AzureFunction, "runtime"): "3.12",
        (AzureFunction, "env"): {"MODE": "fast"},
        (AzureFunction, "requirements"): ["tabulate==0.9.0"],
        (ContainerAppJob, "cpu"): 2.0,
        (ContainerAppJob, "memory"): 8192,
        (ContainerAppJob, "image"): "docker.io/library/python:3.13",
        (ContainerAppJob, "timeout"): 60,
        (ContainerAppJob, "env"): {"MODE": "fast"},
        (ContainerAppJob, "requirements"): ["tabulate==0.9.0"],
        (PostgresFlexible, "name"): "example-books",
        (PostgresFlexible, "sku"): "Standard_E4ds_v5",
        (PostgresFlexible, "storage_gb"): 100,
        (PostgresFlexible, "version"): "16",
        (PostgresFlexible, "high_availability"): True,
        (PostgresFlexible, "backup_days"): 14,
        (PostgresFlexible, "database"): "books",
        (CosmosDB, "account"): "example-documents",
        (CosmosDB, "database"): "books",
        (CosmosDB, "container"): "pages",
        (CosmosDB, "consistency"): "Eventual",
        (CosmosDB, "ttl_days"): 30,
        (ManagedRedis, "name"): "example-hot",
        (ManagedRedis, "sku"): "Balanced_B5",
        (ManagedRedis, "high_availability"): True,
        (ManagedRedis, "eviction"): "AllKeysLRU",
        (ServiceBus, "queue"): "example-jobs",
        (ServiceBus, "fifo"): True,
        (ServiceBus, "max_receives"): 9,
        (ServiceBus, "lock_seconds"): 60,
        (ServiceBus, "retention_days"): 9,
        (ServiceBus, "duplicates"): 10,
    }
    complete = {
        (BlobStorage, "existing"): {
            "container": "example-data",
            "account": "exampledata1",
            "resource_group": "example-group",
        },
        (BlobStorage, "resource_group"): {"account": "exampledata1"},
        (BlobStorage, "kms_key"): {"kms_key": KEY, "kms_identity": IDENTITY},
        (BlobStorage, "kms_identity"): {"kms_key": KEY, "kms_identity": IDENTITY},
        (PostgresFlexible, "high_availability"): {"sku": "Standard_D2ds_v5"},
    }
    refused = {"database": "without a password", "Database.engine": "without a password"}
