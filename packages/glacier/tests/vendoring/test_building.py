"""A build from end to end, without a network: what comes where, what stays, and what is refused."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from commanding import there
from glacier.bundle import digest_of
from glacier.disk import RECORD, digest
from glacier.errors import CompileError, Severity
from glacier.pipeline import Task
from glacier.vendoring import build, resolver, trees
from glacier.vendoring.building import CACHE
from glacier.vendoring.placing import _PLACED
from glacier.vendoring.trees import contents
from lights import Exported, Index, in_an_image, on_aws, on_azure, on_gcp


def folder_of(infra: Path, cloud: str, requires: str = "lamp") -> Path:
    """The folder of one cloud that requires something, and not more than it."""
    found = json.loads((infra / RECORD).read_text())["folders"]
    named = [row["path"] for row in found if row["cloud"] == cloud and requires in row["requires"]]
    return infra / min(named, key=len)


def test_packages_are_where_each_cloud_looks_for_them(exported: Exported, index: Index) -> None:
    infra = exported()
    assert build(infra).fits
    assert (folder_of(infra, "aws") / "lamp" / "__init__.py").is_file()
    assert (folder_of(infra, "azure") / ".python_packages/lib/site-packages/lamp/__init__.py").is_file()
    assert not list(folder_of(infra, "gcp").rglob("lamp"))
    assert not list(folder_of(infra, "aws", "shade").rglob("lamp"))


def test_every_folder_has_requirements_with_hashes(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    for file in infra.glob("*/functions/*/requirements.txt"):
        lines = [line for line in file.read_text().splitlines() if not line.startswith(" ")]
        assert lines
        assert all(re.fullmatch(r"[\w-]+==[\d.]+ \\", line) for line in lines), file
    assert "functions-framework" in (folder_of(infra, "gcp") / "requirements.txt").read_text()


def test_one_lock_for_all_clouds_and_one_for_each_set_of_requirements(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    locks = sorted(file.name for file in (infra / "locks").glob("*.txt"))
    assert len(locks) == 2
    shared = (infra / "locks" / f"{folder_of(infra, 'gcp').name}.txt").read_text()
    assert {"azure-functions", "functions-framework", "lamp", "obstore"} == set(
        re.findall(r"^([\w-]+)==", shared, re.M)
    )
    assert shared.startswith("# What these packages resolve to on every cloud")


def test_new_packages_are_new_code(exported: Exported, index: Index) -> None:
    """The digests, by which Google Cloud and Azure know new code, follow from the locked requirements."""
    infra = exported()
    before = {cloud: (infra / cloud / "__main__.py").read_text() for cloud in ("gcp", "azure")}
    build(infra)
    built = {cloud: (infra / cloud / "__main__.py").read_text() for cloud in before}
    record = json.loads((infra / RECORD).read_text())
    for row in record["folders"]:
        own = [path for path in record["files"] if path.startswith(f"{row['path']}/")]
        files = {path.removeprefix(f"{row['path']}/"): (infra / path).read_bytes() for path in own}
        assert row["digest"] == digest_of(files)
        if row["cloud"] in built:
            assert row["digest"] in built[row["cloud"]]
            assert row["digest"] not in before[row["cloud"]]
    index.version = "2.0"
    build(infra, upgrade=True)
    assert all((infra / cloud / "__main__.py").read_text() != text for cloud, text in built.items())


def test_the_record_lists_what_is_there(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    listed = json.loads((infra / RECORD).read_text())["files"]
    assert {path: digest((infra / path).read_bytes()) for path in listed} == listed


def test_building_again_changes_nothing_and_asks_nobody(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    before, calls = there(infra), len(index.calls)
    build(infra)
    assert there(infra) == before
    assert len(index.calls) == calls


def test_another_folder_and_another_cache_get_the_same_bytes(exported: Exported, index: Index) -> None:
    one, other = exported(to="one"), exported(to="other")
    build(one, cache=Path("first"))
    build(other, cache=Path("second"))
    assert there(one) == there(other)
    assert contents(one) == contents(other)


def test_compiling_again_and_building_again_comes_to_the_same(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    before, calls = there(infra), len(index.calls)
    exported()
    assert there(infra) != before
    index.version = "2.0"
    build(infra)
    assert there(infra) == before
    assert len(index.calls) == calls


def test_what_is_locked_stays_until_it_is_to_be_upgraded(exported: Exported, index: Index) -> None:
    infra = exported(on_aws)
    build(infra)
    index.version = "2.0"
    exported(on_aws, on_gcp)
    build(infra)
    lamp = folder_of(infra, "aws") / "lamp" / "__init__.py"
    assert lamp.read_text() == "version = '1.0'\n"
    build(infra, upgrade=True)
    assert lamp.read_text() == "version = '2.0'\n"
    assert not (folder_of(infra, "aws") / "lamp-1.0.dist-info").exists()


def test_one_requirement_more_changes_no_other_version(exported: Exported, index: Index) -> None:
    infra = exported(on_aws)
    build(infra)
    index.version = "2.0"
    exported(on_aws, in_an_image)
    build(infra)
    pinned = (folder_of(infra, "aws", "shade") / "requirements.txt").read_text()
    assert re.findall(r"^((?:lamp|shade)==\S+)", pinned, re.M) == ["lamp==1.0", "shade==2.0"]


def test_what_no_task_has_any_more_is_removed(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    gone = folder_of(infra, "aws")
    exported(on_gcp)
    assert gone.exists()
    build(infra)
    assert not gone.exists()
    assert not (infra / "azure" / "functions").exists()
    assert len(list((infra / "locks").glob("*.txt"))) == 1


def test_a_tree_that_was_changed_is_put_right(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    lamp = folder_of(infra, "aws") / "lamp" / "__init__.py"
    before = lamp.read_bytes()
    lamp.write_text("changed")
    build(infra)
    assert lamp.read_bytes() == before


def aged(entry: Path, days: float) -> Path:
    """Something of the cache, as if it had been used for the last time some days ago."""
    mark = entry / "facts.json" if (entry / "facts.json").exists() else entry
    when = time.time() - days * 24 * 3600
    os.utime(mark, (when, when))
    return entry


def test_what_was_not_used_for_a_month_goes(exported: Exported, index: Index) -> None:
    build(exported(on_aws), cache=CACHE)
    (used,) = CACHE.iterdir()
    build(exported(on_gcp, to="other"), cache=CACHE)
    (unused,) = {*CACHE.iterdir()} - {used}
    made = {name: CACHE / name for name in ("mine", "0" * 24, ".making-old", ".making-new", ".going-old")}
    for folder in made.values():
        folder.mkdir()
    for entry in (used, unused, made["mine"], made["0" * 24], made[".making-old"], made[".going-old"]):
        aged(entry, 31)
    aged(made[".making-new"], 29)
    build(exported(on_aws), cache=CACHE)
    assert {*CACHE.iterdir()} == {used, made["mine"], made["0" * 24], made[".making-new"]}
    aged(used, 29.9)
    build(exported(on_gcp, to="other"), cache=CACHE)
    assert used.is_dir()


def test_a_tree_that_another_build_begins_to_use_stays(
    exported: Exported, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(exported(on_aws), cache=CACHE)
    (entry,) = CACHE.iterdir()
    before, replace = there(aged(entry, 31)), os.replace

    def late(source: Path, target: Path) -> None:
        if source == entry:
            os.utime(entry / "facts.json")  # what the other build does first
        replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    trees.sweep(CACHE)
    assert there(entry) == before
    assert list(CACHE.iterdir()) == [entry]


def test_a_tree_that_another_build_has_made_meanwhile_is_not_replaced(
    exported: Exported, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    infra, make = exported(on_aws), trees._make
    places: list[int] = []

    def slow(*arguments: Any) -> None:
        monkeypatch.setattr(trees, "_make", make)
        build(exported(on_aws, to="other"), cache=CACHE)
        places.extend(entry.stat().st_ino for entry in CACHE.iterdir() if not entry.name.startswith("."))
        make(*arguments)

    monkeypatch.setattr(trees, "_make", slow)
    assert build(infra, cache=CACHE).fits
    assert [entry.stat().st_ino for entry in CACHE.iterdir()] == places


def test_a_cache_that_was_changed_is_made_again(exported: Exported, index: Index) -> None:
    infra = exported()
    build(infra)
    before = there(infra)
    for file in Path(".glacier").rglob("lamp/__init__.py"):
        file.write_text("changed")
    build(exported(to="other"))
    assert (
        there(infra / "aws")
        == there(infra.with_name("other") / "aws")
        == {path.removeprefix("aws/"): content for path, content in before.items() if path.startswith("aws/")}
    )


def test_every_missing_wheel_is_told_and_nothing_is_touched(exported: Exported, index: Index) -> None:
    infra = exported()
    before = there(infra)
    index.missing = {"shade", "functions-framework"}
    with pytest.raises(CompileError) as raised:
        build(infra)
    assert there(infra) == before
    (told,) = raised.value.diagnostics  # the first set that cannot be locked
    assert told.code == "wheel"
    assert told.help == f"glacier build {infra}"


def test_a_module_that_a_package_would_replace(exported: Exported, index: Index) -> None:
    infra = exported()
    before = there(infra)
    index.files["lamp"] = {"handler.py": "other = True\n"}
    with pytest.raises(CompileError, match=r"a package holds handler, handler\.py, which the folder has already"):
        build(infra)
    assert there(infra) == before


@pytest.mark.parametrize("task", [on_aws, on_azure, on_gcp])
def test_a_package_of_the_name_of_a_module(task: Task[..., None], exported: Exported, index: Index) -> None:
    """Python finds the package, or the module, and never both."""
    infra = exported(task)
    index.files["lamp"] = {"lights/__init__.py": ""}
    with pytest.raises(CompileError, match="a package holds lights, which the folder has already"):
        build(infra)


def test_packages_of_somebody_else_are_left_alone(exported: Exported, index: Index) -> None:
    infra = exported()
    mine = folder_of(infra, "aws") / "lamp" / "mine.py"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(CompileError, match="holds packages that were not installed by `glacier build`: lamp"):
        build(infra)
    assert mine.read_text() == "mine"


def test_a_changed_program_is_not_overwritten(exported: Exported, index: Index) -> None:
    infra = exported()
    program = infra / "gcp" / "__main__.py"
    program.write_text(program.read_text() + "# mine\n")
    before = there(infra)
    with pytest.raises(CompileError, match=r"changed since they were generated: .*gcp/__main__\.py"):
        build(infra)
    assert there(infra) == before


def test_overrides_stay_the_users(exported: Exported, index: Index) -> None:
    infra = exported()
    overrides = infra / "aws" / "overrides.py"
    overrides.write_text("mine = True\n")
    build(infra)
    assert overrides.read_text() == "mine = True\n"


def test_what_was_interrupted_is_repaired(exported: Exported, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    infra = exported()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "disk")

    with monkeypatch.context() as patch:
        patch.setattr("glacier.vendoring.placing._keep_locks", full)
        with pytest.raises(CompileError, match="disk cannot be used: No space left on device"):
            build(infra)
    assert not list(infra.glob(".glacier-building-*"))
    build(infra)
    other = exported(to="other")
    build(other)
    assert there(infra) == there(other)


@pytest.mark.parametrize(
    ("names", "code"), [([], "build"), ([RECORD], "build")], ids=["no record", "a record that is none"]
)
def test_what_is_no_export(tmp_path: Path, names: list[str], code: str) -> None:
    for name in names:
        (tmp_path / name).write_text("{}")
    with pytest.raises(CompileError, match="holds no complete export") as raised:
        build(tmp_path)
    assert raised.value.diagnostics[0].code == code
    assert str(tmp_path) in raised.value.diagnostics[0].help


def test_a_list_of_what_was_placed_that_is_not_readable(exported: Exported, index: Index) -> None:
    infra = exported()
    (infra / "locks").mkdir()
    (infra / _PLACED).write_text("[")
    with pytest.raises(CompileError, match=r"placed\.json is not readable"):
        build(infra)


def test_too_large_for_its_cloud(exported: Exported, index: Index) -> None:
    infra = exported()
    record = json.loads((infra / RECORD).read_text())
    for row in record["folders"]:
        for limit in row["limits"].values():
            limit["max"] = limit["max"] and limit["max"] / 50  # as if the cloud took 5 MiB
    (infra / RECORD).write_text(json.dumps(record))
    before = there(infra)
    index.files["lamp"] = {"lamp/big.dat": "0" * (6 << 20)}
    built = build(infra)
    assert not built.fits
    assert there(infra) == before
    (error,) = [each for each in built.diagnostics if each.severity is Severity.ERROR]
    assert error.subject == folder_of(infra, "aws").relative_to(infra).as_posix()
    assert re.match(r"[67]\.\d MiB unzipped; aws takes 5\. The largest: lamp 6\.0, obstore 0\.0", error.message)
    assert "compute.container(…)" in error.help
    assert "AWS Lambda quotas" in error.help


def test_that_nothing_is_compiled_is_said_once(exported: Exported, index: Index) -> None:
    notes = [each for each in build(exported()).diagnostics if each.code == "bytecode"]
    assert [note.severity for note in notes] == [Severity.NOTE]
    assert "no Python 3.13 on this machine" in notes[0].message
    assert "uv python install 3.13" in notes[0].help


def test_a_python_is_looked_for_at_each_build(exported: Exported, index: Index) -> None:
    """It may have been installed meanwhile, in a process that lives on."""
    infra = exported(on_aws)
    build(infra)
    assert not list(folder_of(infra, "aws").rglob("*.pyc"))
    index.python = sys.executable
    assert not [each for each in build(infra).diagnostics if each.code == "bytecode"]
    assert list(folder_of(infra, "aws").rglob("lamp/**/*.pyc"))


def test_a_python_that_does_not_run_is_an_error(exported: Exported, index: Index, tmp_path: Path) -> None:
    infra = exported(on_aws)
    before = there(infra)
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\necho no library >&2\nexit 1\n")
    broken.chmod(0o755)
    index.python = str(broken)
    with pytest.raises(CompileError, match="failed when it was to compile packages\nno library"):
        build(infra)
    assert there(infra) == before


def test_two_builds_of_one_export(exported: Exported, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second stops before it touches anything, and the first is as if it had been alone."""
    infra, select = exported(), index.select
    monkeypatch.setattr("glacier.disk._PATIENCE", 0.0)

    def meanwhile(*given: Any, **more: Any) -> str:
        monkeypatch.setattr(resolver, "select", select)
        with ThreadPoolExecutor(1) as pool, pytest.raises(CompileError, match="another build or compilation"):
            pool.submit(build, infra).result()
        return select(*given, **more)

    monkeypatch.setattr(resolver, "select", meanwhile)
    build(infra)
    other = exported(to="other")
    build(other)
    assert there(infra) == there(other)
