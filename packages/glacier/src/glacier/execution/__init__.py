"""Running a pipeline on this machine."""

from glacier.execution.local import LocalExecutor
from glacier.execution.progress import Progress
from glacier.execution.results import Results, TaskRun

__all__ = ["LocalExecutor", "Progress", "Results", "TaskRun"]
