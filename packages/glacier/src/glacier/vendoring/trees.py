"""Keeps what is installed or compiled by what it is made from, so that nothing is done twice."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from glacier.disk import digest
from glacier.vendoring import pruning, resolver, sizes
from glacier.vendoring.exported import Folder, refused
from glacier.vendoring.sizes import Package

_MADE_BY = 3  # counts up when a tree is made in another way, so that former ones are not taken for it
_FACTS, _REQUIREMENTS, _TREE = "facts.json", "requirements.txt", "tree"
_MAKING, _GOING = ".making-", ".going-"
_UNUSED = 30 * 24 * 3600  # seconds after which a tree that nobody has used goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The packages of one set of requirements for one Python and platform.

    ``path`` is ``None`` where they are only known and weighed, since the cloud or an image installs them. ``digest``
    is of every path, mode and byte in it. ``modules`` are what can be imported from it, and of a namespace its parts.
    ``uncompiled`` are files of the packages that are not valid Python there.
    """

    path: Path | None
    requirements: bytes
    packages: tuple[Package, ...]
    modules: tuple[str, ...] = ()
    digest: str = ""
    compiled: bool = False
    uncompiled: tuple[str, ...] = ()


def tree(folder: Folder, locked: Path, python: str | None, cache: Path) -> Tree:
    """The packages of a folder of code: from the cache, or installed into it. What is in the cache is complete.

    ``python`` is an interpreter that compiles them; without one they are not compiled.
    """
    made_from = [_MADE_BY, digest(locked.read_bytes()), folder.requires, folder.python, folder.platform]
    made_from += [folder.is_function, folder.packages is not None, bool(python)]
    return _made(cache, made_from, lambda place: _make(folder, locked, python, place))


def bytecode(folder: Folder, own: Mapping[str, bytes], python: str, cache: Path) -> Tree:
    """What a folder's own modules are compiled to, each where it is looked for: a function's folder is read-only."""
    sources = {path: content for path, content in own.items() if path.endswith(".py")}
    made_from = [_MADE_BY, folder.python, {path: digest(content) for path, content in sorted(sources.items())}]
    return _made(cache, made_from, lambda place: _make_bytecode(folder, sources, python, place))


def _made(cache: Path, made_from: Sequence[object], make: Callable[[Path], None]) -> Tree:
    """What is made from some facts: from the cache, or made there as a whole."""
    key = digest(json.dumps(made_from).encode())[:24]
    found = _kept(cache / key)
    if found is not None:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=_MAKING, dir=cache))
    try:
        make(staging)
        if _kept(cache / key) is None:  # else another build has made it meanwhile, and copies it now
            shutil.rmtree(cache / key, ignore_errors=True)  # one that somebody changed
            os.replace(staging, cache / key)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    made = _kept(cache / key)
    assert made is not None
    return made


def sweep(cache: Path) -> None:
    """Remove the trees that no build has used for thirty days, and what builds that were ended have left.

    Another build may begin to use one at this moment: it marks it first, so that the mark is looked at once more when
    the tree is out of its way. Nothing else is touched, since a cache may be a folder of the user's.
    """
    for entry in cache.iterdir() if cache.is_dir() else ():
        if re.fullmatch(r"[0-9a-f]{24}", entry.name) and _is_unused(entry / _FACTS):
            going = cache / f"{_GOING}{entry.name}-{os.getpid()}"
            with contextlib.suppress(OSError):  # another build removes it
                os.replace(entry, going)
                if _is_unused(going / _FACTS):
                    shutil.rmtree(going, ignore_errors=True)
                else:
                    os.replace(going, entry)
        elif entry.name.startswith((_MAKING, _GOING)) and _is_unused(entry):
            shutil.rmtree(entry, ignore_errors=True)


def _is_unused(mark: Path) -> bool:
    try:
        return time.time() - mark.stat().st_mtime > _UNUSED
    except OSError:
        return False


def contents(tree: Path, names: Iterable[str] | None = None) -> str:
    """The digest of every path, mode and byte of a folder, or of some entries of it."""
    total = hashlib.sha256()
    chosen = [tree] if names is None else sorted(tree / name for name in names)
    for top in chosen:
        for file in sorted([top] if top.is_file() else top.rglob("*")):
            if file.is_file():
                mode = "x" if file.stat().st_mode & 0o111 else "-"
                content = file.read_bytes()
                total.update(f"{file.relative_to(tree).as_posix()}\0{mode}{len(content)}\0".encode() + content)
    return total.hexdigest()


