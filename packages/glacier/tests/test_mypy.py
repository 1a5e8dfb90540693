"""The plug-in makes the bare form check, and hides no other mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """\
from glacier import Dataset, Pipeline
from glacier.storage import ObjectStorage

orders = Dataset("orders", storage=ObjectStorage())
clean = Dataset("clean")
pipeline = Pipeline("sales")


@pipeline.task(retries=2)
def tidy(rows: orders, least: int = 1) -> clean:
    return [row for row in rows if row > least]


def name(dataset: Dataset) -> str:
    return dataset.name


print(name(orders), tidy([1, 2]))
"""
WRONG = "\n\ncount: int = name(orders)\ntidy(rows=[], most=3)\n"


def checked(folder: Path, text: str, *, plugin: bool) -> list[str]:
    """What ``mypy --strict`` objects to."""
    (folder / "sales.py").write_text(text)
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\n" + ("plugins = glacier.mypy\n" if plugin else ""))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", "cache", "sales.py"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return [line for line in done.stdout.splitlines() if "error:" in line]


@pytest.mark.slow
def test_the_bare_form_checks_with_the_plug_in(tmp_path: Path) -> None:
    assert checked(tmp_path, MODULE, plugin=True) == []
    found = checked(tmp_path, MODULE + WRONG, plugin=True)
    assert len(found) == 2
    assert "[assignment]" in found[0]
    assert 'Unexpected keyword argument "most"' in found[1]


@pytest.mark.slow
def test_without_it_a_variable_is_no_type(tmp_path: Path) -> None:
    assert any("[valid-type]" in line for line in checked(tmp_path, MODULE, plugin=False))
