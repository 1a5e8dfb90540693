"""Data frames and Arrow data as Parquet and CSV, each by its own library, which is imported only here and now.

A task that works with polars needs polars alone; pandas and Arrow data need pyarrow.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from glacier.runtime.libraries import is_there, library
from glacier.runtime.problems import Problem
from glacier.runtime.schema import canonical, check_columns
from glacier.runtime.wanted import Form, library_form

_CODEC = "zstd"  # a third smaller than snappy, for a sixth more time when it is written and none when it is read
_BATCH = 65_536  # rows that are in memory at once when a reader takes batches
# polars' types as Arrow calls them; docs.pola.rs/api/python/stable/reference/datatypes.html
_POLARS = {
    "Float64": "double",
    "Float32": "float",
    "String": "string",
    "Boolean": "bool",
    "Date": "date32[day]",
    "Time": "time64[ns]",
    "Binary": "binary",
    "Null": "null",
    **{f"{sign}{bits}": f"{sign}{bits}".lower() for sign in ("Int", "UInt") for bits in (8, 16, 32, 64)},
}


def columns_of(value: Any) -> dict[str, str]:
    """The columns of a frame, and their types as Arrow calls them."""
    form = library_form(value)
    if form in (Form.POLARS, Form.LAZY):
        return {name: _polars_type(dtype) for name, dtype in value.collect_schema().items()}
    is_pandas = form is Form.PANDAS
    found = library("pyarrow").Schema.from_pandas(value, preserve_index=False) if is_pandas else value.schema
    return {field.name: canonical(str(field.type)) for field in found}


def _polars_type(dtype: Any) -> str:
    name = type(dtype).__name__ if not isinstance(dtype, type) else dtype.__name__
    unit = getattr(dtype, "time_unit", None)
    if name == "Datetime":
        zone = getattr(dtype, "time_zone", None)
        return f"timestamp[{unit}, tz={zone}]" if zone else f"timestamp[{unit}]"
    if name == "Duration":
        return f"duration[{unit}]"
    if name == "List":
        return f"list<item: {_polars_type(dtype.inner)}>"
    return _POLARS.get(name, name.lower())


def write(value: Any, path: Path, kind: str, schema: Mapping[str, str] | None) -> None:
    """Write a frame to a file as ``"parquet"`` or ``"csv"``, whose columns are as the schema declares."""
    form = library_form(value)
    if schema:
        check_columns(columns_of(value), schema)
    if form is Form.POLARS:
        (value.write_parquet if kind == "parquet" else value.write_csv)(path)
    elif form is Form.LAZY:
        (value.sink_parquet if kind == "parquet" else value.sink_csv)(path)
    elif form is Form.PANDAS and kind == "csv":
        value.to_csv(path, index=False)
    elif form is Form.PANDAS:
        library("pyarrow.parquet").write_table(library("pyarrow").Table.from_pandas(value), path, compression=_CODEC)
    elif kind == "csv":
        with library("pyarrow.csv").CSVWriter(path, value.schema) as writer:
            for part in (value,) if form is Form.ARROW else value:
                writer.write(part)
    else:
        library("pyarrow.parquet").write_table(value, path, compression=_CODEC)


def parquet_pieces(batches: Iterable[Any], schema: Mapping[str, str] | None) -> Iterator[bytes]:
    """Record batches as pieces of a Parquet file, made as the batches come; a reader, or an iterator of them."""
    columns = getattr(batches, "schema", None)
    every = iter(batches)
    if columns is None:  # an iterator, whose first batch says what the columns are
        first = next(every, None)
        if first is None:
            raise Problem(
                "has no record batch at all", "yield at least one, which may be empty, so that its columns are known"
            )
        columns, every = first.schema, itertools.chain((first,), every)
    if schema:
        check_columns({field.name: canonical(str(field.type)) for field in columns}, schema)
    sink = _Sink()
    with library("pyarrow.parquet").ParquetWriter(sink, columns, compression=_CODEC) as writer:
        for batch in every:
            writer.write_batch(batch)
            if pieces := sink.taken():
                yield pieces
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that is read while it is written, and never kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        piece = bytes(content)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def from_rows(rows: Iterable[Any], form: Form, schema: Mapping[str, str] | None = None) -> Any:
    """A frame of plain rows; without a form, of the library that is there."""
    listed = list(rows)
    if not all(isinstance(row, Mapping) for row in listed):
        raise Problem("is not a list of dicts, so no data frame can be made of it", "give every row as a dict")
    if form is Form.ANY:
        form = Form.ARROW if is_there("pyarrow") else Form.POLARS
    if form is Form.PANDAS:
        return library("pandas").DataFrame(listed)
    if form in (Form.POLARS, Form.LAZY):
        overrides = _polars_schema(schema)
        frame = library("polars").DataFrame(listed, infer_schema_length=None, schema_overrides=overrides)
        return frame.lazy() if form is Form.LAZY else frame
    columns = dict.fromkeys(column for row in listed for column in row)  # of the first row alone, as pyarrow has it
    table = library("pyarrow").Table.from_pylist([{**dict.fromkeys(columns), **row} for row in listed])
    for column, declared in (schema or {}).items():  # whole numbers in a column of doubles, and the like
        if column in table.column_names and canonical(str(table.schema.field(column).type)) != canonical(declared):
            kind = library("pyarrow").type_for_alias(canonical(declared))
            table = table.set_column(table.column_names.index(column), column, table[column].cast(kind))
    return _as(table, form)


def rows_of(value: Any) -> list[dict[str, Any]]:
    """A frame's rows as dicts."""
    match library_form(value):
        case Form.POLARS:
            return list(value.to_dicts())
        case Form.LAZY:
            return list(value.collect().to_dicts())
        case Form.PANDAS:
            return list(value.to_dict("records"))
        case Form.READER:
            return list(value.read_all().to_pylist())
        case _:
            return list(value.to_pylist())


