"""The entry point of every function in this folder; AWS Lambda calls ``handler``."""

from glacier.runtime.entry import aws_handler as handler

__all__ = ["handler"]
