"""One line of JSON for each thing that happens in a cloud, so that its logs can be searched by task and run."""

from __future__ import annotations

import json
import sys
import time
import traceback
import uuid
from typing import Any

from glacier.errors import TaskError
from glacier.runtime.problems import Raised


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

    def failed(self, error: TaskError, seconds: float) -> None:
        """Say why the task failed, beginning with the lines of the user's own code."""
        frames = error.frames if isinstance(error, Raised) else ()
        self.event(
            "failed",
            level="error",
            error=error.message,
            dataset=error.dataset,
            help=error.help,
            traceback="".join(traceback.format_list(list(frames))) or None,
            seconds=seconds,
        )
