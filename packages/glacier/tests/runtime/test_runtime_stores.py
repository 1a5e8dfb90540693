"""Where datasets are: names and folders, one result or none, and what is said when there is nothing."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from glacier.errors import TaskError
from glacier.runtime import buckets, leftovers, stores
from glacier.runtime.buckets import Disk, Remote
from glacier.runtime.clients import CLIENTS
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.stores import Memory, Store, open_from, open_store
from glacier.runtime.who import Who


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", **options})


@pytest.fixture(params=["file", "memory", "sqlite+keys"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store that keeps objects and needs no cloud."""
    return open_store(f"{request.param}://{tmp_path}/data" if request.param != "memory" else "memory://")


def test_the_newest_object_of_a_folder_counts(store: Store) -> None:
    first, second = place(), place()
    store.write(first, "text", None)
    time.sleep(0.01)
    store.write(second, [1], None)
    fresh = Objects(store.bucket)  # type: ignore[attr-defined]
    assert fresh.read(place(), None) == [1]
    assert fresh.read(place(format="text"), None) == "text"


def test_a_source_is_one_file_of_any_name(store: Store) -> None:
    bucket = store.bucket  # type: ignore[attr-defined]
    source = place(source=True)
    assert not _exists(store, source)
    bucket.write("d/monday.json", b"[1]")
    assert store.exists(source)
    assert store.read(source, list) == [1]
    bucket.write("d/tuesday.json", b"[2]")
    with pytest.raises(Problem, match=r"holds 2 files \(monday.json, tuesday.json\), and a source is one file"):
        store.read(source, list)


def test_one_object(store: Store) -> None:
    one = place(path="in/orders.csv", source=True)
    assert not _exists(store, one)
    store.bucket.write("in/orders.csv", b"a\n1\n")  # type: ignore[attr-defined]
    assert store.exists(one)
    assert store.read(one, list) == [{"a": "1"}]


def _exists(store: Store, where: Place) -> bool:
    try:
        return store.exists(where)
    except Problem:
        return False


@pytest.mark.parametrize("form", [None, list, bytes, Path, pl.LazyFrame, Iterator[dict], Iterator[bytes]])
def test_what_is_not_there_yet(store: Store, form: Any) -> None:
    for options in ({}, {"format": "json"}, {"format": "csv"}, {"path": "one.json"}):
        with pytest.raises(Problem, match="there is nothing yet at") as caught:
            store.read(place(**options), form)
        assert caught.value.help == "run the task that writes it first"


def test_where_a_source_is_missing_and_what_to_type(tmp_path: Path) -> None:
    disk = open_store(f"file://{tmp_path}")
    with pytest.raises(Problem) as caught:
        disk.read(place(source=True, format="csv"), list)
    assert caught.value.message == f"there is no file in {tmp_path}/d/"
    assert caught.value.help == f"put one there: mkdir -p {tmp_path}/d/ && cp FILE.csv {tmp_path}/d/"


def test_large_objects_are_read_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "PIECE", 1000)
    store.write(place(), bytes(5000), None)
    assert b"".join(store.read(place(), Iterator[bytes])) == bytes(5000)


def test_hidden_files_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / ".DS_Store").write_bytes(b"")
    (tmp_path / "d" / "x.txt").write_text("x")
    assert open_store(f"file://{tmp_path}").read(place(source=True), str) == "x"


class Putting:
    """A client that remembers with what objects are put."""

    def __init__(self) -> None:
        self.attributes: list[Any] = []

    def put(self, store: object, path: str, content: object, *, attributes: Any, **how: Any) -> None:
        self.attributes.append(attributes)


