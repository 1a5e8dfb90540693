"""Azure's own storage: BlobStorage, PostgresFlexible, CosmosDB, ManagedRedis, ServiceBus."""

from glacier_azure.kinds.cache import ManagedRedis
from glacier_azure.kinds.database import PostgresFlexible
from glacier_azure.kinds.document import CosmosDB
from glacier_azure.kinds.object_storage import BlobStorage
from glacier_azure.kinds.queue import ServiceBus

__all__ = ["BlobStorage", "CosmosDB", "ManagedRedis", "PostgresFlexible", "ServiceBus"]
