"""Declares pipelines from text, as a user's own file, so that a test can say on which line something is refused."""

from __future__ import annotations

import itertools
import linecache
import traceback
from pathlib import Path
from textwrap import dedent
from typing import Any

from glacier import DeclarationError
from glacier.errors import Diagnostic, Where

HEAD = """\
from typing import Annotated, Any
import pathlib
from glacier import Dataset, Pipeline, Task, compute, task
from glacier.storage import Cache, Database, ObjectStorage, Queue
pipeline = Pipeline("example")
raw, clean, report = Dataset("raw"), Dataset("clean"), Dataset("report")
"""
FUTURE = "from __future__ import annotations\n"
MARK = "# here"

_numbers = itertools.count()


def declare(folder: Path, text: str, *, future: bool = False) -> dict[str, Any]:
    """What a file with this text declares, after the usual imports, a pipeline and three datasets."""
    path = folder / f"declared_{next(_numbers)}.py"
    path.write_text((FUTURE if future else "") + HEAD + dedent(text), encoding="utf-8")
    linecache.checkcache(str(path))
    space: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), space)
    return space


def refused(folder: Path, text: str, *, future: bool = False, raised: bool = True) -> Diagnostic:
    """The one diagnostic of a text that is refused, on its line marked ``# here``: said there, and raised there."""
    try:
        declare(folder, text, future=future)
    except DeclarationError as error:
        (diagnostic,) = error.diagnostics
        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent == folder]
    else:
        raise AssertionError("nothing was refused")
    assert diagnostic.where is not None
    path = Path(diagnostic.where.file)
    assert path.parent == folder
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith(MARK)]
    assert diagnostic.where == Where(str(path), *marked), f"{diagnostic}\n{lines[diagnostic.where.line - 1]}"
    if raised:
        assert frames[-1].lineno == diagnostic.where.line
    return diagnostic
