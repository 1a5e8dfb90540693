"""What is known of a dataset that was just written."""

from __future__ import annotations

from typing import NamedTuple


class Written(NamedTuple):
    """Where a dataset is now, and how large: ``size`` is in bytes, ``None`` where nothing was serialised."""

    where: str
    size: int | None
