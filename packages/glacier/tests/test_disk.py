"""Writing generated files: what is there afterwards, and everything for which nothing is written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from commanding import there
from glacier import disk
from glacier.disk import RECORD, alone, digest, programs, write
from glacier.errors import CompileError, Diagnostic

Files = dict[str, bytes]


def recorded(**files: str) -> Files:
    """Files with their record; ``aws__main`` stands for ``aws/main``."""
    made = {path.replace("__", "/"): content.encode() for path, content in files.items()}
    record = {"files": {path: digest(content) for path, content in made.items()}}
    return {**made, RECORD: json.dumps(record).encode()}


FIRST = recorded(README="read me", aws__main="one", aws__gone="old", aws__functions__code="x = 1")
THIRD = recorded(README="read me", aws__main="three", gcp__main="newer")
SECOND = recorded(README="read me", aws__main="two", gcp__main="new")


def refused(files: Mapping[str, bytes], folder: Path, *, force: bool = False) -> Diagnostic:
    """Why files are not written; nothing below the folder has changed."""
    before = there(folder)
    with pytest.raises(CompileError) as caught:
        write(files, folder, force=force)
    assert there(folder) == before
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "output"
    assert diagnostic.help
    return diagnostic


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_PATIENCE", 0.0)


# --- What is there afterwards ---------------------------------------------------------------------------------------


def test_everything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "new" / "folder"
    assert write(FIRST, folder) == [folder / path for path in FIRST]
    assert there(folder) == FIRST


def test_an_empty_folder_may_be_there(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    assert there(tmp_path) == FIRST


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    write(FIRST, tmp_path)
    assert there(tmp_path) == FIRST


def test_what_is_no_more_is_removed_with_its_empty_folders(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    write(SECOND, tmp_path)
    assert there(tmp_path) == SECOND
    assert not (tmp_path / "aws" / "functions").exists()


def test_files_of_the_users_stay(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    mine = {"notes.txt": b"mine", "aws/Pulumi.dev.yaml": b"config:", "aws/functions/mine": b"too"}
    for path, content in mine.items():
        (tmp_path / path).write_bytes(content)
    write(SECOND, tmp_path)
    assert there(tmp_path) == {**SECOND, **mine}


def test_a_file_that_was_deleted_comes_back(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    (tmp_path / "aws" / "main").unlink()
    (tmp_path / "aws" / "gone").unlink()
    write(SECOND, tmp_path)
    assert there(tmp_path) == SECOND


def test_a_file_that_is_the_same_already_is_no_obstacle(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    (tmp_path / "gcp").mkdir()
    (tmp_path / "gcp" / "main").write_bytes(b"new")
    (tmp_path / "aws" / "main").write_bytes(b"two")
    write(SECOND, tmp_path)
    assert there(tmp_path) == SECOND


def test_a_folder_in_the_place_of_a_file_that_is_no_more_is_kept(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    (tmp_path / "aws" / "gone").unlink()
    (tmp_path / "aws" / "gone").mkdir()
    (tmp_path / "aws" / "gone" / "mine").write_bytes(b"mine")
    write(SECOND, tmp_path)
    assert there(tmp_path) == {**SECOND, "aws/gone/mine": b"mine"}


# --- overrides.py ---------------------------------------------------------------------------------------------------

OVERRIDES = "aws/overrides.py"


def with_overrides(text: str) -> Files:
    return recorded(**{"aws__main": "m", "aws__overrides.py": text})


def test_overrides_are_written_once(tmp_path: Path) -> None:
    write(with_overrides("ours"), tmp_path)
    (tmp_path / OVERRIDES).write_text("mine")
    write(with_overrides("ours, newer"), tmp_path)
    assert (tmp_path / OVERRIDES).read_text() == "mine"
    write(with_overrides("ours, newer"), tmp_path, force=True)
    assert (tmp_path / OVERRIDES).read_text() == "mine"


def test_overrides_are_kept_even_unchanged(tmp_path: Path) -> None:
    write(with_overrides("ours"), tmp_path)
    write(with_overrides("ours, newer"), tmp_path)
    assert (tmp_path / OVERRIDES).read_text() == "ours"


def test_overrides_outlive_their_program(tmp_path: Path) -> None:
    write(with_overrides("ours"), tmp_path)
    (tmp_path / OVERRIDES).write_text("mine")
    write(SECOND, tmp_path)
    assert there(tmp_path) == {**SECOND, OVERRIDES: b"mine"}
    write(with_overrides("ours"), tmp_path)
    assert (tmp_path / OVERRIDES).read_text() == "mine"


def test_code_of_the_users_that_is_called_overrides_is_code(tmp_path: Path) -> None:
    """Only a program's own ``overrides.py`` is written once; a module of that name in a folder of code is not."""
    path = "aws__functions__tasks__overrides.py"
    write(recorded(**{path: "x = 1"}), tmp_path)
    write(recorded(**{path: "x = 2"}), tmp_path)
    assert (tmp_path / path.replace("__", "/")).read_text() == "x = 2"
    write(SECOND, tmp_path)
    assert there(tmp_path) == SECOND


