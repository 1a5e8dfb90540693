"""Writes generated files, and only those: what a user put beside them, or changed in them, is never lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from glacier.errors import CompileError, Diagnostic

RECORD = "glacier.json"  # lists what was written, so that the next time knows what is ours
WRITTEN_ONCE = "overrides.py"


def digest(content: bytes) -> str:
    """The hash by which a file is recognised as unchanged."""
    return hashlib.sha256(content).hexdigest()


def write(files: Mapping[str, bytes], directory: Path, *, force: bool = False) -> list[Path]:
    """Write files below a directory, all or nothing as far as checks can tell; returns what is there now.

    Raises :class:`~glacier.errors.CompileError` before anything is written.
    """
    former = _former(directory)
    _refuse_foreign(files, directory, former, force)
    directory.mkdir(parents=True, exist_ok=True)
    # Complete on the same file system first: a full disk leaves the former files as they are.
    staging = Path(tempfile.mkdtemp(prefix=".glacier-", dir=directory))
    try:
        wanted = [path for path in files if not _is_kept(directory / path)]
        for path in wanted:
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_bytes(files[path])
        for path in sorted(wanted, key=lambda path: path == RECORD):  # the record last
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / path, directory / path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    for path in former.keys() - files.keys():
        if Path(path).name != WRITTEN_ONCE:
            _remove(directory, directory / path)
    return [directory / path for path in files]


def _is_kept(path: Path) -> bool:
    return path.name == WRITTEN_ONCE and path.exists()


def _former(directory: Path) -> dict[str, str]:
    try:
        record = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        return dict(record["files"])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError):
        raise _error(f"{directory / RECORD} is not readable", "restore it, or export to a new directory") from None


def _refuse_foreign(files: Mapping[str, bytes], directory: Path, former: Mapping[str, str], force: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise _error(f"{directory} is a file", "name a directory")
    if directory.is_dir() and not former and any(directory.iterdir()):
        some = ", ".join(sorted(entry.name for entry in directory.iterdir())[:3])
        raise _error(f"{directory} holds files that are not Glacier's ({some})", "name a new or empty directory")
    foreign, changed = [], []
    for path, content in files.items():
        place = directory / path
        if path == RECORD or Path(path).name == WRITTEN_ONCE or not place.exists():
            continue
        there = digest(place.read_bytes())
        if there != digest(content) and there != former.get(path):
            (changed if path in former else foreign).append(path)
    gone = [
        path for path in former if path not in files and Path(path).name != WRITTEN_ONCE and (directory / path).exists()
    ]
    changed += [path for path in gone if digest((directory / path).read_bytes()) != former[path]]
    if foreign:
        raise _error(
            f"{directory} holds files of yours that would be overwritten: {', '.join(foreign[:5])}",
            "move them, or name another directory",
        )
    if changed and not force:
        raise _error(
            f"changed since they were generated: {', '.join(str(directory / path) for path in changed[:5])}",
            "move the changes into overrides.py, which is never overwritten, or pass --force (force=True) to lose them",
        )


def _remove(directory: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == directory or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()


def _error(message: str, help_: str) -> CompileError:
    return CompileError([Diagnostic(code="output", message=message, help=help_)])
