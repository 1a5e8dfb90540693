"""Plain rows and frames: one made of the other, with every column that any row has."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from glacier.runtime.columns import arrow_types, polars_types
from glacier.runtime.libraries import library
from glacier.runtime.problems import Problem
from glacier.runtime.schema import distinct
from glacier.runtime.wanted import Form, described, library_form

BATCH = 65_536  # rows that are in memory at once where they are read, or written, bit by bit


def checked(rows: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Rows as a list; raises :class:`Problem` for what is no row."""
    listed = list(rows)
    for row in listed:
        if not isinstance(row, Mapping):
            raise Problem("is not a list of dicts, so no data frame can be made of it", "give every row as a dict")
    return listed


def arrow_of(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, str] | None) -> Any:
    """An Arrow table of rows, with the declared types; without any row, of the declared columns."""
    arrow, types = library("pyarrow"), arrow_types(schema)
    if not rows:
        return arrow.schema([(column, types.get(column, arrow.null())) for column in schema or ()]).empty_table()
    names = _names(rows)
    arrays = [_array([row.get(name) for row in rows], types.get(name)) for name in names]
    return arrow.Table.from_arrays(arrays, names=names)


def polars_of(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, str] | None) -> Any:
    """A polars frame of rows, with the declared types; without any row, of the declared columns."""
    polars, types = library("polars"), polars_types(schema)
    if not rows:
        return polars.DataFrame(schema={column: types.get(column, polars.Null) for column in schema or ()})
    texts = {name for name in types if any(isinstance(row.get(name), str) for row in rows)}
    as_they_are = {name: polars.String if name in texts else kind for name, kind in types.items()}
    frame = polars.DataFrame(rows, infer_schema_length=None, schema_overrides=as_they_are)
    return frame.with_columns(_parsed(polars.col(name), types[name]) for name in texts)


def _parsed(text: Any, kind: Any) -> Any:
    """Text as a type that JSON has not; polars casts none of it (docs.pola.rs/api/python/stable/reference, ``str``)."""
    name = type(kind).__name__ if not isinstance(kind, type) else kind.__name__
    if name == "Datetime":
        return text.str.to_datetime(time_unit=kind.time_unit, time_zone=kind.time_zone)
    return {"Date": text.str.to_date, "Time": text.str.to_time}.get(name, lambda: text.cast(kind))()


def batches(rows: Iterable[Any], schema: Mapping[str, str] | None) -> Iterator[Any]:
    """Rows as record batches of one schema, made as the rows come: as declared, and else as the first batch is."""
    every = iter(rows)
    first = arrow_of(checked(itertools.islice(every, BATCH)), schema)
    yield from first.to_batches() or [library("pyarrow").RecordBatch.from_pylist([], schema=first.schema)]
    while part := checked(itertools.islice(every, BATCH)):
        yield _batch(part, first.schema, arrow_types(schema))


def _batch(rows: Sequence[Mapping[str, Any]], fixed: Any, types: Mapping[str, Any]) -> Any:
    arrow = library("pyarrow")
    new = next((name for name in _names(rows) if name not in fixed.names), None)
    if new is not None:
        raise _late(new, f"which the first {BATCH:,} rows have not")
    arrays = []
    for field in fixed:
        values = [row.get(field.name) for row in rows]
        if field.name in types:
            arrays.append(_array(values, field.type))
            continue
        try:
            found = arrow.array(values)
            merged = arrow.unify_schemas(
                [arrow.schema([field]), arrow.schema([(field.name, found.type)])], promote_options="permissive"
            )
            same = merged.field(0).type == field.type
        except arrow.ArrowException:  # types that have nothing in common
            same = False
        if not same:
            raise _late(field.name, f"which is {field.type} in the first {BATCH:,} rows, and more than that later")
        arrays.append(found if found.type == field.type else arrow.array(values, field.type))
    return arrow.RecordBatch.from_arrays(arrays, schema=fixed)


def _late(column: str, what: str) -> Problem:
    return Problem(
        f"gives the column {column}, {what}",
        "the first rows of an iterator decide its columns: give every row this one, None where there is nothing, and"
        f' declare its type, schema={{"{column}": …}}; or return a list',
    )


def _array(values: list[Any], kind: Any) -> Any:
    """Values as an array of a type, or of the type that they have; text is parsed where the type is none."""
    arrow = library("pyarrow")
    if kind is None:
        return arrow.array(values)
    try:
        return arrow.array(values, kind)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError):
        return arrow.array(values).cast(kind)


def _names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns that any of the rows has, in the order in which they come."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is not None:
        raise Problem(f"has the key {odd!r}, {described(odd)}; columns have names of text", "make the keys text")
    return names


def rows_of(value: Any) -> list[dict[str, Any]]:
    """A frame's rows as dicts; what pandas calls missing is ``None``, but in a column of floats, where it is NaN."""
    match library_form(value):
        case Form.POLARS:
            return list(value.to_dicts())
        case Form.LAZY:
            return list(value.collect().to_dicts())
        case Form.PANDAS:
            return _pandas_rows(value)
        case Form.READER:
            return rows_of(value.read_all())
        case _:
            distinct(value.schema.names)
            return list(value.to_pylist())


def _pandas_rows(frame: Any) -> list[dict[str, Any]]:
    distinct(frame.columns)
    floats = ("float64", "float32", "float16")  # NumPy's; those of pandas itself are called Float64
    gaps = [name for name in frame if str(frame[name].dtype) not in floats and frame[name].isna().any()]
    if gaps:
        frame = frame.astype(dict.fromkeys(gaps, object))
        frame[gaps] = frame[gaps].where(frame[gaps].notna(), None)
    return list(frame.to_dict("records"))
