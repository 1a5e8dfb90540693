"""Makes an installed tree small, and always the same: no tests, headers, stubs, scripts, or traces of installing."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

from glacier.imports import imports, module_at

_HEADERS_AND_STUBS = {".h", ".hh", ".hpp", ".hxx", ".cuh", ".pxd", ".pyi"}
_TRACES = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}  # of who installed, from where, and when
_READS_STUBS = b"attach_stub"  # lazy_loader finds a package's modules by its stubs


def prune(tree: Path) -> None:
    """Remove what no task imports; every ``RECORD`` then lists what is left, in order.

    A folder called ``tests`` goes when there are tests in it; of one that is imported by what stays, only the tests go.
    A stub stays where its package reads it. Libraries keep their symbols: numpy's do not load without (``strip``).
    """
    (tree / ".lock").unlink(missing_ok=True)  # uv's
    shutil.rmtree(tree / "bin", ignore_errors=True)  # scripts, which begin with a path of this machine
    _prune_tests(tree)
    for file in list(_files(tree)):
        is_trace = file.parent.suffix == ".dist-info" and file.name in _TRACES
        is_read = file.suffix == ".pyi" and _reads_stubs(file.parent)
        if is_trace or (file.suffix in _HEADERS_AND_STUBS and not is_read):
            file.unlink()
    for folder in sorted((each for each in tree.rglob("*") if each.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    for record in sorted(tree.glob("*.dist-info/RECORD")):
        _keep_what_is_left(record, tree)
    settle(tree)


def settle(tree: Path) -> None:
    """Give every file one of two modes, whatever wheels and this machine's defaults say."""
    for each in tree.rglob("*"):
        executable = each.is_dir() or each.stat().st_mode & 0o111
        each.chmod(0o755 if executable else 0o644)


def _files(tree: Path) -> Iterator[Path]:
    return (each for each in sorted(tree.rglob("*")) if each.is_file())


def _prune_tests(tree: Path) -> None:
    going = {each for each in tree.rglob("tests") if each.is_dir() and any(map(_is_test, each.rglob("*.py")))}
    waiting = [file for file in tree.rglob("*.py") if going.isdisjoint(file.parents)]
    named: set[str] = set()
    while waiting:
        named |= {name for file in waiting for name in _names_tests(file, tree)}
        staying = {each for each in going if any(f"{name}.".startswith(f"{_module(each, tree)}.") for name in named)}
        going -= staying
        # What a folder holds beside its tests may import from other ones.
        waiting = [file for each in staying for file in each.rglob("*.py") if going.isdisjoint(file.parents)]
        for file in filter(_is_test, list(waiting)):
            if not any(f"{name}.".startswith(f"{_module(file, tree)}.") for name in named):
                waiting.remove(file)
                file.unlink()
    for folder in going:
        shutil.rmtree(folder, ignore_errors=True)  # it may be in another one


def _is_test(file: Path) -> bool:
    return file.name.startswith("test_") or file.name.endswith("_test.py") or file.name == "conftest.py"


def _names_tests(file: Path, tree: Path) -> tuple[str, ...]:
    """What a file imports, if that can be of any ``tests``."""
    content = file.read_bytes()
    with contextlib.suppress(SyntaxError, ValueError):
        if b"tests" in content:
            return imports(content, file.name, _module(file, tree)).anywhere
    return ()


def _module(place: Path, tree: Path) -> str:
    return module_at(place.relative_to(tree).as_posix())


def _reads_stubs(package: Path) -> bool:
    return any(_READS_STUBS in file.read_bytes() for file in package.glob("*.py"))


def _keep_what_is_left(record: Path, tree: Path) -> None:
    rows = csv.reader(io.StringIO(record.read_text(encoding="utf-8")))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted(row for row in rows if row and (tree / row[0]).is_file()))
    record.write_text(text.getvalue(), encoding="utf-8", newline="")
