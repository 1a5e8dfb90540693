"""Writes generated files, and only those: what a user put beside them, or changed in them, is never lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from glacier.errors import CompileError, Diagnostic
from glacier.include import RECORD as RECORD  # lists what was written, so that the next time knows what is ours

PROJECT = "Pulumi.yaml"  # beside a program, and what makes a folder one
WRITTEN_ONCE = "overrides.py"  # beside a program; in its folders of code, a file of that name is code
_STAGING = ".glacier-writing-"
_PATIENCE = 5.0  # seconds for which another process may be writing before it is said; a build takes longer
_held: ContextVar[frozenset[str]] = ContextVar("glacier_disk_held", default=frozenset())

# What Glacier may have left at each path: one digest, or two where a former write was interrupted.
_Former: TypeAlias = Mapping[str, frozenset[str]]


def digest(content: bytes) -> str:
    """The hash by which a file is recognised as unchanged."""
    return hashlib.sha256(content).hexdigest()


def write(files: Mapping[str, bytes], directory: Path, *, force: bool = False) -> list[Path]:
    """Write files, of which one is their record, below a directory; returns what is there now.

    Raises :class:`~glacier.errors.CompileError`: before anything is written when something of the user's is in the
    way, or when the disk refuses, after which writing again repairs what was left half done.
    """
    with _refusals(directory):
        if not directory.exists():
            directory.mkdir(parents=True)
        with alone(directory):
            _write(files, directory, force)
    return [directory / path for path in files]


def programs(directory: Path) -> dict[str, dict[str, bytes]]:
    """The programs that a former export left, by their folder: what Pulumi needs to know a program's stacks, as it is.

    Raises :class:`~glacier.errors.CompileError` for a record that cannot be read.
    """
    with _refusals(directory):
        listed = {PurePosixPath(path) for path in _former(directory)}
        folders = sorted(path.parent for path in listed if path.name == PROJECT and len(path.parts) == 2)
        return {
            str(folder): {
                str(folder / name): (directory / folder / name).read_bytes()
                for name in (PROJECT, "requirements.txt")
                if (directory / folder / name).is_file()
            }
            for folder in folders
            if (directory / folder / PROJECT).is_file()
        }


def _write(files: Mapping[str, bytes], directory: Path, force: bool) -> None:
    former = _former(directory)
    _refuse_foreign(files, directory, former)
    if not force:
        _refuse_changed(files, directory, former)
    # Complete on the same file system first: a full disk leaves the former files as they are.
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=directory))
    try:
        _replace(files, directory, staging, former)
    finally:
        for left in directory.glob(f"{_STAGING}*"):  # this time's, and what a power cut left
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """While it lasts, no other process, or thread, compiles into a directory or builds what is there.

    Raises :class:`~glacier.errors.CompileError` when another does. The directory itself is locked: nothing is left in
    it, and the system unlocks it when a process dies. Where a file system knows no locks, nobody is kept away.
    """
    place = os.path.realpath(directory)
    if place in _held.get():
        yield
        return
    handle = _locked(directory)
    token = _held.set(_held.get() | {place})
    try:
        yield
    finally:
        _held.reset(token)
        if handle is not None:
            os.close(handle)


if sys.platform == "win32":

    def _locked(directory: Path) -> int | None:
        """A directory cannot be locked here."""
        return None

else:
    import fcntl

    def _locked(directory: Path) -> int | None:
        try:
            handle = os.open(directory, os.O_RDONLY)
        except FileNotFoundError:  # there is nothing to keep anybody away from
            return None
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except BlockingIOError:
                if time.monotonic() > until:
                    os.close(handle)
                    message = f"another build or compilation is writing into {directory}"
                    raise _error(message, "wait until it has ended, and try again") from None
                time.sleep(0.05)
            except OSError:
                os.close(handle)
                return None


def _replace(files: Mapping[str, bytes], directory: Path, staging: Path, former: _Former) -> None:
    wanted = [path for path in files if path != RECORD and not (_is_written_once(path) and (directory / path).exists())]
    for path in (*wanted, RECORD):
        (staging / path).parent.mkdir(parents=True, exist_ok=True)
        (staging / path).write_bytes(files[path])
    # From here until the record is in place, a file may be the former one or the new one: both are ours.
    begun = {path: sorted({*former.get(path, ()), digest(files[path])}) for path in wanted}
    kept = {path: sorted(digests) for path, digests in former.items()}
    (staging / f"{RECORD}.begun").write_text(json.dumps({"files": {**kept, **begun}}), encoding="utf-8")
    os.replace(staging / f"{RECORD}.begun", directory / RECORD)
    for path in wanted:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / path, directory / path)
    for path in former.keys() - files.keys():
        if not _is_written_once(path):
            _remove(directory, directory / path)
    os.replace(staging / RECORD, directory / RECORD)


def _is_written_once(path: str) -> bool:
    """Whether a file is the user's from the moment it is there."""
    parts = PurePosixPath(path).parts
    return parts[-1] == WRITTEN_ONCE and len(parts) <= 2


