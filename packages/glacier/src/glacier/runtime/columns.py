"""The types of columns: by the names that Arrow gives them, as a schema declares them, and in each library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from glacier.runtime.libraries import library
from glacier.runtime.schema import canonical, split
from glacier.runtime.wanted import Form, library_form

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
_BY_ARROW = {arrow: name for name, arrow in _POLARS.items()}


def columns_of(value: Any) -> dict[str, str]:
    """The columns of a frame, and their types as Arrow calls them."""
    form = library_form(value)
    if form in (Form.POLARS, Form.LAZY):
        return {name: _polars_name(dtype) for name, dtype in value.collect_schema().items()}
    is_pandas = form is Form.PANDAS
    found = library("pyarrow").Schema.from_pandas(value, preserve_index=False) if is_pandas else value.schema
    return {field.name: canonical(str(field.type)) for field in found}


def _polars_name(dtype: Any) -> str:
    name = type(dtype).__name__ if not isinstance(dtype, type) else dtype.__name__
    unit = getattr(dtype, "time_unit", None)
    if name == "Datetime":
        zone = getattr(dtype, "time_zone", None)
        return f"timestamp[{unit}, tz={zone}]" if zone else f"timestamp[{unit}]"
    if name == "Duration":
        return f"duration[{unit}]"
    if name == "Decimal":
        return f"decimal128({dtype.precision}, {dtype.scale})"
    if name == "List":
        return f"list<item: {_polars_name(dtype.inner)}>"
    return _POLARS.get(name, name.lower())


def arrow_types(schema: Mapping[str, str] | None) -> dict[str, Any]:
    """The declared columns' types in Arrow, as far as a type can be made of its name."""
    return _types(schema, _arrow)


def polars_types(schema: Mapping[str, str] | None) -> dict[str, Any]:
    """The declared columns' types in polars, as far as polars has them."""
    return _types(schema, _polars)


def _types(schema: Mapping[str, str] | None, make: Callable[[str], Any]) -> dict[str, Any]:
    made = {column: make(canonical(declared)) for column, declared in (schema or {}).items()}
    return {column: kind for column, kind in made.items() if kind is not None}


def _arrow(name: str) -> Any:
    arrow = library("pyarrow")
    base, said = split(name)
    if base == "timestamp" and "tz=" in said:
        unit, _, zone = said.partition(", tz=")
        return arrow.timestamp(unit, zone)
    if base in ("decimal128", "decimal256"):
        return getattr(arrow, base)(*map(int, said.split(",")))
    if base == "list":
        inner = _arrow(said.removeprefix("item: "))
        return None if inner is None else arrow.list_(inner)
    try:
        return arrow.type_for_alias(name)
    except ValueError:
        return None


def _polars(name: str) -> Any:
    polars = library("polars")
    base, said = split(name)
    if base == "timestamp":
        unit, _, zone = said.partition(", tz=")
        return polars.Datetime(unit, zone or None) if unit in ("ms", "us", "ns") else None
    if base == "duration":
        return polars.Duration(said) if said in ("ms", "us", "ns") else None
    if base == "decimal128":
        return polars.Decimal(*map(int, said.split(",")))
    if base == "list":
        inner = _polars(said.removeprefix("item: "))
        return None if inner is None else polars.List(inner)
    return getattr(polars, _BY_ARROW[name]) if name in _BY_ARROW else None
