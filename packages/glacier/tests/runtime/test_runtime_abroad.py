"""What is in another cloud is read in ranges, once, and many small objects at a time; uploads are never in memory."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from glacier.errors import TaskError
from glacier.runtime import abroad, buckets
from glacier.runtime.abroad import KEPT, Kept
from glacier.runtime.buckets import Disk, Facts, Remote
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.run import Step, run
from obstore.store import MemoryStore

PARALLEL, CACHE, BATCH = ("parallel",), ("cache",), ("batch",)


def place(*transfer: str, **options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", "transfer": transfer, **options})


class Watched(Remote):
    """A bucket in memory that remembers what it was asked for; ``before`` is called at the start of each request."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), "s3://far")
        self.asked: list[tuple[str, str]] = []
        self.before: Any = lambda: None

    def facts(self, path: str) -> Facts:
        self.asked.append(("facts", path))
        return super().facts(path)

    def part(self, path: str, start: int, end: int, etag: str) -> bytes:
        self.asked.append(("part", path))
        self.before()
        return super().part(path, start, end, etag)

    def opened(self, path: str, least: int) -> tuple[Facts, Iterator[bytes]]:
        self.asked.append(("opened", path))
        self.before()
        facts, stream = super().opened(path, least)
        whole = b"".join(stream)  # a network gives it bit by bit, a memory all at once
        return facts, (whole[at : at + least] for at in range(0, len(whole), least))

    def read(self, path: str) -> bytes:
        self.asked.append(("read", path))
        self.before()
        return super().read(path)

    def times(self, what: str) -> int:
        return sum(each == what for each, _ in self.asked)


@pytest.fixture
def far() -> Iterator[Watched]:
    KEPT.clear()
    yield Watched()
    KEPT.clear()


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of a thousand bytes, so that small objects are large ones, and a network that is never fast enough."""
    monkeypatch.setattr(abroad, "_RANGE", 1000)
    monkeypatch.setattr(abroad, "_STEP", 1000)
    monkeypatch.setattr(abroad, "_LARGE", 2000)
    monkeypatch.setattr(abroad, "_PATIENCE", -1)
    monkeypatch.setattr(abroad, "_FAST", math.inf)


CONTENT = os.urandom(10_300)
FORMS: list[tuple[Any, Any]] = [(bytes, bytes), (Iterator[bytes], b"".join), (Path, Path.read_bytes)]


@pytest.mark.parametrize("switches", [(), PARALLEL, CACHE, PARALLEL + CACHE])
@pytest.mark.parametrize(("wanted", "all_of"), FORMS, ids=["bytes", "pieces", "file"])
@pytest.mark.parametrize("size", [0, 1, 2000, 2001, 10_000, 10_300])
def test_every_way_gives_the_same(
    far: Watched, ranges: None, switches: tuple[str, ...], wanted: Any, all_of: Any, size: int
) -> None:
    far.write("d/data.bin", CONTENT[:size])
    objects = Objects(far)
    for _ in range(2):
        assert all_of(objects.read(place(*switches), wanted)) == CONTENT[:size]


def test_a_large_object_is_read_in_ranges_and_a_small_one_at_once(far: Watched, ranges: None) -> None:
    far.write("d/data.bin", CONTENT)
    assert Objects(far).read(place(*PARALLEL), bytes) == CONTENT
    assert (far.times("opened"), far.times("part")) == (1, 10)
    far.write("d/data.bin", CONTENT[:2000])
    assert Objects(far).read(place(*PARALLEL), bytes) == CONTENT[:2000]
    assert (far.times("opened"), far.times("part")) == (2, 10)
    assert Objects(far).read(place(), bytes) == CONTENT[:2000]
    assert far.times("read") == 1
    assert far.times("facts") == 0  # they come with the content


@pytest.mark.parametrize(
    ("seconds", "parts"),
    [
        pytest.param([0.09] * 11, 0, id="fast"),
        pytest.param([0.01] * 4 + [10] * 7, 0, id="decided"),
        pytest.param([0.01, 0.5] + [0] * 9, 9, id="slow"),
        pytest.param([0.15, 0.15] + [0] * 9, 9, id="slow in all"),
        pytest.param([0.15] + [0] * 10, 0, id="too early to tell"),
    ],
)
def test_one_stream_is_enough_while_it_is_fast(
    far: Watched, monkeypatch: pytest.MonkeyPatch, seconds: list[float], parts: int
) -> None:
    """``seconds`` are what the pieces of a stream take; ranges have 1000 bytes, and 10,000 a second are fast."""
    monkeypatch.setattr(abroad, "_RANGE", 1000)
    monkeypatch.setattr(abroad, "_STEP", 1000)
    monkeypatch.setattr(abroad, "_LARGE", 5000)
    monkeypatch.setattr(abroad, "_FAST", 10_000)
    monkeypatch.setattr(abroad, "_PATIENCE", 0.2)
    clock, held = itertools.accumulate(x for each in seconds for x in (0, each)), itertools.repeat(0)
    monkeypatch.setattr(abroad, "time", SimpleNamespace(perf_counter=lambda: next(clock, next(held))))
    far.write("d/data.bin", CONTENT)
    assert b"".join(Objects(far).read(place(*PARALLEL), Iterator[bytes])) == CONTENT
    assert far.times("part") == parts


def test_without_an_etag_there_are_no_ranges(far: Watched, ranges: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could be of several contents."""
    monkeypatch.setattr(buckets, "_facts", lambda said: Facts(said["size"], ""))
    far.write("d/data.bin", CONTENT)
    assert Objects(far).read(place(*PARALLEL, *CACHE), bytes) == CONTENT
    assert far.times("part") == 0