class Broken:
    """A cloud whose every answer is one error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise self.error

        return fail


def test_an_access_that_is_missing() -> None:
    from obstore.exceptions import PermissionDeniedError

    bucket = Remote(None, "s3://b")
    bucket._client = Broken(PermissionDeniedError("no"))
    for use in (
        lambda s: s.read(place(format="json"), list),
        lambda s: s.write(place(), [1], None),
        lambda s: s.read(place(), list),
    ):
        with pytest.raises(Problem, match=r"s3://b/d/\S* may not be used: no"):
            use(Objects(bucket))


def test_a_cloud_that_does_not_answer() -> None:
    from obstore.exceptions import GenericError

    bucket = Remote(None, "s3://b")
    bucket._client = Broken(GenericError("connection reset\nby peer"))
    with pytest.raises(Problem, match=r"s3://b/d/: GenericError: connection reset$"):
        Objects(bucket).read(place(format="json"), list)


def test_azure_when_another_attempt_ended_first() -> None:
    from obstore.exceptions import GenericError

    said = "Generic MicrosoftAzure error: 400 Bad Request: <?xml?>\n<Error>\n  <Code>InvalidBlockList</Code>\n</Error>"
    bucket = Remote(None, "az://a/b")
    bucket._client = Broken(GenericError(said))
    with pytest.raises(Problem, match=r"another attempt has written az://a/b/d/data\.json meanwhile") as caught:
        Objects(bucket).write(place(), [1], None)
    assert "run the task again" in caught.value.help


def test_the_storage_class_is_sent_with_each_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    for address, attributes, where in (
        ("s3://b/in/?region=eu-west-1&storage_class=STANDARD_IA", {"Storage-Class": "STANDARD_IA"}, "s3://b/in/x"),
        ("s3://b/?region=eu-west-1", None, "s3://b/x"),
        ("az://acc/box/in/?tier=Cool", {"Storage-Class": "Cool"}, "az://acc/box/in/x"),
    ):
        bucket = open_store(address).bucket  # type: ignore[attr-defined]
        assert bucket._attributes == attributes
        assert bucket.where("x") == where
        sent = Putting()
        bucket._client = sent
        bucket.write("x", b"1")
        bucket.write("x", lambda path: path.write_bytes(b"22") and None)
        assert sent.attributes == [attributes] * 2


def test_addresses_that_nothing_opens() -> None:
    for address in ("cosmos://a/b", "nonsense"):
        with pytest.raises(Problem, match="nothing here opens an address"):
            open_store(address)


def test_addresses_come_from_the_environment(tmp_path: Path) -> None:
    opened = open_from({"GLACIER_STORE_MY_LAKE": f"file://{tmp_path}/a%20b"}, {"my-lake": "d"}, Who("t"))
    assert opened["my-lake"].write(place(), [1], None).where == f"{tmp_path}/a b/d/data.json"
    with pytest.raises(TaskError, match="storage my-lake has no address") as caught:
        open_from({}, {"my-lake": "d"}, Who("t"))
    assert "GLACIER_STORE_MY_LAKE" in caught.value.help
    with pytest.raises(TaskError, match="task t, dataset d: nothing here opens"):
        open_from({"GLACIER_STORE_X": "ftp://x"}, {"x": "d"}, Who("t"))


def test_every_scheme_has_an_opener_that_is_there() -> None:
    from pkgutil import resolve_name

    assert all(callable(resolve_name(each) if isinstance(each, str) else each) for each in stores._OPENERS.values())
    assert set(CLIENTS) <= set(stores._OPENERS)


# One result, or none


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = open_store(f"file://{tmp_path}")
    disk.write(place(), [1], None)

    def full(path: str, content: Any) -> int:
        Path(path).write_bytes(b"[1, ")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(buckets, "_fill", full)
    with pytest.raises(Problem, match="the disk is full"):
        disk.write(place(), [1, 2], None)
    monkeypatch.undo()
    assert disk.read(place(), list) == [1]
    disk.close()
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")] == ["d", "d/data.json"]


@pytest.mark.skipif(os.name == "nt", reason="a folder's rights are not so there")
def test_an_iterator_that_fails_leaves_nothing(tmp_path: Path) -> None:
    disk = open_store(f"file://{tmp_path}")

    def rows() -> Any:
        yield {"a": 1}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        disk.write(place(), rows(), None)
    disk.close()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys, time
from pathlib import Path
from glacier.runtime.manifest import Place
from glacier.runtime.stores import open_store

def pieces():
    yield b"half of it"
    print("now", flush=True)
    time.sleep(60)

open_store("file://" + sys.argv[1]).write(Place(store="s", path="d/"), pieces(), __import__("typing").Iterator[bytes])
"""


def test_a_process_that_is_killed_in_the_middle_of_a_write(tmp_path: Path) -> None:
    disk = open_store(f"file://{tmp_path}")
    disk.write(place(), b"before", bytes)
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert disk.read(place(), bytes) == b"before"
    assert len(list((tmp_path / ".writing").iterdir())) == 1
    again = open_store(f"file://{tmp_path}")
    assert list((tmp_path / ".writing").iterdir()) == []
    again.write(place(), b"after", bytes)
    assert disk.read(place(), bytes) == b"after"


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    writing = tmp_path / ".writing"
    writing.mkdir()
    names = [f"{leftovers._HOST}{os.getppid()}-1-1", "elsewhere~1-1-1", "something"]
    for name in names:
        (writing / name).touch()
    Disk(tmp_path).close()
    assert sorted(file.name for file in writing.iterdir()) == sorted(names)


def test_many_writers_of_one_object(tmp_path: Path) -> None:
    """A reader sees one of the values, whole, whenever it looks."""
    values = [bytes([number]) * 100_000 for number in range(4)]
    disk = open_store(f"file://{tmp_path}")
    disk.write(place(), values[0], bytes)
    wrong: list[bytes] = []
    stop = threading.Event()

    def write(value: bytes) -> None:
        own = open_store(f"file://{tmp_path}")
        for _ in range(30):
            own.write(place(), value, bytes)

    def read() -> None:
        while not stop.is_set():
            found = disk.read(place(), bytes)
            if found not in values:
                wrong.append(found)

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(value,)) for value in values]
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    reader.join()
    assert wrong == []
    assert len(multiprocessing.active_children()) == 0


# Memory


def test_memory_gives_the_very_object() -> None:
    memory, value = Memory(), {"a": [1]}
    assert memory.write(place(), value, None) == ("memory", None, None)
    assert memory.read(place(), dict) is value
    with pytest.raises(Problem, match="is given by nobody"):
        memory.read(place(path="other/"), None)
    with pytest.raises(Problem, match="holds a dict, not a list") as caught:
        memory.read(place(), list)
    assert "the task that reads it wants list" in caught.value.help


def test_memory_keeps_an_iterator_for_all_readers(tmp_path: Path) -> None:
    from collections.abc import Iterator

    memory = Memory()
    memory.write(place(), iter([1, 2]), Iterator[int])
    assert [list(memory.read(place(), Iterator[int])) for _ in range(2)] == [[1, 2], [1, 2]]
    memory.write(place(), "text", str)
    assert memory.read(place(), bytes) == b"text"
    memory.write(place(), b"text", bytes)
    assert memory.read(place(), str) == "text"
    file = tmp_path / "f"
    file.write_text("content")
    memory.write(place(), file, Path)
    assert memory.read(place(), str) == "content"
    assert memory.read(place(), Path) == file
