"""Compile Glacier pipelines to Microsoft Azure."""

from glacier_azure.target import AzureCompiler

__all__ = ["AzureCompiler"]
