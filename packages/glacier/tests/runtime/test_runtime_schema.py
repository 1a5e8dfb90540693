"""A schema is looked at when data is read, whatever its format and whoever reads it; only what is wrong is refused."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from glacier.runtime import frames
from glacier.runtime.buckets import Disk
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from glacier.runtime.schema import canonical, checked_rows

READERS: dict[str, Any] = {
    "list": list[dict[str, Any]],
    "rows": Iterator[dict[str, Any]],
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "table": pa.Table,
    "reader": pa.RecordBatchReader,
    "batches": Iterator[pa.RecordBatch],
    "nothing": None,
}
WRITERS: dict[str, Callable[[Path, list[dict[str, Any]]], object]] = {
    "parquet": lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path),
    "csv": lambda path, rows: pl.DataFrame(rows).write_csv(path),
    "json": lambda path, rows: path.write_text(json.dumps(rows)),
}
SCHEMA = {"id": "int64", "amount": "double"}


def read(folder: Path, kind: str, content: Any, wanted: Any, schema: dict[str, str]) -> Any:
    """What a task gets of a source, all of it."""
    path = folder / "d" / f"source.{kind}"
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        WRITERS[kind](path, content)
    place = Place(store="s", path="d/", format=kind, schema=schema, source=True)  # type: ignore[arg-type]
    found = Objects(Disk(folder)).read(place, wanted)
    if isinstance(found, pl.LazyFrame):
        return found.collect()
    if isinstance(found, pa.RecordBatchReader):
        return found.read_all()
    return list(found) if isinstance(found, Iterator) else found


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": 1}], "has no column amount"),
        ([{"id": 1, "amount": "x"}], "amount|invalid value 'x'"),
    ],
)
def test_what_is_not_as_declared(tmp_path: Path, kind: str, reader: str, rows: list[dict[str, Any]], said: str) -> None:
    refusal = pl.exceptions.ComputeError if (kind, reader, "x") == ("csv", "lazy", rows[0].get("amount")) else Problem
    with pytest.raises(refusal, match=said) as caught:  # a lazy frame of CSV is read when the task collects it
        read(tmp_path, kind, rows, READERS[reader], SCHEMA)
    assert refusal is not Problem or f"source.{kind}" in caught.value.message  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_as_declared(tmp_path: Path, kind: str, reader: str) -> None:
    read(tmp_path, kind, [{"id": 1, "amount": 1.5}, {"id": None, "amount": None}], READERS[reader], SCHEMA)


@pytest.mark.parametrize("content", [b"", b"<html>\n"])
@pytest.mark.parametrize("reader", READERS)
def test_a_csv_file_that_is_none(tmp_path: Path, content: bytes, reader: str) -> None:
    with pytest.raises(Problem, match="has no column id"):
        read(tmp_path, "csv", content, READERS[reader], SCHEMA)


@pytest.mark.parametrize("reader", [name for name in READERS if name != "lazy"])
@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("int8", "999"),
        ("uint8", "-1"),
        ("int64", "1_000"),
        ("double", "1_0.5"),
        ("timestamp[us]", "2024-99-01 00:00:00"),
        ("timestamp[us]", "2024-05-01T00:00:00Z"),
        ("date32", "2024-05-32"),
        ("decimal128(10, 2)", "one"),
    ],
)
def test_a_cell_that_is_none_of_its_type(tmp_path: Path, reader: str, kind: str, cell: str) -> None:
    if reader == "polars" and cell.endswith("Z"):
        assert read(tmp_path, "csv", f"v\n{cell}\n".encode(), pl.DataFrame, {"v": kind})["v"][0].day == 1  # in UTC
        return
    with pytest.raises(Problem, match=cell.split("-")[0] or "-1"):
        read(tmp_path, "csv", f"id,v\n1,{cell}\n".encode(), READERS[reader], {"v": kind})


COLUMNS: dict[str, list[Any]] = {
    "timestamp[us]": [datetime.datetime(2024, 5, 1, 12, 30, 15, 250_000), None],
    "timestamp[ms]": [datetime.datetime(2024, 5, 1, 12, 30, 15, 250_000), None],
    "timestamp[us, tz=UTC]": [datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC), None],
    "date32": [datetime.date(2024, 5, 1), None],
    "decimal128(10, 2)": [Decimal("1.50"), None],
    "int8": [-128, None],
    "bool": [True, None],
}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("declared", COLUMNS)
@pytest.mark.parametrize("form", [pl.DataFrame, pa.Table])
def test_what_a_frame_writes_is_read_by_all(tmp_path: Path, kind: str, reader: str, declared: str, form: Any) -> None:
    table = pa.table({"v": pa.array(COLUMNS[declared], frames.arrow_types({"v": declared})["v"]), "n": [1, 2]})
    disk = Objects(Disk(tmp_path))
    place = Place(store="s", path="d/", format=kind, schema={"v": declared})  # type: ignore[arg-type]
    disk.write(place, pl.from_arrow(table) if form is pl.DataFrame else table, form)
    found = disk.read(place, READERS[reader])
    if reader in ("polars", "lazy", "table", "reader"):
        assert frames.columns_of(found)["v"] == canonical(declared)
    if reader == "polars":
        assert found["v"].to_list() == COLUMNS[declared]
    if reader == "table":
        assert found["v"].to_pylist() == COLUMNS[declared]
    if reader == "rows":
        assert len(list(found)) == 2


def test_the_items_of_a_list_have_two_names(tmp_path: Path) -> None:
    disk = Objects(Disk(tmp_path))
    place = Place(store="s", path="d/", schema={"v": "list<item: int64>"})
    for written in (pl.DataFrame({"v": [[1]]}), pa.table({"v": [[1]]})):
        disk.write(place, written, None)
        for form in (pl.DataFrame, pa.Table, pd.DataFrame, list):
            disk.read(place, form)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "timestamp[us]",
            [datetime.datetime(2024, 5, 1), "2024-05-01T00:00:00"],
            [1, "soon", datetime.date(2024, 5, 1)],
        ),
        ("timestamp[us, tz=UTC]", ["2024-05-01T00:00:00Z"], [datetime.datetime(2024, 5, 1), "2024-05-01T00:00:00"]),
        ("date32", [datetime.date(2024, 5, 1), "2024-05-01"], [datetime.datetime(2024, 5, 1), "2024-05-01T00:00", 1]),
        ("decimal128(10, 2)", [Decimal("1.5"), 1, "1.5"], [True, "1_0", "x", "NaN"]),
        ("list<item: int8>", [[1, None], ()], [[1.5], [300], 1]),
        ("binary", [b"x", "x"], []),
    ],
)
def test_plain_values_of_a_type(kind: str, good: list[Any], bad: list[Any]) -> None:
    assert len(list(checked_rows([{"v": value} for value in good], {"v": kind}))) == len(good)
    for value in bad:
        with pytest.raises(Problem, match="column v is declared"):
            list(checked_rows([{"v": value}], {"v": kind}))
