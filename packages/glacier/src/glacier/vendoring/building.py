"""Builds an export: locks, trees, sizes, and last the export itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from glacier import disk
from glacier.errors import CompileError, Diagnostic, Severity
from glacier.vendoring import locking, missing, reachable, resolver, sizes, trees
from glacier.vendoring.exported import Export, Folder, read, refused
from glacier.vendoring.placing import place
from glacier.vendoring.sizes import Size
from glacier.vendoring.trees import Tree

CACHE = Path(".glacier", "packages")  # of the project, beside what `glacier run` keeps


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to: how large each folder of functions is, and what is worth knowing."""

    directory: Path
    sizes: tuple[Size, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def fits(self) -> bool:
        """Whether every folder is within its cloud's limits; where one is not, nothing was placed."""
        return all(diagnostic.severity is not Severity.ERROR for diagnostic in self.diagnostics)


def build(directory: Path, *, cache: Path = CACHE, upgrade: bool = False) -> Built:
    """Put the packages of an export into its folders of code, locked; ``upgrade`` resolves what is locked anew.

    Raises :class:`~glacier.errors.CompileError` when requirements cannot be met, something of the user's is in the
    way, another build of it is running, or the disk refuses. Then, and when a folder is too large, the export is as it
    was.
    """
    try:
        with disk.alone(directory), tempfile.TemporaryDirectory(prefix="glacier-locks-") as staging:
            export = read(directory)
            locks = locking.lock(export, Path(staging), upgrade=upgrade)
            made, built, compiled = _make(export, locks, cache)
            if made.fits:
                place(export, built, compiled, locks)
            trees.sweep(cache)
    except CompileError as error:  # what to type, with the folder's own name
        shown = [replace(each, help=each.help.replace("DIR", str(directory))) for each in error.diagnostics]
        raise CompileError(shown) from error.__cause__
    except OSError as error:
        where = error.filename2 or error.filename or directory
        raise refused(
            "output", f"{where} cannot be used: {error.strerror or error}", "free it, and build again"
        ) from error
    return made


def _make(
    export: Export, locks: Mapping[str, Path], cache: Path
) -> tuple[Built, Mapping[Folder, Tree], Mapping[Folder, Tree]]:
    """What there is to place, packages and byte code, and what is to be said of it."""
    pythons = {folder.python for folder in export.folders if folder.packages is not None}
    interpreters = {python: resolver.interpreter(python) for python in sorted(pythons)}
    built = _trees(export, locks, interpreters, cache)
    own = {folder: _own(export, folder, tree) for folder, tree in built.items() if folder.is_function}
    compiled = {
        folder: trees.bytecode(folder, own[folder], python, cache)
        for folder in own
        if folder.packages is not None
        for python in [interpreters[folder.python]]
        if python is not None
    }
    found = list(_notes(built))
    measured: list[Size] = []
    for folder in own:
        size = _size(folder, own[folder], built[folder], compiled.get(folder))
        if folder in compiled and not _fits(size):  # byte code is convenient, and no more
            plain = trees.tree(folder, locks[folder.lock], None, cache)
            smaller = _size(folder, own[folder], plain, None)
            if _fits(smaller):
                built[folder], size = plain, smaller
                del compiled[folder]
                found.append(_too_large_compiled(folder))
        measured.append(size)
        found.extend(sizes.review(size))
    found.extend(missing.review(export, built))
    return Built(export.directory, tuple(measured), tuple(found)), built, compiled


def _trees(
    export: Export, locks: Mapping[str, Path], interpreters: Mapping[str, str | None], cache: Path
) -> dict[Folder, Tree]:
    """The packages of every folder; every package without a wheel is reported, not the first folder's only."""
    built: dict[Folder, Tree] = {}
    found: list[Diagnostic] = []
    for folder in export.folders:
        try:
            python = interpreters[folder.python] if folder.packages is not None else None
            built[folder] = trees.tree(folder, locks[folder.lock], python, cache)
            reachable.refuse_files(folder, built[folder])
        except CompileError as error:
            found.extend(error.diagnostics)
            if any(diagnostic.code in ("network", "uv") for diagnostic in error.diagnostics):
                break  # it would be the same for every other
    if found:
        raise CompileError(found)
    return built


def _own(export: Export, folder: Folder, tree: Tree) -> dict[str, bytes]:
    """A folder's own files, as they are to be."""
    own = {path: (export.directory / folder.path / path).read_bytes() for path in export.own(folder)}
    return {**own, "requirements.txt": tree.requirements}


def _size(folder: Folder, own: Mapping[str, bytes], tree: Tree, compiled: Tree | None) -> Size:
    files = dict(own)
    if compiled is not None and compiled.path is not None:
        files |= {
            file.relative_to(compiled.path).as_posix(): file.read_bytes()
            for file in compiled.path.rglob("*")
            if file.is_file()
        }
    return Size(folder=folder, own=sizes.weighed(files), packages=tree.packages)


def _fits(size: Size) -> bool:
    return all(each.severity is not Severity.ERROR for each in sizes.review(size))


def _too_large_compiled(folder: Folder) -> Diagnostic:
    return Diagnostic(
        code="bytecode",
        severity=Severity.NOTE,
        subject=folder.path,
        message=f"would be more than {folder.cloud} takes if it were compiled in advance, so it is not: it is at each"
        " cold start",
    )


def _notes(built: Mapping[Folder, Tree]) -> Iterator[Diagnostic]:
    """Once for each Python: that nothing could be compiled for it; and which files are not valid Python."""
    plain = {folder.python for folder, tree in built.items() if tree.path is not None and not tree.compiled}
    for python in sorted(plain):
        yield Diagnostic(
            code="bytecode",
            severity=Severity.NOTE,
            message=f"there is no Python {python} on this machine, so nothing is compiled for it in advance:"
            " it is at each cold start",
            help=f"uv python install {python}; then build again",
        )
    for folder, tree in built.items():
        if tree.uncompiled:
            more = f" and {len(tree.uncompiled) - 5} more" if len(tree.uncompiled) > 5 else ""
            yield Diagnostic(
                code="bytecode",
                severity=Severity.NOTE,
                subject=folder.path,
                message=f"not valid in Python {folder.python}, and left as they are: "
                f"{', '.join(tree.uncompiled[:5])}{more}",
            )
