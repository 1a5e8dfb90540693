"""A dataset: a name for some data, and where and how it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from glacier.errors import Where, caller, nearest, reject
from glacier.resource import Resource
from glacier.storage import Cache, Database, ObjectStorage, Queue

Format = Literal["parquet", "json", "csv", "text", "bytes"]
FORMATS = ("parquet", "json", "csv", "text", "bytes")
STORAGE_KINDS = tuple(generic.kind for generic in (ObjectStorage, Database, Cache, Queue))

NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _.\-]{0,99}")
NAME_HELP = "start with a letter; then letters, digits, spaces, '_', '-' or '.'; at most 100 characters"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTP]?)(i?)B", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Some data with a name, which tasks read and return by naming it in their annotations.

    ``storage`` is where it lives; without it, in the pipeline's own scratch bucket. ``format`` is ``"parquet"``,
    ``"json"``, ``"csv"``, ``"text"`` or ``"bytes"``; without it the data decides. ``schema`` maps columns to Arrow
    type names (``{"amount": "double"}``) and is checked when the data is written. ``expected_size`` is bytes or
    ``"120 GB"``. ``path`` is its place inside its storage, its own name when not given: a folder when it ends
    with ``/``, else one object.
    """

    name: str
    storage: Resource | None = None
    format: Format | None = None
    schema: Mapping[str, str] | None = None
    expected_size: int | str | None = None
    path: str | None = field(default=None, kw_only=True)
    where: Where | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", caller())
        subject = f"dataset {self.name}"
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            reject("name", f"{self.name!r} is not a dataset's name", help=NAME_HELP)
        if self.storage is not None and not isinstance(self.storage, Resource):
            reject(
                "storage",
                f"storage={self.storage!r} is not a storage",
                subject=subject,
                help=_storage_help(self.storage),
            )
        elif self.storage is not None and self.storage.kind not in STORAGE_KINDS:
            reject("storage", f"{type(self.storage).__name__} runs tasks; it holds no data", subject=subject)
        if self.format is not None and self.format not in FORMATS:
            meant = nearest(str(self.format), FORMATS)
            reject(
                "format",
                f"format={self.format!r} is none of {', '.join(FORMATS)}",
                subject=subject,
                help=f"did you mean {meant!r}?" if meant else "",
            )
        if self.expected_size is not None and parse_size(self.expected_size) is None:
            reject(
                "size",
                f"expected_size={self.expected_size!r} is not a size",
                subject=subject,
                help='"120 GB", "1.5 TiB" or bytes',
            )

    @property
    def size(self) -> int | None:
        """The expected size in bytes."""
        return None if self.expected_size is None else parse_size(self.expected_size)

    def __str__(self) -> str:
        return self.name


def parse_size(size: int | str) -> int | None:
    """Bytes from ``"120 GB"`` (powers of 1000), ``"1 GiB"`` (powers of 1024) or a number; ``None`` if it is neither."""
    if isinstance(size, bool):
        return None
    if isinstance(size, int):
        return size if size >= 0 else None
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        return None
    number, prefix, binary = match.groups()
    factor: int = (1024 if binary else 1000) ** " KMGTP".index(prefix.upper() or " ")
    return round(float(number) * factor)


def _storage_help(storage: object) -> str:
    if isinstance(storage, type) and issubclass(storage, Resource):
        return f"make one: storage={storage.__name__}(…)"
    return "storage=ObjectStorage(), or a cloud's own such as S3(bucket=…)"
