"""Rows become columns, every one that any row has, all at once or bit by bit; and frames become rows."""

from __future__ import annotations

import datetime
import gc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from glacier.runtime import frames, records
from glacier.runtime.buckets import Disk
from glacier.runtime.codecs import in_memory
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.wanted import Form

LATE: list[dict[str, Any]] = [{"a": 1}, {"a": 2, "b": 3}, {"c": {"x": 1}}]
FILLED = [{"a": 1, "b": None, "c": None}, {"a": 2, "b": 3, "c": None}, {"a": None, "b": None, "c": {"x": 1}}]
ARROW = [pa.Table, pa.RecordBatchReader, Iterator[pa.RecordBatch]]


@pytest.fixture
def disk(tmp_path: Path) -> Objects:
    return Objects(Disk(tmp_path))


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", **options})


def listed(found: Any) -> list[Any]:
    if isinstance(found, pa.RecordBatchReader):
        found = found.read_all()
    if isinstance(found, pl.LazyFrame):
        found = found.collect()
    if isinstance(found, pl.DataFrame):
        return found.to_dicts()
    if isinstance(found, pa.Table):
        return found.to_pylist()
    return [row for batch in found for row in batch.to_pylist()]


@pytest.mark.parametrize("given", [list, iter])
@pytest.mark.parametrize("schema", [None, {}, {"c": "struct<x: int64>"}])
def test_a_column_that_comes_later_is_kept_in_parquet(disk: Objects, given: Any, schema: Any) -> None:
    rows = LATE if not schema else FILLED
    disk.write(place(format="parquet", schema=schema), given(rows), None)
    assert disk.read(place(format="parquet", schema=schema), list) == FILLED


def test_a_schema_of_some_columns_leaves_the_others(disk: Objects) -> None:
    declared = place(format="parquet", schema={"a": "double"})
    for given in ([{"a": 1}, {"a": 2, "b": 3}], iter([{"a": 1}, {"a": 2, "b": 3}])):
        disk.write(declared, given, None)
        assert disk.read(declared, list) == [{"a": 1.0, "b": None}, {"a": 2.0, "b": 3}]


@pytest.mark.parametrize("read", [*ARROW, pl.DataFrame, pl.LazyFrame])
def test_a_column_that_comes_later_is_kept_in_a_frame(disk: Objects, read: Any) -> None:
    disk.write(place(format="json"), LATE, list)
    assert listed(disk.read(place(format="json"), read)) == FILLED
    assert listed(in_memory(LATE, read)) == FILLED  # as messages of a queue


def test_rows_whose_keys_are_no_text(disk: Objects) -> None:
    with pytest.raises(Problem, match=r"has the key 1, an int; columns have names of text"):
        disk.write(place(format="parquet"), [{1: "a"}], None)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH", 2)


@pytest.mark.usefixtures("few")
def test_an_iterator_is_written_as_it_comes(disk: Objects, tmp_path: Path) -> None:
    class Row(dict):  # type: ignore[type-arg]
        alive = 0
        most = 0

        def __init__(self, number: int) -> None:
            super().__init__(a=number, t=f"{number}")
            Row.alive += 1
            Row.most = max(Row.most, Row.alive)

        def __del__(self) -> None:
            Row.alive -= 1

    gc.collect()
    disk.write(place(format="parquet"), (Row(number) for number in range(101)), Iterator[dict])
    assert Row.most <= 6
    assert pq.ParquetFile(tmp_path / "d" / "data.parquet").num_row_groups == 51
    assert disk.read(place(format="parquet"), list) == [{"a": number, "t": f"{number}"} for number in range(101)]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("late", "said"),
    [
        ({"a": 1, "new": 1}, "gives the column new, which the first 2 rows have not"),
        ({"a": 1.5}, "gives the column a, which is int64 in the first 2 rows, and more than that later"),
        ({"a": "x"}, "gives the column a, which is int64"),
        ({"empty": 1}, "gives the column empty, which is null"),
        ({"day": datetime.datetime(2024, 5, 1, 12)}, "gives the column day, which is date32[day]"),
        ({"deep": {"x": 1, "y": 2}}, "gives the column deep, which is struct<x: int64>"),
    ],
)
def test_what_comes_later_and_does_not_fit(disk: Objects, tmp_path: Path, late: dict[str, Any], said: str) -> None:
    first = {"a": 1, "day": datetime.date(2024, 5, 1), "deep": {"x": 1}, "empty": None}
    with pytest.raises(Problem) as caught:
        disk.write(place(format="parquet"), iter([first, first, late]), Iterator[dict])
    assert said in caught.value.message
    assert "declare its type, schema=" in caught.value.help
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    disk.write(place(format="parquet"), [first, first, {}], list)


