"""Makes an installed tree small, and always the same: no tests, headers, stubs, scripts, or traces of installing."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

_HEADERS_AND_STUBS = {".h", ".hh", ".hpp", ".hxx", ".cuh", ".pxd", ".pyi"}
_TRACES = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}  # of who installed, from where, and when
_READS_STUBS = b"attach_stub"  # lazy_loader finds a package's modules by its stubs


def prune(tree: Path) -> None:
    """Remove what no task imports; every ``RECORD`` then lists what is left, in order.

    A folder called ``tests`` goes when there are tests in it, and a stub stays where its package reads it. Libraries
    keep their symbols: numpy's do not load without (``strip``).
    """
    (tree / ".lock").unlink(missing_ok=True)  # uv's
    shutil.rmtree(tree / "bin", ignore_errors=True)  # scripts, which begin with a path of this machine
    for folder in [each for each in tree.rglob("tests") if each.is_dir()]:
        if folder.exists() and _holds_tests(folder):
            shutil.rmtree(folder)
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


def _holds_tests(folder: Path) -> bool:
    names = [file.name for file in folder.rglob("*.py")]
    return any(name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py" for name in names)


def _reads_stubs(package: Path) -> bool:
    return any(_READS_STUBS in file.read_bytes() for file in package.glob("*.py"))


def _keep_what_is_left(record: Path, tree: Path) -> None:
    rows = csv.reader(io.StringIO(record.read_text(encoding="utf-8")))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted(row for row in rows if row and (tree / row[0]).is_file()))
    record.write_text(text.getvalue(), encoding="utf-8", newline="")
