"""Moves what was built into an export: packages, byte code, locks, and the digests by which clouds know new code.

Until everything is built nothing is touched; then each package is moved from beside into its place as a whole. What
was placed is listed first, so that an interrupted build is repaired by the next one.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

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


# A folder of code, and what is placed there: "packages", or "bytecode" of its own modules.
_Part: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Placed:
    """What a former build left in a folder of code: where, which entries, and the digest of all they hold."""

    where: str
    entries: tuple[str, ...]
    digest: str


def place(
    export: Export, built: Mapping[Folder, Tree], compiled: Mapping[Folder, Tree], locks: Mapping[str, Path]
) -> None:
    """Put the packages, the byte code of the folders' own modules, the locks and new digests into an export.

    Raises :class:`~glacier.errors.CompileError`, and changes nothing, when something of the user's is in the way.
    """
    for folder, tree in built.items():
        _refuse_twice(export, folder, tree)
    former = _former(export.directory)
    sources: dict[_Part, Path] = {}
    wanted: dict[_Part, _Placed] = {}
    for kind, trees_ in (("packages", built), ("bytecode", compiled)):
        for folder, tree in trees_.items():
            if tree.path is not None:
                part = folder.path, kind
                where = folder.packages if kind == "packages" else "."
                sources[part] = tree.path
                wanted[part] = _Placed(str(where), _entries(tree.path, kind), tree.digest)
                _refuse_foreign(export, folder, wanted[part], former.get(part))
    files = _files(export, built)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=export.directory))
    try:
        moves = _stage(export, sources, wanted, staging)
        _list(export.directory, {part: _both(former.get(part), wanted.get(part)) for part in {*former, *wanted}})
        for part, placed in former.items():
            if part not in wanted or part in moves:
                _remove(export.directory / part[0] / placed.where, placed.entries, export.directory)
        for part, source in moves.items():
            target = export.directory / part[0] / wanted[part].where
            for entry in wanted[part].entries:
                (target / entry).parent.mkdir(parents=True, exist_ok=True)
                _discard(target / entry)
                os.replace(source / entry, target / entry)
        _keep_locks(export.directory, locks)
        disk.write(files, export.directory)
        _list(export.directory, wanted)
    finally:
        for left in export.directory.glob(f"{_STAGING}*"):  # this time's, and what a power cut left
            shutil.rmtree(left, ignore_errors=True)


def _entries(tree: Path, kind: str) -> tuple[str, ...]:
    """What is moved as a whole; byte code goes into folders that may hold other files of it already."""
    tops = sorted(tree.iterdir())
    single = [top for top in tops if kind == "bytecode" or top.name == "__pycache__"]
    files = [file for top in single for file in sorted(top.rglob("*")) if file.is_file()]
    return tuple(each.relative_to(tree).as_posix() for each in [*(top for top in tops if top not in single), *files])


def _refuse_twice(export: Export, folder: Folder, tree: Tree) -> None:
    """Refuse a package that is called like a module of the folder: one of them would never be found."""
    own = {path.partition("/")[0] for path in export.own(folder)}
    twice = {name.removesuffix(".py") for name in own}.intersection(tree.modules)
    if tree.path is not None and folder.packages == ".":
        twice |= own.intersection(entry.name for entry in tree.path.iterdir())
    if twice:
        raise refused(
            "packages",
            f"a package holds {', '.join(sorted(twice))}, which the folder has already",
            "rename the module beside the pipeline; or require it no more: Glacier itself is there, and so is what is\n"
            "installed here as editable",
            folder.path,
        )


def _refuse_foreign(export: Export, folder: Folder, wanted: _Placed, former: _Placed | None) -> None:
    """Refuse entries that neither Glacier exported nor an earlier build placed, unless they are what is wanted.

    Byte code is nobody's own: it is there as soon as a module was imported.
    """
    where = export.directory / folder.path / wanted.where
    known = set(former.entries) if former is not None and former.where == wanted.where else set()
    mine = (entry for entry in wanted.entries if "__pycache__" not in PurePosixPath(entry).parts)
    foreign = [entry for entry in mine if entry not in known and (where / entry).exists()]
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
    export: Export, sources: Mapping[_Part, Path], wanted: Mapping[_Part, _Placed], staging: Path
) -> dict[_Part, Path]:
    """Copies, on the export's own file system, of what is not in its place already."""
    moves: dict[_Part, Path] = {}
    for number, (part, placed) in enumerate(wanted.items()):
        where = export.directory / part[0] / placed.where
        is_there = all((where / entry).exists() for entry in placed.entries)
        if not is_there or trees.contents(where, placed.entries) != placed.digest:
            moves[part] = staging / str(number)
            shutil.copytree(sources[part], moves[part])
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


def _former(directory: Path) -> dict[_Part, _Placed]:
    try:
        folders = json.loads((directory / _PLACED).read_text(encoding="utf-8"))
        return {
            (path, kind): _Placed(row["where"], tuple(row["entries"]), row["digest"])
            for path, rows in folders.items()
            for kind, row in ({"packages": rows} if "where" in rows else rows).items()  # a former Glacier's
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise refused(
            "output", f"{directory / _PLACED} is not readable", "restore it, or export to a new directory"
        ) from None


def _both(one: _Placed | None, other: _Placed | None) -> _Placed:
    """What may be in a folder while it changes from one build to another; complete is neither."""
    known = [placed for placed in (one, other) if placed is not None]
    return _Placed(known[0].where, tuple(sorted({entry for each in known for entry in each.entries})), "")


def _list(directory: Path, placed: Mapping[_Part, _Placed]) -> None:
    rows: dict[str, dict[str, Any]] = {}
    for (path, kind), each in sorted(placed.items()):
        rows.setdefault(path, {})[kind] = asdict(each)
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
        for folder in (where / entry).parents:
            if folder == directory or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _discard(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
