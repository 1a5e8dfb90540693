"""The runtime's stores against real servers: every format, what is missing or broken, and many or large objects."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from e2e.homes import BUCKET, Home
from glacier.runtime import abroad
from glacier.runtime.buckets import Remote
from glacier.runtime.codecs import SUFFIXES
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from servers import clouds
from servers.buckets import azure_tier, gcs_folder
from servers.running import Server

MANY = 1_100  # more than one page of a listing
MIB = 1 << 20
ROWS = [{"city": "Oslo", "degrees": -3.5}, {"city": "Nîmes", "degrees": 31.0}]
TABLE = pa.table({"city": ["Oslo", "Nîmes"], "degrees": [-3.5, 31.0]})
RANDOM = random.Random(1)


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", **options})


# A value to write, its format, the type its reader asks for, and what the reader's value must say.
VALUES: dict[str, tuple[Callable[[], Any], str | None, Any, Callable[[Any], Any], Any]] = {
    "plain": (lambda: {"a": [1, None, "ü"]}, None, dict[str, list[Any]], lambda read: read, {"a": [1, None, "ü"]}),
    "json rows": (lambda: iter(ROWS), "json", Iterator[dict[str, Any]], list, ROWS),
    "csv": (lambda: ROWS, "csv", list[dict[str, str]], lambda read: read[1], {"city": "Nîmes", "degrees": "31.0"}),
    "csv frame": (lambda: pl.DataFrame(ROWS), "csv", pl.DataFrame, pl.DataFrame.to_dicts, ROWS),
    "text": (lambda: "naïve\n", None, str, str, "naïve\n"),
    "bytes": (lambda: b"\0\xff", None, bytes, bytes, b"\0\xff"),
    "empty": (lambda: b"", None, bytes, bytes, b""),
    "pieces": (lambda: iter([b"one", b"two"]), None, Iterator[bytes], b"".join, b"onetwo"),
    "polars": (lambda: pl.DataFrame(ROWS), None, pl.DataFrame, pl.DataFrame.to_dicts, ROWS),
    "lazy": (lambda: pl.LazyFrame(ROWS), None, pl.LazyFrame, lambda read: read.collect().to_dicts(), ROWS),
    "pandas": (lambda: pd.DataFrame(ROWS), None, pd.DataFrame, lambda read: read.to_dict("records"), ROWS),
    "arrow": (lambda: TABLE, None, pa.Table, lambda read: read.to_pylist(), ROWS),
    "reader": (TABLE.to_reader, None, pa.RecordBatchReader, lambda read: read.read_all().to_pylist(), ROWS),
    "batches": (
        lambda: iter(TABLE.to_batches()),
        "parquet",
        Iterator[pa.RecordBatch],
        lambda read: pa.Table.from_batches(read).to_pylist(),
        ROWS,
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_is_written_is_read(home: Home, name: str) -> None:
    make, kind, wanted, seen, expected = VALUES[name]
    writer, reader = home.open(), home.open()
    written = writer.write(place(format=kind), make(), wanted)
    assert seen(reader.read(place(format=kind), wanted)) == expected
    assert [f"{home.scheme}://{home.place}/d/{each.name}" for each in reader.bucket.find("d/")] == [written.where]
    writer.close()
    reader.close()


def test_a_file(home: Home, tmp_path: Path) -> None:
    """More than one part of an upload, and read again in pieces."""
    content = RANDOM.randbytes(20 * MIB)
    given = tmp_path / "photo.bin"
    given.write_bytes(content)
    store = home.open()
    assert store.write(place(), given, Path).size == len(content)
    read = store.read(place(), Path)
    assert read.read_bytes() == content
    pieces = list(store.read(place(), Iterator[bytes]))
    assert len(pieces) > 1
    assert b"".join(pieces) == content
    store.close()
    assert not read.exists()


SWITCHES = [("parallel",), ("cache",), ("compress",), ("parallel", "cache", "compress", "batch")]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that are never fast enough: a server on this machine is too fast for ranges."""
    monkeypatch.setattr(abroad, "_PATIENCE", -1)
    monkeypatch.setattr(abroad, "_FAST", math.inf)


@pytest.mark.parametrize("switches", SWITCHES, ids="-".join)
def test_what_goes_to_another_cloud(home: Home, switches: tuple[str, ...]) -> None:
    """As one stream, kept, packed, or all of it: what is read is what was written, also after it was replaced."""
    _written_and_read(home, switches)


