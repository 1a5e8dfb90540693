"""Google Cloud's own storage: GCS, CloudSQL, Memorystore, PubSub."""

from glacier_gcp.kinds.cache import Memorystore
from glacier_gcp.kinds.database import CloudSQL
from glacier_gcp.kinds.object_storage import GCS
from glacier_gcp.kinds.queue import PubSub

__all__ = ["GCS", "CloudSQL", "Memorystore", "PubSub"]
