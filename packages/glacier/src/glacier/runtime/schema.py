"""Checks data against a dataset's declared columns, whose types are called as Arrow calls them.

A schema lists the columns that must be there, with their types; other columns may be there too.
arrow.apache.org/docs/python/api/datatypes.html has the names; ``float64`` and the like are taken as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
_WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def canonical(kind: str) -> str:
    """One name for a type that has several: ``large_string``, ``utf8`` and ``str`` are all ``string``."""
    return _ALIASES.get(kind, kind).replace("large_list", "list").replace("large_string", "string")


def check_columns(columns: Mapping[str, str], schema: Mapping[str, str]) -> None:
    """Refuse columns that are not as declared; raises :class:`~glacier.runtime.problems.Problem`."""
    for column, declared in schema.items():
        found = columns.get(column)
        if found is None:
            raise Problem(
                f"has no column {column}, which is declared {declared}",
                f"there is: {', '.join(columns) or 'no column at all'}; change the data, or the dataset's schema=",
            )
        if canonical(found) != canonical(declared):
            raise _mismatch(column, declared, canonical(found))


def checked_rows(rows: Iterable[Any], schema: Mapping[str, str]) -> Iterator[Any]:
    """The rows, each refused when a value is not of its column's declared type; ``None`` is of every type."""
    tests = [(column, kind, _test(kind)) for column, kind in schema.items()]
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
                raise _mismatch(column, kind, type(value).__name__, f" in row {number}")
        yield row


def _mismatch(column: str, declared: str, found: str, where: str = "") -> Problem:
    return Problem(
        f"column {column} is declared {declared} and is {found}{where}",
        f'make it {declared}, or declare what it is: schema={{"{column}": …}}',
    )


def _test(kind: str) -> Callable[[Any], bool]:
    """Whether a plain value is of an Arrow type; of types that plain data does not have, any value is."""
    name = canonical(kind)
    if name in _WHOLE:
        bits = int(name.lstrip("uint"))
        low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if name in ("double", "float", "halffloat"):
        return lambda value: isinstance(value, float | int) and not isinstance(value, bool)
    if name == "bool":
        return lambda value: isinstance(value, bool)
    return (lambda value: isinstance(value, str)) if name == "string" else (lambda value: True)