@pytest.mark.usefixtures("few")
def test_what_comes_later_and_fits(disk: Objects) -> None:
    rows = [{"x": 1.5, "n": [1], "e": None}, {"x": 2.5, "n": [2], "e": None}, {"x": 3, "n": None}, {"n": []}]
    disk.write(place(format="parquet"), iter(rows), None)
    assert [row["x"] for row in disk.read(place(format="parquet"), list)] == [1.5, 2.5, 3.0, None]
    declared = place(format="parquet", schema={"e": "string"})
    disk.write(declared, iter([{"e": None}, {"e": None}, {"e": "x"}]), None)
    assert disk.read(declared, list) == [{"e": None}, {"e": None}, {"e": "x"}]


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
@pytest.mark.parametrize("read", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, *ARROW, list])
@pytest.mark.parametrize("given", [list, iter])
def test_a_day_without_rows_has_the_declared_columns(disk: Objects, given: Any, read: Any, kind: str) -> None:
    schema = {"a": "int64", "t": "string", "at": "timestamp[us]"}
    disk.write(place(format=kind, schema=schema), given([]), None)
    found = disk.read(place(format=kind, schema=schema), read)
    if read in (pl.DataFrame, pl.LazyFrame, pa.Table, pa.RecordBatchReader):
        assert frames.columns_of(found) == schema
    assert len(found) == 0 if isinstance(found, pd.DataFrame) else listed(found) == []


@pytest.mark.parametrize("read", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, *ARROW, list])
def test_a_day_without_rows_or_a_schema(disk: Objects, read: Any) -> None:
    disk.write(place(format="csv"), [], None)
    found = disk.read(place(format="csv"), read)
    assert len(found) == 0 if isinstance(found, pd.DataFrame) else listed(found) == []


def test_without_pyarrow_polars_writes_rows(disk: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "is_there", lambda name: name == "polars")
    disk.write(place(format="parquet"), iter(LATE), None)
    assert disk.read(place(format="parquet"), pl.DataFrame).to_dicts() == FILLED


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([[1, 2]], columns=["a", "a"]), pa.table([[1], [2]], names=["a", "a"])],
    ids=["pandas", "arrow"],
)
def test_two_columns_of_one_name(disk: Objects, frame: Any, kind: str) -> None:
    with pytest.raises(Problem, match="has more than one column a"):
        disk.write(place(format=kind), frame, None)
    for form in (list, Iterator[dict]):
        with pytest.raises(Problem, match="has more than one column a"):
            list(in_memory(frame, form))


def test_two_columns_of_one_name_in_parquet(disk: Objects) -> None:
    disk.write(place(), pa.table([[1], [2]], names=["a", "a"]), None)
    with pytest.raises(Problem, match=r"data.parquet has more than one column a"):
        list(disk.read(place(), Iterator[dict]))
    with pytest.raises(Problem, match=r"data.parquet cannot be read as parquet"):
        disk.read(place(), list)


def test_what_pandas_calls_missing() -> None:
    frame = pd.DataFrame(
        {
            "text": ["x", None],
            "object": pd.Series(["x", float("nan")], dtype=object),
            "at": pd.to_datetime(["2024-05-01", None]),
            "whole": pd.array([1, None], dtype="Int64"),
            "real": pd.array([1.5, None], dtype="Float64"),
            "kind": pd.Categorical(["x", None]),
            "number": [1.5, None],
        }
    )
    first, second = records.rows_of(frame)
    assert first["at"] == datetime.datetime(2024, 5, 1)
    assert {name: value for name, value in second.items() if name != "number"} == dict.fromkeys(list(frame)[:-1])
    assert second["number"] != second["number"]  # NaN, which a column of floats may hold
    assert frame["text"].isna().tolist() == [False, True]  # the frame is as it was


@pytest.mark.parametrize("form", [Form.POLARS, Form.ARROW])
def test_types_that_json_has_not(form: Form) -> None:
    schema = {
        "at": "timestamp[us]",
        "zoned": "timestamp[ms, tz=UTC]",
        "day": "date32",
        "price": "decimal128(10, 2)",
        "many": "list<item: int32>",
        "big": "uint64",
    }
    texts = {
        "at": "2024-05-01T12:00:00.5",
        "zoned": "2024-05-01T14:00:00+02:00",
        "day": "2024-05-01",
        "price": "1.5",
        "many": [1],
        "big": 2**63,
    }
    row = listed(frames.from_rows([texts, dict.fromkeys(texts)], form, schema))[0]
    assert row["at"] == datetime.datetime(2024, 5, 1, 12, 0, 0, 500_000)
    assert row["zoned"] == datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
    assert (row["day"], row["price"], row["many"]) == (datetime.date(2024, 5, 1), Decimal("1.50"), [1])
    assert row["big"] == 2**63
