"""An object that is taken so slowly that its answer ends before all of it is there: what is left is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from glacier.runtime.abroad import KEPT
from glacier.runtime.buckets import Remote
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from obstore.store import MemoryStore

CONTENT = os.urandom(10_300)


class Breaking(Remote):
    """A bucket whose answers end after so many bytes."""

    def __init__(self, after: int) -> None:
        super().__init__(MemoryStore(), "s3://far")
        self.write("d/data.bin", CONTENT)
        self._obstore, self._after, self.asked = self._client, after, 0
        self._client = SimpleNamespace(**{**vars(self._obstore), "get": self._get})

    def _get(self, *arguments: Any, **options: Any) -> Any:
        self.asked += 1
        found = self._obstore.get(*arguments, **options)
        return SimpleNamespace(meta=found.meta, stream=lambda **_: self._stream(bytes(found.bytes())))

    def _stream(self, content: bytes) -> Iterator[bytes]:
        if self._after:
            yield content[: self._after]
        if len(content) > self._after:
            raise self._obstore.exceptions.GenericError("request or response body error")


def place(*transfer: str) -> Place:
    return Place(store="s", path="d/", transfer=transfer)


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    KEPT.clear()


@pytest.mark.parametrize("switches", [(), ("cache",)])
@pytest.mark.parametrize(("wanted", "all_of"), [(Iterator[bytes], b"".join), (Path, Path.read_bytes)])
def test_all_of_it_is_given(wanted: Any, all_of: Callable[[Any], bytes], switches: tuple[str, ...]) -> None:
    bucket = Breaking(1000)
    objects = Objects(bucket)  # holds the files that it gives
    assert all_of(objects.read(place(*switches), wanted)) == CONTENT
    assert bucket.asked == 11


def test_what_is_left_is_of_the_same_content() -> None:
    bucket = Breaking(1000)
    pieces = Objects(bucket).read(place(), Iterator[bytes])
    assert next(pieces) == CONTENT[:1000]
    bucket.write("d/data.bin", CONTENT[::-1])
    with pytest.raises(Problem, match="was replaced while it was read"):
        next(pieces)


def test_an_answer_that_gives_nothing_is_not_asked_for_again() -> None:
    bucket = Breaking(0)
    with pytest.raises(Problem, match="response body error"):
        next(Objects(bucket).read(place(), Iterator[bytes]))
    assert bucket.asked == 1
