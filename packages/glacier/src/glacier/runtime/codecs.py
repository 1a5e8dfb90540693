"""What data looks like where it is kept: Parquet, JSON, CSV, text or bytes, and back in the form a task wants.

Without a format the value decides: data frames and Arrow data become Parquet; ``str`` becomes text; bytes, and the
file a ``Path`` names, stay as they are; everything else becomes JSON. When it is read, what is there decides how it
is read, and the annotation in which form the task gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Protocol, TypeAlias

from glacier.runtime import cells, frames, plain, records, streams
from glacier.runtime.packing import unpacked_name
from glacier.runtime.problems import ENDING, Problem
from glacier.runtime.schema import checked_rows
from glacier.runtime.wanted import (
    FRAMES,
    STREAMS,
    Form,
    check,
    described,
    form_of,
    library_form,
    restorer,
    shown,
)

# All of it; a file that has it; its pieces, as they come; or what writes it to a file.
Content: TypeAlias = bytes | Path | Iterator[bytes] | Callable[[Path], None]

SUFFIXES = {"parquet": ".parquet", "json": ".json", "csv": ".csv", "text": ".txt", "bytes": ".bin"}
_BY_SUFFIX = {suffix: kind for kind, suffix in SUFFIXES.items()} | {".pq": "parquet", ".log": "text", ".md": "text"}
_LINES = dict.fromkeys((".jsonl", ".ndjson"), "jsonl")  # of a source
_GATHERED = 256 * 1024  # bytes
_SIMPLE = frozenset({dict, list, int, float, bool, type(None), tuple})


class Source(Protocol):
    """An object that is being read: all at once, in pieces, or as a local file."""

    def content(self) -> bytes:
        """All of it."""

    def chunks(self) -> Iterator[bytes]:
        """Pieces of it, of a few MiB."""

    def file(self) -> Path:
        """A local file with its content, to be read and left as it is."""

    def copy(self) -> Path:
        """A local file with its content, to do anything with."""


def kind_of_name(name: str) -> str | None:
    """The format that a file's name tells: ``orders.csv`` and ``orders.csv.zst`` are both CSV."""
    return (_BY_SUFFIX | _LINES).get(PurePath(unpacked_name(name)).suffix.lower())


def encode(value: Any, kind: str | None, wanted: Any, schema: Mapping[str, str] | None) -> tuple[str, Content]:
    """The format, and the content in it, of a value that a task returned.

    ``kind`` is the dataset's format, if it has one, and ``wanted`` the annotated type. Raises
    :class:`~glacier.runtime.problems.Problem` for what the format cannot keep.
    """
    kind = _written(kind)
    if kind in (None, "json") and type(value) in _SIMPLE and not schema:
        return "json", plain.to_json(value, wanted)
    if isinstance(value, PurePath):
        return _file(Path(value), kind)
    if library_form(value) is not None:
        return _frame(value, kind or "parquet", schema)
    if isinstance(value, bytes | bytearray | memoryview):
        if kind not in (None, "bytes", "text"):
            return kind, bytes(value)  # somebody who made the file's bytes themselves
        return kind or "bytes", bytes(value)
    if isinstance(value, str):
        return _text(value, kind)
    if isinstance(value, Iterator):
        return _stream(value, kind, form_of(wanted), schema)
    return _plain(value, kind, wanted, schema)


def _file(path: Path, kind: str | None) -> tuple[str, Content]:
    if not path.is_file():
        raise Problem(f"is the path {path}, and there is no such file", "return the path of a file that was written")
    return kind or _written(kind_of_name(path.name)) or "bytes", path


def _written(kind: str | None) -> str | None:
    """The format in which is written what a name says: JSON Lines are only read as something of their own."""
    return "json" if kind == "jsonl" else kind


def _frame(value: Any, kind: str, schema: Mapping[str, str] | None) -> tuple[str, Content]:
    if kind == "parquet" and library_form(value) is Form.READER:
        return kind, frames.parquet_pieces(value, schema)
    if kind in ("parquet", "csv"):
        return kind, lambda path: frames.write(value, path, kind, schema)
    if kind == "json":
        rows = records.rows_of(value)
        return kind, plain.to_json(list(checked_rows(rows, schema)) if schema else rows)
    raise Problem(f"is {described(value)}, which is not {kind}", "format='parquet', 'csv' or 'json'")


