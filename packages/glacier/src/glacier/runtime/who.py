"""For whom a store is opened."""

from __future__ import annotations

from typing import NamedTuple


class Who(NamedTuple):
    """The task, by whose name some caches sign in, and its run, by which a queue knows a message sent twice."""

    task: str = ""
    run: str = ""
