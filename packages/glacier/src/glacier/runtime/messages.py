"""Datasets as messages of a queue: one for each item of the list that a task returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from glacier.runtime import plain, records
from glacier.runtime.problems import Problem
from glacier.runtime.wanted import described, library_form


def messages_of(value: Any) -> list[bytes]:
    """Each item as JSON; raises :class:`~glacier.runtime.problems.Problem` for what is no list."""
    if library_form(value) is not None:
        value = records.rows_of(value)
    if isinstance(value, Mapping | str | bytes) or not isinstance(value, Iterable):
        raise Problem(f"is {described(value)}, and a queue takes messages", "return a list with one item for each")
    return [plain.to_json(item) for item in value]
