"""Where objects are: a folder on this disk, or a bucket in a cloud.

Both replace an object as a whole, so that a task that is tried again leaves one result and a task that is killed
leaves none. The disk has a class of its own, since a rename is all that is atomic there and a client would add more
than it costs; everything else is obstore's.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from glacier.runtime import leftovers
from glacier.runtime.ahead import hand_over
from glacier.runtime.codecs import Content
from glacier.runtime.faults import replaced
from glacier.runtime.problems import Problem

PIECE = 5 * 1024 * 1024  # bytes in memory at once when an object is read in pieces; the least that S3 takes as a part
WIDTH = 3  # parts that are on their way at once: a small function has no memory for more
_PARTS = 10_000  # that an upload may have on S3 (docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html)


class Found(NamedTuple):
    """What is in a folder: its name there, when it was written, in seconds of some clock, and its size in bytes.

    The name of a folder ends with ``/``, and that is all that is known of it.
    """

    name: str
    written: float = 0.0
    size: int = 0


class Facts(NamedTuple):
    """What a store says of an object: its size in bytes, and its etag, which changes with its content."""

    size: int
    etag: str


class Bucket(Protocol):
    """Objects by path. What is not there is a ``FileNotFoundError``."""

    def read(self, path: str) -> bytes:
        """All of an object."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """An object in pieces."""

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        """A local file with an object's content, until ``scratch`` is closed; ``own``: to do anything with."""

    def find(self, folder: str) -> Sequence[Found]:
        """The objects in a folder, and the folders in it, but not what is in those."""

    def write(self, path: str, content: Content) -> int:
        """Write an object, all of it or nothing; gives its size in bytes."""

    def where(self, path: str) -> str:
        """A path as a person would look for it."""

    def close(self) -> None:
        """Remove what was only for a while."""


