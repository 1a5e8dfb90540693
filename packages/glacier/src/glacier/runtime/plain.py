"""Plain data as JSON and CSV, row by row where there are many."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

from glacier.runtime.problems import Problem
from glacier.runtime.wanted import described


def _scalar(value: Any) -> Any:
    """A NumPy number as Python's own; nothing else can be kept without becoming something else."""
    if type(value).__module__.partition(".")[0] == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    if isinstance(value, set | frozenset):
        return list(value)  # given back as a set where the annotation says so
    name = type(value).__name__
    hints = {"datetime": "value.isoformat()", "date": "value.isoformat()", "ndarray": "value.tolist()"}
    hint = hints.get(name, "dicts, lists, text, numbers, True, False and None")
    raise Problem(
        f"holds {value!r:.80}, {described(value)}, which JSON cannot keep", f"plain data is made of these: {hint}"
    )


_encode = json.JSONEncoder(ensure_ascii=False, default=_scalar).encode


def to_json(value: object, *, text_keys: bool = True) -> bytes:
    """A value as JSON; raises :class:`Problem` for what JSON would keep as something else.

    Numbers that are none, and infinity, are written as JavaScript does: ``NaN``, ``Infinity``.
    """
    if text_keys and type(value) is dict:
        for key in value:
            if type(key) is not str and not isinstance(key, str):
                name = type(key).__name__
                help_ = f"annotate with dict[{name}, …]" if name in ("int", "float") else "make the keys text"
                raise Problem(f"has the key {key!r}, {described(key)}; JSON has text keys only", help_)
    try:
        return _encode(value).encode()
    except RecursionError:
        raise Problem("is nested too deeply for JSON, or holds itself") from None
    except (TypeError, ValueError) as error:
        raise Problem(f"cannot be kept as JSON: {error}") from error


def from_json(content: bytes) -> Any:
    """The value of a JSON text; raises ``ValueError``."""
    return json.loads(content)


def json_rows(rows: Iterable[object]) -> Iterator[bytes]:
    """An array with one row on each line, made as the rows come."""
    separator = b"[\n"
    for row in rows:
        yield separator + to_json(row)
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def read_json_rows(file: IO[bytes]) -> Iterator[Any]:
    """The rows of an array, one at a time when each has its own line; of any other array all of them at once."""
    begin = file.readline()
    if begin != b"[\n":
        yield from _array(begin + file.read())
        return
    ended, first = False, True
    for line in file:
        ended = line.rstrip() == b"]"
        if not ended:
            try:
                row = json.loads(line.rstrip().removesuffix(b","))
            except ValueError:
                if not first:
                    raise
                yield from _array(begin + line + file.read())  # indented, as people like to read it
                return
            yield row
            first = False
    if not ended:
        raise Problem("ends in the middle of its rows")


def _array(content: bytes) -> list[Any]:
    rows = json.loads(content)
    if not isinstance(rows, list):
        raise Problem(f"holds {described(rows)}, and not a list of rows")
    return rows


def csv_rows(rows: Iterable[object], said: str) -> Iterator[bytes]:
    """Rows as CSV with a header, which the first row decides, made as the rows come."""
    lines = _Lines()
    writer: Any = None
    for row in rows:
        if not isinstance(row, Mapping):
            raise Problem(f"{said} {described(row)} in its rows; CSV takes dicts", "format='json' takes any data")
        if writer is None:
            # Lines end as RFC 4180 says; with a bare line feed a carriage return in a cell would not be quoted.
            writer = csv.DictWriter(lines, list(row), lineterminator="\r\n")
            writer.writeheader()
            yield lines.last
        try:
            writer.writerow(row)
        except ValueError:
            unknown = sorted(str(key) for key in row.keys() - set(writer.fieldnames))
            raise Problem(
                f"has a row with the column {unknown[0]}, which the first row has not", "give every row the same keys"
            ) from None
        yield lines.last


class _Lines:
    """The file that a CSV writer wants, of which only the last line is kept."""

    last = b""

    def write(self, line: str) -> None:
        self.last = line.encode()


def read_csv_rows(file: IO[str], schema: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
    """Rows as dicts of text, or of the schema's types; an empty cell of a column that is no text is ``None``."""
    reader = csv.reader(file, strict=True)
    header = next(reader, [])
    parsers = {column: parse for column, kind in (schema or {}).items() if (parse := _parser(kind)) is not None}
    for cells in reader:
        if not cells:  # an empty line
            continue
        if len(cells) != len(header):
            raise Problem(f"has another number of cells in line {reader.line_num} than in its header")
        row: dict[str, Any] = dict(zip(header, cells, strict=True))
        for column, parse in parsers.items():
            if column in row:
                try:
                    row[column] = parse(row[column]) if row[column] else None
                except ValueError:
                    kind = (schema or {})[column]
                    raise Problem(
                        f"column {column} is declared {kind}, and line {reader.line_num} has {row[column]!r}"
                    ) from None
        yield row


def _parser(kind: str) -> Callable[[str], Any] | None:
    if kind.startswith(("int", "uint")):
        return int
    if kind in ("double", "float", "float64", "float32", "halffloat", "float16"):
        return float
    return _boolean if kind in ("bool", "boolean") else None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text.lower() in ("true", "1")
