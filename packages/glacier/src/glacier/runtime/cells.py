"""Rows as CSV, one by one: a header, and cells of text."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import IO, Any

from glacier.runtime.problems import Problem
from glacier.runtime.schema import WHOLE, canonical, check_there, distinct, test_of
from glacier.runtime.wanted import described

_LONGEST = 2**31 - 1  # characters of a cell; Python's own limit, of 128 KiB, is less than many a text


def csv_rows(rows: Iterable[object], said: str, schema: Mapping[str, str] | None) -> Iterator[bytes]:
    """Rows as CSV with a header, which the first row decides, or without one the schema, made as the rows come."""
    lines = _Lines()
    writer: Any = None
    known: frozenset[Any] = frozenset()
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise Problem(f"{said} {described(row)} in its rows; CSV takes dicts", "format='json' takes any data")
        if writer is None:
            writer, known = _writer(lines, list(row)), frozenset(row)
            yield lines.last
        if unknown := row.keys() - known:
            raise Problem(
                f"has a row with the column {min(map(str, unknown))}, which the first row has not",
                "give every row the same keys",
            )
        try:
            writer.writerow(row)
        except UnicodeEncodeError as error:
            raise Problem(f"has text in row {number} that UTF-8 cannot keep: {error}") from error
        yield lines.last
    if writer is None and schema:
        _writer(lines, list(schema))
        yield lines.last


def _writer(lines: _Lines, columns: list[Any]) -> csv.DictWriter[Any]:
    distinct(columns)
    # Lines end as RFC 4180 says; with a bare line feed a carriage return in a cell would not be quoted.
    writer = csv.DictWriter(lines, columns, lineterminator="\r\n")
    try:
        writer.writeheader()
    except UnicodeEncodeError as error:
        raise Problem(f"has a column whose name UTF-8 cannot keep: {error}") from error
    return writer


class _Lines:
    """The file that a CSV writer wants, of which only the last line is kept."""

    last = b""

    def write(self, line: str) -> None:
        self.last = line.encode()


def read_csv_rows(file: IO[str], schema: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
    """Rows as dicts of text, or of the schema's types; an empty cell of a column that is no text is ``None``.

    Times and exact numbers stay text, as in JSON, and are looked at.
    """
    csv.field_size_limit(max(_LONGEST, csv.field_size_limit()))
    reader = csv.reader(file, strict=True)
    header = distinct(next(reader, []))
    check_there(header, schema or {})
    parsers = {column: parse for column, kind in (schema or {}).items() if (parse := _parser(kind)) is not None}
    for cells in reader:
        if not cells:  # an empty line
            continue
        if len(cells) != len(header):
            raise Problem(f"has another number of cells in line {reader.line_num} than in its header")
        row: dict[str, Any] = dict(zip(header, cells, strict=True))
        for column, parse in parsers.items():
            try:
                row[column] = parse(row[column]) if row[column] else None
            except ValueError:
                kind = (schema or {})[column]
                raise Problem(
                    f"column {column} is declared {kind}, and line {reader.line_num} has {row[column]!r:.80}"
                ) from None
        yield row


def _parser(kind: str) -> Callable[[str], Any] | None:
    """What makes a value of a cell, or raises ``ValueError``; a column of text has none."""
    name = canonical(kind)
    if name in ("string", "binary"):
        return None
    is_one, made = test_of(kind), _PARSERS.get(name, str)

    def parse(text: str) -> Any:
        value = made(text)
        if not is_one(value):
            raise ValueError(text)
        return value

    return parse


def _number(kind: Callable[[str], Any], text: str) -> Any:
    if "_" in text:  # which Python allows, and nobody else
        raise ValueError(text)
    return kind(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text.lower() in ("true", "1")


_PARSERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(WHOLE, partial(_number, int)),
    **dict.fromkeys(("double", "float", "halffloat"), partial(_number, float)),
    "bool": _boolean,
}
