"""Pieces of content as a file that is read once, from its beginning to its end, and is never on a disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

_BUFFER = 256 * 1024  # bytes


def binary(pieces: Iterator[bytes]) -> io.BufferedReader:
    """The bytes of pieces, to be read by lines."""
    return io.BufferedReader(_Pieces(pieces), _BUFFER)


def text(pieces: Iterator[bytes], encoding: str, *, newline: str | None = None) -> io.TextIOWrapper:
    """The text of pieces, which may end in the middle of a character; ``newline`` is that of :func:`open`."""
    return io.TextIOWrapper(binary(pieces), encoding, newline=newline)


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(into), len(self._rest))
        into[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
