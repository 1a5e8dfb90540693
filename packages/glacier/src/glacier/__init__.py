"""Glacier: declare a data pipeline once; run it on a laptop; compile it to any cloud, or to several."""

from glacier import compute
from glacier.dataset import Dataset
from glacier.errors import CompileError, DeclarationError, GlacierError, ProviderNotInstalled, TaskError
from glacier.pipeline import Pipeline, Task, task

__all__ = [
    "CompileError",
    "Dataset",
    "DeclarationError",
    "GlacierError",
    "Pipeline",
    "ProviderNotInstalled",
    "Task",
    "TaskError",
    "compute",
    "task",
]
