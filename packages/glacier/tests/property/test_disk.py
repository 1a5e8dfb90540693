"""Writing, under any sequence of exports, edits and interruptions: nothing of the user's is ever lost."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from glacier.disk import RECORD, digest, write
from glacier.errors import CompileError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

GENERATED = (
    "README.md",
    "aws/__main__.py",
    "aws/functions/tasks/code.py",
    "aws/functions/tasks/overrides.py",
    "gcp/__main__.py",
)
OVERRIDES = ("aws/overrides.py", "gcp/overrides.py")
ELSEWHERE = ("notes.txt", "aws/Pulumi.dev.yaml", "aws/functions/mine.py")

versions = st.dictionaries(st.sampled_from(GENERATED + OVERRIDES), st.integers(0, 2), min_size=1)
interruptions = st.tuples(
    st.sampled_from(["replace", "replace", "write_bytes", "unlink", "mkdir"]),
    st.integers(0, 6),
    st.sampled_from([OSError(28, "No space left on device"), KeyboardInterrupt()]),
    st.booleans(),
)


@contextmanager
def interrupted(step: str, allowed: int, error: BaseException, power_cut: bool) -> Iterator[None]:
    """The disk refuses a step after some of its kind; a power cut does not even clear up."""
    owner, count = (os if step == "replace" else Path), 0
    real = getattr(owner, step)

    def stopped(*given: object, **more: object) -> object:
        nonlocal count
        count += 1
        if count > allowed:
            raise error
        return real(*given, **more)

    with mock.patch.object(owner, step, stopped):
        if power_cut:
            with mock.patch.object(shutil, "rmtree"):
                yield
        else:
            yield


class Folder(RuleBasedStateMachine):
    """An output folder, with what the user wrote in it last, and whether an export could have been unfinished."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "infra"
        self.mine: dict[str, bytes] = {}
        self.count = 0

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def there(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not path.relative_to(self.folder).parts[0].startswith(".glacier-writing-")
        }

    def files(self, version: dict[str, int]) -> dict[str, bytes]:
        made = {path: f"{path} {number}".encode() for path, number in version.items()}
        return {**made, RECORD: json.dumps({"files": {p: digest(c) for p, c in made.items()}}).encode()}

    @invariant()
    def nothing_of_the_users_is_lost(self) -> None:
        there = self.there() if self.folder.exists() else {}
        for path, content in self.mine.items():
            assert there.get(path) == content, f"{path} is lost"

    @initialize(version=versions)
    def begin(self, version: dict[str, int]) -> None:
        """An export there already: a folder that the user filled first is never written to again."""
        self.export(version)

    @rule(version=versions)
    def export(self, version: dict[str, int]) -> None:
        files, before = self.files(version), self.there() if self.folder.exists() else {}
        try:
            write(files, self.folder)
        except CompileError:
            assert (self.there() if self.folder.exists() else {}) == before, "something was written"
            assert self.changed() & (files.keys() | self.ours()), "an export with nothing in its way was refused"
            return
        self.complete(files, before)

    def complete(self, files: dict[str, bytes], before: dict[str, bytes]) -> None:
        """What is there is what was generated, and what the user wrote."""
        kept = {path: content for path, content in before.items() if path in OVERRIDES}
        assert self.there() == {**files, **kept, **self.mine}
        assert not [path for path in self.folder.iterdir() if path.name.startswith(".glacier")]

    @rule(version=versions)
    def export_by_force(self, version: dict[str, int]) -> None:
        """What was generated and changed since may go; what was never generated may not."""
        files, before = self.files(version), self.there() if self.folder.exists() else {}
        ours = self.ours()
        try:
            write(files, self.folder, force=True)
        except CompileError:
            assert (self.there() if self.folder.exists() else {}) == before, "something was written"
            assert self.changed() & files.keys() - ours, "a forced export was refused with nothing in its way"
            return
        for path in ours - set(OVERRIDES):
            self.mine.pop(path, None)
        self.complete(files, before)

    def changed(self) -> set[str]:
        """What the user wrote where something might be generated."""
        return self.mine.keys() & set(GENERATED)

    def ours(self) -> set[str]:
        """What the record lists."""
        record = self.folder / RECORD
        return set(json.loads(record.read_text())["files"]) if record.exists() else set()

    @rule(version=versions, interruption=interruptions)
    def export_with_an_interruption(
        self, version: dict[str, int], interruption: tuple[str, int, BaseException, bool]
    ) -> None:
        files = self.files(version)
        try:
            with interrupted(*interruption):
                write(files, self.folder)
        except (CompileError, KeyboardInterrupt):
            return
        self.nothing_of_the_users_is_lost()

    @rule(path=st.sampled_from(GENERATED + OVERRIDES + ELSEWHERE))
    def the_user_writes(self, path: str) -> None:
        self.count += 1
        self.mine[path] = f"mine {self.count}".encode()
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(self.mine[path])

    @rule(path=st.sampled_from(GENERATED + OVERRIDES + ELSEWHERE))
    def the_user_deletes(self, path: str) -> None:
        """A file, and the folders that are empty without it: they would be somebody's."""
        (self.folder / path).unlink(missing_ok=True)
        self.mine.pop(path, None)
        for parent in (self.folder / path).parents:
            if parent != self.root and parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()


TestFolder = Folder.TestCase
TestFolder.settings = settings(
    max_examples=max(35, settings().max_examples // 3), stateful_step_count=12, deadline=None, database=None
)
