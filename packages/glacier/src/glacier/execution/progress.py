"""What a run tells while it goes on, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from glacier.errors import TaskError
from glacier.execution.results import TaskRun


class Progress(Protocol):
    """Somebody who is told how a run goes. With several workers the calls come from several threads."""

    def begin(self, tasks: Sequence[str], /) -> None:
        """These tasks will run, if all goes well."""

    def started(self, task: str, /) -> None:
        """A task begins, for the first time."""

    def retrying(self, task: str, attempt: int, error: TaskError, wait: float, /) -> None:
        """An attempt, counted from 1, failed; the next begins after so many seconds."""

    def finished(self, run: TaskRun, /) -> None:
        """A task has written everything."""

    def failed(self, task: str, error: TaskError, /) -> None:
        """A task failed for the last time; no other is started."""

    def end(self, skipped: Sequence[str], /) -> None:
        """The run is over; these tasks did not run."""
