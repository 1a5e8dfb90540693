"""Datasets as tables of a database: SQLite here, PostgreSQL and MySQL in a cloud.

A table is replaced in one transaction, so that a reader sees the old rows or the new ones. Numbers, text, bytes,
dates and truth values have columns of their own types; lists and dicts are kept as JSON.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from glacier.runtime import plain, records
from glacier.runtime.codecs import in_memory
from glacier.runtime.manifest import Place
from glacier.runtime.problems import Problem
from glacier.runtime.schema import canonical, checked_rows
from glacier.runtime.wanted import described, library_form
from glacier.runtime.written import Written

_KINDS: dict[type, str] = {
    bool: "bool",
    int: "int64",
    float: "double",
    str: "string",
    bytes: "binary",
    dict: "json",
    list: "json",
    tuple: "json",
    datetime.datetime: "timestamp",
    datetime.date: "date",
    decimal.Decimal: "decimal",
}
_NOTHING = "no_columns"  # a table must have a column, also when there are no rows to tell which
_ARROW = {**{f"{sign}{bits}": "int64" for sign in ("int", "uint") for bits in (8, 16, 32, 64)}, "float": "double"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one database writes what all of them mean.

    ``columns`` gives a table's columns with their types as the database calls them; ``swaps`` is for databases that
    cannot undo ``CREATE TABLE``: rows go into a second table, which then takes the first one's name. ``cuts`` and
    ``places`` are what a database makes shorter without a word: the bytes of a column's name, the places of a decimal.
    """

    name: str
    quote: str
    value: str
    types: Mapping[str, str]
    columns: str
    begin: str
    longest: int
    swaps: bool = False
    cuts: int | None = None
    places: int | None = None


SQLITE = Dialect(
    name="sqlite",
    quote='"',
    value="?",
    types={
        "bool": "BOOLEAN",
        "int64": "BIGINT",
        "double": "DOUBLE",
        "string": "TEXT",
        "binary": "BLOB",
        "json": "JSON",
        "timestamp": "TIMESTAMP",
        "timestamp with zone": "TIMESTAMP",
        "date": "DATE",
        "decimal": "DECIMAL_TEXT",
    },
    columns="SELECT name, lower(type) FROM pragma_table_info(?) ORDER BY cid",
    begin="BEGIN IMMEDIATE",
    longest=200,
)
# What comes out of a database that has no type of its own for it.
_FROM_SQLITE: Mapping[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "json": json.loads,
    "timestamp": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "decimal_text": decimal.Decimal,
}
# BOOLEAN is TINYINT(1), and any other TINYINT a number (dev.mysql.com/doc/refman/8.4/en/numeric-type-syntax.html).
_FROM_MYSQL: Mapping[str, Callable[[Any], Any]] = {"tinyint(1)": bool, "json": json.loads}


class Tables:
    """The datasets that a database keeps, each a table; ``address`` is how the database is called in messages."""

    def __init__(self, connect: Callable[[], Any], dialect: Dialect, address: str) -> None:
        self._connect, self._dialect, self._address = connect, dialect, address

    def read(self, place: Place, wanted: Any) -> Any:
        """The table's rows in the form its reader wants."""
        table = self._table(place)
        with closing(self._open()) as connection:
            cursor = connection.cursor()
            columns = self._columns(cursor, table)
            if not columns:
                raise self.missing(place)
            names = ", ".join(map(self._name, columns))
            cursor.execute(f"SELECT {names} FROM {self._name(table)}")
            rows = [dict(zip(columns, row, strict=True)) for row in self._loaded(cursor.fetchall(), columns)]
        if columns.keys() == {_NOTHING}:
            rows = [{} if row == {_NOTHING: None} else row for row in rows]
        if place.schema:
            rows = list(checked_rows(rows, place.schema))
        return in_memory(rows, wanted, place.schema)

    def write(self, place: Place, value: Any, wanted: Any) -> Written:
        """Replace the table by rows: dicts, or a data frame."""
        rows = _rows(value)
        if place.schema:
            rows = list(checked_rows(rows, place.schema))
        kinds = _kinds(rows, place.schema or {})
        for column, kind in kinds.items():
            if kind not in self._dialect.types:
                raise Problem(f"column {column} is {kind}, which {self._dialect.name} cannot keep", "make it another")
            if self._dialect.cuts and len(column.encode()) > self._dialect.cuts:
                raise Problem(
                    f"has the column {column}, and {self._dialect.name} cuts names after {self._dialect.cuts} bytes",
                    "give it a shorter name",
                )
        table = self._table(place)
        values = [
            tuple(_stored(column, row.get(column), kind, self._dialect) for column, kind in kinds.items())
            for row in rows
        ]
        with closing(self._open()) as connection:
            try:
                self._replace(connection, table, kinds, values)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
        return Written(f"{self._address} table {table}", sum(len(str(each)) for row in values for each in row))

    def exists(self, place: Place) -> bool:
        """Whether there is such a table."""
        with closing(self._open()) as connection:
            return bool(self._columns(connection.cursor(), self._table(place)))

    def missing(self, place: Place) -> Problem:
        """What to say when there is no such table."""
        todo = "create it, and put rows into it" if place.source else "run the task that writes it first"
        return Problem(f"there is no table {self._table(place)} in {self._address}", todo)

    def settle(self, place: Place) -> None:
        """Reading takes nothing away."""

    def close(self) -> None:
        """Connections end with what they were opened for."""

    def _open(self) -> Any:
        try:
            return self._connect()
        except Problem:
            raise
        except Exception as error:
            raise Problem(
                f"{self._address} cannot be reached: {error}", "is it running, and is the network right?"
            ) from error

    def _replace(
        self, connection: Any, table: str, kinds: Mapping[str, str], values: Sequence[tuple[Any, ...]]
    ) -> None:
        dialect, cursor = self._dialect, connection.cursor()
        made = self._short(f"{table}__new") if dialect.swaps else table
        if dialect.begin:
            cursor.execute(dialect.begin)
        cursor.execute(f"DROP TABLE IF EXISTS {self._name(made)}")
        columns = ", ".join(f"{self._name(column)} {dialect.types[kind]}" for column, kind in kinds.items())
        cursor.execute(f"CREATE TABLE {self._name(made)} ({columns})")
        if values:
            marks = ", ".join([dialect.value] * len(kinds))
            into = f"{self._name(made)} ({', '.join(map(self._name, kinds))})"
            if dialect.value == "%s":  # beside which a % of a name is two
                into = into.replace("%", "%%")
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", values)
        if dialect.swaps:
            self._swap(connection, table, made)

    def _swap(self, connection: Any, table: str, made: str) -> None:
        """Give a new table the old one's name, in one statement that happens or does not."""
        connection.commit()
        cursor, old = connection.cursor(), self._short(f"{table}__old")
        cursor.execute(f"DROP TABLE IF EXISTS {self._name(old)}")
        if self._columns(cursor, table):
            cursor.execute(
                f"RENAME TABLE {self._name(table)} TO {self._name(old)}, {self._name(made)} TO {self._name(table)}"
            )
            cursor.execute(f"DROP TABLE {self._name(old)}")
        else:
            cursor.execute(f"RENAME TABLE {self._name(made)} TO {self._name(table)}")

    def _columns(self, cursor: Any, table: str) -> dict[str, str]:
        cursor.execute(self._dialect.columns, (table,))
        return {str(name): str(kind) for name, kind in cursor.fetchall()}

    def _loaded(self, rows: Iterable[Sequence[Any]], columns: Mapping[str, str]) -> Iterator[Sequence[Any]]:
        loaders = [_loader(kind, self._dialect) for kind in columns.values()]
        if not any(loaders):
            yield from rows
            return
        for row in rows:
            yield [load(cell) if load and cell is not None else cell for load, cell in zip(loaders, row, strict=True)]

    def _table(self, place: Place) -> str:
        return self._short(place.path.strip("/"))

    def _short(self, name: str) -> str:
        if len(name.encode()) <= self._dialect.longest:
            return name
        return f"{name[: self._dialect.longest // 4]}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    def _name(self, name: str) -> str:
        quote = self._dialect.quote
        return f"{quote}{name.replace(quote, quote * 2)}{quote}"


