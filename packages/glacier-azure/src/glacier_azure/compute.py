"""Azure's own compute: AzureFunction, ContainerAppJob."""

from glacier_azure.kinds.container import ContainerAppJob
from glacier_azure.kinds.serverless import AzureFunction

__all__ = ["AzureFunction", "ContainerAppJob"]
