"""One object, or a folder of many, as a task reads it: unpacked, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from glacier.runtime.abroad import Tally
from glacier.runtime.ahead import ahead
from glacier.runtime.buckets import Bucket, Scratch
from glacier.runtime.codecs import decode
from glacier.runtime.faults import is_full, why
from glacier.runtime.packing import is_packed, unpack, unpacked_name
from glacier.runtime.problems import Problem

SMALL = 1024 * 1024  # bytes, as they are kept, up to which objects of a folder are read many at a time
MANY = 16  # of them at once


class Readable(Protocol):
    """The part of a bucket that gives objects."""

    def read(self, path: str) -> bytes:
        """All of an object."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """An object in pieces."""

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        """A local file with an object's content."""


class Refused(Problem):
    """A disk or a cloud did not give an object."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, problem.help)
        self.problem = problem


class Opened:
    """One object that is being read; what a disk or a cloud says against it is a problem, and no bad data."""

    def __init__(self, bucket: Bucket, through: Readable, path: str, scratch: Scratch, tally: Tally) -> None:
        self.path = path
        self._bucket, self._through, self._scratch, self._tally = bucket, through, scratch, tally
        self._packed = is_packed(path)

    def content(self) -> bytes:
        """All of it."""
        with self._asking():
            content = self._through.read(self.path)
        if self._packed:
            content = b"".join(self._unpacked(iter((content,))))
        self._tally.given += len(content)
        return content

    def chunks(self) -> Iterator[bytes]:
        """Pieces of it; what goes wrong in the middle says where."""
        with self._asking():
            pieces = self._through.chunks(self.path)
        return self._counted(self._unpacked(self._told(pieces)) if self._packed else self._told(pieces))

    def file(self) -> Path:
        """A local file with its content, to be read and left as it is."""
        return self._file(own=False)

    def copy(self) -> Path:
        """A local file with its content, to do anything with."""
        return self._file(own=True)

    def ahead(self) -> Opened:
        """The same object, of which all that is kept is in memory; it is unpacked only when it is read."""
        with self._asking():
            held = _Held(self._through.read(self.path))
        return Opened(self._bucket, held, self.path, self._scratch, self._tally)

    def close(self) -> None:
        """Remove the files: a folder may have more objects than the disk has room for."""
        self._scratch.close()

    def _file(self, *, own: bool) -> Path:
        if self._packed:
            pieces = self.chunks()
            with self._asking():
                return self._scratch.filled(unpacked_name(self.path), pieces)
        with self._asking():
            found = self._through.file(self.path, self._scratch, own=own)
        self._tally.given += found.stat().st_size
        return found

    def _unpacked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from unpack(pieces)
        except Refused:
            raise
        except Problem as problem:
            told = Problem(f"{self._bucket.where(self.path)} {problem.message}", problem.help)
            raise Refused(told) from problem.__cause__

    def _told(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        with self._asking():
            yield from pieces

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._tally.given += len(piece)
            yield piece

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, MemoryError, Refused):
            raise
        except Problem as problem:  # which says where already
            raise Refused(problem) from problem.__cause__
        except Exception as error:
            told = _too_large(self._bucket.where(self.path)) if is_full(error) else why(error, self._bucket, self.path)
            raise Refused(told) from error


def _too_large(where: str) -> Problem:
    return Problem(
        f"the disk is full: {where} is read from a file here, which did not fit",
        "give the task more disk (ephemeral storage, or a container); or read it as Iterator[bytes], or CSV and JSON"
        " as Iterator[dict], which need none",
    )


class _Held:
    """What is kept of a small object, in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, path: str) -> bytes:
        return self._content

    def chunks(self, path: str) -> Iterator[bytes]:
        return iter((self._content,))

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        return scratch.filled(path, self.chunks(path))


class Part(NamedTuple):
    """One of the objects of a folder: its size in bytes as it is kept, its format, and where a person finds it."""

    source: Opened
    size: int
    kind: str | None
    where: str


def named(found: Iterator[Any], where: str) -> Iterator[Any]:
    """What is read bit by bit; what is wrong with it says where it is."""
    try:
        yield from found
    except Refused as refused:
        raise refused.problem from refused.__cause__
    except FileNotFoundError:
        raise _removed(where) from None
    except Problem as problem:
        raise Problem(f"{where} {problem.message}", problem.help) from problem.__cause__


def _removed(where: str) -> Problem:
    return Problem(f"{where} was removed while it was read", "run the task again")


def stream(parts: Sequence[Part], wanted: Any, schema: Any, *, batch: bool) -> Iterator[Any]:
    """The rows, the pieces or the batches of many objects, one object after the other.

    ``batch``: small objects are asked for many at a time, before they are needed; without it, one by one.
    """
    for part in _read(parts) if batch else parts:
        with closing(part.source):
            yield from named(_decoded(part, wanted, schema), part.where)


def _decoded(part: Part, wanted: Any, schema: Any) -> Iterator[Any]:
    yield from decode(part.source, part.kind, wanted, schema)


def _read(parts: Sequence[Part]) -> Iterator[Part]:
    def read(part: Part) -> Part:
        try:
            return part._replace(source=part.source.ahead()) if part.size <= SMALL else part
        except FileNotFoundError:
            raise _removed(part.where) from None

    return ahead((partial(read, part) for part in parts), MANY)
