"""What goes wrong while a task runs, before it is known which task and dataset it happened to."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from glacier.errors import GlacierError, TaskError

# To whoever has done what is asked of them: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html ("Changes that I
# make are not always immediately visible", without a number), cloud.google.com/iam/docs/access-change-propagation (two
# minutes, seven or longer), learn.microsoft.com/azure/role-based-access-control/troubleshooting (up to ten), and
# …/entra/workload-id/workload-identity-federation-considerations (minutes).
NEW = "what was deployed in the last ten minutes may not hold everywhere yet: wait, and run the task again"


# By which somebody else ends a task. Any other exception is the task's own: SystemExit, which would pass for success,
# and a panic of a library in Rust are no Exception either.
ENDING = (KeyboardInterrupt, GeneratorExit)


class Problem(GlacierError):
    """Data cannot be read or written; whoever knows the task and the dataset makes a ``TaskError`` of it.

    ``dataset`` is whose data it is where that is known before, as when a task reads it bit by bit.
    """

    dataset: str | None = None

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002 - the word the user reads
        self.message, self.help = message, help
        super().__init__(message + (f"\n  help: {help}" if help else ""))


class Raised(TaskError):
    """The user's own function raised; ``frames`` are the lines of the user's code that led there, outermost first.

    They are kept beside ``__cause__`` because a traceback does not cross from one process to another.
    """

    def __init__(self, task: str, message: str, *, frames: Sequence[traceback.FrameSummary] = ()) -> None:
        super().__init__(task, message)
        self.frames = tuple(frames)

    def __reduce__(self) -> tuple[object, ...]:
        # Not the frames themselves: from Python 3.13.1 on they hold code, which crosses no more than a traceback does.
        places = [(f.filename, f.lineno, f.name, f.end_lineno, f.colno, f.end_colno) for f in self.frames]
        return _raised, (self.task, self.message, places)


def _raised(task: str, message: str, places: Sequence[tuple[Any, ...]]) -> Raised:
    frames = [
        traceback.FrameSummary(*where, lookup_line=False, end_lineno=line, colno=column, end_colno=end)
        for *where, line, column, end in places
    ]
    return Raised(task, message, frames=frames)


def named(error: BaseException) -> str:
    """What an exception is called from outside."""
    if isinstance(error, SystemExit):
        return f"called sys.exit({error.code!r}), which ends a program; a task returns, or raises"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def raised(task: str, error: BaseException) -> Raised:
    """What the user's exception is called from outside; the frame that called the function is left out."""
    trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
    return Raised(task, named(error), frames=traceback.extract_tb(trace))
