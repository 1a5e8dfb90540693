"""Reads what an exported folder says of its folders of code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glacier.disk import RECORD
from glacier.errors import CompileError, Diagnostic

LOCKS = "locks"  # the folder, beside the programs, of what every requirement resolved to
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Bound:
    """What a cloud takes at most, in MiB, or ``None`` if it documents no limit; and who says so."""

    max: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of code: what it requires, for which Python and platform, and where in it the packages go.

    ``packages`` is ``None`` where the cloud or an image installs them; ``lock`` names the lock it shares with others.
    ``brings`` are modules that are there without being installed, or ``None`` where that is not known.
    """

    path: str
    cloud: str
    lock: str
    python: str
    platform: str
    is_function: bool
    packages: str | None
    requires: tuple[str, ...]
    brings: tuple[str, ...] | None
    digest: str
    limits: Mapping[str, Bound] = field(hash=False)

    @property
    def named(self) -> str:
        """What it is installed for, in words."""
        return f"Python {self.python} on {self.platform}"


@dataclass(frozen=True, slots=True)
class Export:
    """A directory that ``glacier compile`` wrote, with its record."""

    directory: Path
    record: Mapping[str, Any]
    folders: tuple[Folder, ...]

    def own(self, folder: Folder) -> dict[str, str]:
        """The files that were exported into a folder, by their paths in it, and their digests."""
        start = f"{folder.path}/"
        files: Mapping[str, str] = self.record["files"]
        return {path.removeprefix(start): digest for path, digest in files.items() if path.startswith(start)}


def read(directory: Path) -> Export:
    """What was exported; raises :class:`~glacier.errors.CompileError` where nothing was, or an older Glacier did."""
    try:
        record = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        files = record["files"]
        if not all(isinstance(digest, str) for digest in files.values()):
            raise ValueError("an export that was interrupted")
        folders = tuple(_folder(row) for row in record["folders"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise refused(
            "build",
            f"{directory} holds no complete export of `glacier compile`: its {RECORD} is missing, or too old",
            "compile the pipeline into it again: glacier compile FILE --to CLOUD --out DIR",
        ) from None
    return Export(directory, record, folders)


def _folder(row: Mapping[str, Any]) -> Folder:
    return Folder(
        path=row["path"],
        cloud=row["cloud"],
        lock=row["lock"],
        python=row["python"],
        platform=row["platform"],
        is_function=row["function"],
        packages=row["packages"],
        requires=tuple(row["requires"]),
        brings=tuple(row["brings"]) if row["brings"] is not None else None,
        digest=row["digest"],
        limits={
            part: Bound(limit["max"], f"{limit['source']}, read {limit['read_on']}")
            for part, limit in row["limits"].items()
        },
    )


def refused(code: str, message: str, help_: str, subject: str = "") -> CompileError:
    """One error about building."""
    return CompileError([Diagnostic(code=code, message=message, help=help_, subject=subject)])