def _kept(place: Path) -> Tree | None:
    """A tree as it was made, marked as used; ``None`` when there is none, or not as it was."""
    with contextlib.suppress(OSError):  # a cache that may only be read
        os.utime(place / _FACTS)
    try:
        facts = json.loads((place / _FACTS).read_text(encoding="utf-8"))
        requirements = (place / _REQUIREMENTS).read_bytes()
    except (OSError, ValueError):
        return None
    path = place / _TREE if facts["digest"] else None
    if path is not None and contents(path) != facts["digest"]:
        return None
    return Tree(
        path=path,
        requirements=requirements,
        packages=tuple(Package(**row) for row in facts["packages"]),
        modules=tuple(facts["modules"]),
        digest=facts["digest"],
        compiled=facts["compiled"],
        uncompiled=tuple(facts["uncompiled"]),
    )


def _make(folder: Folder, locked: Path, python: str | None, place: Path) -> None:
    requirements, tree = place / _REQUIREMENTS, place / _TREE
    requirements.write_text(resolver.select(folder, locked=locked), encoding="utf-8", newline="")
    weighed: Sequence[Package] = ()
    modules: list[str] = []
    uncompiled: list[str] = []
    kept = ""
    if folder.is_function:
        resolver.install(folder, requirements, tree)
        tree.mkdir(exist_ok=True)  # nothing is required
        owners = sizes.owners(tree)
        if folder.packages is not None:
            pruning.prune(tree)
            uncompiled = _compile(folder, tree, python) if python is not None else []
            kept = contents(tree)
        weighed = sizes.packages(tree, owners)
        modules = list(_modules(tree))
        if folder.packages is None:
            shutil.rmtree(tree)
    _note(place, weighed, modules, kept, uncompiled, is_compiled=python is not None)


def _make_bytecode(folder: Folder, sources: Mapping[str, bytes], python: str, place: Path) -> None:
    tree = place / _TREE
    tree.mkdir()
    for path, content in sources.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    uncompiled = _compile(folder, tree, python)
    for path in sources:
        (tree / path).unlink()
    (place / _REQUIREMENTS).touch()
    _note(place, (), (), contents(tree), uncompiled, is_compiled=True)


def _note(
    place: Path,
    weighed: Iterable[Package],
    modules: Iterable[str],
    kept: str,
    uncompiled: Iterable[str],
    *,
    is_compiled: bool,
) -> None:
    facts = {
        "packages": [asdict(package) for package in weighed],
        "modules": list(modules),
        "digest": kept,
        "compiled": is_compiled,
        "uncompiled": list(uncompiled),
    }
    (place / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _modules(folder: Path, start: str = "") -> Iterator[str]:
    for entry in sorted(folder.iterdir()):
        name = start + entry.name.partition(".")[0]
        if (entry.is_file() and entry.suffix in (".py", ".so")) or (entry.is_dir() and list(entry.glob("__init__.*"))):
            yield name
        elif entry.is_dir() and entry.name.isidentifier() and entry.name != "__pycache__":
            yield from _modules(entry, f"{name}.")


def _compile(folder: Folder, tree: Path, python: str) -> list[str]:
    """Compile every module, so that none is compiled at each cold start; returns those that are not valid Python.

    Raises :class:`~glacier.errors.CompileError` when it was not done for another reason.

    ``checked-hash``, since an archive's dates are not its files': what is compiled is held against its source by
    content (peps.python.org/pep-0552). One process, so that the bytes are the same each time.
    """
    words = ["-q", "--invalidation-mode", "checked-hash", "-s", str(tree), "-p", "", str(tree)]
    done = subprocess.run(
        [python, "-I", "-m", "compileall", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONHASHSEED": "0"},
        check=False,
    )
    pruning.settle(tree)
    said = re.findall(r"^\*\*\* Error compiling (.+)\.\.\.$", done.stdout, re.M)  # each path as Python writes it
    invalid = sorted(Path(ast.literal_eval(path)).relative_to(tree).as_posix() for path in said)
    if done.returncode and not invalid:
        raise refused(
            "bytecode",
            f"{python} failed when it was to compile packages\n{(done.stderr or done.stdout).strip()}",
            f"repair it, or uv python install {folder.python}; then: glacier build DIR",
            folder.path,
        )
    return invalid