class Scratch:
    """A folder for files that nobody needs any more when the task has ended."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self._numbers = itertools.count()
        self._remove: Callable[[], object] | None = None

    def file(self, name: str) -> Path:
        """The path of a new file; it keeps its suffix, by which libraries know what it is."""
        if self._folder is None:
            self._folder = leftovers.folder()
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)  # at the latest
        folder = Path(self._folder) / str(next(self._numbers))
        folder.mkdir()
        return folder / (name.rpartition("/")[2] or "data")

    def filled(self, name: str, pieces: Iterable[bytes]) -> Path:
        """A new file with what pieces hold."""
        target = self.file(name)
        with target.open("wb") as file:
            file.writelines(pieces)
        return target

    def whole(self, name: str, content: Content) -> bytes:
        """All of a content at once, for what takes it in no other way."""
        if isinstance(content, bytes):
            return content
        if isinstance(content, Path):
            return content.read_bytes()
        if isinstance(content, Iterator):
            return b"".join(content)
        staged = self.file(name)
        content(staged)
        return staged.read_bytes()

    def close(self) -> None:
        """Remove the folder."""
        if self._remove is not None:
            self._remove()
            self._folder = self._remove = None


class Disk:
    """Objects as files below a folder.

    A file is written in ``.writing`` and then moved to its place; what a killed process left there is removed when
    the folder is opened the next time.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = os.path.abspath(root)
        self._writing = f"{self.root}/.writing"
        self._numbers = itertools.count()
        leftovers.sweep(self._writing)

    def read(self, path: str) -> bytes:
        """All of a file."""
        with open(f"{self.root}/{path}", "rb", buffering=0) as file:
            return file.read()

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file in pieces."""
        return pieces_of(Path(self.root, path))

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        """The file itself, or a copy."""
        target = Path(self.root, path)
        if not target.is_file():
            raise FileNotFoundError(target)
        return Path(shutil.copyfile(target, scratch.file(path))) if own else target

    def find(self, folder: str) -> Sequence[Found]:
        """The files and the folders in a folder."""
        try:
            with os.scandir(f"{self.root}/{folder}") as entries:
                return [
                    Found(f"{entry.name}/")
                    if entry.is_dir()
                    else Found(entry.name, entry.stat().st_mtime_ns / 1e9, entry.stat().st_size)
                    for entry in entries
                    if entry.is_file() or entry.is_dir()
                ]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def write(self, path: str, content: Content) -> int:
        """Write a file beside its place and move it there."""
        staged, target = f"{self._writing}/{leftovers.name()}{id(self)}-{next(self._numbers)}", f"{self.root}/{path}"
        try:
            try:
                size = _fill(staged, content)
            except FileNotFoundError:
                if os.path.isdir(self._writing):
                    raise
                os.makedirs(self._writing, exist_ok=True)
                size = _fill(staged, content)
            try:
                os.replace(staged, target)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.replace(staged, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(staged)
            raise
        return size

    def where(self, path: str) -> str:
        """The file's path."""
        return f"{self.root}/{path}".replace("/", os.sep)

    def close(self) -> None:
        """Remove the folder for unfinished files when there are none."""
        leftovers.sweep(self._writing)
        with contextlib.suppress(OSError):  # another process writes there
            os.rmdir(self._writing)


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file in pieces; it is opened now, so that a missing one is told now, and closed also when nobody reads it."""

    def pieces() -> Iterator[bytes]:
        with path.open("rb", buffering=0) as file:
            yield b""
            while piece := file.read(PIECE):
                yield piece

    opened = pieces()
    next(opened)
    return opened


def _fill(path: str, content: Content) -> int:
    if isinstance(content, bytes):
        with open(path, "xb", buffering=0) as file:
            return _all(file, content)
    Path(path).touch(exist_ok=False)  # a missing folder is told before the content is made, which may be once only
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    elif isinstance(content, Iterator):
        with open(path, "wb", buffering=0) as file:
            for piece in content:
                _all(file, piece)
    else:
        content(Path(path))
    return os.path.getsize(path)


def _all(file: IO[bytes], content: bytes) -> int:
    written = file.write(content)
    while written < len(content):
        written += file.write(memoryview(content)[written:])
    return written


class Remote:
    """Objects in a bucket of a cloud, or in memory, through an obstore store.

    ``attributes`` go with every object that is written; ``address`` is what paths are shown below; ``guest`` is whether
    the task comes from another cloud.
    """

    def __init__(
        self, store: Any, address: str, attributes: Mapping[str, str] | None = None, *, guest: bool = False
    ) -> None:
        import obstore

        self.guest = guest
        self._client: Any = obstore
        self._store, self._address = store, address.rstrip("/")
        self._attributes = dict(attributes) if attributes else None
        self._scratch = Scratch()

    def read(self, path: str) -> bytes:
        """All of an object."""
        return bytes(self._client.get(self._store, path).bytes())

    def chunks(self, path: str) -> Iterator[bytes]:
        """An object in pieces."""
        return self.opened(path, PIECE)[1]

    def opened(self, path: str, least: int) -> tuple[Facts, Iterator[bytes]]:
        """What is known of an object, and its content in pieces of that many bytes or more."""
        found = self._client.get(self._store, path)
        facts = _facts(found.meta)
        return facts, self._pieces(path, facts, found, least)

    def _pieces(self, path: str, facts: Facts, found: Any, least: int) -> Iterator[bytes]:
        """An answer bit by bit; who takes it slowly loses it after some minutes, and asks for what is left of it."""
        at = before = 0
        while True:
            try:
                for piece in found.stream(min_chunk_size=least):
                    at += len(piece)
                    yield bytes(piece)
                return
            except self._client.exceptions.GenericError:  # a body that ended early; obstore has tried again before
                if at == before or not facts.etag:
                    raise
            before, found = at, self._range(path, at, facts.size, facts.etag)

    def part(self, path: str, start: int, end: int, etag: str) -> bytes:
        """The bytes of an object from one place to another, of no other content than the etag's."""
        return bytes(self._range(path, start, end, etag).bytes())

    def _range(self, path: str, start: int, end: int, etag: str) -> Any:
        found = self._client.get(self._store, path, options={"range": (start, end), "if_match": etag})
        if found.meta["e_tag"] != etag:  # not every server looks at the condition
            raise replaced(self.where(path))
        return found

    def facts(self, path: str) -> Facts:
        """What is known of an object before it is read."""
        return _facts(self._client.head(self._store, path))

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        """The object, downloaded piece by piece."""
        return scratch.filled(path, self.chunks(path))

    def find(self, folder: str) -> Sequence[Found]:
        """The objects and the folders in a folder; what only marks a folder is no object.

        A console makes an empty one, ``orders/``, for a folder (docs.aws.amazon.com/AmazonS3/latest/userguide/
        using-folders.html, cloud.google.com/storage/docs/objects#folders), which obstore names ``orders``; Hadoop
        makes an empty ``orders`` on Azure.
        """
        itself = folder.rstrip("/")
        listed = self._client.list_with_delimiter(self._store, itself or None)
        folders = set(listed["common_prefixes"])
        found = [Found(f"{_name(path)}/") for path in sorted(folders)]
        for item in listed["objects"]:
            path, size = item["path"], item["size"]
            if path != itself and not (size == 0 and path in folders):
                found.append(Found(_name(path), item["last_modified"].timestamp(), size))
        return found

    def write(self, path: str, content: Content) -> int:
        """Put an object: one request, or one upload in parts, after which it is there as a whole."""
        if isinstance(content, bytes):
            return self._put(path, content, len(content))
        if isinstance(content, Path):
            return self._put(path, content, content.stat().st_size)
        if isinstance(content, Iterator):
            return self._stream(path, content)
        staged = self._scratch.file(path)
        try:
            content(staged)
            return self._put(path, staged, staged.stat().st_size)
        finally:
            staged.unlink(missing_ok=True)

    def _stream(self, path: str, pieces: Iterator[bytes]) -> int:
        """Upload pieces as they come; when one of them cannot be made, nothing is there."""
        first, size = bytearray(), 0
        for piece in pieces:
            first += piece
            if len(first) >= PIECE:
                break
        else:
            return self._put(path, bytes(first), len(first))  # one request instead of three

        def all_of_them() -> Iterator[bytes]:
            nonlocal size
            begin = bytes(first)
            first.clear()
            for piece in itertools.chain((begin,), pieces):
                size += len(piece)
                if size > PIECE * _PARTS:
                    raise Problem(f"comes in pieces, and is more than {PIECE * _PARTS / 2**30:.0f} GiB", _PATH)
                yield piece

        hand_over(all_of_them(), lambda taken: self._put(path, taken, 0))
        return size

    def _put(self, path: str, content: Any, size: int) -> int:
        part = max(PIECE, -(-size // _PARTS))
        self._client.put(
            self._store, path, content, attributes=self._attributes, chunk_size=part, max_concurrency=WIDTH
        )
        return size

    def where(self, path: str) -> str:
        """The object's address."""
        return f"{self._address}/{path}"

    def close(self) -> None:
        """Remove what was made to be uploaded."""
        self._scratch.close()


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _facts(said: Mapping[str, Any]) -> Facts:
    return Facts(said["size"], said["e_tag"] or "")


_PATH = "return the path of a file, or write it as several datasets"