def _former(directory: Path) -> _Former:
    try:
        record = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        listed = {PurePosixPath(path): digests for path, digests in dict(record["files"]).items()}
        if any(path.is_absolute() or ".." in path.parts for path in listed):
            raise ValueError("a path that leads elsewhere")
        return {
            str(path): frozenset([digests] if isinstance(digests, str) else digests) for path, digests in listed.items()
        }
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError):
        raise _error(f"{directory / RECORD} is not readable", "restore it, or export to a new directory") from None


def _refuse_foreign(files: Mapping[str, bytes], directory: Path, former: _Former) -> None:
    if directory.exists() and not directory.is_dir():
        raise _error(f"{directory} is a file", "name a directory")
    if not directory.is_dir():
        return
    there = sorted(entry.name for entry in directory.iterdir() if not entry.name.startswith(_STAGING))
    if there and not former:
        raise _error(
            f"{directory} holds files that are not Glacier's ({', '.join(there[:3])})",
            "name a new or empty directory",
        )
    foreign = [path for path, content in files.items() if _is_in_the_way(path, content, directory, former)]
    if foreign:
        raise _error(
            f"{directory} holds files of yours that would be overwritten: {', '.join(foreign[:5])}",
            "move them, or name another directory",
        )


def _is_in_the_way(path: str, content: bytes, directory: Path, former: _Former) -> bool:
    """Whether a path is taken by something Glacier did not write: a file, or a folder where a file is to be."""
    place = directory / path
    folders = [directory / parent for parent in PurePosixPath(path).parents]
    if place.is_dir() or any(folder.exists() and not folder.is_dir() for folder in folders):
        return True
    if path in former or path == RECORD or _is_written_once(path) or not place.exists():
        return False
    return place.read_bytes() != content


def _refuse_changed(files: Mapping[str, bytes], directory: Path, former: _Former) -> None:
    changed = []
    for path, digests in former.items():
        place = directory / path
        if not _is_written_once(path) and place.is_file():
            there = digest(place.read_bytes())
            if there not in digests and (path not in files or there != digest(files[path])):
                changed.append(str(place))
    if changed:
        raise _error(
            f"changed since they were generated: {', '.join(changed[:5])}",
            "move the changes into overrides.py, which is never overwritten, or pass --force (force=True) to lose them",
        )


def _remove(directory: Path, path: Path) -> None:
    if path.is_dir():  # a folder of the user's by now
        return
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == directory or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()


@contextmanager
def _refusals(directory: Path) -> Iterator[None]:
    """What the disk refuses, said as an error about the directory."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or directory
        raise _error(f"{place} cannot be used: {error.strerror or error}", "name another directory") from error


def _error(message: str, help_: str) -> CompileError:
    return CompileError([Diagnostic(code="output", message=message, help=help_)])
