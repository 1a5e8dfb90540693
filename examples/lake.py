"""Logs in a shared bucket: one storage object, several datasets, each in a folder of its own.

Nothing writes ``logs``: put a text file where ``glacier run`` says it is missing, or see ``examples/inputs``.
"""

import re
from collections import Counter
from typing import Annotated

from glacier import Dataset, Pipeline
from glacier.storage import ObjectStorage

lake = ObjectStorage(resource_name="lake", lifecycle_days=365)
logs = Dataset("logs", storage=lake, format="text", path="incoming/logs/")
errors = Dataset("errors", storage=lake)
visits = Dataset("visits", storage=lake)
summary = Dataset("summary", storage=lake, format="text")

Logs = Annotated[str, logs]
Errors = Annotated[list[str], errors]
Visits = Annotated[dict[str, int], visits]
Summary = Annotated[str, summary]

pipeline = Pipeline("log lake")


@pipeline.task
def split(text: Logs) -> tuple[Errors, Visits]:
    """Errors as they stand; visits counted by path."""
    lines = text.splitlines()
    failed = [line for line in lines if " 500 " in line]
    paths = Counter(match[1] for line in lines if (match := re.search(r'"GET (\S+)', line)))
    return failed, dict(paths.most_common())


@pipeline.task
def summarize(failed: Errors, counted: Visits) -> Summary:
    """A page to read."""
    rows = [f"{count:>6}  {path}" for path, count in counted.items()]
    return "\n".join([f"{len(failed)} errors", "", *rows, ""])