# --- Programs that are there already ---------------------------------------------------------------------------------

PROGRAM = recorded(**{"aws__Pulumi.yaml": "name: a", "aws__requirements.txt": "pulumi", "aws__code__Pulumi.yaml": "no"})


def test_a_program_is_what_pulumi_needs_to_know_its_stacks(tmp_path: Path) -> None:
    assert programs(tmp_path / "nowhere") == {}
    write(PROGRAM, tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "Pulumi.yaml").write_bytes(b"name: mine")
    (tmp_path / "aws" / "Pulumi.yaml").write_bytes(b"name: b")
    assert programs(tmp_path) == {"aws": {"aws/Pulumi.yaml": b"name: b", "aws/requirements.txt": b"pulumi"}}
    (tmp_path / "aws" / "Pulumi.yaml").unlink()
    assert programs(tmp_path) == {}


def test_a_program_is_known_after_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(PROGRAM, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", Interruption(1, OSError(5, "Input/output error")))
        with pytest.raises(CompileError):
            write(SECOND, tmp_path)
    assert set(programs(tmp_path)) == {"aws"}


# --- For what nothing is written ------------------------------------------------------------------------------------


def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_bytes(b"mine")
    for force in (False, True):
        diagnostic = refused(FIRST, tmp_path, force=force)
        assert diagnostic.message == f"{tmp_path} holds files that are not Glacier's (a, b, c)"
        assert diagnostic.help == "name a new or empty directory"


def test_a_file_of_the_users_in_the_way(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    (tmp_path / "gcp").mkdir()
    (tmp_path / "gcp" / "main").write_bytes(b"mine")
    for force in (False, True):
        diagnostic = refused(SECOND, tmp_path, force=force)
        assert diagnostic.message == f"{tmp_path} holds files of yours that would be overwritten: gcp/main"
        assert diagnostic.help == "move them, or name another directory"


@pytest.mark.parametrize("kind", ["a file where a folder is to be", "a folder where a file is to be"])
def test_another_sort_of_thing_in_the_way(tmp_path: Path, kind: str) -> None:
    write(FIRST, tmp_path)
    if kind.startswith("a file"):
        (tmp_path / "gcp").write_bytes(b"mine")
    else:
        (tmp_path / "gcp" / "main").mkdir(parents=True)
    assert "files of yours that would be overwritten: gcp/main" in refused(SECOND, tmp_path).message


def test_files_that_were_changed(tmp_path: Path) -> None:
    write(FIRST, tmp_path)
    for name in ("main", "gone"):
        (tmp_path / "aws" / name).write_bytes(b"mine")
    diagnostic = refused(SECOND, tmp_path)
    assert diagnostic.message.startswith("changed since they were generated: ")
    assert str(tmp_path / "aws" / "main") in diagnostic.message
    assert str(tmp_path / "aws" / "gone") in diagnostic.message
    assert "overrides.py" in diagnostic.help
    assert "--force" in diagnostic.help
    write(SECOND, tmp_path, force=True)
    assert there(tmp_path) == SECOND


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"files": 3}', '{"files": {"a": 1}}', "\udcff"])
def test_a_record_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    write(FIRST, tmp_path)
    (tmp_path / RECORD).write_text(text, errors="surrogateescape")
    diagnostic = refused(SECOND, tmp_path)
    assert diagnostic.message == f"{tmp_path / RECORD} is not readable"
    assert diagnostic.help == "restore it, or export to a new directory"


@pytest.mark.parametrize("path", ["../outside", "/outside", "a/../../outside"])
def test_a_record_that_leads_elsewhere_removes_nothing(tmp_path: Path, path: str) -> None:
    folder, outside = tmp_path / "infra", tmp_path / "outside"
    outside.write_bytes(b"mine")
    write(FIRST, folder)
    record = json.loads(FIRST[RECORD])
    (folder / RECORD).write_text(json.dumps({"files": {**record["files"], path: digest(b"mine")}}))
    refused(SECOND, folder)
    assert outside.read_bytes() == b"mine"


def test_a_file_with_the_name_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "infra").write_bytes(b"mine")
    assert refused(FIRST, tmp_path / "infra").message == f"{tmp_path / 'infra'} is a file"
    assert "cannot be used: Not a directory" in refused(FIRST, tmp_path / "infra" / "below").message


