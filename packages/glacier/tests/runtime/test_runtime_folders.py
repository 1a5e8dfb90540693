"""What counts in a folder: of two forms of one thing the newest, files below it too, and no marks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from glacier.runtime.buckets import Bucket, Disk, Found, Remote
from glacier.runtime.folders import below, newest
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.packing import pack
from glacier.runtime.problems import Problem
from obstore.store import MemoryStore

PACKED = ("compress",)
Rows = Iterator[dict[str, Any]]


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", **options})


def source(**options: Any) -> Place:
    return place(source=True, **options)


class Counted(Remote):
    """A bucket in memory whose objects are each written a second after the one before; ``standing`` stops that."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), "s3://b")
        self.asked: list[str] = []
        self.standing = False
        self._times: dict[str, float] = {}
        self._now = 1.0

    def write(self, path: str, content: Any) -> int:
        self._now += 0.0 if self.standing else 1.0
        self._times[path] = self._now
        return super().write(path, content)

    def find(self, folder: str) -> list[Found]:
        self.asked.append(folder)
        found = super().find(folder)
        return [each._replace(written=self._times.get(folder + each.name, each.written)) for each in found]


class Stepped(Disk):
    """A disk on which each file is a second younger than the one before."""

    _now = 1_000_000_000

    def write(self, path: str, content: Any) -> int:
        size = super().write(path, content)
        self._now += 1
        os.utime(f"{self.root}/{path}", (self._now, self._now))
        return size


