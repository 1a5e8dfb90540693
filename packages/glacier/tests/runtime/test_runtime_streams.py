"""What is read bit by bit is read from pieces: nothing of it is on the disk, and little of it in memory."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from glacier.runtime import buckets
from glacier.runtime.buckets import Disk, Remote
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.packing import pack
from glacier.runtime.problems import Problem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

MIB = 1 << 20
common = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def source(path: str, *transfer: str) -> Place:
    return Place(store="s", path=path, source=True, transfer=transfer)


@pytest.fixture
def far() -> Objects:
    return Objects(Remote(MemoryStore(), "s3://far"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def files(folder: Path) -> list[str]:
    return [each.name for each in folder.rglob("*") if each.is_file()]


# --- Rows ------------------------------------------------------------------------------------------------------------

cells = st.text(st.sampled_from('ab",\r\n ü€😀\u2028\x0b'), max_size=6)


@common
@given(st.lists(st.fixed_dictionaries({"ä": cells, "b": cells}), max_size=5), st.integers(1, 9), st.booleans())
def test_csv_is_cut_anywhere(tmp_path: Path, rows: list[dict[str, str]], size: int, mark: bool) -> None:
    """In the middle of a character, of a line end, of a cell with lines of its own, or of a spreadsheet's mark."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["ä", "b"])
    writer.writeheader()
    writer.writerows(rows)
    store = Objects(Disk(tmp_path))
    store.bucket.write("rows.csv", text.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "PIECE", size)
        assert list(store.read(source("rows.csv"), Iterator[dict[str, str]])) == rows
        assert store.read(source("rows.csv"), list) == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_lines_may_end_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, size: int) -> None:
    monkeypatch.setattr(buckets, "PIECE", size)
    store = Objects(Disk(tmp_path))
    store.bucket.write("rows.csv", f"a,b{end}1,ü{end}{end}2,y{end}".encode())
    store.bucket.write("lines.txt", f"ü{end}{end}y".encode())
    rows = store.read(source("rows.csv"), Iterator[dict[str, str]])
    assert list(rows) == [{"a": "1", "b": "ü"}, {"a": "2", "b": "y"}]
    assert list(store.read(source("lines.txt"), Iterator[str])) == ["ü", "", "y"]


@pytest.mark.parametrize("content", ["", "\n", "a,b", "a,b\n\n"])
def test_csv_without_rows(tmp_path: Path, content: str) -> None:
    store = Objects(Disk(tmp_path))
    store.bucket.write("rows.csv", content.encode())
    assert list(store.read(source("rows.csv"), Iterator[dict[str, str]])) == []


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_json_may_be_laid_out_in_any_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None, size: int
) -> None:
    monkeypatch.setattr(buckets, "PIECE", size)
    rows = [{"a": [1, "ü\n"]}, {"a": {}}]
    store = Objects(Disk(tmp_path))
    store.bucket.write("rows.json", json.dumps(rows, indent=indent, ensure_ascii=False).encode())
    assert list(store.read(source("rows.json"), Iterator[dict[str, Any]])) == rows


@pytest.mark.parametrize("content", [b'{"a": 1}', b'[\n{"a": 1},\n{"a": ', b'[\n{"a": 1},\n', b"[\n{", b"[1"])
def test_json_that_is_no_rows(tmp_path: Path, content: bytes) -> None:
    store = Objects(Disk(tmp_path))
    store.bucket.write("rows.json", content)
    with pytest.raises(Problem, match=r"rows\.json (holds a dict|ends in the middle|cannot be read as json)"):
        list(store.read(source("rows.json"), Iterator[dict[str, Any]]))


