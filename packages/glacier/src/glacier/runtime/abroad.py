"""Reading what is in another cloud: several ranges of a large object at once, and nothing twice.

One connection is enough where the other cloud is next door; where it is far, what a connection gives is limited by the
way, and several together give more. So an object is read as one stream first, and that is timed.

What was read is kept in files of this process, by the object's etag: its store is asked for the etag the next time, and
for the content only when that is another one.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from glacier.runtime import leftovers
from glacier.runtime.ahead import ahead
from glacier.runtime.buckets import Facts, Remote, Scratch, pieces_of

_RANGE = 1024 * 1024  # bytes that are asked for at once: with larger ones a copy needs more than 130 MiB of memory
_RANGES = 8  # that are asked for at the same time
_STEP = 64 * 1024  # bytes that a stream gives at once: the fewer, the sooner it is known to be slow
_LARGE = 8 * _RANGE  # bytes from which on an object may be read in ranges, and within which that is decided
_FAST = 100e6  # bytes a second of one connection that are enough: a small function hardly takes more
_PATIENCE = 0.05  # seconds to wait for bytes before that is judged
_KEPT = 256 * 1024 * 1024  # bytes that are kept, and no more than a quarter of what the disk has room for


@dataclass
class Tally:
    """The bytes of a dataset that a task was given, and those that came from another cloud for them, if it is there."""

    given: int = 0
    received: int | None = None


class Kept:
    """Objects that were read, as files: those that were not asked for the longest go when there is no more room."""

    def __init__(self, most: int = _KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._files: OrderedDict[tuple[str, str], tuple[Path, int]] = OrderedDict()
        self._folder: Path | None = None

    def takes(self, facts: Facts) -> bool:
        """Whether an object may be kept: it has an etag, and there is room for it."""
        return bool(facts.etag) and facts.size <= min(self._most, shutil.disk_usage(self._there()).free // 4)

    def knows(self, where: str) -> bool:
        """Whether some content of an object is kept."""
        with self._lock:
            return any(key[0] == where for key in self._files)

    def get(self, where: str, facts: Facts, into: Path) -> bool:
        """Put an object that is kept where it is wanted, and say whether it was."""
        with self._lock:
            found = self._files.get((where, facts.etag))
            if found is None:
                return False
            self._files.move_to_end((where, facts.etag))
            _link(found[0], into)  # it may go while somebody reads it
            return True

    def put(self, where: str, facts: Facts, file: Path) -> None:
        """Keep what is in a file, which nobody changes."""
        with self._lock:
            if (where, facts.etag) in self._files:
                return
            for other in [key for key in self._files if key[0] == where]:  # what the object was before
                self._forget(other)
            while self._files and facts.size + sum(size for _, size in self._files.values()) > self._most:
                self._forget(next(iter(self._files)))
            kept = self._there() / f"{os.urandom(8).hex()}"
            _link(file, kept)
            self._files[where, facts.etag] = kept, facts.size

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            for key in list(self._files):
                self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        self._files.pop(key)[0].unlink(missing_ok=True)

    def _there(self) -> Path:
        if self._folder is None:
            self._folder = Path(leftovers.folder())
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


def _link(file: Path, into: Path) -> None:
    try:
        os.link(file, into)
    except OSError:  # a file system that has no links
        shutil.copyfile(file, into)


KEPT = Kept()  # one for the process: a function's instance runs one task after the other


class Abroad:
    """A bucket of another cloud, for reading; ``parallel`` and ``keep`` are how, and ``tally`` counts."""

    def __init__(self, bucket: Remote, scratch: Scratch, tally: Tally, *, parallel: bool, keep: bool) -> None:
        self._bucket, self._scratch, self._tally = bucket, scratch, tally
        self._parallel, self._keep = parallel, keep
        tally.received = tally.received or 0

    def read(self, path: str) -> bytes:
        """All of an object."""
        content = bytearray()
        for piece in self.chunks(path):
            content += piece
        return bytes(content)

    def chunks(self, path: str) -> Iterator[bytes]:
        """An object in pieces."""
        found = self._found(path)
        return pieces_of(found) if isinstance(found, Path) else found

    def file(self, path: str, scratch: Scratch, *, own: bool = False) -> Path:
        """A local file with an object's content."""
        found = self._found(path)
        if not isinstance(found, Path):
            return scratch.filled(path, found)
        return Path(shutil.copyfile(found, scratch.file(path))) if own else found

    def where(self, path: str) -> str:
        """The object's address."""
        return self._bucket.where(path)

    def _found(self, path: str) -> Path | Iterator[bytes]:
        """An object as a file that is kept, or in pieces where it is not to be."""
        where = self._bucket.where(path)
        if self._keep and KEPT.knows(where):  # else its etag comes with its content
            target = self._scratch.file(path)
            if KEPT.get(where, self._bucket.facts(path), target):
                return target
        facts, stream = self._bucket.opened(path, _STEP)
        if self._parallel and facts.etag and facts.size > _LARGE:
            stream = self._widened(path, facts, stream)
        pieces = self._counted(stream)
        if not (self._keep and KEPT.takes(facts)):
            return pieces
        target = self._scratch.filled(path, pieces)
        KEPT.put(where, facts, target)
        return target

    def _widened(self, path: str, facts: Facts, stream: Iterator[bytes]) -> Iterator[bytes]:
        """A stream while it is fast, then ranges of the rest, of the same content: never a mix of two."""
        at, waited, begin = 0, 0.0, time.perf_counter()
        for piece in stream:
            waited += time.perf_counter() - begin
            at += len(piece)
            yield piece
            if at < _LARGE and waited > _PATIENCE and at < _FAST * waited:
                break
            begin = time.perf_counter()
        del stream  # and its connection
        starts = range(at, facts.size, _RANGE)
        calls = (
            partial(self._bucket.part, path, start, min(start + _RANGE, facts.size), facts.etag) for start in starts
        )
        yield from ahead(calls, _RANGES)

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._tally.received = (self._tally.received or 0) + len(piece)
            yield piece