def _text(value: str, kind: str | None) -> tuple[str, Content]:
    if kind == "json":
        return kind, plain.to_json(value)
    if kind == "parquet":
        raise Problem("is a str, which Parquet cannot keep", "format='text', or return rows")
    try:
        return kind or "text", value.encode()
    except UnicodeEncodeError as error:
        raise Problem(f"is text that UTF-8 cannot keep: {error}") from error


def _stream(
    values: Iterator[Any], kind: str | None, form: Form, schema: Mapping[str, str] | None
) -> tuple[str, Content]:
    """An iterator, written as its items come, so that they are never in memory together."""
    if form is Form.BATCHES:
        if kind not in (None, "parquet"):
            raise Problem(f"gives record batches, which are not {kind}", "format='parquet'")
        return "parquet", frames.parquet_pieces(values, schema)
    if form is Form.CHUNKS or kind in ("bytes", "text"):
        return kind or "bytes", _chunks(values)
    rows = checked_rows(values, schema) if schema else values
    if kind == "parquet":
        return kind, frames.parquet_of_rows(rows, schema)
    if kind == "csv":
        return kind, gathered(cells.csv_rows(rows, "gives", schema))
    return "json", gathered(plain.json_rows(rows))


def _chunks(values: Iterable[Any]) -> Iterator[bytes]:
    for value in values:
        if not isinstance(value, str | bytes | bytearray | memoryview):
            raise Problem(f"gives {described(value)}, and not pieces of bytes")
        yield value.encode() if isinstance(value, str) else bytes(value)


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Many small pieces as fewer larger ones."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= _GATHERED:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _plain(value: Any, kind: str | None, wanted: Any, schema: Mapping[str, str] | None) -> tuple[str, Content]:
    if kind in ("text", "bytes"):
        raise Problem(f"is {described(value)}; format={kind!r} takes {'str' if kind == 'text' else 'bytes'}")
    if schema or kind in ("csv", "parquet"):
        if isinstance(value, Mapping) or not isinstance(value, Iterable):
            raise Problem(f"is {described(value)}, and not rows", "return a list of dicts, or a data frame")
        value = list(checked_rows(value, schema) if schema else value)
    if kind == "csv":
        return kind, gathered(cells.csv_rows(value, "holds", schema))
    if kind == "parquet":
        frame = frames.from_rows(value, Form.ANY, schema)
        return kind, lambda path: frames.write(frame, path, "parquet", schema)
    return "json", plain.to_json(value, wanted)


def decode(source: Source, kind: str | None, wanted: Any, schema: Mapping[str, str] | None) -> Any:
    """What a task gets of an object, in the form its annotation asks for.

    Raises :class:`~glacier.runtime.problems.Problem` for content that is not what it should be.
    """
    form = form_of(wanted)
    if form is Form.BYTES:
        return source.content()
    if form is Form.FILE:
        return source.copy()
    if form is Form.CHUNKS:
        return source.chunks()
    try:
        found = _decode(source, kind or _guess(source, form), form, schema)
    except (Problem, FileNotFoundError, PermissionError, MemoryError, *ENDING):
        raise
    except BaseException as error:  # a library in Rust panics at bad data
        raise _bad(error, kind) from error
    if form in STREAMS:
        return _checked(found, kind)
    if (form in (Form.PLAIN, Form.TEXT) or (form in FRAMES and found is None)) and wanted is not None:
        restore = restorer(wanted)
        if restore is not None and found is not None:
            found = restore(found)
        check(found, wanted, "holds")
    return found


def _checked(items: Iterator[Any], kind: str | None) -> Iterator[Any]:
    """What is read bit by bit, whose end may be as bad as what is read at once."""
    try:
        yield from items
    except (Problem, FileNotFoundError, PermissionError, MemoryError, *ENDING):
        raise
    except BaseException as error:  # a library in Rust panics at bad data
        raise _bad(error, kind) from error


