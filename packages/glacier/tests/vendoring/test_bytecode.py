"""What is compiled in advance, where it is found, and when it is left out."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from commanding import there
from glacier.disk import RECORD
from glacier.errors import Severity
from glacier.vendoring import build
from glacier.vendoring.placing import _PLACED
from lights import Exported, Index, on_aws, on_azure

TAG = sys.implementation.cache_tag
CHECKED = (3).to_bytes(4, "little")  # valid as long as its source is what it was (peps.python.org/pep-0552)


@pytest.fixture(autouse=True)
def compiling(index: Index) -> None:
    """This Python stands for the one that functions run on."""
    index.python = sys.executable


def folder_of(infra: Path, cloud: str) -> Path:
    rows: list[Mapping[str, Any]] = json.loads((infra / RECORD).read_text())["folders"]
    return infra / next(row["path"] for row in rows if row["cloud"] == cloud and row["function"])


def missing(folder: Path) -> Iterator[str]:
    """The modules of a folder that are not compiled."""
    for source in folder.rglob("*.py"):
        made = Path(importlib.util.cache_from_source(str(source)))
        if not made.is_file() or made.read_bytes()[4:8] != CHECKED:
            yield source.relative_to(folder).as_posix()


def test_every_module_is_compiled_where_it_is_looked_for(exported: Exported) -> None:
    infra = exported()
    build(infra)
    assert list(missing(folder_of(infra, "aws"))) == []
    assert list(missing(folder_of(infra, "azure"))) == []
    assert (folder_of(infra, "aws") / f"__pycache__/handler.{TAG}.pyc").is_file()
    assert (folder_of(infra, "azure") / f"glacier/runtime/__pycache__/entry.{TAG}.pyc").is_file()
    assert not list(folder_of(infra, "gcp").rglob("*.pyc"))
    assert not list((infra / "aws/functions").rglob("shade/**/*.pyc"))


def test_it_says_nothing_of_this_machine(exported: Exported) -> None:
    infra = exported(on_aws)
    build(infra)
    where = str(infra.parent).encode()
    assert not [file for file in infra.rglob("*.pyc") if where in file.read_bytes()]


def test_a_module_of_a_package_beside_those_of_the_folder(exported: Exported, index: Index) -> None:
    index.files["lamp"] = {"lamp.py": "version = 1"}
    infra = exported(on_aws)
    build(infra)
    names = {file.name.partition(".")[0] for file in (folder_of(infra, "aws") / "__pycache__").iterdir()}
    assert names == {"handler", "lamp", "lights"}
    before = there(infra)
    build(infra)
    assert there(infra) == before


def test_what_python_left_there_is_in_nobodys_way(exported: Exported) -> None:
    infra = exported(on_aws)
    left = folder_of(infra, "aws") / f"__pycache__/handler.{TAG}.pyc"
    left.parent.mkdir()
    left.write_bytes(b"old")
    build(infra)
    assert left.read_bytes()[4:8] == CHECKED


def test_compiling_and_building_again_comes_to_the_same(exported: Exported) -> None:
    infra = exported()
    build(infra)
    before = there(infra)
    exported()
    build(infra)
    assert there(infra) == before
    build(exported(to="other"), cache=Path("another"))
    assert there(infra.with_name("other")) == before


def test_what_is_no_more_takes_it_along(exported: Exported) -> None:
    infra = exported(on_aws, on_azure)
    build(infra)
    gone = folder_of(infra, "azure")
    exported(on_aws)
    build(infra)
    assert not gone.exists()
    assert list(json.loads((infra / _PLACED).read_text())) == ["aws/functions/" + folder_of(infra, "aws").name]


def test_what_a_former_glacier_placed_is_known(exported: Exported, index: Index) -> None:
    infra = exported(on_aws, on_azure)
    build(infra)
    before = there(infra)
    rows = json.loads((infra / _PLACED).read_text())
    (infra / _PLACED).write_text(json.dumps({path: parts["packages"] for path, parts in rows.items()}))
    index.version = "2.0"
    build(infra, upgrade=True)
    assert not list(infra.rglob("lamp-1.0.dist-info"))
    index.version = "1.0"
    build(infra, upgrade=True)
    assert there(infra) == before


def test_where_only_byte_code_is_too_much_there_is_none(exported: Exported, index: Index) -> None:
    infra = exported(on_aws)
    index.files["lamp"] = {f"lamp/part{number}.py": "x = (1, 2, 3)\n" * 2000 for number in range(9)}
    index.python = None
    (plain,) = build(infra).sizes
    index.python = sys.executable
    exported(on_aws)
    record = json.loads((infra / RECORD).read_text())
    record["folders"][0]["limits"]["unzipped"]["max"] = plain.of("unzipped") / (1 << 20) + 0.01
    (infra / RECORD).write_text(json.dumps(record))
    built = build(infra)
    assert built.fits
    assert [size.of("unzipped") for size in built.sizes] == [plain.of("unzipped")]
    (note,) = [each for each in built.diagnostics if each.code == "bytecode"]
    assert note.severity is Severity.NOTE
    assert "would be more than aws takes if it were compiled" in note.message
    assert not list(infra.rglob("*.pyc"))


def test_what_is_not_valid_python_is_named_wherever_the_cache_is(exported: Exported, index: Index) -> None:
    index.files["lamp"] = {"lamp/__init__.py": "", "lamp/it's.py": "def (", "lamp/new.py": "match ="}
    built = build(exported(on_aws), cache=Path("it's"))
    (note,) = [each for each in built.diagnostics if each.code == "bytecode"]
    assert note.message.endswith("left as they are: lamp/it's.py, lamp/new.py")