def read(path: Path, kind: str, form: Form, schema: Mapping[str, str] | None) -> Any:
    """What a Parquet or CSV file holds, in a form; ``ANY`` gives it to the library that wrote it."""
    found = _read_csv(path, form, schema) if kind == "csv" else _read_parquet(path, form)
    if schema and library_form(found) is not None:
        check_columns(columns_of(found), schema)
    return found


def _read_parquet(path: Path, form: Form) -> Any:
    if form in (Form.POLARS, Form.LAZY) or not is_there("pyarrow"):
        polars = library("polars")
        return polars.scan_parquet(path) if form is Form.LAZY else polars.read_parquet(path)
    parquet = library("pyarrow.parquet")
    if form in (Form.READER, Form.BATCHES, Form.ROWS):
        file = parquet.ParquetFile(path)
        batches = file.iter_batches(_BATCH)
        if form is Form.BATCHES:
            return batches
        return library("pyarrow").RecordBatchReader.from_batches(file.schema_arrow, batches)
    if form is Form.ANY:
        facts = parquet.read_metadata(path)
        if str(facts.created_by).startswith("Polars") and is_there("polars"):
            return library("polars").read_parquet(path)
        if b"pandas" in (facts.metadata or {}) and is_there("pandas"):
            form = Form.PANDAS
    return _as(parquet.read_table(path), form)


def _read_csv(path: Path, form: Form, schema: Mapping[str, str] | None) -> Any:
    if form in (Form.POLARS, Form.LAZY):
        polars = library("polars")
        options = {"schema_overrides": _polars_schema(schema), "infer_schema_length": None}
        return (polars.scan_csv if form is Form.LAZY else polars.read_csv)(path, **options)
    if form is Form.PANDAS and not schema:
        return library("pandas").read_csv(path)
    reading, arrow = library("pyarrow.csv"), library("pyarrow")
    types = {column: arrow.type_for_alias(canonical(declared)) for column, declared in (schema or {}).items()}
    return _as(reading.read_csv(path, convert_options=reading.ConvertOptions(column_types=types)), form)


def _polars_schema(schema: Mapping[str, str] | None) -> dict[str, Any] | None:
    if not schema:
        return None
    polars, names = library("polars"), {arrow: name for name, arrow in _POLARS.items()}
    known = {column: names.get(canonical(declared)) for column, declared in schema.items()}
    return {column: getattr(polars, name) for column, name in known.items() if name}


def convert(value: Any, form: Form) -> Any:
    """A frame in another form: of another library, lazy, or as plain rows."""
    have = library_form(value)
    if have is form or form is Form.ANY:
        return value
    if form is Form.PLAIN:
        return rows_of(value)
    if form is Form.ROWS:
        return (row for batch in value for row in batch.to_pylist()) if have is Form.READER else iter(rows_of(value))
    if have in (Form.POLARS, Form.LAZY) and form in (Form.POLARS, Form.LAZY):
        return value.collect() if have is Form.LAZY else value.lazy()
    if have in (Form.POLARS, Form.LAZY):
        eager = value.collect() if have is Form.LAZY else value
        return eager.to_pandas() if form is Form.PANDAS else _as(eager.to_arrow(), form)
    if have is Form.PANDAS:
        return _as(library("pyarrow").Table.from_pandas(value), form)
    return _as(value.read_all() if have is Form.READER else value, form)


def _as(table: Any, form: Form) -> Any:
    """An Arrow table in the form a task wants."""
    if form is Form.PANDAS:
        return table.to_pandas()
    if form in (Form.POLARS, Form.LAZY):
        frame = library("polars").from_arrow(table)
        return frame.lazy() if form is Form.LAZY else frame
    ways: dict[Form, Callable[[], Any]] = {
        Form.READER: table.to_reader,
        Form.BATCHES: lambda: iter(table.to_batches()),
        Form.PLAIN: table.to_pylist,
        Form.ROWS: lambda: iter(table.to_pylist()),
    }
    return ways[form]() if form in ways else table
