"""Moves what was built into an export: packages, locks, and the digests by which clouds know new code.

Until everything is built nothing is touched; then each package is moved from beside into its place as a whole. What
was placed is listed first, so that an interrupted build is repaired by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glacier import disk
from glacier.bundle import digest_of
from glacier.project import as_json
from glacier.vendoring import trees
from glacier.vendoring.exported import LOCKS, Export, Folder, refused
from glacier.vendoring.locking import file_of
from glacier.vendoring.trees import Tree

_PLACED = f"{LOCKS}/placed.json"
_STAGING = ".glacier-building-"
_REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class _Placed:
    """What a former build left in a folder of code: where, which entries, and the digest of all they hold."""

    where: str
    entries: tuple[str, ...]
    digest: str


def place(export: Export, built: Mapping[Folder, Tree], locks: Mapping[str, Path]) -> None:
    """Put the packages, the locks and new digests into an export.

    Raises :class:`~glacier.errors.CompileError`, and changes nothing, when something of the user's is in the way.
    """
    former = _former(export.directory)
    wanted = {folder.path: _wanted(export, folder, tree) for folder, tree in built.items() if tree.path is not None}
    for folder, tree in built.items():
        if tree.path is not None:
            _refuse_foreign(export, folder, wanted[folder.path], former.get(folder.path))
    files = _files(export, built)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=export.directory))
    try:
        moves = _stage(export, built, wanted, staging)
        _list(export.directory, {path: _both(former.get(path), wanted.get(path)) for path in {*former, *wanted}})
        for path, placed in former.items():
            if path not in wanted or path in moves:
                _remove(export.directory / path / placed.where, placed.entries, export.directory)
        for path, source in moves.items():
            target = export.directory / path / wanted[path].where
            target.mkdir(parents=True, exist_ok=True)
            for entry in wanted[path].entries:
                _discard(target / entry)
                os.replace(source / entry, target / entry)
        _keep_locks(export.directory, locks)
        disk.write(files, export.directory)
        _list(export.directory, wanted)
    finally:
        for left in export.directory.glob(f"{_STAGING}*"):  # this time's, and what a power cut left
            shutil.rmtree(left, ignore_errors=True)


def _wanted(export: Export, folder: Folder, tree: Tree) -> _Placed:
    assert tree.path is not None
    assert folder.packages is not None
    entries = tuple(sorted(entry.name for entry in tree.path.iterdir()))
    taken = {path.partition("/")[0] for path in export.own(folder)} if folder.packages == "." else set()
    twice = sorted(taken.intersection(entries))
    if twice:
        raise refused(
            "packages",
            f"a package holds {', '.join(twice)}, which the folder has already",
            "rename the module beside the pipeline; Glacier itself is there and is not to be required",
            folder.path,
        )
    return _Placed(folder.packages, entries, tree.digest)


def _refuse_foreign(export: Export, folder: Folder, wanted: _Placed, former: _Placed | None) -> None:
    """Refuse entries that neither Glacier exported nor an earlier build placed, unless they are what is wanted."""
    where = export.directory / folder.path / wanted.where
    known = set(former.entries) if former is not None and former.where == wanted.where else set()
    foreign = [entry for entry in wanted.entries if entry not in known and (where / entry).exists()]
    if foreign and trees.contents(where, wanted.entries) != wanted.digest:
        raise refused(
            "output",
            f"{where} holds packages that were not installed by `glacier build`: {', '.join(foreign[:5])}",
            "remove them, or export to a new directory",
            folder.path,
        )


def _files(export: Export, built: Mapping[Folder, Tree]) -> dict[str, bytes]:
    """Every file of the export as it is to be: locked requirements, and programs that know the new digests."""
    listed: dict[str, str] = dict(export.record["files"])
    files = {path: _read(export.directory / path) for path in listed}
    changed: dict[str, bytes] = {}
    folders: list[dict[str, Any]] = [dict(row) for row in export.record["folders"]]
    for folder, tree in built.items():
        requirements, program = f"{folder.path}/{_REQUIREMENTS}", f"{folder.cloud}/__main__.py"
        own = {path: files[f"{folder.path}/{path}"] for path in export.own(folder)}
        new = digest_of({**own, _REQUIREMENTS: tree.requirements})
        changed[requirements] = tree.requirements
        text = changed.get(program, files[program])
        changed[program] = text.replace(folder.digest.encode(), new.encode())
        for row in folders:
            if row["path"] == folder.path:
                row["digest"] = new
    changed = {path: content for path, content in changed.items() if content != files[path]}
    mine = [path for path in changed if disk.digest(files[path]) != listed[path]]
    if mine:
        raise refused(
            "output",
            f"changed since they were generated: {', '.join(str(export.directory / path) for path in mine[:5])}",
            "move the changes into overrides.py, which is never overwritten, and compile again",
        )
    listed |= {path: disk.digest(content) for path, content in changed.items()}
    record = {**export.record, "folders": folders, "files": listed}
    return {**files, **changed, disk.RECORD: as_json(record).encode()}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise refused("output", f"{file} is gone: {error.strerror}", "compile the pipeline into it again") from None


def _stage(
    export: Export, built: Mapping[Folder, Tree], wanted: Mapping[str, _Placed], staging: Path
) -> dict[str, Path]:
    """Copies, on the export's own file system, of the trees that are not in their places already, by folder."""
    moves: dict[str, Path] = {}
    for number, (folder, tree) in enumerate(built.items()):
        if tree.path is None:
            continue
        placed = wanted[folder.path]
        where = export.directory / folder.path / placed.where
        is_there = all((where / entry).exists() for entry in placed.entries)
        if not is_there or trees.contents(where, placed.entries) != placed.digest:
            moves[folder.path] = staging / str(number)
            shutil.copytree(tree.path, moves[folder.path])
    return moves