def test_ranges_are_read_at_the_same_time(far: Watched, ranges: None) -> None:
    far.write("d/data.bin", CONTENT)
    together = threading.Barrier(abroad._RANGES, timeout=20)
    first = itertools.count()
    # The first request is the stream; breaks unless so many of the ranges wait at once.
    far.before = lambda: 0 < next(first) <= abroad._RANGES and together.wait()
    assert Objects(far).read(place(*PARALLEL), bytes) == CONTENT


@pytest.mark.parametrize("conditions", [True, False], ids=["412", "200"])  # what a server answers
@pytest.mark.parametrize("switches", [PARALLEL, PARALLEL + CACHE])
@pytest.mark.parametrize("wanted", [bytes, Iterator[bytes], Path])
def test_an_object_that_is_replaced_meanwhile_is_never_mixed(
    far: Watched,
    ranges: None,
    monkeypatch: pytest.MonkeyPatch,
    switches: tuple[str, ...],
    wanted: Any,
    conditions: bool,
) -> None:
    client = far._client

    def get(store: object, path: str, *, options: dict[str, Any] | None = None) -> Any:
        kept = {key: value for key, value in (options or {}).items() if key != "if_match"}
        return client.get(store, path, options=kept)

    if not conditions:
        monkeypatch.setattr(far, "_client", SimpleNamespace(**{**vars(client), "get": get}))
    far.write("d/data.bin", CONTENT)
    # An empty one has no such ranges; a server that looks at the condition says that first.
    other = b"" if conditions else CONTENT[::-1]
    replaced = iter([False, True])  # after the stream was opened
    far.before = lambda: next(replaced, False) and Remote.write(far, "d/data.bin", other)
    step = Step("use", lambda value: list(value) and None, (("value", "far", wanted),), ())
    said = r"^task use(, dataset far)?: s3://far/d/data\.bin was replaced while it was read"
    with pytest.raises(TaskError, match=said) as raised:
        run(step, {"far": place(*switches)}, {"s": Objects(far)})
    assert raised.value.help == "run the task again"


