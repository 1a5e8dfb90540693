"""What stores of objects by key have in common: a value comes whole, whatever it is read as."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from glacier.runtime.buckets import Scratch


class Keyed(ABC):
    """Objects by key, each small enough to be held in memory."""

    def __init__(self) -> None:
        self._scratch = Scratch()

    @abstractmethod
    def read(self, path: str) -> bytes:
        """The value of a key. Raises ``FileNotFoundError`` when there is none."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """The value, in one piece."""
        return iter((self.read(path),))

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        """The value in a file."""
        return scratch.filled(path, self.chunks(path))

    def close(self) -> None:
        """Remove what was made to be written."""
        self._scratch.close()
