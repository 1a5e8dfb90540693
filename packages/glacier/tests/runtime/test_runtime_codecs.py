"""Data comes back as it was written, in the form that is asked for; what cannot is one clear problem."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from glacier.runtime import codecs, records
from glacier.runtime.buckets import Disk
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROWS = [{"name": "a", "amount": 1.5}, {"name": "b", "amount": 2.0}]


@pytest.fixture
def disk(tmp_path: Path) -> Objects:
    return Objects(Disk(tmp_path))


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", **options})


def trip(disk: Objects, value: Any, written: Any = None, read: Any = None, **options: Any) -> Any:
    """Write a value as one annotation says, and read it as another."""
    disk.write(place(**options), value, written)
    return disk.read(place(**options), read if read is not None else written)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
).filter(lambda value: value is not None)
common = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@common
@given(plain)
def test_plain_data_comes_back(disk: Objects, value: Any) -> None:
    found = trip(disk, value)
    assert found == value
    assert type(found) is type(value)


@common
@given(st.binary(max_size=100))
def test_bytes_come_back(disk: Objects, value: bytes) -> None:
    assert trip(disk, value) == value
    assert b"".join(trip(disk, iter([value, value]), Iterator[bytes])) == value * 2


@common
@given(st.text(max_size=50))
def test_text_comes_back(disk: Objects, value: str) -> None:
    assert trip(disk, value, str) == value
    assert trip(disk, value, format="text") == value
    assert trip(disk, value, str, format="json") == value


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@common
@given(st.lists(st.fixed_dictionaries({"a": cells, "b": cells}), min_size=1, max_size=5))
def test_csv_rows_come_back(disk: Objects, rows: list[dict[str, str]]) -> None:
    assert trip(disk, rows, list, format="csv") == rows
    assert list(trip(disk, iter(rows), Iterator[dict[str, str]], format="csv")) == rows


@common
@given(st.dictionaries(st.integers(), st.tuples(st.integers(), st.text())))
def test_what_json_has_not_comes_back_by_its_annotation(disk: Objects, value: dict[int, tuple[int, str]]) -> None:
    assert trip(disk, value, dict[int, tuple[int, str]]) == value


@common
@given(
    st.lists(
        st.fixed_dictionaries({"i": st.integers(-(2**63), 2**63 - 1), "x": st.floats(allow_nan=False), "t": st.text()}),
        min_size=1,
    )
)
def test_frames_come_back(disk: Objects, rows: list[dict[str, Any]]) -> None:
    for form in (pl.DataFrame, pa.Table, pd.DataFrame):
        assert trip(disk, rows, list, form, format="parquet") is not None
        back = disk.read(place(format="parquet"), list)
        assert back == rows


FRAMES = {
    pl.DataFrame: lambda: pl.DataFrame(ROWS),
    pl.LazyFrame: lambda: pl.DataFrame(ROWS).lazy(),
    pd.DataFrame: lambda: pd.DataFrame(ROWS),
    pa.Table: lambda: pa.Table.from_pylist(ROWS),
    pa.RecordBatchReader: lambda: pa.Table.from_pylist(ROWS).to_reader(),
    Iterator[pa.RecordBatch]: lambda: iter(pa.Table.from_pylist(ROWS).to_batches()),
    list: lambda: ROWS,
}


def rows_of(value: Any) -> list[Any]:
    if isinstance(value, pl.LazyFrame):
        value = value.collect()
    if isinstance(value, pl.DataFrame):
        return value.to_dicts()
    if isinstance(value, pd.DataFrame):
        return value.to_dict("records")
    if isinstance(value, pa.RecordBatchReader):
        value = value.read_all()
    if isinstance(value, pa.Table):
        return value.to_pylist()
    return [row for item in value for row in (item.to_pylist() if isinstance(item, pa.RecordBatch) else [item])]


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
@pytest.mark.parametrize("read", [*FRAMES, Iterator[dict]])
@pytest.mark.parametrize("written", FRAMES)
def test_every_frame_as_every_other(disk: Objects, written: Any, read: Any, kind: str) -> None:
    if written == Iterator[pa.RecordBatch] and kind != "parquet":
        with pytest.raises(Problem, match=r"record batches, which are not"):
            trip(disk, FRAMES[written](), written, read, format=kind)
        return
    found = rows_of(
        trip(disk, FRAMES[written](), written, read, format=kind, schema={"name": "string", "amount": "double"})
    )
    assert found == ROWS


@pytest.mark.parametrize("read", [*FRAMES, Iterator[dict]])
@pytest.mark.parametrize(
    "written", [form for form in FRAMES if form not in (pa.RecordBatchReader, Iterator[pa.RecordBatch])]
)
def test_in_memory_too(written: Any, read: Any) -> None:
    assert rows_of(codecs.in_memory(FRAMES[written](), read)) == ROWS


def test_a_frame_goes_back_to_the_library_that_wrote_it(disk: Objects) -> None:
    for form in (pl.DataFrame, pd.DataFrame, pa.Table):
        assert isinstance(trip(disk, FRAMES[form]()), form)


def test_an_index_of_pandas_is_kept(disk: Objects) -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    pd.testing.assert_frame_equal(trip(disk, frame, pd.DataFrame), frame)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ([1], "data.json"),
        ("text", "data.txt"),
        (b"bytes", "data.bin"),
        (bytearray(b"bytes"), "data.bin"),
        (pl.DataFrame(ROWS), "data.parquet"),
        (iter([{"a": 1}]), "data.json"),
        (np.float64(1.5), "data.json"),
    ],
)
def test_the_value_decides_the_format(disk: Objects, value: Any, name: str) -> None:
    assert disk.write(place(), value, None).where.endswith(f"/d/{name}")


def test_a_file_is_kept_as_it_is(disk: Objects, tmp_path: Path) -> None:
    made = tmp_path / "made.csv"
    made.write_text("a,b\n1,2\n")
    assert disk.write(place(), made, Path).where.endswith("data.csv")
    copy = disk.read(place(), Path)
    copy.write_text("changed")
    assert disk.read(place(), str) == "a,b\n1,2\n"
    assert disk.read(place(), None) == [{"a": "1", "b": "2"}]
    disk.close()
    assert not copy.exists()


def test_rows_of_json_are_read_one_by_one(disk: Objects) -> None:
    assert list(trip(disk, iter([1, [2], {"a\n": "]"}]), Iterator[Any])) == [1, [2], {"a\n": "]"}]
    assert list(trip(disk, iter([]), Iterator[Any])) == []
    assert list(trip(disk, [1, 2], list, Iterator[int])) == [1, 2]  # a list that was written at once
    assert trip(disk, iter([1, 2]), Iterator[int], list) == [1, 2]


def test_lines_of_text(disk: Objects) -> None:
    assert list(trip(disk, "one\ntwo\n", str, Iterator[str])) == ["one", "two"]


def test_csv_cells_are_of_the_schemas_types(disk: Objects) -> None:
    rows = [{"i": 1, "x": 1.5, "ok": True, "t": "007"}, {"i": None, "x": None, "ok": False, "t": ""}]
    schema = {"i": "int64", "x": "double", "ok": "bool", "t": "string"}
    assert trip(disk, rows, list, format="csv", schema=schema) == rows
    assert trip(disk, rows[:1], list, pl.DataFrame, format="csv", schema=schema)["t"].to_list() == ["007"]


@pytest.mark.parametrize(
    ("value", "options", "said"),
    [
        ({1: 2}, {}, "has the key 1, an int; JSON has text keys only"),
        ([datetime.date(2024, 5, 1)], {}, "a date, which JSON cannot keep"),
        ([object], {}, "which JSON cannot keep"),
        ("\ud800", {}, "text that UTF-8 cannot keep"),
        (["\ud800"], {}, "cannot be kept as JSON"),
        ({"a": 1}, {"format": "text"}, "is a dict; format='text' takes str"),
        ("x", {"format": "parquet"}, "is a str, which Parquet cannot keep"),
        ({"a": 1}, {"format": "csv"}, "is a dict, and not rows"),
        ([1], {"format": "csv"}, "holds an int in its rows; CSV takes dicts"),
        ([{"a": 1}, {"b": 2}], {"format": "csv"}, "has a row with the column b, which the first row has not"),
        ([1], {"format": "parquet"}, "is not a list of dicts"),
        (pl.DataFrame(), {"format": "text"}, "is a polars.DataFrame, which is not text"),
        (Path("/nowhere/at/all"), {}, "there is no such file"),
        (iter([1]), {"format": "bytes"}, "gives an int, and not pieces of bytes"),
    ],
)
def test_what_cannot_be_kept(disk: Objects, tmp_path: Path, value: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem) as caught:
        disk.write(place(**options), value, None)
    assert said in caught.value.message
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_data_that_holds_itself(disk: Objects) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Problem, match="JSON"):
        disk.write(place(), value, None)


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        (pl.DataFrame({"x": ["1"]}), {"x": "double"}, "column x is declared double and is string"),
        (pd.DataFrame({"x": [1]}), {"x": "double"}, "column x is declared double and is int64"),
        (pa.table({"x": [1]}), {"y": "int64"}, "has no column y, which is declared int64"),
        ([{"x": "1"}], {"x": "int64"}, "column x is declared int64 and is str in row 1"),
        ([{"x": 1}, {}], {"x": "int64"}, "has no column x in row 2"),
        ([{"x": 300}], {"x": "int8"}, "column x is declared int8 and is int in row 1"),
        ([{"x": True}], {"x": "int64"}, "column x is declared int64 and is bool"),
        ([{"x": 1}], {"x": "bool"}, "column x is declared bool and is int"),
        ([{"x": True}], {"x": "float64"}, "column x is declared float64 and is bool"),
        ([{"x": 1}], {"x": "utf8"}, "column x is declared utf8 and is int"),
        (iter([{"x": "1"}]), {"x": "int64"}, "column x is declared int64 and is str"),
    ],
)
def test_a_schema_is_checked_when_data_is_written(disk: Objects, value: Any, schema: dict[str, str], said: str) -> None:
    with pytest.raises(Problem) as caught:
        disk.write(place(schema=schema), value, None)
    assert said in caught.value.message


@pytest.mark.parametrize("form", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.Table, pa.RecordBatchReader, None])
def test_a_schema_that_changed_is_told_when_data_is_read(disk: Objects, form: Any) -> None:
    disk.write(place(), pl.DataFrame({"x": ["1"]}), None)
    with pytest.raises(Problem, match=r"data.parquet column x is declared double and is string"):
        disk.read(place(schema={"x": "double"}), form)


@pytest.mark.parametrize(
    "dtype",
    [
        pl.Int8,
        pl.UInt32,
        pl.Float32,
        pl.Date,
        pl.Time,
        pl.Datetime("us"),
        pl.Datetime("ms", "UTC"),
        pl.Duration("us"),
        pl.List(pl.Int64),
        pl.Binary,
        pl.Boolean,
    ],
)
def test_polars_types_have_arrows_names(dtype: Any) -> None:
    from glacier.runtime.frames import columns_of

    frame = pl.DataFrame({"x": pl.Series([], dtype=dtype)})
    assert columns_of(frame) == columns_of(frame.to_arrow())


@pytest.mark.parametrize("kind", ["parquet", "json", "csv"])
@pytest.mark.parametrize("form", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.Table, list, None])
def test_content_that_is_corrupt(disk: Objects, tmp_path: Path, kind: str, form: Any) -> None:
    if kind == "csv" and form is pl.LazyFrame:
        return  # its rows are looked at when the task asks for them, and not before
    (tmp_path / "d").mkdir()
    content = {"parquet": b"PAR1 and no more", "json": b'{"a": [1, ', "csv": b"a,b\n1,2\n3,4,5\n\xff"}[kind]
    (tmp_path / "d" / f"data.{kind}").write_bytes(content)
    with pytest.raises(Problem) as caught:
        disk.read(place(format=kind), form)
    assert str(tmp_path / "d" / f"data.{kind}") in caught.value.message


def test_parquet_that_was_cut_off(disk: Objects, tmp_path: Path) -> None:
    disk.write(place(), pl.DataFrame(ROWS), None)
    path = tmp_path / "d" / "data.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    for form in (pl.DataFrame, pl.LazyFrame, pa.Table, pd.DataFrame, pa.RecordBatchReader, None):
        with pytest.raises(Problem, match="cannot be read as parquet"):
            disk.read(place(), form)


def test_another_type_than_the_task_wants(disk: Objects) -> None:
    disk.write(place(), [1], None)
    with pytest.raises(Problem, match=r"holds a list, not a dict\[str, int\]"):
        disk.read(place(), dict[str, int])
    disk.write(place(), b"\0", None)
    with pytest.raises(Problem, match="is bytes, and the task wants plain"):
        disk.read(place(format="bytes"), dict)


def test_a_name_that_tells_no_format(disk: Objects) -> None:
    for value, form in (([1], list), ("text", str), (b"\xff", bytes), (pl.DataFrame(ROWS), pl.DataFrame)):
        disk.write(place(path="one/object"), value, None)
        assert isinstance(disk.read(place(path="one/object"), form), form)
        assert isinstance(disk.read(place(path="one/object"), None), form)


def test_a_name_that_tells_the_format(disk: Objects) -> None:
    disk.write(place(path="out/rows.csv"), [{"a": 1}], None)
    assert disk.read(place(path="out/rows.csv"), bytes) == b"a\r\n1\r\n"


def test_a_library_that_is_not_installed(disk: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    real = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, package)

    frame = pd.DataFrame(ROWS)
    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(Problem, match="needs pyarrow, which is not installed") as caught:
        disk.write(place(), frame, None)
    assert 'requirements=["pyarrow"]' in caught.value.help
    disk.write(place(), pl.DataFrame(ROWS), None)  # polars does without
    assert rows_of(disk.read(place(), pl.LazyFrame)) == ROWS
    assert rows_of(disk.read(place(), None)) == ROWS


@pytest.mark.parametrize("wanted", [list[dict[str, int]], Iterator[dict[str, int]]])
@pytest.mark.parametrize("reader", [list, pa.Table, pd.DataFrame, pl.DataFrame])
def test_a_column_of_a_later_row_is_kept(tmp_path: Path, wanted: Any, reader: Any) -> None:
    """pyarrow by itself looks at the first row only, and loses it."""
    store, place = Objects(Disk(tmp_path)), Place(store="s", path="a/", format="parquet")
    rows = [{"a": 1}, {"a": 2, "b": 3}]
    store.write(place, iter(rows) if wanted is not list[dict[str, int]] else rows, wanted)
    found = records.rows_of(store.read(place, reader)) if reader is not list else store.read(place, reader)
    assert found[1] == {"a": 2, "b": 3}


def test_a_column_of_a_later_row_of_json_is_kept(tmp_path: Path) -> None:
    store, place = Objects(Disk(tmp_path)), Place(store="s", path="a/", format="json")
    store.write(place, [{"a": 1}, {"a": 2, "b": 3}], list)
    assert store.read(place, pa.Table).column_names == ["a", "b"]
