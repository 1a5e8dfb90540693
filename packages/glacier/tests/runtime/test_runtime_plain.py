"""JSON and CSV keep every key and every cell, or say which they cannot; and valid files are read, however they look."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from glacier.runtime import buckets, frames, plain
from glacier.runtime.buckets import Disk
from glacier.runtime.manifest import Place
from glacier.runtime.objects import Objects
from glacier.runtime.problems import Problem
from hypothesis import given, settings
from hypothesis import strategies as st

Rows = Iterator[dict[str, Any]]


@pytest.fixture
def disk(tmp_path: Path) -> Objects:
    return Objects(Disk(tmp_path))


def place(**options: Any) -> Place:
    return Place(**{"store": "s", "path": "d/", **options})


def source(disk: Objects, name: str, content: bytes | str, wanted: Any, **options: Any) -> Any:
    disk.bucket.write(f"d/{name}", content.encode() if isinstance(content, str) else content)
    found = disk.read(place(source=True, **options), wanted)
    return list(found) if isinstance(found, Iterator) else found


@pytest.mark.parametrize(
    ("value", "wanted", "said"),
    [
        ({"x": {1: "a", "1": "b"}}, dict, "has the key 1, an int; JSON has text keys only: {1: 'a', '1': 'b'}"),
        ([{1: "a"}], list, "has the key 1, an int"),
        ([0, [(0, {"x": [{None: 1}]})]], list, "has the key None, a NoneType"),
        ({"x": {1: "a"}}, dict[str, dict[str, str]], "has the key 1, an int"),
        ({1: {1: "a"}}, dict[int, dict[str, str]], "has the key 1, an int"),
        ({1: "a", "1": "b"}, dict[int, str], "has the key '1', a str; the annotation says int"),
        ({True: "a"}, dict[int, str], "has the key True, a bool; the annotation says int"),
        ({1.5: "a"}, dict[int, str], "has the key 1.5, a float; the annotation says int"),
    ],
)
def test_keys_that_json_would_lose(disk: Objects, value: Any, wanted: Any, said: str) -> None:
    with pytest.raises(Problem) as caught:
        disk.write(place(), value, wanted)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({1: {2: "a"}}, dict[int, dict[int, str]]),
        ({"x": {2: "a"}}, dict[str, dict[int, str]]),
        ([{2: "a"}, {}], list[dict[int, str]]),
        (({1.5: "a"}, "x"), tuple[dict[float, str], str]),
        (({1: "a"}, {2: "b"}), tuple[dict[int, str], ...]),
        ({1: "a"}, dict[int, str] | None),
        ([{"x": [{"y": {}}]}], list[Any]),
    ],
)
def test_keys_that_the_annotation_gives_back(disk: Objects, value: Any, wanted: Any) -> None:
    disk.write(place(), value, wanted)
    assert disk.read(place(), wanted) == value


def test_messages_and_rows_are_looked_at_too(disk: Objects) -> None:
    with pytest.raises(Problem, match="has the key 2, an int"):
        disk.write(place(), iter([{"a": 1}, {"b": {2: 1}}]), Rows)


@pytest.mark.parametrize("read", [list, Rows])
def test_csv_with_two_columns_of_one_name(disk: Objects, read: Any) -> None:
    with pytest.raises(Problem, match=r"rows\.csv has more than one column a"):
        source(disk, "rows.csv", "a,b,a\n1,2,3\n", read)
    with pytest.raises(Problem, match="has more than one column 1"):
        disk.write(place(format="csv"), [{1: "a", "1": "b"}], None)


@pytest.mark.parametrize("row", [{"a": "\ud800"}, {"\ud800": "a"}])
def test_text_that_csv_cannot_keep(disk: Objects, row: dict[str, str]) -> None:
    with pytest.raises(Problem, match="UTF-8 cannot keep"):
        disk.write(place(format="csv"), [row], None)


def test_a_csv_cell_of_any_length(disk: Objects) -> None:
    rows = [{"a": "x" * 200_000}]
    disk.write(place(format="csv"), rows, None)
    assert disk.read(place(format="csv"), list) == rows
    assert csv.field_size_limit() >= 2**31 - 1


FORMS = [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table, pa.RecordBatchReader, Iterator[pa.RecordBatch]]


def count(found: Any) -> int:
    if isinstance(found, pl.LazyFrame):
        found = found.collect()
    if isinstance(found, pa.RecordBatchReader):
        found = found.read_all()
    return sum(batch.num_rows for batch in found) if isinstance(found, list) else len(found)


@pytest.mark.parametrize("schema", [None, {"a": "int64"}])
@pytest.mark.parametrize("read", FORMS)
def test_lines_within_cells_of_a_large_csv(disk: Objects, read: Any, schema: Any) -> None:
    rows = 120_000
    content = "a,b\n" + "".join(f'{number},"first line\nsecond line {number}"\n' for number in range(rows))
    assert count(source(disk, "rows.csv", content, read, schema=schema)) == rows


@pytest.mark.parametrize("read", [pa.RecordBatchReader, Iterator[pa.RecordBatch]])
def test_csv_is_read_bit_by_bit(disk: Objects, monkeypatch: pytest.MonkeyPatch, read: Any) -> None:
    monkeypatch.setattr(frames, "_BLOCK", 1000)
    content = "a\n" + "1\n" * 5000
    disk.bucket.write("d/rows.csv", content.encode())
    batches = list(disk.read(place(source=True), read))
    assert len(batches) >= 5
    assert sum(batch.num_rows for batch in batches) == 5000
    disk.bucket.write("d/rows.csv", (content + "1.5\n").encode())
    with pytest.raises(Problem, match="cannot be read as csv") as caught:
        list(disk.read(place(source=True), read))
    assert "declare them, schema=" in caught.value.help
    assert sum(batch.num_rows for batch in disk.read(place(source=True, schema={"a": "double"}), read)) == 5001


@pytest.mark.parametrize("wanted", [pd.DataFrame | None, pl.DataFrame | None, pl.LazyFrame | None, pa.Table | None])
def test_a_frame_that_is_not_there(disk: Objects, wanted: Any) -> None:
    disk.write(place(), None, wanted)
    assert disk.read(place(), wanted) is None
    with pytest.raises(Problem, match="holds null"):
        disk.read(place(), pl.DataFrame)
    with pytest.raises(Problem, match="is not a list of dicts"):
        list(disk.read(place(), Iterator[pa.RecordBatch]))


LINES = '{"a": 1}\n\n{"a": "\u2028"}\r\n'
ROWS = [{"a": 1}, {"a": "\u2028"}]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.json"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_json_lines(disk: Objects, name: str, mark: str) -> None:
    for form in (list, Rows, None):
        assert source(disk, name, mark + LINES, form) == ROWS
        assert source(disk, name, mark + LINES, form, format="json") == ROWS
    assert source(disk, name, LINES.replace("1", '"1"'), pl.DataFrame).height == 2
    with pytest.raises(Problem, match=r"Expecting value in line 2"):
        source(disk, name, '{"a": 1}\noops\n', list)
    with pytest.raises(Problem, match=r"Expecting value in row 2"):
        source(disk, name, '{"a": 1}\noops\n', Rows)


@pytest.mark.parametrize("form", [list, Rows, None])
def test_json_lines_of_a_quiet_day(disk: Objects, form: Any) -> None:
    assert source(disk, "rows.jsonl", '{"a": 1}\n', form) == [{"a": 1}]
    assert source(disk, "rows.jsonl", "", form) == []


def test_json_lines_that_a_task_made(disk: Objects, tmp_path: Path) -> None:
    made = tmp_path / "made.jsonl"
    made.write_text(LINES)
    assert disk.write(place(), made, Path).where.endswith("data.json")
    assert disk.read(place(), list) == ROWS
    disk.write(place(path="out/rows.jsonl"), ROWS, list)
    assert disk.read(place(path="out/rows.jsonl"), list) == ROWS


json_rows = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)
layouts = st.sampled_from([{}, {"indent": 2}, {"indent": 0}, {"indent": "\t"}, {"separators": (",", ":")}])


@settings(deadline=None, max_examples=100)
@given(json_rows, layouts, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.integers(1, 9))
def test_json_of_any_layout(rows: list[Any], layout: Any, escaped: bool, encoding: str, size: int) -> None:
    text = json.dumps(rows, ensure_ascii=escaped, **layout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain._Scanner, "_PIECE", size)
        read = plain.read_json_rows(io.BufferedReader(io.BytesIO(text.encode(encoding, "surrogatepass"))), lines=False)
        assert list(read) == rows


def test_pretty_json_whose_rows_begin_on_lines_of_their_own(disk: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "PIECE", 3)
    assert source(disk, "rows.json", '[\n1,\n{"a":\n2},\n[\n3\n]\n]\n', Iterator[Any]) == [1, {"a": 2}, [3]]
    assert source(disk, "rows.json", '[\n{},\n{\n"a": "x"\n}]', Rows) == [{}, {"a": "x"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "ends in the middle of its rows"),
        ('[{"a": 1}', "ends in the middle of its rows"),
        ('[{"a": 1},', "ends in the middle of its rows"),
        ('[{"a": 1} {"a": 2}]', "Expecting ',' delimiter in row 2"),
        ('[{"a": 1}, {"a": oops}]', "Expecting value in row 2"),
        ('[{"a": 1}, {"a": "unended}]', "Unterminated string starting at in row 2"),
        ('[{"a": 1}] x', "Extra data"),
        ("[1,]", "Expecting value in row 2"),
        (b'["\xff"]', "can't decode byte"),
        (b'["\xc3', "unexpected end of data"),
        ('{"a": 1}', "holds a dict, and not a list of rows"),
    ],
)
def test_json_that_is_no_rows(disk: Objects, content: bytes | str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        source(disk, "rows.json", content, Rows)


def test_a_bad_row_is_told_without_reading_on() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, into: Any) -> int:
            content = b'[{"a": oops}, ' if not self.given else b" " * len(into)
            self.given += len(content)
            assert self.given < 4_000_000
            into[: len(content)] = content
            return len(content)

    with pytest.raises(ValueError, match="Expecting value in row 1"):
        list(plain.read_json_rows(io.BufferedReader(Endless()), lines=False))