def _bad(error: BaseException, kind: str | None) -> Problem:
    what = str(error).partition("\n")[0]
    return Problem(
        f"cannot be read as {kind or 'JSON'}: {what}",
        "it was cut off, or is something else: write it again, or say what it is with the dataset's format=",
    )


def _guess(source: Source, form: Form) -> str:
    """The format of an object whose name does not tell."""
    if form in FRAMES:
        return "parquet"
    if form is Form.TEXT:
        return "text"
    if next(source.chunks(), b"")[:4] == b"PAR1":
        return "parquet"
    if form is not Form.ANY:
        return "json"
    content = source.content()
    try:
        plain.from_json(content)
    except ValueError:
        return "text" if _is_text(content) else "bytes"
    return "json"


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode(source: Source, kind: str, form: Form, schema: Mapping[str, str] | None) -> Any:
    if form is Form.TEXT and kind != "json":
        if kind == "parquet":
            raise Problem("is a Parquet file, and the task wants text")
        return source.content().decode()
    if kind in ("json", "jsonl"):
        return _json(source, kind, form, schema)
    if kind == "csv" and form not in FRAMES:
        rows = _csv_rows(source, schema)
        return rows if form is Form.ROWS else list(rows)
    if kind in ("parquet", "csv"):
        found = frames.read(source.file(), kind, form, schema)
        if form in (Form.LAZY,):
            found.collect_schema()  # a file that is none is found here, and not in the middle of the task
        return frames.convert(found, form) if library_form(found) is not None else found
    if form in FRAMES or form is Form.PLAIN:
        raise Problem(f"is {kind}, and the task wants {form.name.lower()}", "say what it is: the dataset's format=")
    if form is Form.ROWS:
        return _lines(source)
    return source.content().decode() if kind == "text" else source.content()


def _json(source: Source, kind: str, form: Form, schema: Mapping[str, str] | None) -> Any:
    if form is Form.ROWS:
        each = plain.read_json_rows(streams.binary(source.chunks()), lines=kind == "jsonl")
        return checked_rows(each, schema) if schema else each
    found = plain.read_json(source.content(), lines=kind == "jsonl")
    if form in FRAMES:
        if found is None and form not in STREAMS:
            return None  # of a task that may give none
        found = found if isinstance(found, list) else [found]
    if schema:
        found = list(checked_rows(found, schema))
    return frames.from_rows(found, form, schema) if form in FRAMES else found


def _csv_rows(source: Source, schema: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
    # Spreadsheets put a mark before the first byte.
    return cells.read_csv_rows(streams.text(source.chunks(), "utf-8-sig", newline=""), schema)


def _lines(source: Source) -> Iterator[str]:
    return (line.rstrip("\n") for line in streams.text(source.chunks(), "utf-8"))


def in_memory(value: Any, wanted: Any, schema: Mapping[str, str] | None = None) -> Any:
    """A value that was kept as it is, in the form the next task wants; nothing is serialised, or looked at."""
    form = form_of(wanted)
    if form is Form.ANY:
        return value
    if library_form(value) is not None:
        return frames.convert(value, form) if form in FRAMES or form in (Form.PLAIN, Form.ROWS) else value
    if form in FRAMES and isinstance(value, list):
        return frames.from_rows(value, form, schema)
    if form is Form.ROWS:
        return iter(value)
    if form is Form.CHUNKS:
        return iter((value,)) if isinstance(value, bytes) else iter(value)
    if form is Form.BYTES and isinstance(value, str):
        return value.encode()
    if form is Form.TEXT and isinstance(value, bytes):
        return value.decode()
    if isinstance(value, PurePath) and form in (Form.BYTES, Form.TEXT):
        content = Path(value).read_bytes()
        return content if form is Form.BYTES else content.decode()
    if not isinstance(value, PurePath):
        _agree(value, wanted)
    return value


def _agree(value: Any, wanted: Any) -> None:
    try:
        check(value, wanted, "holds")
    except Problem as problem:
        raise Problem(problem.message, f"the task that reads it wants {shown(wanted)}") from None
