"""What a killed process has left in the temporary directory is removed by the next one that needs room there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from glacier.runtime import leftovers
from glacier.runtime.abroad import Kept
from glacier.runtime.buckets import Facts, Scratch

HOLDS = """
import time
from glacier.runtime.abroad import KEPT
from glacier.runtime.buckets import Facts, Scratch

scratch = Scratch()
scratch.file("a.csv").write_bytes(b"1")
KEPT.takes(Facts(1, "etag"))
print("now", flush=True)
time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_killed_process_leaves_nothing_for_long(temporary: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        left = {*temporary.iterdir()}
        assert len(left) == 2
        leftovers.sweep(str(temporary), "glacier-")
        assert {*temporary.iterdir()} == left  # it is alive
        process.send_signal(signal.SIGKILL)
        process.wait()
    scratch = Scratch()
    file = scratch.file("b.csv")
    assert {*temporary.iterdir()} == {file.parents[1]}
    scratch.close()
    assert not [*temporary.iterdir()]


def test_only_what_is_ours_by_its_name_is_removed(temporary: Path) -> None:
    dead = leftovers.name().replace(f"~{os.getpid()}-", "~4194304-")  # more than Linux gives as a number
    names = [dead, f"other-{dead}", "glacier-elsewhere~4194304-a", "glacier-something", f"glacier-{leftovers.name()}a"]
    for name in names:
        (temporary / name).mkdir()
    (temporary / f"glacier-{dead}a").mkdir()
    (temporary / f"glacier-{dead}a" / "large.csv").touch()
    Scratch().file("c.csv")
    assert {name for name in names if not (temporary / name).is_dir()} == set()
    assert not (temporary / f"glacier-{dead}a").exists()


def test_it_is_looked_for_once(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(leftovers, "sweep", lambda place, prefix: asked.append(place))
    scratches = [Scratch() for _ in range(3)]
    for scratch in scratches:
        scratch.file("d.csv")
        scratch.close()
    assert Kept().takes(Facts(1, "etag"))
    assert asked == [str(temporary)]
