"""``glacier build``, and what ``glacier compile`` does of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from glacier import vendoring
from glacier.errors import Diagnostic, Severity
from glacier.vendoring import Built, Size
from glacier.vendoring.exported import Bound, refused
from glacier.vendoring.sizes import Package, weighed
from lights import FOLDER
from sample import Command


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, dict[str, Any]]]:
    """What was built; the answer is one folder with a lamp in it."""
    asked: list[tuple[Path, dict[str, Any]]] = []
    lamp = Package(name="lamp", version="1", unzipped=90 << 20, zipped=5 << 20)

    def build(directory: Path, **settings: Any) -> Built:
        asked.append((directory, settings))
        return Built(directory, (Size(folder=FOLDER, own=weighed({}), packages=[lamp]),), ())

    monkeypatch.setattr(vendoring, "build", build)
    return asked


def test_it_shows_what_a_folder_weighs_and_may(asked: list[Any], folder: Path, glacier: Command) -> None:
    result = glacier("build", ".")
    assert result.exit_code == 0, result.output
    row = next(line.split() for line in result.stdout.splitlines() if line.startswith("aws/functions/tasks"))
    expected = "aws/functions/tasks Python 3.13 on x86_64-manylinux_2_28 1 90.0 100 5.0 50 lamp 90.0"
    assert " ".join(row) == expected


def test_a_cloud_that_documents_no_limit(folder: Path, glacier: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    unbounded = replace(FOLDER, limits={"zipped": Bound(None, "the manual")})
    size = Size(folder=unbounded, own=weighed({}), packages=[])
    monkeypatch.setattr(vendoring, "build", lambda directory, **_: Built(directory, (size,), ()))
    monkeypatch.setenv("COLUMNS", "200")
    result = glacier("build", ".")
    row = " ".join(next(line for line in result.stdout.splitlines() if "aws/functions" in line).split())
    assert row.endswith("0 0.0 – 0.0 no documented limit")


def test_its_options_are_passed_on(asked: list[Any], folder: Path, glacier: Command) -> None:
    glacier("build", ".", "--upgrade", "--cache", "there")
    assert asked == [(Path("."), {"cache": Path("there"), "upgrade": True})]


def test_too_large_is_an_error(folder: Path, glacier: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    error = Diagnostic(code="size", message="120.0 MiB unzipped; aws takes 100", severity=Severity.ERROR)
    monkeypatch.setattr(vendoring, "build", lambda directory, **_: Built(directory, (), (error,)))
    result = glacier("build", ".")
    assert result.exit_code == 1
    assert "error[size]: 120.0 MiB unzipped; aws takes 100" in result.stderr


def test_what_is_no_export_is_an_error(folder: Path, glacier: Command) -> None:
    result = glacier("build", ".")
    assert result.exit_code == 1
    assert "holds no complete export of `glacier compile`" in result.stderr


def test_a_folder_that_is_not_there_is_wrong_usage(folder: Path, glacier: Command) -> None:
    assert glacier("build", "nowhere").exit_code == 2


def test_compile_builds_what_it_wrote(asked: list[Any], folder: Path, glacier: Command) -> None:
    result = glacier("compile", "sales.py", "--to", "toy", "--out", "made", "--build")
    assert result.exit_code == 0, result.output
    assert [directory for directory, _ in asked] == [Path("made")]
    assert "made: built" in result.stdout
    assert "step 1" not in result.stdout


@pytest.mark.parametrize("words", [("--no-build",), ()], ids=["an option", "a setting"])
def test_compile_builds_nothing_when_it_is_told_so(
    words: tuple[str, ...], asked: list[Any], folder: Path, glacier: Command
) -> None:
    result = glacier("compile", "sales.py", "--to", "toy", *words)
    assert result.exit_code == 0
    assert asked == []
    assert "its step 1 installs what the functions import" in result.stdout


def test_building_is_the_default(
    asked: list[Any], folder: Path, glacier: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLACIER_BUILD")
    assert glacier("compile", "sales.py", "--to", "toy").exit_code == 0
    assert len(asked) == 1


def test_the_export_stays_when_it_cannot_be_built(
    folder: Path, glacier: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(directory: Path, **_: Any) -> Built:
        raise refused("network", "the package index cannot be reached", f"glacier build {directory}")

    monkeypatch.setattr(vendoring, "build", build)
    result = glacier("compile", "sales.py", "--to", "toy", "--build")
    assert result.exit_code == 1
    assert "glacier build infra" in result.stderr
    assert (folder / "infra" / "toy" / "__main__.py").is_file()