def test_what_was_read_is_not_read_again(far: Watched) -> None:
    far.write("d/data.bin", CONTENT)
    first, second = Objects(far), Objects(far)
    assert first.read(place(*CACHE), bytes) == first.read(place(*CACHE), bytes) == CONTENT
    assert b"".join(second.read(place(*CACHE), Iterator[bytes])) == CONTENT
    assert (far.times("opened"), far.times("facts")) == (1, 2)
    assert (first.tallies["d/"].given, first.tallies["d/"].received) == (2 * len(CONTENT), len(CONTENT))
    assert (second.tallies["d/"].given, second.tallies["d/"].received) == (len(CONTENT), 0)
    far.write("d/data.bin", b"new")
    assert Objects(far).read(place(*CACHE), bytes) == b"new"


def test_a_task_may_change_its_own_copy(far: Watched) -> None:
    far.write("d/data.bin", CONTENT)
    objects = Objects(far)
    for _ in range(2):
        copy = objects.read(place(*CACHE), Path)
        assert copy.read_bytes() == CONTENT
        copy.write_bytes(b"changed")


def test_what_is_too_large_is_not_kept(far: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abroad, "KEPT", Kept(most=len(CONTENT) - 1))
    far.write("d/data.bin", CONTENT)
    for _ in range(2):
        assert Objects(far).read(place(*CACHE), bytes) == CONTENT
    assert far.times("opened") == 2


def test_what_was_not_asked_for_the_longest_goes(tmp_path: Path) -> None:
    kept, file = Kept(most=10), tmp_path / "file"
    file.write_bytes(b"1234")
    facts = Facts(4, "e")
    numbers = itertools.count()

    def there(where: str, found: Facts = facts) -> bool:
        return kept.get(where, found, tmp_path / str(next(numbers)))

    kept.put("a", facts, file)
    kept.put("b", facts, file)
    assert there("a")
    kept.put("c", facts, file)
    assert (there("a"), there("b"), there("c")) == (True, False, True)
    kept.put("a", Facts(4, "other"), file)  # what it was before is of no use
    assert (there("a"), there("a", Facts(4, "other")), there("c")) == (False, True, True)
    kept.clear()
    assert not there("c")
    assert (tmp_path / "0").read_bytes() == b"1234"  # somebody still reads it
    assert not kept.takes(Facts(4, ""))
    assert not kept.takes(Facts(11, "e"))


def test_an_object_that_is_not_there(far: Watched) -> None:
    for wanted in (bytes, Iterator[bytes], Path):
        with pytest.raises(Problem, match=r"there is nothing yet at s3://far/d/data\.bin"):
            Objects(far).read(place(*PARALLEL, *CACHE, format="bytes"), wanted)


# --- Many small objects ---------------------------------------------------------------------------------------------


