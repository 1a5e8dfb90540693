"""Data frames and Arrow data as Parquet and CSV, each by its own library, which is imported only here and now.

A task that works with polars needs polars alone; pandas and Arrow data need pyarrow.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from glacier.runtime.columns import arrow_types, columns_of, polars_types
from glacier.runtime.libraries import is_there, library
from glacier.runtime.problems import Problem
from glacier.runtime.records import BATCH, arrow_of, batches, checked, polars_of, rows_of
from glacier.runtime.schema import canonical, check_columns, distinct
from glacier.runtime.wanted import Form, library_form

_CODEC = "zstd"  # a third smaller than snappy, for a sixth more time when it is written and none when it is read
_BLOCK = 4 * 1024 * 1024  # bytes of a CSV file that are read at once; a row, and what tells the types, is within one


def write(value: Any, path: Path, kind: str, schema: Mapping[str, str] | None) -> None:
    """Write a frame to a file as ``"parquet"`` or ``"csv"``, whose columns are as the schema declares."""
    form = library_form(value)
    if schema:
        check_columns(columns_of(value), schema)
    if kind == "csv" and form not in (Form.POLARS, Form.LAZY):  # polars has each name once
        distinct(value.columns if form is Form.PANDAS else value.schema.names)
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


def parquet_of_rows(rows: Iterable[Any], schema: Mapping[str, str] | None) -> Iterator[bytes]:
    """Rows as pieces of a Parquet file, made as the rows come; polars alone has all of them in memory."""
    if is_there("pyarrow"):
        yield from parquet_pieces(batches(rows, schema), schema)
        return
    sink = io.BytesIO()
    from_rows(rows, Form.POLARS, schema).write_parquet(sink)
    yield sink.getvalue()


def from_rows(rows: Iterable[Any], form: Form, schema: Mapping[str, str] | None = None) -> Any:
    """A frame of plain rows, with the declared types; without a form, of the library that is there."""
    listed = checked(rows)
    if form is Form.ANY:
        form = Form.ARROW if is_there("pyarrow") else Form.POLARS
    if form is Form.PANDAS and not schema:
        return library("pandas").DataFrame(listed)
    frame = (polars_of if form in (Form.POLARS, Form.LAZY) else arrow_of)(listed, schema)
    if schema:
        check_columns(columns_of(frame), schema)
    return convert(frame, form)


def read(path: Path, kind: str, form: Form, schema: Mapping[str, str] | None) -> Any:
    """What a Parquet or CSV file holds, in a form; ``ANY`` gives it to the library that wrote it.

    The declared columns are looked at as the file has them: pandas makes other types of columns with gaps.
    """
    if kind == "csv" and form is Form.PANDAS and not schema:
        return library("pandas").read_csv(path) if path.stat().st_size else library("pandas").DataFrame()
    if kind != "csv" and form is Form.ANY:
        form = _writer(path)
    found = _read_csv(path, form, schema) if kind == "csv" else _read_parquet(path, form)
    if schema:
        check_columns(columns_of(found), schema)
    return convert(found, form)


def _writer(path: Path) -> Form:
    """The library that wrote a Parquet file, where it is there."""
    if not is_there("pyarrow"):
        return Form.POLARS
    facts = library("pyarrow.parquet").read_metadata(path)
    if str(facts.created_by).startswith("Polars") and is_there("polars"):
        return Form.POLARS
    return Form.PANDAS if b"pandas" in (facts.metadata or {}) and is_there("pandas") else Form.ARROW


def _read_parquet(path: Path, form: Form) -> Any:
    if form in (Form.POLARS, Form.LAZY) or not is_there("pyarrow"):
        polars = library("polars")
        return polars.scan_parquet(path) if form is Form.LAZY else polars.read_parquet(path)
    parquet = library("pyarrow.parquet")
    if form not in (Form.READER, Form.BATCHES, Form.ROWS):
        return parquet.read_table(path)
    file = parquet.ParquetFile(path)
    return library("pyarrow").RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(BATCH))


def _read_csv(path: Path, form: Form, schema: Mapping[str, str] | None) -> Any:
    empty = not path.stat().st_size  # as no rows are written when nothing says what their columns are
    if form in (Form.POLARS, Form.LAZY):
        polars = library("polars")
        if empty:
            return polars.LazyFrame() if form is Form.LAZY else polars.DataFrame()
        options = {"schema_overrides": polars_types(schema), "infer_schema_length": None}
        return (polars.scan_csv if form is Form.LAZY else polars.read_csv)(path, **options)
    reading, arrow = library("pyarrow.csv"), library("pyarrow")
    if empty:
        return arrow.table({})
    options = {
        "read_options": reading.ReadOptions(block_size=_BLOCK),
        "parse_options": reading.ParseOptions(newlines_in_values=True),
        "convert_options": reading.ConvertOptions(column_types=arrow_types(schema)),
    }
    if form not in (Form.READER, Form.BATCHES):
        return reading.read_csv(path, **options)
    reader = reading.open_csv(path, **options)
    return arrow.RecordBatchReader.from_batches(reader.schema, _told(reader, arrow.ArrowInvalid))


def _told(reader: Any, invalid: type[Exception]) -> Iterator[Any]:
    """A CSV file's batches; a value that is not of its column's type says how that is known."""
    try:
        yield from reader
    except invalid as error:
        raise Problem(
            f"cannot be read as csv: {error}",
            f"the first {_BLOCK >> 20} MiB tell the columns' types, when it is read bit by bit: declare them, schema=",
        ) from error


def convert(value: Any, form: Form) -> Any:
    """A frame in another form: of another library, lazy, or as plain rows."""
    have = library_form(value)
    if have is form or form is Form.ANY:
        return value
    if form is Form.PLAIN:
        return rows_of(value)
    if form is Form.ROWS and have is Form.READER:
        distinct(value.schema.names)
        return (row for batch in value for row in batch.to_pylist())
    if form is Form.ROWS:
        return iter(rows_of(value))
    if form is Form.BATCHES and have is Form.READER:
        return iter(value)
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
    }
    return ways[form]() if form in ways else table
