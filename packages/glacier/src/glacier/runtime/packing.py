"""Objects made small with Zstandard, piece by piece, so that none is in memory as a whole.

A packed object is told by its name, which ends with ``.zst``, so that everybody can read it: Glacier on every cloud,
and the tools of others (RFC 8878).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem

SUFFIX = ".zst"
_PIECE = 1024 * 1024  # bytes that unpacking gives at once, however well they were packed
_LEVEL = 3  # Zstandard's own default: a tenth of a second for what takes a second to send


def is_packed(name: str) -> bool:
    """Whether an object is packed, as its name says."""
    return name.lower().endswith(SUFFIX)


def unpacked_name(name: str) -> str:
    """The name of what is packed."""
    return name[: -len(SUFFIX)] if is_packed(name) else name


def pack(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of content, packed, with a checksum at the end."""
    zstd = _library()
    packer = zstd.ZstdCompressor(
        options={zstd.CompressionParameter.compression_level: _LEVEL, zstd.CompressionParameter.checksum_flag: 1}
    )
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def unpack(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What pieces of a packed object hold; raises :class:`Problem` when they are damaged, or end too early."""
    zstd = _library()
    frame: Any = None
    for piece in pieces:
        rest = piece
        while rest or (frame is not None and not frame.needs_input and not frame.eof):
            if frame is None or frame.eof:  # what several packed one after the other is packed, too
                frame = zstd.ZstdDecompressor()
            try:
                content = frame.decompress(rest, _PIECE)
            except zstd.ZstdError as error:
                raise Problem(f"is packed, and damaged: {error}", _AGAIN) from error
            rest = frame.unused_data if frame.eof else b""
            if content:
                yield content
    if frame is None or not frame.eof:
        raise Problem("is packed, and was cut off", _AGAIN)


_AGAIN = "write it again: run the task that writes it, or copy the file once more"


def _library() -> Any:
    """Python's own from 3.14 on, and the same for what is older (docs.python.org/3/library/compression.zstd.html)."""
    return library("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