def test_what_goes_to_another_cloud_in_ranges(home: Home, slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What servers make of them: their ends, the last one, and conditions."""
    asked: list[tuple[int, int]] = []
    part = Remote.part

    def watched(self: Remote, path: str, start: int, end: int, etag: str) -> bytes:
        asked.append((start, end))
        return part(self, path, start, end, etag)

    monkeypatch.setattr(Remote, "part", watched)
    _written_and_read(home, ("parallel",))
    assert MIB in {end - start for start, end in asked}
    assert {end for _, end in asked} >= {20 * MIB, 10 * MIB}


def _written_and_read(home: Home, switches: tuple[str, ...]) -> None:
    crossing = place(transfer=switches)
    for content in (RANDOM.randbytes(20 * MIB), bytes(10 * MIB), b"small"):
        home.open().write(crossing, content, bytes)
        for _ in range(2):
            assert home.open().read(crossing, bytes) == content
        assert b"".join(home.open().read(crossing, Iterator[bytes])) == content


@pytest.mark.parametrize("home", ["ministack", "moto", "azure"], indirect=True)  # fake-gcs-server takes no If-Match
def test_an_object_that_is_replaced_while_it_is_read(home: Home, slow: None) -> None:
    """Is an error, and never the beginning of one and the end of the other."""
    crossing = place(transfer=("parallel",))
    store = home.open()
    store.write(crossing, RANDOM.randbytes(64 * MIB), bytes)
    pieces = home.open().read(crossing, Iterator[bytes])
    seen = [next(pieces)]
    store.write(crossing, RANDOM.randbytes(64 * MIB), bytes)
    with pytest.raises(Problem, match="was replaced while it was read"):
        seen.extend(pieces)


def test_an_object_that_is_replaced_while_its_stream_is_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream goes on with what it began with, or it is an error."""
    monkeypatch.setattr(abroad, "_PATIENCE", math.inf)
    crossing = place(transfer=("parallel",))
    store, before = home.open(), RANDOM.randbytes(64 * MIB)
    store.write(crossing, before, bytes)
    pieces = home.open().read(crossing, Iterator[bytes])
    seen = [next(pieces)]
    store.write(crossing, RANDOM.randbytes(64 * MIB), bytes)
    with contextlib.suppress(Problem):
        seen.extend(pieces)
    assert b"".join(seen) == before[: sum(map(len, seen))]


def test_the_newest_of_two_formats_counts(home: Home) -> None:
    store = home.open()
    store.bucket.write("d/data.txt", b"old")
    time.sleep(1.1)  # listings tell when an object was written to the second
    store.write(place(), [1], None)
    assert home.open().read(place(), None) == [1]


def test_packing_that_is_turned_on_and_off(home: Home) -> None:
    """What was written before stays, and does not count, for tasks and for who reads the folder as a source."""
    csv = {"format": "csv"}
    off, on, source = place(**csv), place(**csv, transfer=("compress",)), place(**csv, source=True)
    for number, now in enumerate((off, on, off)):
        time.sleep(1.1 if number else 0)
        home.open().write(now, [{"day": str(number)}], list)
        for reader in (off, on, source):
            assert home.open().read(reader, list) == [{"day": str(number)}]
        assert list(home.open().read(source, Iterator[dict[str, str]])) == [{"day": str(number)}]


@pytest.fixture
def mark(home: Home, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Makes an empty folder as the cloud's console does."""
    bucket, _, prefix = home.place.partition("/")

    def make(name: str) -> None:
        if home.scheme == "gs":
            gcs_folder(request.getfixturevalue("fake_gcs"), bucket, f"{prefix}/{name}")
        else:
            client = request.getfixturevalue("aws")("s3", home.server)
            client.put_object(Bucket=bucket, Key=f"{prefix}/{name}/", Body=b"")

    return make


@pytest.mark.parametrize("home", ["ministack", "moto", "gcs"], indirect=True)
def test_a_folder_that_was_made_in_a_console(home: Home, mark: Callable[[str], None]) -> None:
    """Is no file, be it the dataset's own or one in it, which may be empty."""
    source = place(source=True)
    mark("d")
    assert not home.open().exists(source)
    with pytest.raises(Problem, match="there is no file in "):
        home.open().read(source, list)
    for folder in ("d/day=1", "d/day=2"):
        mark(folder)
    home.open().bucket.write("d/day=1/a.csv", b"n\n1\n")
    assert home.open().read(source, list) == [{"n": "1"}]
    home.open().bucket.write("d/b.csv", b"n\n2\n")
    assert [row["n"] for row in home.open().read(source, Iterator[dict[str, str]])] == ["2", "1"]
    home.open().write(place(), [3], None)
    assert home.open().read(place(), None) == [3]


def test_a_source_of_partitions(home: Home) -> None:
    """Files below it are read in the order of their paths; what engines leave beside them is not, nor other folders."""
    store, source = home.open(), place(source=True)
    for path in ("top.csv", "day=2/a.csv", "day=1/hour=3/a.csv", "day=1/b.csv"):
        store.bucket.write(f"d/{path}", f"from\n{path}\n".encode())
    for path in ("d/_SUCCESS", "d/day=1/.b.csv.crc", "d/_temporary/0/a.csv", "d-more/a.csv"):
        store.bucket.write(path, b"no data")
    store.bucket.write("d/day=2", b"")  # a mark of Hadoop's
    read = [row["from"] for row in store.read(source, Iterator[dict[str, str]])]
    assert read == ["day=1/b.csv", "day=1/hour=3/a.csv", "day=2/a.csv", "top.csv"]


def test_a_source_is_one_file_of_any_name(home: Home) -> None:
    store, source = home.open(), place(source=True, format="csv")
    store.bucket.write("d/orders 2024-ü.csv", b"a\n1\n")
    assert store.exists(source)
    assert store.read(source, list) == [{"a": "1"}]
    store.bucket.write("d/second.csv", b"a\n2\n")
    with pytest.raises(Problem, match="holds 2 files"):
        store.read(source, list)


def test_a_source_that_is_missing(home: Home) -> None:
    with pytest.raises(Problem, match="there is no file in ") as caught:
        home.open().read(place(source=True), list)
    assert f"{home.scheme}://{home.place}/d/" in caught.value.help


@pytest.mark.parametrize("form", [None, dict, bytes, Path, Iterator[bytes], Iterator[dict], pl.LazyFrame])
@pytest.mark.parametrize("options", [{}, {"format": "json"}, {"format": "csv"}, {"path": "one.json"}])
def test_what_is_not_there(home: Home, form: Any, options: dict[str, str]) -> None:
    store = home.open()
    with pytest.raises(Problem, match="there is nothing yet at"):
        store.read(place(**options), form)
    assert not store.exists(place(path="one.json"))


def test_a_bucket_that_is_not_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Home(home.server, home.scheme, home.place.replace(BUCKET, "no-such-bucket"), home.environment)
    with pytest.raises(Problem, match="no-such-bucket"):
        other.open().write(place(), [1], None)


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_what_was_cut_off(home: Home, kind: str) -> None:
    store, whole = home.open(), place(format=kind)
    store.write(whole, ROWS * 100, list)
    path = f"d/data{SUFFIXES[kind]}"
    store.bucket.write(path, store.bucket.read(path)[:-20])
    for form in (list, pl.DataFrame):
        with pytest.raises(Problem, match=f"cannot be read as {kind}"):
            home.open().read(whole, form)


def test_many_small_objects(home: Home) -> None:
    store = home.open()
    with ThreadPoolExecutor(16) as threads:
        sizes = list(threads.map(lambda number: store.bucket.write(f"d/{number:04}.txt", b"x"), range(MANY)))
    assert sum(sizes) == MANY
    assert {each.name for each in store.bucket.find("d/")} == {f"{number:04}.txt" for number in range(MANY)}
    with pytest.raises(Problem, match=f"holds {MANY} files"):
        store.read(place(source=True), list)


@pytest.mark.parametrize("home", ["ministack", "moto"], indirect=True)
@pytest.mark.parametrize("size", [1, 12 * MIB])
def test_the_storage_class_of_s3(home: Home, size: int, request: pytest.FixtureRequest) -> None:
    """In one request, and in parts."""
    home.open().write(place(), bytes(size), bytes)
    client = request.getfixturevalue("aws")("s3", home.server)
    key = f"{home.place.partition('/')[2]}/d/data.bin"
    assert client.head_object(Bucket=BUCKET, Key=key)["StorageClass"] == "STANDARD_IA"


@pytest.mark.parametrize("home", ["azure"], indirect=True)
@pytest.mark.parametrize("size", [1, 12 * MIB])
def test_the_tier_of_azure(home: Home, size: int) -> None:
    home.open().write(place(), bytes(size), bytes)
    assert azure_tier(home.server, f"{home.place.partition('/')[2]}/d/data.bin") == "Cool"


def test_a_key_that_is_refused(ministack: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in clouds.aws_environment(ministack.url, "AKIAIOSFODNN7EXAMPLE", "secret").items():
        monkeypatch.setenv(key, value)
    store = Home(ministack, "s3", BUCKET, {}, f"?region={clouds.REGION}").open()
    with pytest.raises(Problem, match="may not be used") as caught:
        store.write(place(), [1], None)
    assert "secret" not in str(caught.value)
