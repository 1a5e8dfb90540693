"""Compile Glacier pipelines to Google Cloud."""

from glacier_gcp.target import GCPCompiler

__all__ = ["GCPCompiler"]