ROWS = [{"a": "x" * 50, "b": str(number)} for number in range(2000)]
CONTENT: dict[str, bytes] = {
    "rows.csv": b"a,b\r\n" + b"".join(f"{row['a']},{row['b']}\r\n".encode() for row in ROWS),
    "rows.json": b"[\n" + b",\n".join(json.dumps(row).encode() for row in ROWS) + b"\n]\n",
    "one line.json": json.dumps(ROWS).encode(),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("switches", [(), ("parallel",), ("batch",)], ids="".join)
@pytest.mark.parametrize("name", CONTENT)
def test_rows_take_no_disk(far: Objects, temporary: Path, name: str, switches: tuple[str, ...], packed: bool) -> None:
    content, name = (b"".join(pack([CONTENT[name]])), f"{name}.zst") if packed else (CONTENT[name], name)
    for folder in ("one", "many", "many"):
        far.bucket.write(f"{folder}/{len(far.bucket.find(folder))} {name}", content)
    for path, times in (("one/", 1), ("many/", 2)):
        rows = far.read(source(path, *switches), Iterator[dict[str, str]])
        assert next(rows) == ROWS[0]
        assert not files(temporary)
        assert [ROWS[0], *rows] == ROWS * times
    assert not files(temporary)


def test_a_list_of_csv_takes_no_disk_either(far: Objects, temporary: Path) -> None:
    far.bucket.write("rows.csv", CONTENT["rows.csv"])
    assert far.read(source("rows.csv"), list) == ROWS
    assert not any(temporary.iterdir())


def test_rows_of_parquet_come_in_batches(tmp_path: Path) -> None:
    """All of them as dicts would be 50 MiB and more."""
    pq.write_table(pa.table({"n": range(200_000)}), tmp_path / "n.parquet")
    tracemalloc.start()
    try:
        rows = Objects(Disk(tmp_path)).read(source("n.parquet"), Iterator[dict[str, int]])
        assert next(rows) == {"n": 0}
        assert tracemalloc.get_traced_memory()[1] < 30 * MIB
    finally:
        tracemalloc.stop()
    assert sum(1 for _ in rows) == 199_999


def test_an_object_is_not_all_read_to_know_what_it_is(far: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    far.bucket.write("rows", CONTENT["rows.json"])
    monkeypatch.setattr(far.bucket, "read", None)
    assert list(far.read(source("rows"), Iterator[dict[str, str]])) == ROWS


# --- What needs a file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [(), ("batch",), ("parallel", "cache", "batch")], ids="-".join)
@pytest.mark.parametrize("suffix", [".parquet", ".parquet.zst"])
def test_files_of_a_folder_are_on_the_disk_one_at_a_time(
    far: Objects, temporary: Path, tmp_path: Path, suffix: str, switches: tuple[str, ...]
) -> None:
    """A folder may have more of them than the disk has room for."""
    pq.write_table(pa.table({"n": range(300_000)}), tmp_path / "n.parquet", compression="none")
    content = (tmp_path / "n.parquet").read_bytes()
    assert len(content) > MIB
    for number in range(3):
        far.bucket.write(f"in/{number}{suffix}", b"".join(pack([content])) if suffix == ".parquet.zst" else content)
        far.bucket.write(f"in/{number}-small{suffix}", far.bucket.read(f"in/{number}{suffix}"))
    seen: set[str] = set()
    place = source("in/", *switches)
    for batch in far.read(place, Iterator[pa.RecordBatch]):
        assert batch.num_rows
        seen |= {str(each) for each in temporary.rglob("*.parquet")}
        assert len(list(temporary.rglob("*.parquet"))) <= 1
    assert len(seen) == 6
    assert not list(temporary.rglob("*.parquet"))


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="a file that is always full is Linux's")
@pytest.mark.parametrize("name", ["n.parquet", "n.csv.zst"])
@pytest.mark.parametrize("switches", [(), ("parallel",)], ids="".join)
def test_a_full_disk_is_told_as_what_it_is(
    far: Objects, monkeypatch: pytest.MonkeyPatch, name: str, switches: tuple[str, ...]
) -> None:
    content = b"".join(pack([CONTENT["rows.csv"]])) if name.endswith(".zst") else CONTENT["rows.csv"]
    far.bucket.write(f"d/{name}", content)
    monkeypatch.setattr(buckets.Scratch, "file", lambda self, name: FULL)
    for wanted in (pa.Table, Path):
        with pytest.raises(Problem) as caught:
            far.read(source(f"d/{name}", *switches), wanted)
        assert caught.value.message == (
            f"the disk is full: s3://far/d/{name} is read from a file here, which did not fit"
        )
        assert caught.value.help.startswith("give the task more disk")


# --- Memory ----------------------------------------------------------------------------------------------------------

READ = """
import sys
from collections.abc import Iterator
from obstore.store import LocalStore
from glacier.runtime.buckets import Remote
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects

root, form, *switches = sys.argv[1:]
store = Objects(Remote(LocalStore(root), "x://far"))
place = Place(store="s", path="in/", source=True, transfer=tuple(switches))
total = 0
for item in store.read(place, Iterator[bytes] if form == "bytes" else Iterator[str]):
    total += len(item) + (form != "bytes")
with open("/proc/self/status") as status:  # getrusage would count what the process was forked from
    print(total, next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("switches", [(), ("parallel", "batch")], ids=["home", "abroad"])
@pytest.mark.parametrize("form", ["bytes", "rows"])
def test_small_files_that_hold_much_need_little_memory(tmp_path: Path, form: str, switches: tuple[str, ...]) -> None:
    """Twenty log files, of which each is 12 MiB and is packed to less than one."""
    (tmp_path / "in").mkdir()
    line = b'{"level": "INFO", "service": "checkout", "message": "request finished", "status": 200}\n'
    content = line * (12 * MIB // len(line))
    for number in range(20):
        (tmp_path / "in" / f"{number:02}.txt.zst").write_bytes(b"".join(pack([content])))
    words = [sys.executable, "-c", READ, str(tmp_path), form, *switches]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    size, peak = map(int, done.stdout.split())
    assert size == 20 * len(content)
    assert peak < 60
