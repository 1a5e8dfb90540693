"""One object, or a folder of many, as a task reads it: unpacked, and counted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from glacier.runtime.abroad import Tally
from glacier.runtime.ahead import ahead
from glacier.runtime.buckets import Bucket, Scratch, why
from glacier.runtime.codecs import Source, decode
from glacier.runtime.packing import is_packed, unpack, unpacked_name
from glacier.runtime.problems import Problem

SMALL = 1024 * 1024  # bytes up to which objects of a folder are read many at a time
MANY = 16  # of them at once


class Readable(Protocol):
    """The part of a bucket that gives objects."""

    def read(self, path: str) -> bytes:
        """All of an object."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """An object in pieces."""

    def file(self, path: str, *, own: bool = False) -> Path:
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

    def _file(self, *, own: bool) -> Path:
        if self._packed:
            pieces = self.chunks()
            target = self._scratch.file(unpacked_name(self.path))
            with target.open("wb") as file:
                file.writelines(pieces)
            return target
        with self._asking():
            found = self._through.file(self.path, own=own)
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
            raise Refused(why(error, self._bucket, self.path)) from error


class Part(NamedTuple):
    """One of the objects of a folder: as it is read, its size in bytes, its format, and where a person finds it."""

    source: Source
    size: int
    kind: str | None
    where: str


class _Held:
    """A small object that was read ahead: its content is here, and its file only while it is read."""

    def __init__(self, content: bytes, target: Callable[[], Path]) -> None:
        self._content, self._target = content, target
        self._file: Path | None = None

    def content(self) -> bytes:
        return self._content

    def chunks(self) -> Iterator[bytes]:
        return iter((self._content,))

    def file(self) -> Path:
        self._file = self._target()
        self._file.write_bytes(self._content)
        return self._file

    def copy(self) -> Path:
        return self.file()

    def close(self) -> None:
        """A folder may have more objects than the disk has room for."""
        if self._file is not None:
            shutil.rmtree(self._file.parent)


def named(found: Iterator[Any], where: str) -> Iterator[Any]:
    """What is read bit by bit; what is wrong with it says where it is."""
    try:
        yield from found
    except Refused as refused:
        raise refused.problem from refused.__cause__
    except FileNotFoundError:
        raise Problem(f"{where} was removed while it was read", "run the task again") from None
    except Problem as problem:
        raise Problem(f"{where} {problem.message}", problem.help) from problem.__cause__


def stream(parts: Sequence[Part], wanted: Any, schema: Any, scratch: Scratch, *, batch: bool) -> Iterator[Any]:
    """The rows, the pieces or the batches of many objects, one object after the other.

    ``batch``: small objects are asked for many at a time, before they are needed; without it, one by one.
    """
    for part, source in _read(parts, scratch, batch=batch):
        try:
            yield from named(_decoded(source, part.kind, wanted, schema), part.where)
        finally:
            if isinstance(source, _Held):
                source.close()


def _decoded(source: Source, kind: str | None, wanted: Any, schema: Any) -> Iterator[Any]:
    yield from decode(source, kind, wanted, schema)


def _read(parts: Sequence[Part], scratch: Scratch, *, batch: bool) -> Iterator[tuple[Part, Source]]:
    if not batch:
        yield from ((part, part.source) for part in parts)
        return

    def read(part: Part) -> tuple[Part, Source]:
        if part.size > SMALL:
            return part, part.source
        return part, _Held(part.source.content(), partial(scratch.file, "part"))

    calls = (partial(read, part) for part in parts)
    yield from ahead(calls, MANY)
