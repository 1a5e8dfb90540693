"""Google Cloud as configured: so far its table says of every kind that it is not here yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from glacier.compilation import Compiler
from glacier.target import ComputeKind, StorageKind, Unsupported

_NOT_YET = Unsupported("not yet", "compile it to aws for now")


@dataclass(frozen=True)
class GCPCompiler(Compiler):
    """Compiles pipelines to Google Cloud, in one region of one project."""

    provider: ClassVar[str] = "gcp"
    storage_kinds: ClassVar[Mapping[str, StorageKind | Unsupported]] = dict.fromkeys(
        ("object_storage", "database", "cache", "queue"), _NOT_YET
    )
    compute_kinds: ClassVar[Mapping[str, ComputeKind | Unsupported]] = dict.fromkeys(
        ("serverless", "container"), _NOT_YET
    )

    project: str | None = None
    region: str = "us-central1"
