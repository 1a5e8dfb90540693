"""What a folder weighs, and when that is too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from glacier.errors import Severity
from glacier.vendoring.exported import MIB
from glacier.vendoring.sizes import Package, Size, owners, packages, review, weighed
from lights import FOLDER


def size(unzipped: float, zipped: float = 0) -> Size:
    lamp = Package(name="lamp", version="1", unzipped=int(unzipped * MIB), zipped=int(zipped * MIB))
    return Size(folder=FOLDER, own=weighed({}), packages=[lamp])


@pytest.mark.parametrize(
    ("unzipped", "zipped", "said"),
    [
        (79.9, 39.9, []),
        (80, 1, [Severity.WARNING]),
        (100, 1, [Severity.WARNING]),
        (100.1, 1, [Severity.ERROR]),
        (1, 40, [Severity.WARNING]),
        (1, 50.1, [Severity.ERROR]),
        (101, 51, [Severity.ERROR, Severity.ERROR]),
    ],
)
def test_the_limits_at_their_bounds(unzipped: float, zipped: float, said: list[Severity]) -> None:
    assert [each.severity for each in review(size(unzipped, zipped))] == said


def test_layers_are_not_measured_and_that_is_said() -> None:
    layered = replace(size(1), folder=replace(FOLDER, brings=None))
    (note,) = review(layered)
    assert note.severity is Severity.NOTE
    assert note.message == "its layers count as well in what aws takes, and are not measured here"
    assert not list(review(replace(layered, folder=replace(FOLDER, brings=None, limits={}))))


def test_it_says_what_weighs_and_who_says_so() -> None:
    (error,) = review(size(120))
    assert error.message == "120.0 MiB unzipped; aws takes 100. The largest: lamp 120.0"
    assert error.help.endswith("source: the manual, read 2026-01-01")


def test_each_file_belongs_to_a_package_compiled_or_not(tmp_path: Path) -> None:
    files = {
        "lamp/__init__.py": "x" * 100,
        "lamp/__pycache__/__init__.cpython-313.pyc": "x" * 50,
        "shade.py": "x" * 10,
        "stray.txt": "x",
    }
    listed = {"lamp-1.dist-info": ["lamp/__init__.py"], "shade-2.dist-info": ["shade.py"]}
    for folder, paths in listed.items():
        name, version = folder.removesuffix(".dist-info").split("-")
        files[f"{folder}/METADATA"] = f"Name: {name.title()}\nVersion: {version}\n\nLong: text\n"
        files[f"{folder}/RECORD"] = "".join(
            f"{path},,\n" for path in [*paths, f"{folder}/METADATA", f"{folder}/RECORD"]
        )
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = {package.name: package for package in packages(tmp_path, owners(tmp_path))}
    assert set(found) == {"Lamp", "Shade", "(others)"}
    assert found["Lamp"].version == "1"
    assert (
        found["Lamp"].unzipped - sum(len(files[f"lamp-1.dist-info/{name}"]) for name in ("METADATA", "RECORD")) == 150
    )
    assert found["(others)"].unzipped == 1
    assert sum(package.unzipped for package in found.values()) == sum(map(len, files.values()))


def test_what_compresses_well_is_small_in_an_archive() -> None:
    own = weighed({"a.py": b"0" * 100_000})
    assert own.unzipped == 100_000
    assert own.zipped < 1_000


def test_the_largest_are_named_first_and_few() -> None:
    many = [
        Package(name=f"p{number}", version="1", unzipped=number * MIB, zipped=(9 - number) * MIB) for number in range(9)
    ]
    shown = Size(folder=FOLDER, own=weighed({}), packages=many)
    assert shown.largest() == "p8 8.0, p7 7.0, p6 6.0, p5 5.0, p4 4.0"
    assert shown.largest("zipped").startswith("p0 9.0, p1 8.0")