def _loader(kind: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    if dialect.name == "sqlite":
        return _FROM_SQLITE.get(kind)
    return _FROM_MYSQL.get(kind) if dialect.name == "mysql" else None


def _rows(value: Any) -> list[Mapping[str, Any]]:
    if library_form(value) is not None:
        value = records.rows_of(value)
    if isinstance(value, Mapping | str | bytes) or not isinstance(value, Iterable):
        raise Problem(f"is {described(value)}, and a table takes rows", "return a list of dicts, or a data frame")
    rows = list(value)
    for row in rows:
        if not isinstance(row, Mapping) or not all(isinstance(column, str) for column in row):
            raise Problem(f"has the row {row!r:.60}, and a table takes dicts with text keys", "return a list of dicts")
    return rows


def _kinds(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, str]) -> dict[str, str]:
    """Each column's type: as declared, or as its values are; whole numbers and others together are others."""
    found: dict[str, set[str]] = {column: set() for row in rows for column in row}
    for row in rows:
        for column, value in row.items():
            if value is not None:
                found[column].add(_kind(column, value))
    kinds = {column: _one(column, kinds) for column, kinds in found.items()}
    for column, declared in schema.items():
        name = _ARROW.get(canonical(declared), canonical(declared))
        kinds[column] = name if name in SQLITE.types else kinds.get(column, "string")
    return kinds or {_NOTHING: "string"}


def _kind(column: str, value: Any) -> str:
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return "timestamp with zone"
    for cls in type(value).__mro__:
        if cls in _KINDS:
            return _KINDS[cls]
    raise Problem(f"column {column} holds {described(value)}, which a table cannot keep", "make it text")


def _one(column: str, kinds: set[str]) -> str:
    if len(kinds) <= 1:
        return next(iter(kinds), "string")
    if kinds == {"int64", "double"}:
        return "double"
    raise Problem(f"column {column} holds {' and '.join(sorted(kinds))} together", "give a column one type")


def _stored(column: str, value: Any, kind: str, dialect: Dialect) -> Any:
    if value is None:
        return None
    if dialect.places is not None and isinstance(value, decimal.Decimal) and _places(value) > dialect.places:
        raise Problem(
            f"column {column} holds {value}, and {dialect.name} rounds after {dialect.places} decimal places",
            "round it yourself, or make it text",
        )
    if kind == "json":
        return plain.to_json(value).decode()
    if dialect.name != "sqlite":
        return value
    if kind.startswith(("timestamp", "date")):
        return value.isoformat()
    return str(value) if kind == "decimal" else value


def _places(value: decimal.Decimal) -> int:
    """The decimal places of a number, without zeros at its end; what is no number has none."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not any(digits):
        return 0
    zeros = next(at for at, digit in enumerate(reversed(digits)) if digit)
    return -exponent - zeros
