"""A folder of code without what only another folder's tasks need."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from glacier.errors import TaskError
from glacier.runtime import entry
from glacier.runtime.absent import Absent, standing_in
from glacier.runtime.manifest import Manifest, Place

MODULE = """\
from __future__ import annotations

from typing import Annotated, Optional

import json
import nowhere.at_all as na
import nowhere.deep
from nowhere.frames import Frame, Row as R
from glacier import Dataset, Pipeline

pipeline = Pipeline("shop")
frames, rows, total = Dataset("frames"), Dataset("rows"), Dataset("total")
Framed = Annotated[na.Frame | None, frames]
LIMIT = na.limits[3].most(10)


class Model(R):
    amount: int


@pipeline.task
def framed(x: Annotated[Optional[Frame[int]], frames]) -> Annotated[list[R], rows]:
    return nowhere.deep.of(x)


@na.quickly(times=3)
def decorated(x): ...


@pipeline.task
@na.retried
def another(x: Framed) -> Annotated[int, Dataset("other")]: ...


@pipeline.task
def count() -> Annotated[int, total]:
    {body}
    return 3
"""
Write = Callable[..., None]
LIBRARIES = {"shop_without": ("nowhere.at_all", "nowhere.deep", "nowhere.frames")}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """A folder of code that is the current directory; the task writes beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("GLACIER_STORE_LAKE", f"file://{tmp_path / 'lake'}")

    def folder(body: str = "pass", libraries: dict[str, tuple[str, ...]] = LIBRARIES) -> None:
        manifest = Manifest(
            pipeline="shop",
            module="shop_without",
            attribute="pipeline",
            tasks={"count": "shop_without:count", "another": "shop_without:another"},
            places={"total": Place(store="lake", path="total.json")},
            libraries=libraries,
        )
        (tmp_path / "manifest.json").write_text(manifest.to_json())
        (tmp_path / "shop_without.py").write_text(MODULE.format(body=body))

    yield folder
    sys.modules.pop("shop_without", None)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()


def test_a_task_runs_without_what_others_need(write: Write, tmp_path: Path) -> None:
    write()
    assert entry.run_here("count", None)["outputs"]["total"]["bytes"] == 1
    assert (tmp_path / "lake" / "total.json").read_text() == "3"
    assert not [name for name in sys.modules if name.startswith("nowhere")]


@pytest.mark.parametrize(
    "body",
    [
        "na.frame()",
        "nowhere.x",
        "Frame[3]",
        "Frame | None",
        "Model(3)",
        "bool(LIMIT)",
        "LIMIT + 1",
        "[*LIMIT]",
        "decorated(3)",
    ],
)
def test_who_uses_it_hears_what_is_missing(body: str, write: Write) -> None:
    write(body)
    with pytest.raises(TaskError, match="no requirement of this task brings nowhere") as raised:
        entry.run_here("count", None)
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)
    assert raised.value.__cause__.name == "nowhere"


def test_a_function_that_imports_it_does_not_get_it(write: Write) -> None:
    write("import nowhere.deep")
    with pytest.raises(TaskError, match="No module named 'nowhere'"):
        entry.run_here("count", None)


def test_a_task_whose_decorator_is_not_there(write: Write) -> None:
    write()
    with pytest.raises(TaskError, match="another is not found in shop_without when it is imported") as raised:
        entry.run_here("another", None)
    assert "nowhere.at_all" in raised.value.help


def test_what_the_manifest_does_not_name_is_an_error(write: Write) -> None:
    """What is guarded by a ``try`` is not there for it, and what was forgotten is forgotten."""
    write(libraries={})
    with pytest.raises(TaskError, match="its module does not import: ModuleNotFoundError: No module named 'nowhere'"):
        entry.run_here("count", None)


def test_nobody_else_is_told_that_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that looks for another one to work with must not find it."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "curious.py").write_text("try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n")
    (tmp_path / "asking.py").write_text("import curious, nowhere\n")
    with standing_in({"asking": ("nowhere", "curious")}):
        import asking  # type: ignore[import-not-found]
    assert asking.curious.nowhere is None
    assert isinstance(asking.nowhere, Absent)
    for name in ("asking", "curious"):
        del sys.modules[name]


def test_an_error_within_a_library_that_is_there_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken.py").write_text("import nowhere_either\n")
    scope = ModuleType("asking").__dict__
    with standing_in({"asking": ("broken",)}), pytest.raises(ModuleNotFoundError, match="nowhere_either"):
        exec("import broken", scope)
