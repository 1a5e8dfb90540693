"""What counts in a folder: files of data and no marks, and of several forms of one thing the newest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from glacier.runtime.ahead import ahead
from glacier.runtime.buckets import Bucket, Found
from glacier.runtime.codecs import SUFFIXES
from glacier.runtime.packing import SUFFIX, is_packed, unpacked_name

NAMES = frozenset(f"data{suffix}{packed}" for suffix in SUFFIXES.values() for packed in ("", SUFFIX))  # a dataset's
_AT_ONCE = 16  # folders that are listed at the same time


def below(bucket: Bucket, folder: str) -> Sequence[Found]:
    """The files in a folder and in those below it, by their paths from there; what is hidden is none.

    Each folder is asked for by itself: in a list of all names that begin alike, the mark of an empty folder is not
    told from a file. That is a request for each, as is each of the files in them.
    """
    found: list[Found] = []
    paths, answers = [""], iter([bucket.find(folder)])
    while paths:
        deeper: list[str] = []
        for path, listed in zip(paths, answers, strict=True):
            shown = [each._replace(name=path + each.name) for each in listed if not _is_hidden(each.name)]
            deeper += [each.name for each in shown if each.name.endswith("/")]
            found += [each for each in shown if not each.name.endswith("/")]
        paths, answers = deeper, ahead((partial(bucket.find, folder + path) for path in deeper), _AT_ONCE)
    return found


def newest(found: Iterable[Found], *, packs: bool) -> Sequence[Found]:
    """Files, sorted, of which no two are one thing: packed and not, or a dataset in two formats.

    Who writes may not delete, so that what was written before packing was turned on or off stays beside it; what was
    written last counts. S3 and Azure tell when that was to the second: within one, ``packs`` decides, which is whether
    the dataset would be packed if it were written now.
    """
    last: dict[str, Found] = {}
    for each in sorted(found, key=lambda each: (each.written, is_packed(each.name) == packs, each.name)):
        last[_thing(each.name)] = each
    return sorted(last.values())


def _thing(path: str) -> str:
    """What two forms of one thing have in common."""
    folder, slash, name = path.rpartition("/")
    return folder + slash if name in NAMES else unpacked_name(path)


def _is_hidden(name: str) -> bool:
    """Whether a name is that of no data: ``_SUCCESS``, ``_temporary/``, ``.part.crc``, but not ``_day=1/``.

    As engines have it (spark.apache.org/docs/latest/sql-data-sources-generic-options.html).
    """
    return name.startswith(".") or (name.startswith("_") and "=" not in name)
