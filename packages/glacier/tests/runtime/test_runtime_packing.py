"""What is packed comes back as it was, whatever it is and however it is read; what is damaged is one clear problem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from glacier.errors import TaskError
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.packing import is_packed, pack, unpack, unpacked_name
from glacier.runtime.problems import Problem
from glacier.runtime.run import Step, run
from glacier.runtime.stores import Store, open_store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PACKED = ("compress",)
ROWS = [{"name": "a", "amount": 1.5}, {"name": "b", "amount": 2.0}] * 500
common = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", "transfer": PACKED, **options})


@pytest.fixture(params=["file", "memory", "sqlite+keys"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store(f"{request.param}://{tmp_path}/data" if request.param != "memory" else "memory://")


def bucket(store: Store) -> Any:
    return store.bucket  # type: ignore[attr-defined]


@common
@given(st.lists(st.binary(max_size=2000), max_size=6), st.lists(st.integers(1, 50), max_size=5))
def test_pieces_come_back(pieces: list[bytes], cuts: list[int]) -> None:
    packed, cut = b"".join(pack(pieces)), []
    for size in cuts:
        cut.append(packed[:size])
        packed = packed[size:]
    assert b"".join(unpack([*cut, packed])) == b"".join(pieces)


def test_what_was_packed_in_several_runs_is_one() -> None:
    two = b"".join(pack([b"one, "])) + b"".join(pack([b"two"]))
    assert b"".join(unpack([two])) == b"one, two"
    assert b"".join(unpack([two[:25], two[25:]])) == b"one, two"


def test_much_comes_out_in_pieces() -> None:
    packed = b"".join(pack([bytes(1000)] * 10_000))
    pieces = list(unpack([packed]))
    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= 1024 * 1024


@common
@given(st.binary(max_size=300), st.data())
def test_what_is_cut_off_is_told(content: bytes, data: st.DataObject) -> None:
    packed = b"".join(pack([content]))
    end = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(Problem, match="was cut off"):
        list(unpack([packed[:end]]))


def test_what_is_damaged_is_told() -> None:
    packed = bytearray(b"".join(pack([bytes(range(256))])))  # which does not get smaller, and is kept as it is
    packed[100] ^= 1
    with pytest.raises(Problem, match="is packed, and damaged"):
        list(unpack([bytes(packed)]))
    with pytest.raises(Problem, match="is packed, and damaged"):
        list(unpack([b"something else"]))


@pytest.mark.parametrize(("name", "found"), [("a.csv.zst", "a.csv"), ("A.CSV.ZST", "A.CSV"), ("a.csv", "a.csv")])
def test_names(name: str, found: str) -> None:
    assert unpacked_name(name) == found
    assert is_packed(name) == (name != found)


VALUES: dict[str, tuple[Any, Any, str]] = {
    "json": (ROWS, list, "data.json.zst"),
    "csv": ([{"a": "1", "b": "x, y"}] * 9, list, "data.csv.zst"),
    "text": ("many words " * 100, str, "data.txt.zst"),
    "bytes": (b"many bytes" * 100, bytes, "data.bin.zst"),
    "parquet": (ROWS, list, "data.parquet"),  # which is packed by itself
}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("kind", VALUES)
def test_a_dataset_of_each_format_comes_back(store: Store, kind: str, declared: bool) -> None:
    value, wanted, name = VALUES[kind]
    assert store.write(place(format=kind), value, wanted).where.endswith(name)
    assert [each.name for each in bucket(store).find("d/")] == [name]
    for switches in (PACKED, ()):  # a reader need not know how it was written
        fresh = Objects(bucket(store))
        assert fresh.read(place(format=kind if declared else None, transfer=switches), wanted) == value
        assert fresh.exists(place(format=kind if declared else None, transfer=switches))


def test_the_bytes_that_are_spared_are_told(store: Store) -> None:
    content = b"many bytes" * 1000
    packed, plain = store.write(place(), content, bytes), store.write(place(path="e/", transfer=()), content, bytes)
    assert (packed.size, plain.size, plain.sent, plain.saved) == (10_000, 10_000, None, None)
    assert packed.sent is not None
    assert packed.sent == len(bucket(store).read("d/data.bin.zst")) < 200
    assert packed.saved == 10_000 - packed.sent


def pieces(*items: Any) -> Iterator[Any]:
    yield from items


@pytest.mark.parametrize(
    ("value", "written", "read", "back"),
    [
        (lambda path: pieces(b"ab", b"cd"), Iterator[bytes], bytes, b"abcd"),
        (lambda path: pieces({"a": "1"}), Iterator[dict[str, str]], list, [{"a": "1"}]),
        (lambda path: path, Path, bytes, b"in a file"),
        (lambda path: pl.DataFrame({"a": [1]}), pl.DataFrame, pl.DataFrame, None),
    ],
    ids=["pieces", "rows", "file", "frame"],
)
def test_each_kind_of_content(store: Store, tmp_path: Path, value: Any, written: Any, read: Any, back: Any) -> None:
    path = tmp_path / "given.bin"
    path.write_bytes(b"in a file")
    options = {"format": "csv"} if written is pl.DataFrame else {}
    store.write(place(**options), value(path), written)
    found = store.read(place(**options), read)
    assert found.to_dicts() == [{"a": 1}] if back is None else found == back
    assert path.read_bytes() == b"in a file"


def test_a_local_file_is_unpacked(store: Store) -> None:
    store.write(place(format="csv"), "a,b\n1,2\n", str)
    found = store.read(place(format="csv"), Path)
    assert found.read_text() == "a,b\n1,2\n"
    assert found.name == "data.csv"
    assert store.read(place(format="csv"), pl.LazyFrame).collect().to_dicts() == [{"a": 1, "b": 2}]
    store.close()
    assert not found.exists()


def test_a_source_may_be_packed_by_somebody_else(store: Store) -> None:
    bucket(store).write("in/orders.csv.zst", b"".join(pack([b"a\n1\n"])))
    source = place(path="in/", source=True, transfer=())
    assert store.exists(source)
    assert store.read(source, list) == [{"a": "1"}]
    assert store.read(place(path="in/orders.csv.zst", source=True, transfer=()), bytes) == b"a\n1\n"


def test_one_object_is_packed_when_its_name_says_so(store: Store) -> None:
    named = place(path="out/rows.json.zst", transfer=())
    assert store.write(named, ROWS, list).saved
    assert bucket(store).read("out/rows.json.zst")[:4] == b"\x28\xb5\x2f\xfd"
    assert store.read(named, list) == ROWS
    assert store.write(place(path="out/rows.json"), ROWS, list).saved is None


@pytest.mark.parametrize("before", [PACKED, ()])
@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_switch_may_be_turned(store: Store, before: tuple[str, ...], kind: str) -> None:
    """The next run writes it the other way; until then it is found as it is."""
    now = () if before else PACKED
    one, two = [{"a": "1"}], [{"a": "2"}]
    store.write(place(format=kind, transfer=before), one, list)
    fresh = Objects(bucket(store))
    for form in (list, Iterator[dict[str, str]]):
        assert list(fresh.read(place(format=kind, transfer=now), form)) == one
    assert fresh.exists(place(format=kind, transfer=now))
    fresh.write(place(format=kind, transfer=now), two, list)
    assert Objects(bucket(store)).read(place(format=kind, transfer=now), list) == two


def test_nothing_is_there(store: Store) -> None:
    with pytest.raises(Problem, match=r"there is nothing yet at .*data\.json\.zst"):
        store.read(place(format="json"), list)
    assert not store.exists(place(format="json"))


@pytest.mark.parametrize("wanted", [list, bytes, Path, Iterator[dict[str, Any]], Iterator[bytes]])
@pytest.mark.parametrize("end", [10, -1])
def test_damage_is_an_error_of_the_task(tmp_path: Path, wanted: Any, end: int) -> None:
    store = open_store(f"file://{tmp_path}")
    store.write(place(format="json"), ROWS, list)
    path = tmp_path / "d" / "data.json.zst"
    path.write_bytes(path.read_bytes()[:end])
    step = Step("use", lambda value: list(value) and None, (("value", "rows", wanted),), ())
    with pytest.raises(TaskError, match=r"d/data\.json\.zst is packed, and was cut off") as raised:
        run(step, {"rows": place(format="json")}, {"s": store})
    assert raised.value.help.startswith("write it again")


FRAMES: list[Any] = [
    lambda: pa.Table.from_pylist(ROWS),
    lambda: pa.Table.from_pylist(ROWS).to_pandas(),
    lambda: pl.DataFrame(ROWS),
    lambda: pl.DataFrame(ROWS).lazy(),
    lambda: pa.Table.from_pylist(ROWS).to_reader(),
]


@pytest.mark.parametrize("frame", FRAMES, ids=["arrow", "pandas", "polars", "lazy", "reader"])
def test_parquet_is_packed_with_zstandard_everywhere(tmp_path: Path, frame: Any) -> None:
    store = open_store(f"file://{tmp_path}")
    store.write(place(transfer=()), frame(), None)
    facts = pq.read_metadata(tmp_path / "d" / "data.parquet")
    assert {facts.row_group(0).column(n).compression for n in range(2)} == {"ZSTD"}
    assert pq.read_table(tmp_path / "d" / "data.parquet").to_pylist() == ROWS
