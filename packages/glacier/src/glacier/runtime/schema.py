"""Checks data against a dataset's declared columns, whose types are called as Arrow calls them.

A schema lists the columns that must be there, with their types; other columns may be there too.
arrow.apache.org/docs/python/api/datatypes.html has the names; ``float64`` and the like are taken as well.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from glacier.runtime.problems import Problem
from glacier.runtime.wanted import described

_ALIASES = {
    "float64": "double",
    "float32": "float",
    "float16": "halffloat",
    "str": "string",
    "utf8": "string",
    "large_utf8": "string",
    "large_string": "string",
    "string_view": "string",
    "boolean": "bool",
    "int": "int64",
    "bytes": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date": "date32[day]",
    "date32": "date32[day]",
    "date64": "date64[ms]",
}
_OF = re.compile(r"(\w+)[\[(<](.*)[\])>]")  # a type of others, or of which more is said: decimal128(10, 2)
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def canonical(kind: str) -> str:
    """One name for a type that has several: ``large_string``, ``utf8`` and ``str`` are all ``string``.

    The items of a list are called ``element`` in a file that polars or Parquet's own rules wrote.
    """
    name = _ALIASES.get(kind, kind).replace("large_list", "list").replace("large_string", "string")
    return name.replace("list<element: ", "list<item: ")


def split(name: str) -> tuple[str, str]:
    """A type's name, and what is said of it: ``decimal128(10, 2)`` is ``decimal128`` and ``10, 2``."""
    found = _OF.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def check_columns(columns: Mapping[str, str], schema: Mapping[str, str]) -> None:
    """Refuse columns that are not as declared; raises :class:`~glacier.runtime.problems.Problem`."""
    check_there(columns, schema)
    for column, declared in schema.items():
        found = canonical(columns[column])
        if found != canonical(declared):
            raise _mismatch(column, declared, found)


def check_there(columns: Collection[str], schema: Mapping[str, str]) -> None:
    """Refuse columns of which a declared one is missing."""
    for column, declared in schema.items():
        if column not in columns:
            raise Problem(
                f"has no column {column}, which is declared {declared}",
                f"there is: {', '.join(columns) or 'no column at all'}; change the data, or the dataset's schema=",
            )


def distinct(names: Iterable[object]) -> list[str]:
    """The names of columns as text; raises :class:`Problem` when one is there twice, of which a row keeps one."""
    listed = [str(name) for name in names]
    twice = [name for name, times in Counter(listed).items() if times > 1]
    if twice:
        raise Problem(f"has more than one column {', '.join(twice)}", "give each column a name of its own")
    return listed


def checked_rows(rows: Iterable[Any], schema: Mapping[str, str]) -> Iterator[Any]:
    """The rows, each refused when a value is not of its column's declared type; ``None`` is of every type."""
    tests = [(column, kind, test_of(kind)) for column, kind in schema.items()]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise Problem(f"has a schema, and row {number} is {described(row)}", "make each row a dict")
        for column, kind, is_one in tests:
            if column not in row:
                raise Problem(
                    f"has no column {column} in row {number}, which is declared {kind}",
                    "change the data, or the dataset's schema=",
                )
            value = row[column]
            if value is not None and not is_one(value):
                said = (
                    f": {value!r:.40}" if isinstance(value, str | datetime.date) else ""
                )  # its type alone tells too little
                raise _mismatch(column, kind, type(value).__name__, f" in row {number}{said}")
        yield row


def _mismatch(column: str, declared: str, found: str, where: str = "") -> Problem:
    return Problem(
        f"column {column} is declared {declared} and is {found}{where}",
        f'make it {declared}, or declare what it is: schema={{"{column}": …}}',
    )


def test_of(kind: str) -> Callable[[Any], bool]:
    """Whether a plain value is of an Arrow type; of types that plain data does not have, any value is.

    Times and exact numbers may be text, since JSON and CSV have nothing else for them.
    """
    name = canonical(kind)
    base, said = split(name)
    if name in WHOLE:
        bits = int(name.lstrip("uint"))
        low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if base == "timestamp":
        return lambda value: _is_time(value, "tz=" in said)
    if base in ("date32", "date64"):
        return _is_date
    if base.startswith("decimal"):
        return _is_number
    if base == "list":
        is_one = test_of(said.removeprefix("item: "))
        return lambda value: isinstance(value, list | tuple) and all(each is None or is_one(each) for each in value)
    if name in ("double", "float", "halffloat"):
        return lambda value: isinstance(value, float | int) and not isinstance(value, bool)
    if name == "bool":
        return lambda value: isinstance(value, bool)
    return (lambda value: isinstance(value, str)) if name == "string" else (lambda value: True)


def _is_time(value: object, has_zone: bool) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, datetime.datetime) and (value.tzinfo is not None) == has_zone


def _is_date(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.date.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        try:
            return "_" not in value and decimal.Decimal(value).is_finite()
        except decimal.InvalidOperation:
            return False
    return isinstance(value, decimal.Decimal | int | float) and not isinstance(value, bool)
