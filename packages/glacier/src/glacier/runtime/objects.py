"""Datasets as objects: where in a bucket each is, and by what name.

A dataset whose path ends with ``/`` is one file in that folder, ``data.parquet``, ``data.json``, ``data.csv``,
``data.txt`` or ``data.bin``; the newest counts when its format has changed. A source, which no task writes, may be one
file of any name. Any other path is the object itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glacier.runtime.buckets import Bucket, why
from glacier.runtime.codecs import SUFFIXES, decode, encode, kind_of_name
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.written import Written

_NAMES = {f"data{suffix}": kind for kind, suffix in SUFFIXES.items()}


class Objects:
    """The datasets that a bucket keeps."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._paths: dict[str, str] = {}  # by a dataset's path, what was written for it just now

    def read(self, place: Place, wanted: Any) -> Any:
        """A dataset in the form its reader wants."""
        path = self._paths.get(place.path) or self.find(place)
        try:
            return decode(_Object(self.bucket, path), self._kind(place, path), wanted, place.schema)
        except FileNotFoundError:
            raise self._missing(place, path) from None
        except Refused as refused:
            raise refused.problem from refused.__cause__
        except Problem as problem:
            raise Problem(f"{self.bucket.where(path)} {problem.message}", problem.help) from problem.__cause__
        except MemoryError:
            raise Problem(f"{self.bucket.where(path)} does not fit into memory", _LARGE) from None

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Write a dataset as a whole, replacing what was there."""
        kind, content = encode(value, place.format or self._declared(place), wanted, place.schema)
        path = f"{place.path}data{SUFFIXES[kind]}" if place.path.endswith("/") else place.path
        try:
            size = self.bucket.write(path, content)
        except Problem:
            raise
        except Exception as error:
            if isinstance(content, bytes) or isinstance(error, OSError) or _is_a_clients(error):
                raise why(error, self.bucket, path) from error
            raise  # what makes the content is the task's own iterator, and so is its error
        self._paths[place.path] = path
        return Written(self.bucket.where(path), size)

    def find(self, place: Place) -> str:
        """The path of a dataset's object; raises :class:`~glacier.runtime.problems.Problem` when there is none."""
        if not place.path.endswith("/"):
            return place.path
        if place.format is not None and not place.source:
            return f"{place.path}data{SUFFIXES[place.format]}"
        try:
            found = self.bucket.find(place.path)
        except Exception as error:
            raise why(error, self.bucket, place.path) from error
        if not place.source:
            found = [each for each in found if each.name in _NAMES]
        elif len(found) > 1:
            names = ", ".join(sorted(each.name for each in found)[:5])
            raise Problem(
                f"{self.bucket.where(place.path)} holds {len(found)} files ({names}), and a source is one file",
                'keep one there, or name it: Dataset(…, path="…/FILE")',
            )
        if not found:
            raise self._missing(place, place.path)
        return place.path + max(found, key=lambda each: (each.written, each.name)).name

    def exists(self, place: Place) -> bool:
        """Whether the dataset is there; raises :class:`Problem` where :meth:`find` does for another reason."""
        path = self.find(place)
        folder, _, name = path.rpartition("/")
        return any(each.name == name for each in self.bucket.find(f"{folder}/" if folder else ""))

    def settle(self, place: Place) -> None:
        """Reading an object takes nothing away."""

    def missing(self, place: Place) -> Problem:
        """What to say of a dataset that is not there."""
        return self._missing(place, place.path)

    def close(self) -> None:
        """Remove what was only for reading."""
        self.bucket.close()

    def _kind(self, place: Place, path: str) -> str | None:
        return place.format or kind_of_name(path)

    def _declared(self, place: Place) -> str | None:
        return None if place.path.endswith("/") else kind_of_name(place.path)

    def _missing(self, place: Place, path: str) -> Problem:
        where = self.bucket.where(path)
        if not place.source:
            return Problem(f"there is nothing yet at {where}", "run the task that writes it first")
        if not place.path.endswith("/"):
            return Problem(
                f"there is no file at {where}", f"put the data there: {_make(where.rpartition('/')[0])}cp FILE {where}"
            )
        suffix = SUFFIXES.get(place.format or "", "")
        return Problem(f"there is no file in {where}", f"put one there: {_make(where)}cp FILE{suffix} {where}")


def _make(folder: str) -> str:
    """What to type first where a folder must be made."""
    return f"mkdir -p {folder} && " if folder.startswith("/") and not Path(folder).is_dir() else ""


def _is_a_clients(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("obstore", "redis")


_LARGE = "read it bit by bit: Annotated[pl.LazyFrame, …], Iterator[bytes], or give the task more memory"


class Refused(Problem):
    """A disk or a cloud did not give an object."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, problem.help)
        self.problem = problem


class _Object:
    """One object that is being read; what a disk or a cloud says against it is a problem, and no bad data."""

    def __init__(self, bucket: Bucket, path: str) -> None:
        self.bucket, self.path = bucket, path

    def content(self) -> bytes:
        with self._asking():
            return self.bucket.read(self.path)

    def chunks(self) -> Iterator[bytes]:
        with self._asking():
            return self.bucket.chunks(self.path)

    def file(self) -> Path:
        with self._asking():
            return self.bucket.file(self.path)

    def copy(self) -> Path:
        with self._asking():
            return self.bucket.file(self.path, own=True)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, MemoryError):
            raise
        except Exception as error:
            raise Refused(why(error, self.bucket, self.path)) from error
