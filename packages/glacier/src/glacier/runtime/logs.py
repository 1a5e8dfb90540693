"""One line of JSON for each thing that happens in a cloud, so that its logs can be searched by task and run."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import uuid
from contextvars import ContextVar
from typing import Any

from glacier.errors import TaskError
from glacier.runtime.problems import Raised, named

_MISTAKE = "this is a mistake of Glacier's, and not of the task: please report it"


class Log:
    """What one attempt at one task of a run says, on standard error."""

    def __init__(self, *, task: str, run: str) -> None:
        self.task, self.run = task, run
        self.attempt = uuid.uuid4().hex[:12]  # a cloud tries again with the same run, perhaps while this one goes on

    def event(self, name: str, *, level: str = "info", **facts: Any) -> None:
        """Say that something happened: one line, however long its texts are."""
        line: dict[str, Any] = {
            "event": name,
            "level": level,
            "task": self.task,
            "run": self.run,
            "attempt": self.attempt,
        }
        line["time"] = round(time.time(), 3)
        facts = {key: round(value, 6) if isinstance(value, float) else value for key, value in facts.items()}
        print(json.dumps(line | facts, ensure_ascii=False, default=str), file=sys.stderr, flush=True)  # noqa: T201

    def failed(self, error: BaseException, seconds: float) -> None:
        """Say why the task failed, beginning with the lines of the user's own code."""
        facts: dict[str, Any]
        if isinstance(error, TaskError):
            lines = traceback.format_list(list(error.frames)) if isinstance(error, Raised) else []
            facts = {"error": error.message, "dataset": error.dataset, "help": error.help}
        else:  # a mistake, or what ends a process, such as sys.exit
            lines = traceback.format_exception(error)
            facts = {"error": named(error), "dataset": None, "help": _MISTAKE if isinstance(error, Exception) else ""}
        self.event("failed", level="error", **facts, traceback="".join(lines) or None, seconds=seconds)


_HERE: ContextVar[Log | None] = ContextVar("glacier_log", default=None)


def begin(log: Log) -> None:
    """From now on this is the log of what runs here."""
    _HERE.set(log)


def current() -> Log:
    """The log of the attempt that runs here; in a thread that a library started, one of what the environment says."""
    return _HERE.get() or Log(task=os.environ.get("GLACIER_TASK", "?"), run=os.environ.get("GLACIER_RUN", "?"))
