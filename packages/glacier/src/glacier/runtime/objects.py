"""Datasets as objects: where in a bucket each is, and by what name.

A dataset whose path ends with ``/`` is one file in that folder, ``data.parquet``, ``data.json``, ``data.csv``,
``data.txt`` or ``data.bin``, with ``.zst`` behind it where it is packed; the newest counts when its format has
changed, or whether it is packed. A source, which no task writes, may be one file of any name, or many that are read as
one stream, in the folder or below it. Any other path is the object itself, which is packed when its name ends with
``.zst``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from glacier.runtime import packing
from glacier.runtime.abroad import Abroad, Tally
from glacier.runtime.buckets import Bucket, Found, Remote, Scratch, pieces_of
from glacier.runtime.codecs import SUFFIXES, Content, decode, encode, kind_of_name
from glacier.runtime.faults import why
from glacier.runtime.folders import NAMES, below, newest
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.reading import Opened, Part, Readable, Refused, named, stream
from glacier.runtime.wanted import STREAMS, form_of
from glacier.runtime.written import Written


class Objects:
    """The datasets that a bucket keeps."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.tallies: dict[str, Tally] = {}  # by a dataset's path, what was read of it
        self._paths: dict[str, str] = {}  # by a dataset's path, what was written for it just now
        self._scratch = Scratch()

    def read(self, place: Place, wanted: Any) -> Any:
        """A dataset in the form its reader wants."""
        found = self._found(place)
        if not found:
            declared = None if place.source else place.format
            raise self._missing(place, self._path(place, declared) if declared else place.path)
        if len(found) > 1:
            return self._many(place, found, wanted)
        try:
            return self._one(place, found[0].name, wanted)
        except FileNotFoundError:
            raise self._missing(place, found[0].name) from None

    def _one(self, place: Place, path: str, wanted: Any) -> Any:
        try:
            found = decode(self._opened(place, path, self._scratch), self._kind(place, path), wanted, place.schema)
            return named(found, self.bucket.where(path)) if form_of(wanted) in STREAMS else found
        except Refused as refused:
            raise refused.problem from refused.__cause__
        except Problem as problem:
            raise Problem(f"{self.bucket.where(path)} {problem.message}", problem.help) from problem.__cause__
        except MemoryError:
            raise Problem(f"{self.bucket.where(path)} does not fit into memory", _LARGE) from None

    def _many(self, place: Place, found: Sequence[Found], wanted: Any) -> Any:
        """A folder of many files as one stream; raises :class:`Problem` where a task wants it as something else."""
        if form_of(wanted) not in STREAMS:
            names = ", ".join(each.name.removeprefix(place.path) for each in found[:5])
            raise Problem(
                f"{self.bucket.where(place.path)} holds {len(found)} files ({names}), and a source is one file",
                'keep one there, or name it: Dataset(…, path="…/FILE"); or read all of them, one after the other:'
                " Iterator[dict], Iterator[bytes] or Iterator[pa.RecordBatch]",
            )
        parts: list[Part] = []
        for path, _, size in found:
            opened = self._opened(place, path, Scratch())  # which is closed before the next one is read
            parts.append(Part(opened, size, self._kind(place, path), self.bucket.where(path)))
        return stream(parts, wanted, place.schema, batch="batch" in place.transfer)

    def _opened(self, place: Place, path: str, scratch: Scratch) -> Opened:
        tally = self.tallies.setdefault(place.path, Tally())
        through: Readable = self.bucket
        parallel, keep = "parallel" in place.transfer, "cache" in place.transfer
        if isinstance(self.bucket, Remote) and (parallel or keep):
            through = Abroad(self.bucket, scratch, tally, parallel=parallel, keep=keep)
        return Opened(self.bucket, through, path, scratch, tally)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Write a dataset as a whole, replacing what was there."""
        kind, content = encode(value, place.format or self._declared(place), wanted, place.schema)
        path = self._path(place, kind)
        packed = _Packed(content, self._scratch) if packing.is_packed(path) else None
        try:
            size = self.bucket.write(path, content if packed is None else packed.content())
        except Problem:
            raise
        except Exception as error:
            if isinstance(content, bytes | Path) or isinstance(error, OSError) or _is_a_clients(error):
                raise why(error, self.bucket, path) from error
            raise  # what makes the content is the task's own iterator, and so is its error
        self._paths[place.path] = path
        where = self.bucket.where(path)
        return Written(where, size) if packed is None else Written(where, packed.size, size)

    def exists(self, place: Place) -> bool:
        """Whether the dataset is there."""
        if place.path.endswith("/"):
            return bool(self._listed(place))
        folder, slash, name = place.path.rpartition("/")
        return any(each.name == name for each in self.bucket.find(folder + slash))

    def _found(self, place: Place) -> Sequence[Found]:
        """The objects that a dataset is, by their paths: one, or for a source as many as there are."""
        if place.path in self._paths:
            return [Found(self._paths[place.path])]
        if not place.path.endswith("/"):
            return [Found(place.path)]
        if place.format == "parquet" and not place.source:  # which has one form, so that nobody need look
            return [Found(self._path(place, place.format))]
        return self._listed(place)

    def _listed(self, place: Place) -> Sequence[Found]:
        """The same, as a dataset's folder has them."""
        try:
            found = below(self.bucket, place.path) if place.source else self.bucket.find(place.path)
        except Exception as error:
            raise why(error, self.bucket, place.path) from error
        if not place.source:
            name = f"data{SUFFIXES[place.format]}" if place.format is not None else ""
            names = {name, name + packing.SUFFIX} if name else NAMES
            found = [each for each in found if each.name in names]
        counted = newest(found, packs="compress" in place.transfer)
        return [each._replace(name=place.path + each.name) for each in counted]

    def _path(self, place: Place, kind: str) -> str:
        """Where a dataset is written in a format; Parquet is packed by itself."""
        if not place.path.endswith("/"):
            return place.path
        packed = packing.SUFFIX if "compress" in place.transfer and kind != "parquet" else ""
        return f"{place.path}data{SUFFIXES[kind]}{packed}"

    def settle(self, place: Place) -> None:
        """Reading an object takes nothing away."""

    def missing(self, place: Place) -> Problem:
        """What to say of a dataset that is not there."""
        return self._missing(place, place.path)

    def close(self) -> None:
        """Remove what was only for reading."""
        self._scratch.close()
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


class _Packed:
    """Content on its way into a packed object; ``size`` is how many bytes it had before."""

    def __init__(self, content: Content, scratch: Scratch) -> None:
        self._content, self._scratch = content, scratch
        self.size = 0

    def content(self) -> Content:
        """It, packed: at once when it is there already, else as it comes."""
        if isinstance(self._content, bytes):
            return b"".join(packing.pack(self._counted((self._content,))))
        return packing.pack(self._counted(self._pieces(self._content)))

    def _pieces(self, content: Any) -> Iterator[bytes]:
        if isinstance(content, Iterator):
            yield from content
        elif isinstance(content, Path):
            yield from pieces_of(content)
        else:
            staged = self._scratch.file("content")
            content(staged)
            yield from pieces_of(staged)
            staged.unlink()

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.size += len(piece)
            yield piece
