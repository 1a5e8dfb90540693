"""What a task that runs in a cloud says of the bytes that did not go over the network."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from glacier.runtime import entry, stores
from glacier.runtime.abroad import KEPT
from glacier.runtime.buckets import Remote
from glacier.runtime.manifest import Manifest, Place
from glacier.runtime.objects import Objects
from obstore.store import LocalStore

MODULE = """\
from typing import Annotated
from glacier import Dataset, Pipeline

pipeline = Pipeline("words")


@pipeline.task
def repeat(words: Annotated[str, Dataset("words")]) -> Annotated[str, Dataset("many")]:
    return words * 1000
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of code whose store is another cloud's, as far as the runtime is concerned."""
    KEPT.clear()
    (tmp_path / "words_for_spared.py").write_text(MODULE)
    places = {
        "words": Place(store="far", path="words/", source=True, transfer=("compress", "parallel", "cache", "batch")),
        "many": Place(store="far", path="many/", transfer=("compress",)),
    }
    manifest = Manifest(
        pipeline="words",
        module="words_for_spared",
        attribute="pipeline",
        tasks={"repeat": "words_for_spared:repeat"},
        places=places,
    )
    assert Manifest.from_json(manifest.to_json()) == manifest
    (tmp_path / "manifest.json").write_text(manifest.to_json())
    (tmp_path / "data" / "words").mkdir(parents=True)
    (tmp_path / "data" / "words" / "words.txt").write_text("many words ")

    def open_far(*_: object) -> Objects:
        return Objects(Remote(LocalStore(tmp_path / "data"), "s3://far"))

    monkeypatch.setitem(stores._OPENERS, "s3", open_far)
    monkeypatch.setenv("GLACIER_STORE_FAR", "s3://far")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()
    yield tmp_path
    sys.modules.pop("words_for_spared", None)
    for cached in (entry._manifest, entry._step):
        cached.cache_clear()
    KEPT.clear()


def test_the_answer_and_the_log_say_what_was_spared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (entry.aws_handler({"task": "repeat", "run": "r-1"}, None) for _ in range(2))
    assert first["inputs"] == {"words": {"bytes": 11, "received": 11, "saved": 0}}
    assert second["inputs"] == {"words": {"bytes": 11, "received": 0, "saved": 11}}
    sent = (folder / "data" / "many" / "data.txt.zst").stat().st_size
    assert first["outputs"] == {
        "many": {"bytes": 11_000, "where": "s3://far/many/data.txt.zst", "sent": sent, "saved": 11_000 - sent}
    }
    assert sent < 100
    said: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finished = [line for line in said if line["event"] == "finished"]
    assert [line["inputs"]["words"]["saved"] for line in finished] == [0, 11]
    assert finished[0]["outputs"] == first["outputs"]


def test_two_attempts_of_one_run_are_told_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [entry.aws_handler({"task": "repeat", "run": "r-1"}, None) for _ in range(2)]
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {line["run"] for line in said} == {"r-1"}
    assert {line["attempt"] for line in said} == {answer["attempt"] for answer in answers}
    assert len({line["attempt"] for line in said}) == 2
    assert sorted(each.name for each in (folder / "data" / "many").iterdir()) == ["data.txt.zst"]