# --- Interrupted ----------------------------------------------------------------------------------------------------


class Interruption:
    """Lets so many files be put into place, and fails at the next."""

    def __init__(self, allowed: int, error: BaseException) -> None:
        self.allowed, self.error = allowed, error
        self.replace = os.replace

    def __call__(self, *places: Any) -> None:
        if self.allowed == 0:
            raise self.error
        self.allowed -= 1
        self.replace(*places)


@pytest.mark.parametrize("allowed", range(6))
@pytest.mark.parametrize("begun", [False, True], ids=["into nothing", "over a former one"])
@pytest.mark.parametrize("then", [SECOND, THIRD], ids=["the same", "another"])
def test_a_disk_that_refuses_is_repaired_by_writing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int, begun: bool, then: Files
) -> None:
    if begun:
        write(FIRST, tmp_path)
    replaces = len(SECOND) + 1  # the record of what was begun, every file, the record
    error = OSError(28, "No space left on device", str(tmp_path / "aws" / "main"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", Interruption(allowed, error))
        if allowed < replaces:
            with pytest.raises(CompileError, match="aws/main cannot be used: No space left on device") as caught:
                write(SECOND, tmp_path)
            assert caught.value.diagnostics[0].code == "output"
            assert caught.value.__cause__ is error
        else:
            write(SECOND, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".glacier")]
    write(then, tmp_path)
    assert there(tmp_path) == then


def test_a_full_disk_leaves_the_former_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(FIRST, tmp_path)
    with monkeypatch.context() as patch:
        error = OSError(28, "No space left on device")
        patch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(error))
        assert "cannot be used: No space left on device" in refused(SECOND, tmp_path).message
    assert there(tmp_path) == FIRST


def test_what_a_power_cut_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".glacier-writing-abc").mkdir()
    (tmp_path / ".glacier-writing-abc" / "half").write_bytes(b"half")
    write(FIRST, tmp_path)
    assert there(tmp_path) == FIRST


def test_a_change_after_an_interruption_is_still_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(FIRST, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", Interruption(3, OSError(5, "Input/output error")))
        with pytest.raises(CompileError):
            write(SECOND, tmp_path)
    (tmp_path / "aws" / "main").write_bytes(b"mine")
    assert "changed since they were generated" in refused(SECOND, tmp_path).message


# --- Two at once ----------------------------------------------------------------------------------------------------

HOLDS = """
import sys
from pathlib import Path
from glacier.disk import alone

with alone(Path(sys.argv[1])):
    print(flush=True)
    input()
"""


@pytest.mark.usefixtures("impatient")
def test_only_one_process_writes(tmp_path: Path) -> None:
    """And one that was killed keeps nobody away."""
    write(FIRST, tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert "another build or compilation is writing into" in refused(SECOND, tmp_path).message
        other.kill()
    write(SECOND, tmp_path)
    assert there(tmp_path) == SECOND


@pytest.mark.usefixtures("impatient")
def test_only_one_thread_writes(tmp_path: Path) -> None:
    with alone(tmp_path), ThreadPoolExecutor(1) as pool:
        with pytest.raises(CompileError, match="another build"):
            pool.submit(write, FIRST, tmp_path).result()
        write(FIRST, tmp_path)


def test_one_that_ends_soon_is_waited_for(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with alone(tmp_path):
            later = pool.submit(write, FIRST, tmp_path)
            time.sleep(0.1)
            assert there(tmp_path) == {}
        later.result()
    assert there(tmp_path) == FIRST


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    write(FIRST, tmp_path)
    assert there(tmp_path) == FIRST
