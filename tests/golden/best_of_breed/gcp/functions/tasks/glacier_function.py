"""The entry point of every function in this folder; Google Cloud calls ``handler``."""

from glacier.runtime.entry import gcp_handler as handler

__all__ = ["handler"]
