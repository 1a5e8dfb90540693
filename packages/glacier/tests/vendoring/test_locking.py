"""One lock for several platforms: versions that the oldest of them can have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from glacier.vendoring import locking, resolver
from glacier.vendoring.exported import Export, Folder
from lights import FOLDER

NEW, OLD = FOLDER, replace(FOLDER, path="aws/functions/old", python="3.11", platform="x86_64-manylinux2014")


def pin(name: str, version: str) -> str:
    return f"{name}=={version} \\\n    --hash=sha256:{version}\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An index whose newest lamp, 2.0, has a wheel for new platforms only."""
    asked: list[str] = []

    def select(folder: Folder, *, locked: Path | None = None, preferred: str = "") -> str:
        asked.append(f"{folder.python} {folder.platform}")
        kept = next((v for v in ("1.0", "2.0") if f"lamp=={v}" in preferred), "2.0")
        return pin("lamp", "1.0" if folder is OLD else kept) + pin("obstore", "9")

    def lock(requires: Iterable[str], python: str, preferred: str) -> str:
        asked.append(f"lock {' '.join(requires)} {python}")
        return preferred

    monkeypatch.setattr(resolver, "select", select)
    monkeypatch.setattr(resolver, "lock", lock)
    return asked


def locked(tmp_path: Path, *folders: Folder, upgrade: bool = False) -> str:
    staging = tmp_path / "staging"
    staging.mkdir(exist_ok=True)
    found = locking.lock(Export(tmp_path, {"files": {}}, folders), staging, upgrade=upgrade)
    return found["tasks"].read_text()


def keep(tmp_path: Path, text: str) -> None:
    (tmp_path / "locks").mkdir(exist_ok=True)
    (tmp_path / "locks" / "tasks.txt").write_text(text)


def test_the_oldest_platform_chooses(tmp_path: Path, asked: list[str]) -> None:
    text = locked(tmp_path, NEW, OLD)
    assert "lamp==1.0" in text
    assert "lamp==2.0" not in text
    assert asked == ["3.11 x86_64-manylinux2014", "3.13 x86_64-manylinux_2_28", "lock lamp 3.11"]


def test_the_newest_where_every_platform_has_it(tmp_path: Path, asked: list[str]) -> None:
    assert "lamp==2.0" in locked(tmp_path, NEW, replace(NEW, path="gcp/functions/tasks", cloud="gcp"))
    assert asked == ["3.13 x86_64-manylinux_2_28", "lock lamp 3.13"]


def test_a_lock_that_fits_is_kept(tmp_path: Path, asked: list[str]) -> None:
    first = locked(tmp_path, NEW)
    keep(tmp_path, first)
    asked.clear()
    assert locked(tmp_path, NEW) == first
    assert asked == []


def test_what_was_locked_stays_when_more_is_required(tmp_path: Path, asked: list[str]) -> None:
    keep(tmp_path, locked(tmp_path, OLD))
    more = replace(NEW, requires=("lamp", "shade"))
    assert "lamp==1.0" in locked(tmp_path, more)
    assert "lamp==2.0" in locked(tmp_path, more, upgrade=True)


def test_a_locked_version_without_a_wheel_for_a_new_platform_gives_way(tmp_path: Path, asked: list[str]) -> None:
    keep(tmp_path, locked(tmp_path, NEW))
    text = locked(tmp_path, NEW, OLD)
    assert "lamp==1.0" in text
    assert "lamp==2.0" not in text


def test_libraries_are_compared_as_numbers() -> None:
    platforms = ["x86_64-manylinux_2_28", "aarch64-manylinux2014", "x86_64-manylinux_2_5"]
    folders = [replace(FOLDER, platform=platform) for platform in platforms]
    assert [each.platform for each in sorted(folders, key=locking._age)] == [platforms[2], platforms[1], platforms[0]]


def test_pythons_are_compared_as_numbers(tmp_path: Path, asked: list[str]) -> None:
    locked(tmp_path, replace(NEW, python="3.9"), NEW)
    assert asked[-1] == "lock lamp 3.9"
