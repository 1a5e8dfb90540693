"""What is known of a dataset that was just written."""

from __future__ import annotations

from typing import NamedTuple


class Written(NamedTuple):
    """Where a dataset is now, and how large: ``size`` is in bytes, ``None`` where nothing was serialised.

    ``sent`` is how many bytes it was packed into, ``None`` when it was not.
    """

    where: str
    size: int | None
    sent: int | None = None

    @property
    def saved(self) -> int | None:
        """The bytes that packing spared: not sent, not kept, and sent to no reader; ``None`` when it was not packed."""
        return None if self.size is None or self.sent is None else self.size - self.sent