@pytest.fixture(params=["disk", "far"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, far: Watched) -> Objects:
    bucket = Disk(tmp_path / "store") if request.param == "disk" else far
    for number in range(40):
        bucket.write(f"in/{number:02}.json", f'[{{"n": {number}}}, {{"n": {number}}}]'.encode())
    return Objects(bucket)


def source(*transfer: str) -> Place:
    return place(*transfer, path="in/", source=True)


@pytest.mark.parametrize("switches", [(), BATCH, ("parallel", "cache", "batch")])
def test_many_files_are_one_stream(folder: Objects, switches: tuple[str, ...]) -> None:
    rows = folder.read(source(*switches), Iterator[dict[str, int]])
    assert [row["n"] for row in rows] == [number // 2 for number in range(80)]
    assert b"".join(folder.read(source(*switches), Iterator[bytes])).count(b"[") == 40
    assert folder.exists(source(*switches))
    with pytest.raises(Problem, match=r"holds 40 files .* and a source is one file"):
        folder.read(source(*switches), list)


def test_record_batches_of_many_files(folder: Objects) -> None:
    for number in range(3):
        table = pa.Table.from_pylist([{"n": number}])
        folder.write(place(path=f"batches/{number}.parquet"), table, pa.Table)
    batches = folder.read(place(*BATCH, path="batches/", source=True), Iterator[pa.RecordBatch])
    assert [row["n"] for batch in batches for row in batch.to_pylist()] == [0, 1, 2]


def test_small_files_are_asked_for_many_at_a_time(far: Watched) -> None:
    from glacier.runtime import reading

    for number in range(reading.MANY):
        far.write(f"in/{number:02}.bin", bytes([number]))
    together = threading.Barrier(reading.MANY, timeout=20)
    far.before = together.wait  # breaks unless all of them wait at once
    assert b"".join(Objects(far).read(source(*BATCH), Iterator[bytes])) == bytes(range(reading.MANY))


def test_without_the_switch_one_after_the_other(far: Watched) -> None:
    for number in range(5):
        far.write(f"in/{number}.bin", bytes([number]))
    found = Objects(far).read(source(), Iterator[bytes])
    assert next(found) == b"\0"
    assert far.times("opened") == 1


def test_a_large_file_among_them_is_read_in_pieces(far: Watched) -> None:
    far.write("in/a.bin", b"a")
    far.write("in/b.bin", bytes(2_000_000))
    assert sum(map(len, Objects(far).read(source(*BATCH), Iterator[bytes]))) == 2_000_001
    assert ("opened", "in/b.bin") in far.asked
    assert ("read", "in/b.bin") not in far.asked


@pytest.mark.parametrize("switches", [(), BATCH])
def test_a_bad_file_among_them_is_named(folder: Objects, switches: tuple[str, ...]) -> None:
    folder.bucket.write("in/07.json", b'[{"n": 1')
    step = Step("use", lambda rows: list(rows) and None, (("rows", "many", Iterator[dict[str, int]]),), ())
    with pytest.raises(TaskError, match=r"in/07\.json"):
        run(step, {"many": source(*switches)}, {"s": folder})


# --- Uploads ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "PIECE", 1000)


def test_an_upload_may_be_made_of_a_download(far: Watched, small: None) -> None:
    objects = Objects(far)
    objects.write(place(format="bytes"), CONTENT, bytes)
    read = objects.read(place(format="bytes"), Iterator[bytes])
    assert objects.write(place(path="e/"), read, Iterator[bytes]).size == len(CONTENT)
    assert objects.read(place(path="e/"), bytes) == CONTENT


def test_an_upload_that_fails_in_the_middle_leaves_what_was_there(far: Watched, small: None) -> None:
    objects = Objects(far)
    objects.write(place(), b"before", bytes)

    def pieces() -> Iterator[bytes]:
        yield CONTENT
        yield CONTENT
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        objects.write(place(), pieces(), Iterator[bytes])
    assert Objects(far).read(place(), bytes) == b"before"


def test_a_stream_has_as_many_parts_as_a_store_takes(far: Watched, small: None) -> None:
    with pytest.raises(Problem, match=r"comes in pieces, and is more than .* GiB") as raised:
        Objects(far).write(place(), itertools.repeat(CONTENT), Iterator[bytes])
    assert raised.value.help.startswith("return the path of a file")
    assert not far.find("d/")


COPY = """
import sys
from collections.abc import Iterator
from obstore.store import LocalStore
from glacier.runtime.buckets import Remote
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects

root, switches = sys.argv[1], tuple(sys.argv[2:])
store = Objects(Remote(LocalStore(root), "x://far"))
pieces = store.read(Place(store="s", path="in/data.bin", transfer=switches), Iterator[bytes])
written = store.write(Place(store="s", path="out/", transfer=switches), pieces, Iterator[bytes])
with open("/proc/self/status") as status:  # getrusage would count what the process was forked from
    print(written.size, next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("switches", [(), ("compress", "parallel", "batch")], ids=["home", "abroad"])
def test_a_large_object_needs_little_memory(tmp_path: Path, switches: tuple[str, ...]) -> None:
    """256 MiB, of which half can be packed, through a process of its own."""
    (tmp_path / "in").mkdir()
    mebibytes = 256
    with (tmp_path / "in" / "data.bin").open("wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(1 << 19) + bytes(1 << 19))
    words = [sys.executable, "-c", COPY, str(tmp_path), *switches]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True)
    size, peak = map(int, done.stdout.split())
    assert size == mebibytes << 20
    assert peak < 130