@pytest.fixture(params=["disk", "bucket"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    return Stepped(tmp_path) if request.param == "disk" else Counted()


def day(number: int) -> list[dict[str, str]]:
    return [{"day": str(number)}]


# --- One dataset is one object ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", ["csv", None])
@pytest.mark.parametrize("turned", [[(), PACKED], [PACKED, ()], [(), PACKED, ()], [PACKED, (), PACKED]])
def test_packing_that_is_turned_on_or_off(bucket: Bucket, declared: str | None, turned: list[tuple[str, ...]]) -> None:
    """What was written last is read, by whoever is told of the switch, or is not, and by other pipelines."""
    for number, switches in enumerate(turned):
        Objects(bucket).write(place(format="csv", transfer=switches), day(number), list)
        for known in ((), PACKED):
            assert Objects(bucket).read(place(format=declared, transfer=known), list) == day(number)
            assert Objects(bucket).exists(place(format=declared, transfer=known))
            assert Objects(bucket).read(source(format=declared, transfer=known), list) == day(number)
            assert list(Objects(bucket).read(source(format=declared, transfer=known), Rows)) == day(number)


def test_a_format_that_is_changed(bucket: Bucket) -> None:
    """Who reads a folder that another pipeline writes gets no rows twice."""
    Objects(bucket).write(place(format="csv"), day(1), list)
    Objects(bucket).write(place(format="json"), day(2), list)
    assert list(Objects(bucket).read(source(), Rows)) == day(2)
    assert Objects(bucket).read(place(format="csv"), list) == day(1)  # which is declared


@pytest.mark.parametrize("first", ["plain", "packed"])
def test_what_somebody_packed_beside_the_original(bucket: Bucket, first: str) -> None:
    """As ``zstd FILE`` does, which keeps it."""
    files = {"plain": ("d/a.csv", b"n\n1\n"), "packed": ("d/a.csv.zst", b"".join(pack([b"n\n2\n"])))}
    for path, content in (files.pop(first), *files.values()):
        bucket.write(path, content)
    bucket.write("d/b.csv", b"n\n3\n")
    last = {"plain": "2", "packed": "1"}[first]
    assert [row["n"] for row in Objects(bucket).read(source(), Rows)] == [last, "3"]


def test_forms_in_two_folders_are_two_things(bucket: Bucket) -> None:
    bucket.write("d/day=1/data.csv", b"n\n1\n")
    bucket.write("d/day=2/data.csv.zst", b"".join(pack([b"n\n2\n"])))
    assert [row["n"] for row in Objects(bucket).read(source(), Rows)] == ["1", "2"]


@pytest.mark.parametrize("switches", [(), PACKED])
def test_forms_of_one_second(switches: tuple[str, ...]) -> None:
    """The one counts in which the dataset would be written now."""
    bucket = Counted()
    bucket.standing = True
    for each in ((), PACKED, ()):
        Objects(bucket).write(place(format="csv", transfer=each), day(len(each)), list)
    assert Objects(bucket).read(place(format="csv", transfer=switches), list) == day(len(switches))
    assert Objects(bucket).read(source(transfer=switches), list) == day(len(switches))


def test_the_newest() -> None:
    found = [Found("data.csv", 2.0), Found("data.json.zst", 3.0), Found("x/data.csv", 1.0), Found("a", 1.0)]
    assert [each.name for each in newest(found, packs=False)] == ["a", "data.json.zst", "x/data.csv"]


def test_parquet_has_one_form_so_that_nobody_looks_for_another() -> None:
    bucket = Counted()
    Objects(bucket).write(place(format="parquet", transfer=PACKED), day(1), list)
    assert Objects(bucket).read(place(format="parquet"), list) == day(1)
    assert bucket.asked == []


# --- Folders in folders -----------------------------------------------------------------------------------------------


def test_files_below_a_source_are_read_in_the_order_of_their_paths(bucket: Bucket) -> None:
    for path in ("top.csv", "day=2/a.csv", "day=1/hour=3/a.csv", "day=1/b.csv"):
        bucket.write(f"d/{path}", f"from\n{path}\n".encode())
    assert [row["from"] for row in Objects(bucket).read(source(), Rows)] == [
        "day=1/b.csv",
        "day=1/hour=3/a.csv",
        "day=2/a.csv",
        "top.csv",
    ]
    with pytest.raises(Problem, match=r"holds 4 files \(day=1/b.csv, day=1/hour=3/a.csv, day=2/a.csv, top.csv\)"):
        Objects(bucket).read(source(), list)


def test_one_file_below_a_source(bucket: Bucket) -> None:
    bucket.write("d/day=1/a.csv", b"n\n1\n")
    assert Objects(bucket).exists(source())
    assert Objects(bucket).read(source(), list) == [{"n": "1"}]


def test_what_a_task_writes_is_not_looked_for_below(bucket: Bucket) -> None:
    bucket.write("d/below/data.csv", b"n\n1\n")
    for declared in ("csv", None):
        assert not Objects(bucket).exists(place(format=declared))
        with pytest.raises(Problem, match="there is nothing yet at"):
            Objects(bucket).read(place(format=declared), list)


def test_a_folder_whose_name_begins_alike_is_another(bucket: Bucket) -> None:
    bucket.write("d/a.csv", b"n\n1\n")
    bucket.write("d-more/b.csv", b"n\n2\n")
    assert Objects(bucket).read(source(), list) == [{"n": "1"}]


def test_what_engines_leave_beside_data_is_hidden(bucket: Bucket) -> None:
    for path in ("_SUCCESS", ".a.csv.crc", "_temporary/0/b.csv", ".snapshot/c.csv", "day=1/_started_1"):
        bucket.write(f"d/{path}", b"no data")
    assert not Objects(bucket).exists(source())
    with pytest.raises(Problem, match="there is no file in"):
        Objects(bucket).read(source(), list)
    bucket.write("d/_day=1/a.json", b"[1]")  # a partition of a column _day
    assert Objects(bucket).read(source(), list) == [1]


def test_many_folders(bucket: Bucket) -> None:
    paths = [f"year={year}/day={day}/a.txt" for year in range(3) for day in range(20)]
    for path in paths:
        bucket.write(f"d/{path}", b"1")
    assert sorted(each.name for each in below(bucket, "d/")) == sorted(paths)


def test_an_empty_object_with_the_name_of_a_folder_only_marks_it() -> None:
    bucket = Counted()
    bucket.write("d/day=1", b"")
    bucket.write("d/day=1/a.json", b"[1]")
    assert Objects(bucket).read(source(), list) == [1]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_folders_that_are_links_are_followed_and_a_circle_is_told(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.write("elsewhere/a.json", b"[1]")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "day=1").symlink_to(tmp_path / "elsewhere")
    assert Objects(disk).read(source(), list) == [1]
    (tmp_path / "d" / "again").symlink_to(tmp_path / "d")
    with pytest.raises(Problem, match="symbolic links"):
        Objects(disk).read(source(), list)
