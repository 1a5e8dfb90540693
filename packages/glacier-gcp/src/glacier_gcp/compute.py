"""Google Cloud's own compute: CloudFunction, CloudRunJob."""

from glacier_gcp.kinds.container import CloudRunJob
from glacier_gcp.kinds.serverless import CloudFunction

__all__ = ["CloudFunction", "CloudRunJob"]
