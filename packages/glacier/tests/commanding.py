"""The command line as a test uses it, and the folder it is used in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from glacier.cli.app import app


def glacier(*words: str) -> Result:
    """A command; an error that is not an exit is the test's."""
    result = CliRunner().invoke(app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


EXAMPLES = Path(__file__).parents[3] / "examples"


def _from(folder: Path) -> list[str]:
    """The modules that were imported from a folder."""
    return [
        name
        for name, module in sys.modules.items()
        if str(getattr(module, "__file__", None)).startswith(f"{folder}{os.sep}")
    ]


@contextmanager
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder is the current directory; what is imported from it is forgotten afterwards.

    The examples, which another test may have imported, are not there for as long: a command starts without them.
    """
    for name in _from(EXAMPLES):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    for name in _from(folder):
        del sys.modules[name]


def there(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
