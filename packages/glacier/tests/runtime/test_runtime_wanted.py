"""What annotations ask for."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Optional, TypedDict

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from glacier.runtime.problems import Problem
from glacier.runtime.wanted import Form, check, form_of, restorer, shown, takes_none


class Row(TypedDict):
    name: str


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        (None, Form.ANY),
        (Any, Form.ANY),
        (dict[str, int], Form.PLAIN),
        (list, Form.PLAIN),
        (Row, Form.PLAIN),
        (int | str, Form.PLAIN),
        (bytes, Form.BYTES),
        (memoryview, Form.BYTES),
        (str, Form.TEXT),
        (str | None, Form.TEXT),
        (Optional[pl.DataFrame], Form.POLARS),  # noqa: UP045 - the older spelling
        (pathlib.Path, Form.FILE),
        (Iterator[bytes], Form.CHUNKS),
        (Iterable[dict[str, str]], Form.ROWS),
        (Iterator, Form.ROWS),
        (Iterator[pa.RecordBatch], Form.BATCHES),
        (pa.RecordBatchReader, Form.READER),
        (pa.Table, Form.ARROW),
        (pd.DataFrame, Form.PANDAS),
        (pl.LazyFrame, Form.LAZY),
        (Literal["a"], Form.PLAIN),
    ],
)
def test_form(wanted: Any, form: Form) -> None:
    assert form_of(wanted) is form


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({}, dict[str, int]),
        ({}, Row),
        ([], Sequence[int]),
        (1, float),
        (b"", bytes),
        (bytearray(), bytes),
        (None, int | None),
        (None, Any),
        ("x", int | str),
        ({}, Mapping[str, int]),
        ("a", Literal["a"]),
    ],
)
def test_a_value_of_its_type(value: object, wanted: Any) -> None:
    check(value, wanted, "returned")


@pytest.mark.parametrize(
    ("value", "wanted", "said"),
    [
        ([], dict[str, int], "returned a list, not a dict[str, int]"),
        ("x", bytes, "returned a str, not a bytes"),
        ([], int | None, "returned a list, not an int | None"),
        (pd.DataFrame(), pl.DataFrame, "returned a pandas.DataFrame, not a polars.DataFrame"),
        (None, dict, "returned nothing"),
        (None, None, "returned nothing"),
    ],
)
def test_a_value_of_another_type(value: object, wanted: Any, said: str) -> None:
    with pytest.raises(Problem) as caught:
        check(value, wanted, "returned")
    assert caught.value.message == said
    assert caught.value.help


@pytest.mark.parametrize(
    ("kept", "wanted", "restored"),
    [
        ({"1": "a"}, dict[int, str], {1: "a"}),
        ({"1.5": [1]}, dict[float, tuple[int, ...]], {1.5: (1,)}),
        ([1, [2, 3]], tuple[int, tuple[int, int]], (1, (2, 3))),
        ([1, 1], set[int], {1}),
        ({"a": [1]}, dict[str, set[int]], {"a": {1}}),
        ({"a": None}, dict[str, tuple[int, ...] | None], {"a": None}),
        ([{"1": 2}], list[dict[int, int]], [{1: 2}]),
        ([1, 2], tuple, (1, 2)),
    ],
)
def test_restored(kept: Any, wanted: Any, restored: Any) -> None:
    restore = restorer(wanted)
    assert restore is not None
    found = restore(kept)
    assert found == restored
    assert type(found) is type(restored)


@pytest.mark.parametrize("wanted", [dict[str, int], list[int], list[dict[str, str]], int, None, Row])
def test_nothing_to_restore(wanted: Any) -> None:
    assert restorer(wanted) is None


def test_none_is_taken_where_it_is_said() -> None:
    assert takes_none(int | None)
    assert not takes_none(int)
    assert not takes_none(None)  # no annotation: somebody forgot to return


def test_shown() -> None:
    assert shown(Iterator[bytes]) == "Iterator[bytes]"
    assert shown(dict) == "dict"