def _keep_locks(directory: Path, locks: Mapping[str, Path]) -> None:
    (directory / LOCKS).mkdir(exist_ok=True)
    for name, file in locks.items():
        target = directory / file_of(name)
        if file != target:
            _replace(target, file.read_bytes())
    for file in (directory / LOCKS).glob("tasks*.txt"):
        if file.stem not in locks:
            file.unlink()


def _former(directory: Path) -> dict[str, _Placed]:
    try:
        rows = json.loads((directory / _PLACED).read_text(encoding="utf-8"))
        return {path: _Placed(row["where"], tuple(row["entries"]), row["digest"]) for path, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise refused(
            "output", f"{directory / _PLACED} is not readable", "restore it, or export to a new directory"
        ) from None


def _both(one: _Placed | None, other: _Placed | None) -> _Placed:
    """What may be in a folder while it changes from one build to another; complete is neither."""
    known = [placed for placed in (one, other) if placed is not None]
    return _Placed(known[0].where, tuple(sorted({entry for each in known for entry in each.entries})), "")


def _list(directory: Path, placed: Mapping[str, _Placed]) -> None:
    rows = {
        path: {"where": each.where, "entries": each.entries, "digest": each.digest}
        for path, each in sorted(placed.items())
    }
    (directory / LOCKS).mkdir(exist_ok=True)
    _replace(directory / _PLACED, (json.dumps(rows, indent=1) + "\n").encode())


def _replace(file: Path, content: bytes) -> None:
    """Write a file as a whole."""
    beside = file.with_name(f"{_STAGING}{file.name}")
    beside.write_bytes(content)
    os.replace(beside, file)


def _remove(where: Path, entries: Iterable[str], directory: Path) -> None:
    """Remove what a former build placed, and the folders that are empty then."""
    for entry in entries:
        _discard(where / entry)
    for folder in (where, *where.parents):
        if folder == directory or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _discard(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
