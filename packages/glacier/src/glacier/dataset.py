"""A dataset: a name for some data, and where and how it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from glacier import residency
from glacier.errors import Where, caller, nearest, reject
from glacier.naming import NAME, NAME_HELP
from glacier.residency import Residency
from glacier.resource import Resource, accepts
from glacier.storage import Cache, Database, ObjectStorage, Queue

Format = Literal["parquet", "json", "csv", "text", "bytes"]
FORMATS = ("parquet", "json", "csv", "text", "bytes")
STORAGE_KINDS = tuple(generic.kind for generic in (ObjectStorage, Database, Cache, Queue))
SWITCHES = ("compress", "parallel", "cache", "batch")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTP]?)(i?)B", re.IGNORECASE)


class Switches(TypedDict, total=False):
    """What is done to a dataset on its way, ``True`` or ``False``; what is not said is on where it crosses clouds.

    ``compress``: it is written packed, with Zstandard. ``parallel``: several ranges of a large object are read at once.
    ``cache``: what was read is kept while the process lives, and read again only when it has changed. ``batch``: many
    small files of a source are read at once.
    """

    compress: bool
    parallel: bool
    cache: bool
    batch: bool


@dataclass(frozen=True, eq=False)
class Dataset:
    """Some data with a name, which tasks read and return by naming it in their annotations.

    ``storage`` is where it lives; without it, in the pipeline's own scratch bucket. ``format`` is ``"parquet"``,
    ``"json"``, ``"csv"``, ``"text"`` or ``"bytes"``; without it the data decides. ``schema`` maps columns to Arrow
    type names (``{"amount": "double"}``) and is checked when the data is written. ``expected_size`` is bytes or
    ``"120 GB"``. ``path`` is its place inside its storage, its own name when not given: a folder when it ends
    with ``/``, else one object. ``residency`` is where it, and everything made from it, must stay: ``"eu"``, a country
    such as ``"de"``, or a list of regions; ``"any"`` releases a dataset from what it was made from. ``transfer``
    switches on or off what is done to it on its way: ``{"compress": False}``; see :class:`Switches`.
    """

    name: str
    storage: Resource | None = None
    format: Format | None = None
    schema: Mapping[str, str] | None = None
    expected_size: int | str | None = None
    path: str | None = field(default=None, kw_only=True)
    residency: Residency | None = field(default=None, kw_only=True)
    transfer: Switches | None = field(default=None, kw_only=True)
    where: Where | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", caller())
        subject = f"dataset {self.name}"
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            reject("name", f"{self.name!r} is not a dataset's name", help=NAME_HELP)
            object.__setattr__(self, "name", str(self.name))
        self._check_storage(subject)
        if self.format is not None and self.format not in FORMATS:
            meant = nearest(str(self.format), FORMATS)
            reject(
                "format",
                f"format={self.format!r} is none of {', '.join(FORMATS)}",
                subject=subject,
                help=f"did you mean {meant!r}?" if meant else "",
            )
        if self.schema is not None and not accepts(self.schema, Mapping[str, str]):
            reject(
                "schema",
                f"schema={self.schema!r} does not map columns to types",
                subject=subject,
                help='schema={"amount": "double"}',
            )
        if self.expected_size is not None and parse_size(self.expected_size) is None:
            reject(
                "size",
                f"expected_size={self.expected_size!r} is not a size",
                subject=subject,
                help='"120 GB", "1.5 TiB" or bytes',
            )
        if self.path is not None and not _is_path(self.path):
            reject(
                "path",
                f"path={self.path!r} is not a place inside a storage",
                subject=subject,
                help='"orders/" for a folder, "orders/2024.csv" for one object',
            )
        self._check_transfer(subject)
        if self.residency is not None:
            object.__setattr__(self, "residency", residency.words(self.residency, subject) or None)

    def _check_storage(self, subject: str) -> None:
        if self.storage is None or (isinstance(self.storage, Resource) and self.storage.kind in STORAGE_KINDS):
            return
        if isinstance(self.storage, Resource):
            reject("storage", f"{type(self.storage).__name__} runs tasks; it holds no data", subject=subject)
        else:
            reject(
                "storage",
                f"storage={self.storage!r} is not a storage",
                subject=subject,
                help=_storage_help(self.storage),
            )
        object.__setattr__(self, "storage", None)  # what is collected with this error should not trip over it

    def _check_transfer(self, subject: str) -> None:
        if self.transfer is None:
            return
        if not accepts(self.transfer, Mapping[str, bool]) or not set(self.transfer) <= set(SWITCHES):
            unknown = [str(key) for key in self.transfer if key not in SWITCHES] if accepts(self.transfer, dict) else []
            meant = nearest(unknown[0], SWITCHES) if unknown else None
            reject(
                "transfer",
                f"transfer={self.transfer!r} does not map {', '.join(SWITCHES)} to True or False",
                subject=subject,
                help=f"did you mean {meant!r}?" if meant else 'transfer={"compress": False}',
            )
            object.__setattr__(self, "transfer", None)
        elif self.storage is not None and self.storage.kind != ObjectStorage.kind:
            reject(
                "transfer",
                f"transfer= is for objects, and {type(self.storage).__name__} has none",
                subject=subject,
                help="leave it out, or keep the dataset in object storage",
            )

    def switched_on(self, *, crosses: bool, abroad: bool) -> tuple[str, ...]:
        """What is done to it on its way, in order.

        ``crosses``: some task and it are on different clouds. ``abroad``: those who ask are on another cloud than it.
        """
        usual = {"compress": crosses, "parallel": abroad, "cache": abroad, "batch": abroad}
        said: Mapping[str, object] = self.transfer or {}
        return tuple(name for name in SWITCHES if said.get(name, usual[name]))

    @property
    def size(self) -> int | None:
        """The expected size in bytes."""
        return None if self.expected_size is None else parse_size(self.expected_size)

    def __str__(self) -> str:
        return self.name


def parse_size(size: object) -> int | None:
    """Bytes from ``"120 GB"`` (powers of 1000), ``"1 GiB"`` (powers of 1024) or a number; ``None`` if it is neither."""
    if isinstance(size, bool):
        return None
    if isinstance(size, int):
        return size if size >= 0 else None
    match = _SIZE.fullmatch(size.strip()) if isinstance(size, str) else None
    if match is None:
        return None
    number, prefix, binary = match.groups()
    factor: int = (1024 if binary else 1000) ** " KMGTP".index(prefix.upper() or " ")
    return round(float(number) * factor)


def _is_path(path: object) -> bool:
    """Whether a text is a path of one or more plain names, perhaps with a ``/`` at its end."""
    return isinstance(path, str) and all(part not in ("", ".", "..") for part in path.removesuffix("/").split("/"))


def _storage_help(storage: object) -> str:
    if isinstance(storage, type) and issubclass(storage, Resource):
        return f"make one: storage={storage.__name__}(…)"
    return "storage=ObjectStorage(), or a cloud's own such as S3(bucket=…)"
